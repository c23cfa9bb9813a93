"""The graph's own vocabulary fills documents: none of it may look like an identifier."""

from __future__ import annotations

import pytest

from casewright.filters.phi import LEAK_SCORE, scan
from casewright.kg.graph import load_graph

# Spellings that are names of persons or makers, whatever they mean here.
KNOWN = {"Amelia", "Bayer", "Barraquer-Simons", "Van Bogaert"}


def test_the_graphs_vocabulary_is_not_taken_for_identifiers() -> None:
    graph = load_graph()
    wrong: set[str] = set()
    total = 0
    for number, concept in enumerate(graph.concepts()):
        # All symptoms, drugs, tests ... and every fortieth condition: the rest are variations.
        if concept.type == "Condition" and number % 40:
            continue
        for form in {concept.name, *(f.text for f in concept.forms)}:
            for text in (
                f"The patient has {form} and is treated.",
                f"Assessment:\n{form[:1].upper()}{form[1:]}\nPlan:",
                f"Continue {form}, denies pain.",
            ):
                total += 1
                wrong |= {h.text for h in scan(text)}
    assert total > 10_000
    assert wrong <= KNOWN, sorted(wrong - KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        # Organisms.
        "This is Clostridioides difficile colitis.",
        "Your Clostridioides difficile toxin test was positive for toxin.",
        "We think that Campylobacter is the cause. Escherichia coli grew in the urine.",
        # Headings that hold "hospital", and lines that begin as a facility's do.
        "COURSE IN HOSPITAL:\nPreterm newborn, gestational age 28 completed weeks.",
        "Course in Hospital:\nVentricular tachycardia is the main diagnosis.",
        "RESULTS:\nLaboratory: C-reactive protein 12 mg/L (elevated).",
        # Degrees are no initial.
        "We measured a temperature of 37.1 C. Blood was found in the nose.",
        "His temperature was 98.6 F. Brown sputum was seen.",
    ],
)
def test_what_is_nobodys_is_not_flagged(text: str) -> None:
    assert not [h for h in scan(text) if h.score >= LEAK_SCORE]


def test_a_name_after_degrees_is_found() -> None:
    assert "C. Okafor" in [h.text for h in scan("Temperature 37.1 C. Seen by C. Okafor, RN.")]


def test_a_labelled_facility_is_found() -> None:
    assert [h.text for h in scan("Hospital: Tarrowby Infirmary\nSeen today.")]
