"""Where a patient goes from here, by the condition's own phrases."""

from __future__ import annotations

import random

import pytest

from casewright.kg import history
from casewright.kg.graph import Graph
from casewright.records import Demographics, Setting

PATIENT = Demographics(age_years=61, sex="female")


def _dispositions(
    graph: Graph, setting: Setting, severity: str, own: tuple[str, ...], code: str = "I21.4"
) -> set[str]:
    drawn = set()
    for seed in range(60):
        steps, _ = history.sample_disposition(
            graph.condition(code), set, setting, severity, PATIENT, random.Random(seed),
            dispositions=own,
        )  # fmt: skip
        drawn |= {step.text for step in steps}
    return drawn


@pytest.mark.parametrize("severity", ["mild", "moderate", "severe"])
def test_who_is_always_admitted_does_not_go_home_from_the_emergency_department(
    graph: Graph, severity: str
) -> None:
    own = ("discharged home", "admitted to the cardiology service", "admitted for observation")
    assert _dispositions(graph, "emergency", severity, own) == set(own[1:])


def test_without_an_admission_of_its_own_a_mild_case_goes_home(graph: Graph) -> None:
    drawn = _dispositions(graph, "emergency", "mild", ("discharged home",), "S93.401A")
    assert drawn
    assert not any("admitted" in text for text in drawn)


@pytest.mark.parametrize("severity", ["mild", "moderate", "severe"])
def test_no_stay_ends_with_an_admission(graph: Graph, severity: str) -> None:
    own = ("discharged home", "admitted to the cardiology service")
    drawn = _dispositions(graph, "inpatient", severity, own)
    assert "discharged home" in drawn
    assert not any("admitted" in text for text in drawn)
