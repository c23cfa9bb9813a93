"""Pertinent negatives: what tells a complaint's other causes apart, in words not yet used."""

from __future__ import annotations

from collections import Counter

import pytest

from casewright.kg.cases import CaseSampler
from casewright.kg.graph import Graph
from casewright.kg.patient import Sampling
from casewright.kg.symptoms import Negatives


def _denied(graph: Graph, code: str, number: int = 150) -> Counter[str]:
    sampler = CaseSampler(graph, Sampling(codes=(code,)), 4)
    return Counter(
        f.concept
        for case in sampler.cases(range(number))
        for f in case.facts_of("symptom")
        if f.polarity == "denied"
    )


@pytest.mark.parametrize(
    ("code", "asked", "never"),
    [
        ("R07.9", {"symptom:palpitations", "symptom:cough"}, {"symptom:limping"}),
        ("G43.909", {"symptom:fever"}, {"symptom:limping", "symptom:thigh_pain"}),
        ("E26.01", {"symptom:weight_loss"}, {"symptom:limb_deformity", "symptom:thigh_pain"}),
    ],
)
def test_what_is_denied_goes_with_the_complaint(
    graph: Graph, code: str, asked: set[str], never: set[str]
) -> None:
    denied = _denied(graph, code)
    assert asked & set(denied), denied.most_common(10)
    assert not never & set(denied)


def test_nothing_is_denied_in_words_that_are_told(graph: Graph) -> None:
    negatives = Negatives(graph)
    sampler = CaseSampler(graph, Sampling(conditions="uniform"), 9)
    some = 0
    for case in sampler.cases(range(1500)):
        symptoms = case.facts_of("symptom")
        told = [graph.concept(f.concept) for f in symptoms if f.polarity == "present"]
        told.append(graph.condition(case.principal.code))
        forms = frozenset().union(*(negatives.forms_of(c) for c in told))
        for fact in symptoms:
            if fact.polarity == "denied":
                some += 1
                assert not forms & negatives.forms_of(graph.concept(fact.concept)), case.case_id
    assert some > 1000
