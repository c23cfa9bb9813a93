"""Which codes may stand in one case, and in which order; and how a list is put right.

`allowed_together` and `combined` are for whoever draws codes; the rules are for whoever
checks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from casewright.kg.graph import Graph
from casewright.kg.validate.rules import Violation
from casewright.kg.validate.tables import Becomes, Pair, combination_table
from casewright.kg.validate.view import View, condition_of, known

__all__ = ["Coding", "allowed_together", "bars_first", "combined"]

_INTEGRAL_P = 0.3
"""A sign that so large a share of patients has belongs to the disease: a choice of ours; the
guideline (I.B.5) says "associated routinely with a disease process"."""

_UNPAIRED = re.compile(
    r"\bleft (?:atri|ventric|shift|bundle|anterior|axis|main|lower stern|sternal|heart|lower "
    r"quadrant|upper quadrant|circumflex|precord|iliac fossa|dominan|lower abdomen|colon)|"
    r"\bright (?:atri|ventric|bundle|axis|heart|coronary|lower quadrant|upper quadrant|upper "
    r"sternal|sternal|iliac fossa|dominan|colon|hepat|-sided chest)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[a-z]+")
_SIDE_WORDS = frozenset({"bilateral", "unilateral", "right", "left", "unspecified", "side", "of"})
_SIDED_CHAPTERS = frozenset({7, 8, 13, 19})
_TRIMESTERS = {"first": (0, 13), "second": (14, 27), "third": (28, 42)}
_TRIMESTER = re.compile(r"\b(first|second|third) trimester\b", re.IGNORECASE)
_WEEKS = re.compile(r"\b(\d+) weeks? gestation\b", re.IGNORECASE)


@lru_cache(maxsize=1024)
def _between(first: str, second: str) -> tuple[Pair, ...]:
    """The entries that codes with these letters can come under at all, in order."""
    return tuple(
        pair
        for pair in combination_table().pairs
        if any(
            any(prefix[0] == x for prefix in pair.a) and any(prefix[0] == y for prefix in pair.b)
            for x, y in ((first, second), (second, first))
        )
    )


def pair_of(first: str, second: str) -> tuple[Pair, str, str] | None:
    """The entry that two codes come under, with the codes as its `a` and `b`; None if none."""
    for pair in _between(first[0], second[0]):
        for a, b in ((first, second), (second, first)):
            if (
                a.startswith(pair.a)
                and b.startswith(pair.b)
                and not a.startswith(pair.not_a or ("?",))
                and not b.startswith(pair.not_b or ("?",))
            ):
                return pair, a, b
    return None


def allowed_together(graph: Graph, principal: str, others: Sequence[str]) -> bool:
    """Whether codes can stand in one case, in that order: Excludes1, combinations, what is first.

    Args:
        principal: the code that comes first; others: the codes after it.
    """
    codes = (principal, *others)
    rules = _prepared(graph)
    if any(rules.first_problem(code) for code in codes[:1]):
        return False
    return not any(True for _ in rules.of_codes(codes))


def bars_first(code: str, title: str) -> tuple[str, str] | None:
    """Why a code cannot come first, and by which reference; None where it can."""
    if code[0] in "VWXY":
        return f"{code} is an external cause", "guidelines FY2026 I.C.20.a.6"
    lowered = title.lower()
    if "diseases classified elsewhere" in lowered or "in other diseases" in lowered:
        return f"{code} is a manifestation: {title}", "guidelines FY2026 I.A.13"
    for barred in combination_table().never_first:
        if code.startswith(barred.codes):
            return f"{code} never comes first", barred.citation
    plain = code.replace(".", "")
    if re.match(r"T(?:3[6-9]|4|50)", plain) and len(plain) >= 6 and plain[5] in "56":
        return f"{code}: what the drug did comes first", "guidelines FY2026 I.C.19.e.5"
    if plain[0] in "ST" and len(plain) == 7 and plain[6] == "S":
        return f"{code}: the sequela comes first", "guidelines FY2026 I.B.10"
    return None


def combined(graph: Graph, codes: Sequence[str]) -> tuple[str, ...]:
    """The same diagnoses in the codes that ICD-10-CM wants, in their order.

    Hypertension and stage 3 kidney disease become I12.9 and N18.30; a code that another one
    includes is dropped. The first code keeps its place: where the rule would replace it, its
    replacement comes first. Codes that the graph does not have are left out.
    """
    found = [code for number, code in enumerate(codes) if code not in codes[:number]]
    for _ in range(3 * len(found) + 3):
        change = _first_change(found)
        if change is None:
            break
        found = change
    return tuple(code for code in found if f"icd:{code}" in graph)


def _first_change(codes: Sequence[str]) -> list[str] | None:
    for first, code in enumerate(codes):
        for other in codes[first + 1 :]:
            match = pair_of(code, other)
            if match is None or not match[0].becomes:
                continue
            pair, a, b = match
            changed: list[str | None] = []
            for held in codes:
                if held == a and "a" in pair.becomes:
                    changed.append(_replacement(pair.becomes["a"], b, held))
                elif held == b and "b" in pair.becomes:
                    changed.append(_replacement(pair.becomes["b"], a, held))
                else:
                    changed.append(held)
            kept = [new for new in changed if new is not None]
            kept = [new for number, new in enumerate(kept) if new not in kept[:number]]
            if kept != list(codes):
                return kept
    return None


def _replacement(becomes: Becomes, other: str, held: str) -> str | None:
    if isinstance(becomes, Mapping):
        fitting = [prefix for prefix in becomes if other.startswith(prefix)]
        return becomes[max(fitting, key=len)] if fitting else held
    return becomes


@lru_cache(maxsize=2)
def _prepared(graph: Graph) -> Coding:
    return Coding(graph)


@dataclass(slots=True)
class Coding:
    """Rules on codes. Pairs are worked out once and kept."""

    graph: Graph
    _pairs: dict[tuple[str, str], tuple[Violation, ...]] = field(default_factory=dict)
    _first: dict[str, tuple[Violation, ...]] = field(default_factory=dict)
    _sides: dict[str, str | None] = field(default_factory=dict)
    _before: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __call__(self, view: View) -> Iterator[Violation]:
        """Violations of a case."""
        case = view.case
        codes = tuple(d.code for d in case.icd10)
        yield from self.first_problem(codes[0])
        yield from self.of_codes(codes)
        yield from self._seventh(view)
        yield from self._side_words(view)
        for code in codes:
            if f"icd:{code}" not in self.graph:
                yield Violation("case-form", f"{code} is no code of the graph", (), (code,))
        roles = [d.role for d in case.icd10]
        if roles[0] != "principal" or "principal" in roles[1:]:
            yield Violation("case-form", "not just the first code is the principal one", (), codes)
        told = [f.code for f in view.of("diagnosis") if f.polarity == "present"]
        if told != [codes[0]]:
            yield Violation("case-form", f"the diagnosis told is {told}", (), codes[:1])
        for fact in view.of("comorbidity"):
            if fact.polarity == "present" and fact.code not in codes:
                yield Violation("case-form", f"{fact.code} is told and not coded", (fact.fact_id,))

    def first_problem(self, code: str) -> tuple[Violation, ...]:
        """Why a code cannot come first, if so."""
        found = self._first.get(code)
        if found is None:
            found = self._first[code] = tuple(self._unfit_first(code))
        return found

    def of_codes(self, codes: Sequence[str]) -> Iterator[Violation]:
        """Violations of a list of codes in its order, the first one principal."""
        for number, code in enumerate(codes):
            for other in codes[number + 1 :]:
                found = self._pairs.get((code, other))
                if found is None:
                    found = self._pairs[code, other] = tuple(
                        self._pair(code, other, first=number == 0)
                    )
                yield from found
            if number:
                yield from self._later(code, codes[0])

    def _unfit_first(self, code: str) -> Iterator[Violation]:
        condition = condition_of(self.graph, code)
        found = bars_first(code, condition.title if condition else "")
        if found is not None:
            yield Violation("first-listed", found[0], (), (code,), found[1])
        if condition is not None and not condition.billable:
            yield Violation("first-listed", f"{code} is not billable", (), (code,))

    def _later(self, code: str, principal: str) -> Iterator[Violation]:
        only = combination_table().only_first
        if code.startswith(only.codes) and not code.startswith(only.except_):
            yield Violation("only-first", f"{code} after {principal}", (), (principal, code))
        if code[0] == "O" and principal[0] not in "OZ":
            yield Violation("chapter-15", f"{code} after {principal}", (), (principal, code))

    def _pair(self, a: str, b: str, *, first: bool) -> Iterator[Violation]:
        both = (a, b)
        if a == b:
            yield Violation("duplicate-code", f"{a} twice", (), both)
            return
        if all(f"icd:{code}" in self.graph for code in both):
            if self.graph.excludes1(a, b):
                yield Violation("excludes1", f"{a} excludes {b}", (), both)
            if self._goes_before(b, a) and not self._goes_before(a, b):
                yield Violation("code-first", f"{b} is coded before {a}", (), both)
        pair = pair_of(a, b)
        if pair is not None:
            yield Violation(
                "combination", f"{a} beside {b}: use {pair[0].use}", (), both, pair[0].citation
            )
        yield from self._sides_clash(a, b)
        yield from self._trimester(a, b)
        if first:
            yield from self._integral(a, b)

    def _sides_clash(self, a: str, b: str) -> Iterator[Violation]:
        """The same disease on one side and on both, or on a side and on none that is said."""
        if a[:3] != b[:3]:
            return
        sides = {self._side(a), self._side(b)}
        named = sides & {"right", "left"}
        if not ((named and "bilateral" in sides) or ("" in sides and len(sides) > 1)):
            return
        bare = [
            frozenset(_WORDS.findall(condition.title.lower())) - _SIDE_WORDS
            for condition in (condition_of(self.graph, code) for code in (a, b))
            if condition is not None
        ]
        if len(bare) == 2 and bare[0] == bare[1]:
            yield Violation("laterality", f"{a} and {b} are one disease", (), (a, b))

    def _goes_before(self, code: str, other: str) -> bool:
        """Whether a note at `other` (or above it) says to code `code` first."""
        found = self._before.get(other)
        if found is None:
            edges = self.graph.edges(f"icd:{other}", "code_first")
            found = self._before[other] = tuple(e.target.removeprefix("icd:") for e in edges)
        return any(code.startswith(target) for target in found) and not other.startswith(found)

    def _integral(self, principal: str, sign: str) -> Iterator[Violation]:
        if principal[0] in "RZ":
            return
        signs = combination_table().signs
        for prefix in (sign[:size] for size in range(1, len(sign) + 1)):
            symptom = signs.get(prefix)
            if symptom is None or principal.startswith(prefix):
                continue
            edges = self.graph.edges(f"icd:{principal}", "has_symptom")
            if any(e.target == symptom and (e.p or 0) >= _INTEGRAL_P for e in edges):
                yield Violation(
                    "integral-sign", f"{sign} belongs to {principal}", (), (principal, sign)
                )

    def _side(self, code: str) -> str | None:
        """The side that a code says: right, left, bilateral, "" (one that is not said), or None."""
        if code not in self._sides:
            condition = condition_of(self.graph, code)
            title = f" {condition.title.lower()} " if condition else ""
            side: str | None = None
            for word in ("bilateral", "right", "left"):
                if re.search(rf"\b{word}\b", title):
                    side = word if side is None else "bilateral"
            if side is None and re.search(
                r"unspecified (?:side|eye|ear|arm|leg|hand|foot|hip|knee|shoulder|elbow|wrist|"
                r"ankle|limb|forearm|upper arm|lower leg|thigh|finger|toe|breast)",
                title,
            ):
                side = ""
            self._sides[code] = side
        return self._sides[code]

    def _trimester(self, a: str, b: str) -> Iterator[Violation]:
        spans = []
        for code in (a, b):
            condition = condition_of(self.graph, code)
            if condition is None or code[0] not in "OZ":
                return
            trimester, weeks = _TRIMESTER.search(condition.title), _WEEKS.search(condition.title)
            if weeks and code.startswith("Z3A"):
                spans.append((int(weeks[1]), int(weeks[1])))
            elif trimester:
                spans.append(_TRIMESTERS[trimester[1].lower()])
        if len(spans) == 2 and (spans[0][1] < spans[1][0] or spans[1][1] < spans[0][0]):
            yield Violation("trimester", f"{a} and {b} are of different times", (), (a, b))

    def _seventh(self, view: View) -> Iterator[Violation]:
        """A new presentation is an initial encounter; one case does not mix the two."""
        phases: dict[str, list[str]] = {"initial": [], "later": []}
        for diagnosis in view.case.icd10:
            plain = diagnosis.code.replace(".", "")
            if plain[0] in "ST" and len(plain) == 7 and plain[6].isalpha():
                phases["initial" if plain[6] in "ABC" else "later"].append(diagnosis.code)
        if view.case.setting == "emergency" and phases["later"]:
            yield Violation(
                "seventh-character", f"{phases['later'][0]} in the emergency department", (),
                tuple(phases["later"]),
            )  # fmt: skip
        if all(phases.values()):
            yield Violation(
                "seventh-character", "initial and later encounters for injuries in one case", (),
                (*phases["initial"], *phases["later"]),
            )  # fmt: skip

    def _side_words(self, view: View) -> Iterator[Violation]:
        principal = view.codes[0]
        side = self._side(principal)
        if side not in ("right", "left"):
            return
        condition = condition_of(self.graph, principal)
        if condition is None or condition.chapter not in _SIDED_CHAPTERS:
            return
        other = "left" if side == "right" else "right"
        for fact in view.of("diagnosis", "symptom", "finding", "test", "procedure"):
            if fact.polarity != "present":
                continue
            parts = (fact.name, fact.attribute("result"), fact.attribute("site"),
                     fact.attribute("laterality"))  # fmt: skip
            text = _UNPAIRED.sub("", " ".join(part for part in parts if part))
            if re.search(rf"\b{other}\b", text, re.IGNORECASE) and not re.search(
                rf"\b{side}\b", text, re.IGNORECASE
            ):
                concept = known(self.graph, fact.concept)
                if concept is not None and re.search(rf"\b{other}\b", concept.name):
                    continue  # the concept's own name has a side, in the abdomen or the lungs
                yield Violation(
                    "side-words", f"{principal} is {side}: {text!r}", (fact.fact_id,), (principal,)
                )
