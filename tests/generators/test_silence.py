"""What a kind is silent on stands nowhere in its documents, under no name of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from writing import document_kinds, draft, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.kg.graph import Graph
from casewright.prompts.library import PromptLibrary, load_library
from casewright.records import Draft, Fact

SILENT = sorted(name for name, kind in load_library().kinds.items() if kind.silent)
WANTED = 17


@pytest.fixture(scope="module")
def written(graph: Graph, checker: Checker, library: PromptLibrary) -> dict[str, list[Draft]]:
    """Documents of each kind that is silent on something."""
    writer = writer_of(graph, checker, library)
    found: dict[str, list[Draft]] = {name: [] for name in SILENT}
    for case in sampler_of(graph, library, 404).cases(range(2000)):
        if all(len(drafts) >= WANTED for drafts in found.values()):
            break
        for kind in document_kinds(library, case, graph):
            if kind in found and len(found[kind]) < WANTED:
                found[kind].append(draft(writer, case, kind))
    return found


def names_of(fact: Fact, graph: Graph) -> Iterator[str]:
    """All that a silent fact is called: its name, abbreviations and lay names, and its title."""
    yield fact.name
    if fact.type != "diagnosis" or fact.concept not in graph:
        return
    yield graph.condition(fact.concept.removeprefix("icd:")).title
    for form in graph.concept(fact.concept).forms:
        # Two letters ("MS") are also a title or a unit: the checker reads these in context.
        if len(form.text) > 2:
            yield form.text


def body_of(drafted: Draft) -> str:
    """The text without its letterhead, which names the kind and the patient."""
    return drafted.text if drafted.turns else drafted.text.split("\n\n", 2)[-1]


def silent_facts(drafted: Draft) -> Sequence[Fact]:
    return [f for f in drafted.facts if f.duty == "must_not"]


@pytest.mark.parametrize("kind", SILENT)
def test_no_silent_fact_is_stated(
    kind: str, written: dict[str, list[Draft]], library: PromptLibrary
) -> None:
    drafts = written[kind]
    assert len(drafts) >= WANTED
    silent = set(library.kind(kind).silent)
    for drafted in drafts:
        assert {f.type for f in silent_facts(drafted)} <= silent
        ids = {f.fact_id for f in silent_facts(drafted)}
        stated = [s for s in drafted.ledger.facts if s.fact_id in ids and s.status != "missing"]
        assert not stated, f"{drafted.document_id}: {stated}"


@pytest.mark.parametrize("kind", SILENT)
def test_no_name_of_a_silent_fact_stands_in_the_text(
    kind: str, written: dict[str, list[Draft]], graph: Graph
) -> None:
    """Not its abbreviation, its lay name or the official title either."""
    for drafted in written[kind]:
        text = body_of(drafted).lower()
        spoken = " | ".join(
            f.name.lower() for f in drafted.facts if f.duty != "must_not" and f.type != "diagnosis"
        )
        for fact in silent_facts(drafted):
            for name in names_of(fact, graph):
                found = re.search(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])", text)
                # What another fact is called as well (a habit, a drug) is that fact's to say.
                assert found is None or name.lower() in spoken, (drafted.document_id, name)


def test_silence_is_about_something(written: dict[str, list[Draft]]) -> None:
    """A kind whose cases never hold what it is silent on would prove nothing."""
    kept = Counter(f.type for drafts in written.values() for d in drafts for f in silent_facts(d))
    assert kept["diagnosis"] >= WANTED
    assert kept["disposition"] >= WANTED
    assert kept["follow_up"] >= WANTED
    assert sum(len(drafts) for drafts in written.values()) >= 200
