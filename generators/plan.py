"""Planning a document: which facts it must state, in which section, in which piece.

The plan decides all that is not wording, so that structure varies by plan, not by luck.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from casewright.generators.hand import hand_of
from casewright.generators.vocabulary import FormsOf
from casewright.prompts.library import GroupRule, KindSpec
from casewright.records import Case, Duty, Fact

__all__ = ["Granularity", "Piece", "Plan", "in_sections", "plan_document", "suits"]

Granularity = Literal["group", "section", "document"]
"""What a model is given at a time: a few facts, all of a section, or the whole document."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What is written in one go: the facts of one group.

    `piece_id` is unique within the document and names the requests' seeds. `again` is a piece
    that says more of facts which another piece states. `turn` counts the pieces of the group in
    the document from 0, so that no two of them need begin alike. `parts` are the pieces that a
    larger one is made of.
    """

    piece_id: str
    section: int
    group: str
    facts: tuple[Fact, ...]
    again: bool = False
    turn: int = 0
    parts: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A document before its words. `facts` are the case's, with the duties of this kind."""

    kind: str
    spec: KindSpec
    facts: tuple[Fact, ...]
    pieces: tuple[Piece, ...]

    @property
    def must(self) -> tuple[Fact, ...]:
        """The facts that the document must state."""
        return tuple(f for f in self.facts if f.duty == "must")


def suits(spec: KindSpec, case: Case, forms_of: FormsOf) -> bool:
    """Whether a document of the kind can be written of the case: a report needs a result.

    A kind that is silent on the diagnosis is not for a patient whose complaint is one of its
    names (neck pain; a sore throat): to state the one would be to state the other.
    """
    if not {f.type for f in case.facts if f.polarity == "present"}.issuperset(spec.requires):
        return False
    needed = [f for f in case.facts if f.polarity == "present" and f.type in spec.requires]
    if spec.about and not any(re.search(spec.about, f.name) for f in needed):
        return False
    if spec.barred and case.principal.code.startswith(spec.barred):
        return False
    if "diagnosis" not in spec.silent:
        return True
    diagnoses = [f for f in case.facts if f.type == "diagnosis"]
    silent = {n.lower() for f in diagnoses for n in (f.name, *forms_of(f.concept))}
    spoken = [f.name.lower() for f in case.facts if f.type == "symptom"]
    return not any(name in said or said in name for name in silent for said in spoken)


def _matches(rule: GroupRule, fact: Fact) -> bool:
    if fact.type not in rule.types:
        return False
    if rule.polarity and fact.polarity not in rule.polarity:
        return False
    if rule.codes and not (fact.code or "").startswith(rule.codes):
        return False
    if rule.having and all(fact.attribute(name) is None for name in rule.having):
        return False
    return all(fact.attribute(name) in values for name, values in rule.attributes.items())


def _size(rule: GroupRule, density: float) -> int:
    """Facts in one piece. What is stated one by one stays so unless its rule lets it be joined."""
    if rule.size > 1:
        return max(1, round(rule.size * density))
    return max(1, min(rule.dense, int(density)))


def _split(facts: Sequence[Fact], size: int) -> list[tuple[Fact, ...]]:
    """Cut into pieces of at most `size`, as even as possible (5 by 2 is 2, 2, 1)."""
    return [tuple(facts[i : i + size]) for i in range(0, len(facts), size)]


_DETAILS = ("onset", "character", "site")


def _is_brief(group: Sequence[Fact]) -> bool:
    return all(sum(f.attribute(d) is not None for d in _DETAILS) == 1 for f in group)


def _joined(groups: Sequence[tuple[Fact, ...]], size: int) -> list[tuple[Fact, ...]]:
    """Groups of one fact joined, as far as there is one detail to tell of each."""
    joined: list[tuple[Fact, ...]] = []
    for group in groups:
        last = joined[-1] if joined else ()
        if 0 < len(last) < size and _is_brief(last) and _is_brief(group):
            joined[-1] = (*last, *group)
        else:
            joined.append(group)
    return joined


def plan_document(
    case: Case,
    kind: str,
    spec: KindSpec,
    *,
    density: float = 1.0,
) -> Plan:
    """Assign the case's facts to the sections of a kind.

    A fact goes to the first group that takes it, and then must be mentioned; facts of the
    kind's silent types must not be; all others may be.

    Args:
        density: facts in a sentence, as a multiple of what the kind says.
    """
    duties: dict[str, Duty] = {
        f.fact_id: "must_not" if f.type in spec.silent else "may" for f in case.facts
    }
    taken: set[str] = set()
    opened = False
    planned: list[tuple[int, GroupRule, tuple[Fact, ...]]] = []
    for number, section in enumerate(spec.sections):
        for rule in section.groups:
            if rule.opens and opened:
                continue
            facts = [
                f
                for f in case.facts
                if (rule.again or f.fact_id not in taken)
                and duties[f.fact_id] != "must_not"
                and _matches(rule, f)
            ]
            opened = opened or (rule.opens and bool(facts))
            facts = list(hand_of(0, case.identity.clinician).sorted(facts))
            size = _size(rule, density)
            groups = _split(facts, size)[: rule.at_most]
            if rule.brief > 1:
                groups = _joined(groups, rule.brief)
            for group in groups:
                planned.append((number, rule, group))
                if not rule.again:
                    taken.update(f.fact_id for f in group)
    # What no group took is stated where it was to be said again.
    again = [rule.again and {f.fact_id for f in group} <= taken for _, rule, group in planned]
    taken.update(f.fact_id for _, _, group in planned for f in group)
    duties |= dict.fromkeys(taken, "must")
    with_duty = {f.fact_id: replace(f, duty=duties[f.fact_id]) for f in case.facts}
    pieces = tuple(
        Piece(
            piece_id=f"s{number}p{index}",
            section=number,
            group=rule.group,
            facts=tuple(with_duty[f.fact_id] for f in group),
            again=again[index],
            turn=sum(earlier.group == rule.group for _, earlier, _ in planned[:index]),
        )
        for index, (number, rule, group) in enumerate(planned)
    )
    return Plan(kind, spec, tuple(with_duty.values()), pieces)


def in_sections(plan: Plan, apart: Callable[[Piece], bool] = lambda _: False) -> Plan:
    """The plan with the pieces of each section joined to one, to be written in one go.

    Args:
        apart: pieces that no model writes (lines, say): what stands on both sides of them is
            not joined.
    """
    joined: list[Piece] = []
    run: list[Piece] = []

    def close() -> None:
        joined.extend(run if len(run) < 2 else [_join(run)])
        run.clear()

    for piece in plan.pieces:
        if apart(piece):
            close()
            joined.append(piece)
            continue
        if run and run[-1].section != piece.section:
            close()
        run.append(piece)
    close()
    return replace(plan, pieces=tuple(joined))


def _join(pieces: Sequence[Piece]) -> Piece:
    facts = {f.fact_id: f for p in pieces for f in p.facts}
    return replace(
        pieces[0],
        piece_id="+".join((pieces[0].piece_id, pieces[-1].piece_id)),
        facts=tuple(facts.values()),
        again=all(p.again for p in pieces),
        parts=tuple(pieces),
    )
