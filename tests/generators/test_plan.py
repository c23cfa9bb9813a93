"""Plans: each fact in at most one piece, duties that follow, structure decided beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casewright.generators.plan import in_sections, plan_document
from casewright.kg.cases import CaseSampler
from casewright.kg.graph import Graph
from casewright.kg.patient import Sampling
from casewright.prompts.library import (
    GroupRule,
    KindSpec,
    PromptLibrary,
    SectionSpec,
    load_library,
)
from casewright.records import Case, Demographics, Fact, Identity

LIBRARY = load_library()
KINDS = sorted(LIBRARY.kinds)


@pytest.fixture(scope="module")
def cases(graph: Graph) -> Sequence[Case]:
    settings = (("outpatient", 1.0), ("emergency", 1.0), ("inpatient", 1.0))
    return list(CaseSampler(graph, Sampling(settings=settings), 21).cases(range(150)))  # type: ignore[arg-type]


def rule_of(spec: KindSpec, section: int, group: str) -> GroupRule:
    return next(r for r in spec.sections[section].groups if r.group == group)


@pytest.mark.parametrize("kind", KINDS)
def test_each_fact_goes_to_one_piece_at_most_and_then_must_be_mentioned(
    cases: Sequence[Case], kind: str
) -> None:
    spec = LIBRARY.kind(kind)
    for case in cases:
        plan = plan_document(case, kind, spec)
        placed = Counter(f.fact_id for p in plan.pieces if not p.again for f in p.facts)
        assert set(placed.values()) <= {1}
        assert [f.fact_id for f in plan.facts] == [f.fact_id for f in case.facts]
        for fact in plan.facts:
            wanted = "must" if fact.fact_id in placed else "may"
            assert fact.duty == ("must_not" if fact.type in spec.silent else wanted)
        assert {f.fact_id for f in plan.must} == set(placed)
        assert all(f.duty == "must" for p in plan.pieces for f in p.facts)
        assert len({p.piece_id for p in plan.pieces}) == len(plan.pieces)


@pytest.mark.parametrize("kind", KINDS)
def test_a_piece_holds_what_its_group_takes_and_no_more_than_its_size(
    cases: Sequence[Case], kind: str
) -> None:
    spec = LIBRARY.kind(kind)
    for case in cases:
        plan = plan_document(case, kind, spec)
        groups: Counter[str] = Counter()
        for piece in plan.pieces:
            rule = rule_of(spec, piece.section, piece.group)
            groups[piece.group] += 1
            assert piece.facts
            for fact in piece.facts:
                assert fact.type in rule.types
                assert not rule.polarity or fact.polarity in rule.polarity
                assert all(fact.attribute(n) in v for n, v in rule.attributes.items())
            assert len(piece.facts) <= max(rule.size, rule.brief)
            if rule.at_most:
                assert groups[piece.group] <= rule.at_most
        assert [p.section for p in plan.pieces] == sorted(p.section for p in plan.pieces)


@pytest.mark.parametrize("kind", KINDS)
def test_joining_the_pieces_of_a_section_keeps_facts_order_and_lines(
    cases: Sequence[Case], kind: str
) -> None:
    spec = LIBRARY.kind(kind)
    for case in cases:
        small = plan_document(case, kind, spec)
        for lines in ((), ("vitals", "labs")):
            large = in_sections(small, lambda p, own=lines: p.group in own)
            assert large.facts == small.facts
            apart = [p for joined in large.pieces for p in joined.parts or (joined,)]
            assert apart == list(small.pieces)
            assert len({p.piece_id for p in large.pieces}) == len(large.pieces)
            for joined in large.pieces:
                assert {p.section for p in joined.parts} <= {joined.section}
                assert not {p.group for p in joined.parts} & set(lines)
                if joined.parts:
                    said = {f.fact_id for p in joined.parts for f in p.facts}
                    assert [f.fact_id for f in joined.facts] == list(
                        dict.fromkeys(f.fact_id for p in joined.parts for f in p.facts)
                    )
                    assert said == {f.fact_id for f in joined.facts}
        without_lines = in_sections(small)
        assert len(without_lines.pieces) == len({p.section for p in small.pieces})


def test_present_and_denied_facts_never_share_a_piece(cases: Sequence[Case]) -> None:
    for case in cases:
        for kind in KINDS:
            for piece in plan_document(case, kind, LIBRARY.kind(kind)).pieces:
                denied = {f.polarity == "denied" for f in piece.facts}
                assert len(denied) == 1


def test_notes_state_everything_that_a_case_holds(cases: Sequence[Case]) -> None:
    """What no group takes would be lost in silence: a case is sampled to be stated."""
    left: Counter[tuple[str, str, str, str | None]] = Counter()
    for case in cases:
        kind = "discharge_summary" if case.setting == "inpatient" else "clinic_note"
        for fact in plan_document(case, kind, LIBRARY.kind(kind)).facts:
            # Single answers to a questionnaire are for the session; notes have the total.
            if fact.duty != "must" and fact.attribute("often") is None:
                left[kind, fact.type, fact.polarity, fact.attribute("course")] += 1
    assert not left


# ------------------------------------------------------------------ any case, any kind

_TYPES = ("symptom", "lab", "medication", "allergy", "diagnosis")
_FACTS = st.lists(
    st.tuples(
        st.sampled_from(_TYPES),
        st.sampled_from(("present", "denied")),
        st.sampled_from((None, "home", "new")),
    ),
    max_size=12,
)
_RULES = st.builds(
    GroupRule,
    group=st.sampled_from("abcd"),
    types=st.lists(st.sampled_from(_TYPES), min_size=1, max_size=2).map(tuple),
    polarity=st.sampled_from(((), ("present",), ("denied",))),
    attributes=st.sampled_from(({}, {"course": ("home",)})),
    size=st.integers(1, 4),
    at_most=st.none() | st.integers(1, 2),
)
_KINDS = st.builds(
    KindSpec,
    title=st.just(("T",)),
    settings=st.just(("outpatient",)),
    prompt=st.just("clinic_note"),
    silent=st.lists(st.sampled_from(_TYPES), max_size=1).map(tuple),
    sections=st.lists(
        st.builds(SectionSpec, groups=st.lists(_RULES, min_size=1, max_size=3).map(tuple)),
        min_size=1,
        max_size=3,
    ).map(tuple),
)


@given(raw=_FACTS, spec=_KINDS)
def test_any_plan_places_each_fact_once_at_most_and_no_silent_one(
    raw: list[tuple[str, str, str | None]], spec: KindSpec
) -> None:
    facts = tuple(
        Fact(
            f"f{n:02d}", t, f"{t}:{n}", f"n{n}", polarity=p,  # type: ignore[arg-type]
            attributes=(("course", c),) if c else (),
        )
        for n, (t, p, c) in enumerate(raw)
    )  # fmt: skip
    case = Case(
        "c0", 0, Demographics(40, "female"), "outpatient", (), facts, IDENTITY, "narrative", "plain"
    )
    plan = plan_document(case, "any", spec)
    placed = [f.fact_id for p in plan.pieces for f in p.facts]
    assert len(set(placed)) == len(placed)
    by_id = {f.fact_id: f for f in plan.facts}
    assert list(by_id) == [f.fact_id for f in facts]
    assert not any(by_id[i].type in spec.silent for i in placed)
    assert [i for i, f in by_id.items() if f.duty == "must"] == sorted(placed)
    assert all(f.duty == "must_not" for f in plan.facts if f.type in spec.silent)


IDENTITY = Identity(
    given="A", family="B", origin="x", title="", birth_date=None,  # type: ignore[arg-type]
    encounter_date=None, discharge_date=None, mrn="", phone="", address="",  # type: ignore[arg-type]
    facility="", clinician="", identifiers=(),
)  # fmt: skip


def test_five_facts_by_two_are_cut_evenly(library: PromptLibrary) -> None:
    facts = tuple(Fact(f"f{n:02d}", "symptom", f"symptom:{n}", f"s{n}") for n in range(5))
    spec = KindSpec(
        title=("T",), settings=("outpatient",), prompt="clinic_note",
        sections=(SectionSpec(groups=(GroupRule(group="a", types=("symptom",), size=2),)),),
    )  # fmt: skip
    case = Case(
        "c0", 0, Demographics(40, "female"), "outpatient", (), facts, IDENTITY, "narrative", "plain"
    )
    assert [len(p.facts) for p in plan_document(case, "k", spec).pieces] == [2, 2, 1]
    assert [len(p.facts) for p in in_sections(plan_document(case, "k", spec)).pieces] == [5]


@pytest.mark.parametrize(
    ("rule", "density", "sizes"),
    [
        ({"size": 2}, 0.5, [1, 1, 1, 1, 1]),
        ({"size": 2}, 2.0, [4, 1]),
        ({"size": 1}, 3.0, [1, 1, 1, 1, 1]),
        ({"size": 1, "dense": 2}, 0.5, [1, 1, 1, 1, 1]),
        ({"size": 1, "dense": 2}, 1.5, [1, 1, 1, 1, 1]),
        ({"size": 1, "dense": 2}, 2.0, [2, 2, 1]),
        ({"size": 1, "dense": 2}, 3.0, [2, 2, 1]),
    ],
)
def test_density_joins_what_may_be_joined(
    rule: dict[str, int], density: float, sizes: list[int]
) -> None:
    facts = tuple(Fact(f"f{n:02d}", "finding", f"finding:{n}", f"s{n}") for n in range(5))
    group = GroupRule(group="a", types=("finding",), size=rule["size"], dense=rule.get("dense", 1))
    spec = KindSpec(
        title=("T",), settings=("outpatient",), prompt="clinic_note",
        sections=(SectionSpec(groups=(group,)),),
    )  # fmt: skip
    case = Case(
        "c0", 0, Demographics(40, "female"), "outpatient", (), facts, IDENTITY, "narrative", "plain"
    )
    plan = plan_document(case, "k", spec, density=density)
    assert [len(p.facts) for p in plan.pieces] == sizes
