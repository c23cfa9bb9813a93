"""The realiser alone: true documents of every kind, for everyone, by the real checker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from writing import document_kinds, draft, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.kg.graph import Graph
from casewright.prompts.library import PromptLibrary, load_library
from casewright.records import Draft

WANTED = 40
"""Documents of each kind."""


def documents(
    graph: Graph,
    checker: Checker,
    library: PromptLibrary,
    *,
    seed: int,
    each: int,
) -> dict[str, list[Draft]]:
    """`each` documents of every kind by the realiser, over as many cases as that takes."""
    sampler = sampler_of(graph, library, seed)
    writer = writer_of(graph, checker, library, seed=seed)
    found: dict[str, list[Draft]] = {kind: [] for kind in library.kinds}
    index = 0
    while any(len(drafts) < each for drafts in found.values()):
        case = sampler.case(index)
        index += 1
        for kind in document_kinds(library, case, graph):
            if len(found[kind]) < each:
                found[kind].append(draft(writer, case, kind))
    return found


@pytest.fixture(scope="module")
def written(graph: Graph, checker: Checker, library: PromptLibrary) -> dict[str, list[Draft]]:
    return documents(graph, checker, library, seed=61, each=WANTED)


def faults(drafts: Sequence[Draft]) -> list[str]:
    """Every must-fact that is not stated, every contradiction, everything off the case."""
    found = []
    for drafted in drafts:
        facts = {f.fact_id: f for f in drafted.facts}
        place = f"{drafted.document_id} ({drafted.case.principal.code})"
        for status in drafted.ledger.facts:
            fact = facts[status.fact_id]
            if status.status != "stated" and (
                fact.duty == "must" or status.status in ("contradicted", "forbidden")
            ):
                found.append(f"{place}: {status.status} {fact.type} {fact.name!r}: {status.why}")
        for off in drafted.ledger.off_spec:
            line = drafted.text[max(off.start - 40, 0) : off.end + 20].replace("\n", " ")
            found.append(f"{place}: off the case: {off.text!r} ({off.why}) in {line!r}")
    return found


@pytest.mark.parametrize("kind", sorted(load_library().kinds))
def test_the_realiser_states_every_fact_and_nothing_else(
    kind: str, written: dict[str, list[Draft]]
) -> None:
    drafts = written[kind]
    assert len(drafts) >= WANTED
    assert {d.case.demographics.sex for d in drafts} == {"female", "male"}
    of_adults = "score" in load_library().kind(kind).requires
    assert any(d.case.demographics.is_child for d in drafts) is not of_adults
    found = faults(drafts)
    assert not found, f"{len(found)} in {len(drafts)} documents:\n" + "\n".join(found)


def test_nothing_is_asked_and_nothing_is_the_models(written: dict[str, list[Draft]]) -> None:
    for drafts in written.values():
        for drafted in drafts:
            told = drafted.provenance
            assert (told.attempts, told.repairs, told.model_written) == (0, 0, 0.0)
            assert told.engine == "realiser"
            assert not drafted.truncated


def test_every_style_and_persona_is_met(
    graph: Graph, checker: Checker, library: PromptLibrary
) -> None:
    """One case in every style and persona: the wording changes, what is stated does not."""
    sampler = sampler_of(graph, library, 63)
    cases = [next(c for c in sampler.cases(range(100)) if c.setting == s)
             for s in ("outpatient", "inpatient")]  # fmt: skip
    writer = writer_of(graph, checker, library)
    for case in cases:
        for kind in document_kinds(library, case, graph):
            spoken = library.kinds[kind].dialogue
            if library.kinds[kind].speaker:
                continue
            names = library.personas if spoken else library.styles
            changed = [replace(case, **{"persona" if spoken else "style": n}) for n in names]
            drafts = [draft(writer, named, kind) for named in changed]
            assert not faults(drafts), "\n".join(faults(drafts))
            assert len({d.text for d in drafts}) > 0.4 * len(names)  # a report has few words
