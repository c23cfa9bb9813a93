"""What tests, examination and history show in a condition: the edges but symptoms and drugs."""

from __future__ import annotations

from collections.abc import Iterable

from casewright.kg.compile.crosswalk import Joined
from casewright.kg.compile.curated import Curated
from casewright.kg.compile.link import MIN_LIFT, Link, strong
from casewright.kg.compile.matching import Matcher, PrefixIndex
from casewright.kg.compile.plausibility import sign_fits, test_fits, text_fits, text_for
from casewright.kg.compile.provenance import Register
from casewright.kg.compile.regions import place_fits
from casewright.kg.compile.sources import Sources
from casewright.kg.compile.spine import Code
from casewright.kg.graph import treats

__all__ = ["DIAGNOSTIC_KINDS", "Results"]

DIAGNOSTIC_KINDS = frozenset({"imaging", "test", "screening"})
"""Kinds of procedure that count as a test."""


class Results:
    """Makes the edges of tests, vital signs, findings and risk factors.

    Args: everything that was read; `register` numbers the sources in use.
    """

    def __init__(
        self, curated: Curated, sources: Sources, matcher: Matcher, register: Register
    ) -> None:
        self._sources, self._matcher, self._register = sources, matcher, register
        self._lab_effects = PrefixIndex((e.codes, e) for e in curated.lab_effects)
        self._finding_effects = PrefixIndex((e.codes, e) for e in curated.finding_effects)
        self._results = PrefixIndex((e.codes, e) for e in curated.results)
        self._raised = PrefixIndex(
            (raised.codes, (owner, raised)) for owner, raised in curated.raised()
        )
        self._kinds = {entry.id: entry.kind for entry in curated.procedures}
        self._signs = {entry.id: entry.name for entry in curated.findings}
        self._tests = {entry.id: entry.name for entry in curated.procedures}

    def links(self, code: Code, joined: Joined | None) -> list[Link]:
        """All of them for a billable code."""
        return [
            *self._test_links(code, joined),
            *self._finding_links(code),
            *self._risk_links(code),
        ]

    def is_test(self, link: Link) -> bool:
        """Whether an edge is a laboratory test, imaging or another diagnostic test."""
        if link.relation == "changes_lab":
            return True
        if link.relation != "tested_with":
            return False
        kind = self._kinds.get(link.target)
        return kind is None or kind in DIAGNOSTIC_KINDS or link.text is not None

    def is_intervention(self, link: Link) -> bool:
        """Whether an edge is something done to the patient as treatment."""
        return link.relation == "tested_with" and treats(link.target, self._kinds.get(link.target))

    def _test_links(self, code: Code, joined: Joined | None) -> list[Link]:
        found: list[Link] = []
        for prefix, effect in self._lab_effects.closest(code.code, lambda e: e.test):
            vital = effect.test.startswith("vital:")
            found.append(
                Link(
                    effect.test,
                    "changes_vital" if vital else "changes_lab",
                    self._register.number("curated", effect.source),
                    0.9 if prefix == code.code else 0.8,
                    effect.p,
                    direction=effect.direction,
                    mean=effect.mean,
                    sd=effect.sd,
                )
            )
        changed = {link.target for link in found}
        found.extend(self._faker_effects(code, changed))
        changed = {link.target for link in found}
        for prefix, result in self._results.closest(code.code, lambda r: r.procedure):
            if not text_fits(result.text, code.title):
                continue
            where = f"{self._tests.get(result.procedure, '')} {result.text or ''}"
            if prefix != code.code and not _in_place(code, where):
                continue
            found.append(
                Link(
                    result.procedure,
                    "tested_with",
                    self._register.number("curated", result.source),
                    0.9 if prefix == code.code else 0.8,
                    result.p,
                    text=text_for(result.text, code.title),
                )
            )
        done = {link.target for link in found}
        if joined:
            number = self._register.number("namcs")
            curated = sum(link.relation == "tested_with" for link in found)
            for item in strong(joined.profile.tests, MIN_LIFT, 0.03):
                if not test_fits(item, inherited=joined.inherited, curated=curated):
                    continue
                for test in self._matcher.tests(item.name):
                    if test not in done:
                        found.append(
                            Link(
                                test,
                                "tested_with",
                                number,
                                joined.confidence,
                                round(item.p, 4),
                                round(item.lift, 2),
                            )
                        )
        return found

    def _faker_effects(self, code: Code, changed: set[str]) -> Iterable[Link]:
        """Directions without numbers, where the hand-written layer is silent."""
        if not self._register.allowed("faker"):
            return
        for table, relation in (
            ("condition_lab_effects", "changes_lab"),
            ("condition_vital_effects", "changes_vital"),
        ):
            for name, direction in self._sources.faker[table].get(code.code, {}).items():
                test = self._matcher.lab(name)
                if test and test not in changed:
                    number = self._register.number("faker")
                    yield Link(test, relation, number, 0.5, direction=direction)

    def _finding_links(self, code: Code) -> Iterable[Link]:
        for prefix, effect in self._finding_effects.closest(code.code, lambda e: e.finding):
            where = f"{self._signs.get(effect.finding, '')} {effect.text or ''}"
            if prefix != code.code and not (
                _in_place(code, where) and sign_fits(effect.finding, code)
            ):
                continue
            yield Link(
                effect.finding,
                "has_finding",
                self._register.number("curated", effect.source),
                0.9 if prefix == code.code else 0.8,
                effect.p,
                text=effect.text,
            )

    def _risk_links(self, code: Code) -> Iterable[Link]:
        for prefix, (risk, raised) in self._raised.closest(code.code, lambda item: item[0]):
            yield Link(
                risk,
                "has_risk_factor",
                self._register.number("curated", raised.source),
                0.9 if prefix == code.code else 0.8,
                raised.p,
            )


def _in_place(code: Code, where: str) -> bool:
    """Whether what is told of a whole category can be seen where the code says it is.

    Skin, joints and injuries: the ulcer of a category may be of the back or of a foot.
    """
    return code.chapter not in (12, 13, 19) or place_fits(code, where)
