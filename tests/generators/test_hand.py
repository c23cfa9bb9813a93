"""A clinician's own words and people's everyday names say the same to the checker and the graph."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import yaml

from casewright.filters.ledger.check import Checker
from casewright.generators import hand
from casewright.generators.lay import everyday_name
from casewright.kg.graph import Graph
from casewright.records import Demographics, Fact

HERE = Path(hand.__file__).parent
WORDS = yaml.safe_load((HERE / "hand.yaml").read_text("utf-8"))
PLAIN = yaml.safe_load((HERE / "plain.yaml").read_text("utf-8"))["names"]
WOMAN = Demographics(54, "female")
READINGS = {
    "temperature": ("38.4", "C"),
    "heart rate": ("96", "bpm"),
    "respiratory rate": ("21", "breaths/min"),
    "oxygen saturation": ("93", "%"),
}
SHORT = {"T": "temperature", "HR": "heart rate", "RR": "respiratory rate"} | {
    "SpO2": "oxygen saturation"
}


def vital(graph: Graph, name: str) -> Fact:
    concept = next(c for c in graph.concepts("VitalSign") if c.name == name)
    value, unit = READINGS[name]
    return Fact("f01", "vital", concept.id, name, value=value, unit=unit, duty="must")


@pytest.mark.parametrize(
    ("name", "said"), [(name, said) for name, all_ in WORDS["vitals"].items() for said in all_]
)
def test_each_name_of_a_vital_sign_is_read(
    name: str, said: str, graph: Graph, checker: Checker
) -> None:
    fact = vital(graph, name)
    for unit in WORDS["units"].get(fact.unit, [fact.unit]):
        blank = "" if unit in ("%", "/min") else " "
        text = f"Her {said} was {fact.value}{blank}{unit}."
        assert checker(text, (fact,), WOMAN, ()).facts[0].status == "stated", text


@pytest.mark.parametrize(
    ("short", "said"), [(short, said) for short, all_ in WORDS["lines"].items() for said in all_]
)
def test_each_label_of_a_line_of_readings_is_read(
    short: str, said: str, graph: Graph, checker: Checker
) -> None:
    fact = vital(graph, SHORT[short])
    unit = "%" if short == "SpO2" else " C" if short == "T" else ""
    text = f"Vitals: {said} {fact.value}{unit}."
    assert checker(text, (fact,), WOMAN, ()).facts[0].status == "stated", text


def test_the_first_of_each_is_the_graphs_own() -> None:
    for table in ("vitals", "lines", "units", "routes", "frequencies", "flags"):
        for name, wordings in WORDS[table].items():
            assert wordings[0] == name


def test_a_clinician_keeps_to_one_wording_and_clinicians_differ() -> None:
    one = hand.hand_of(7, "Dr. Ann Baxter")
    assert one == hand.hand_of(7, "Dr. Ann Baxter")
    seen = {str(hand.hand_of(7, f"Dr. {Random(n).random()}").wordings["vitals"]) for n in range(40)}
    assert len(seen) > 3


@pytest.mark.parametrize(("name", "said"), PLAIN.items())
def test_an_everyday_name_is_a_form_of_the_concept(name: str, said: str, graph: Graph) -> None:
    concepts = [c for c in graph.concepts("Symptom") if c.name == name]
    assert concepts, f"plain.yaml names {name!r}, which the graph does not hold"
    forms = {f.text.lower() for c in concepts for f in c.forms}
    assert said.lower() in forms
    assert everyday_name(name) == said
