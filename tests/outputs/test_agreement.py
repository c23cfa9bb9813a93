"""Documents of one case agree: none of many realised ones disagree, every planted one is found."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from writing import document_kinds, draft, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.kg.graph import Graph
from casewright.outputs.agreement import agreement_of, disagreements
from casewright.outputs.row import Row, demographics_of, facts_of, row_of, turns_of
from casewright.prompts.library import PromptLibrary
from casewright.records import Document, Verdict


@pytest.fixture(scope="module")
def rows(graph: Graph, checker: Checker, library: PromptLibrary) -> Sequence[Row]:
    """Every kind of document of a few cases of each setting."""
    writer = writer_of(graph, checker, library)
    found: list[Row] = []
    for case in sampler_of(graph, library, 77).cases(range(16)):
        for kind in document_kinds(library, case, graph):
            document = Document(draft(writer, case, kind), Verdict(True))
            found.append(row_of(document, len(found)))
    return found


@pytest.fixture(scope="module")
def cases(rows: Sequence[Row]) -> Sequence[Sequence[Row]]:
    by_case: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_case[row.case_id].append(row)
    return [own for own in by_case.values() if len(own) > 1]


def test_documents_of_every_kind_agree(rows: Sequence[Row], cases: object) -> None:
    found = agreement_of(rows)
    assert found.cases == len(cases) > 10  # type: ignore[arg-type]
    assert not found.disagreeing, found.found


def reread(row: Row, text: str, checker: Checker) -> Row:
    """The row of another text, as `verify` would read it."""
    row = replace(row, text=text)
    ledger = checker(text, facts_of(row), demographics_of(row), turns_of(row))
    status = {s.fact_id: s.status for s in ledger.facts}
    facts = tuple(replace(f, status=status[f.fact_id], spans=()) for f in row.facts)
    return replace(row, facts=facts, entities=ledger.entities, relations=ledger.relations)


def swap_side(text: str) -> str:
    sides = {"left": "right", "right": "left"}
    return re.sub(r"\b(left|right)\b", lambda m: sides[m.group()], text)


PLANTED: dict[str, Callable[[str], str]] = {
    "age": lambda t: re.sub(r"\b(\d+)-year-old", lambda m: f"{int(m.group(1)) + 11}-year-old", t),
    "birth_date": lambda t: re.sub(r"(Date of birth: \d\d/\d\d/)\d{4}", r"\g<1>1901", t),
    "dose": lambda t: re.sub(r"\b(\d+) mg\b", lambda m: f"{int(m.group(1)) + 7} mg", t),
    "value": lambda t: re.sub(r"\b(\d+)/(\d+) mmHg", r"2\2/\2 mmHg", t),
    "side": swap_side,
}


@pytest.mark.parametrize("what", sorted(PLANTED))
def test_a_planted_disagreement_is_found(
    what: str, cases: Sequence[Sequence[Row]], checker: Checker
) -> None:
    tried = found = 0
    for own in cases:
        notes = [r for r in own if not r.turns]
        for place, row in enumerate(notes):
            text = PLANTED[what](row.text)
            if text == row.text or (len(text) != len(row.text) and row.turns):
                continue
            clean = [r for n, r in enumerate(notes) if n != place]
            other = reread(row, text, checker)
            said = {d.what for d in disagreements([*clean, other])}
            before = {d.what for d in disagreements(notes)}
            assert not before
            tried += any(what == key for key in said) or _is_shared(what, row, clean)
            # A fact that is not read at all any more has the ledger reject the document.
            lost = {f.fact_id for f in other.facts if f.status != "stated"}
            lost -= {f.fact_id for f in row.facts if f.status != "stated"}
            found += what in said or (what == "side" and bool(lost))
    assert tried > 3
    assert found >= 0.8 * tried, (found, tried)


def _is_shared(what: str, row: Row, others: Sequence[Row]) -> bool:
    """Whether another document says of the same fact what was changed here."""
    if what == "age":
        return any(re.search(r"\d+-year-old", o.text) for o in others)
    if what == "birth_date":
        return any("Date of birth" in o.text for o in others)
    if what == "side":
        sided = [
            f
            for f in row.facts
            if f.status == "stated" and re.search(r"\b(?:left|right)\b", f.name)
        ]
        ids = {f.fact_id for f in sided if _named(row, f.fact_id)}
        return any(_named(o, i) for o in others for i in ids)
    kinds = {"dose": ("dose",), "value": ("value",)}[what]
    mine = {_owner(row, r) for r in row.relations if r.type in kinds and _fits(what, r.text)}
    theirs = {_owner(o, r) for o in others for r in o.relations if r.type in kinds}
    return bool((mine - {None}) & theirs)


def _fits(what: str, text: str) -> bool:
    return bool(re.search(r"\d mg$" if what == "dose" else r"mmHg", text))


def _named(row: Row, fact_id: str) -> bool:
    return any(
        e.fact_id == fact_id and re.search(r"\b(?:left|right)\b", e.text) for e in row.entities
    )


def _owner(row: Row, relation: object) -> str | None:
    place = (relation.of_start, relation.of_end)  # type: ignore[attr-defined]
    return next((e.fact_id for e in row.entities if (e.start, e.end) == place), None)


def test_a_fact_that_two_rows_hold_differently_is_found(cases: Sequence[Sequence[Row]]) -> None:
    own = cases[0]
    changed = replace(own[1].facts[0], value="999")
    other = replace(own[1], facts=(changed, *own[1].facts[1:]))
    (found,) = disagreements([own[0], other])
    assert (found.what, found.about) == ("fact", changed.fact_id)
    assert "999" in found.other


def test_a_diagnosis_that_is_certain_in_one_document_only_is_found(
    cases: Sequence[Sequence[Row]],
) -> None:
    for own in cases:
        stating = [r for r in own if any(f.type == "diagnosis" and f.status == "stated" and any(
            e.fact_id == f.fact_id and e.assertion == "present" for e in r.entities)
            for f in r.facts)]  # fmt: skip
        if len(stating) > 1:
            break
    ids = {f.fact_id for f in stating[1].facts if f.type == "diagnosis"}
    entities = tuple(
        replace(e, assertion="hypothetical") if e.fact_id in ids else e
        for e in stating[1].entities
    )  # fmt: skip
    found = disagreements([stating[0], replace(stating[1], entities=entities)])
    assert {d.what for d in found} == {"certainty"}
