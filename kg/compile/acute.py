"""Acute illness in depth: the entries of acute*.yaml as edges and attributes of codes.

An entry goes before every other source for its codes: rank first, and where it has enough
of a relation nothing else is taken for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from casewright.kg.compile.curated import Curated
from casewright.kg.compile.link import Link
from casewright.kg.compile.matching import PrefixIndex
from casewright.kg.compile.provenance import Register
from casewright.kg.compile.schema import AcuteEntry, AgeShare, DrugEntry, Severity
from casewright.kg.compile.spine import Code, Spine
from casewright.kg.compile.variants import Variants
from casewright.kg.graph import AGE_BANDS

__all__ = ["ENOUGH", "Acute", "merged"]

ENOUGH = 4
"""With this many edges of a relation an entry takes none from elsewhere."""

EXACT, BY_PREFIX = 0.97, 0.95
"""Confidence of an entry for the code itself, and by a category or another side."""

_IQR = 1.349
"""Interquartile range of a normal distribution in standard deviations."""


@dataclass(frozen=True, slots=True)
class _Found:
    entry: AcuteEntry
    exact: bool


class Acute:
    """Looks up the entry of a code and makes its edges.

    Args:
        spine: the codes. curated: the hand-written layer. variants: codes of one concept.
        register: numbers the sources. default_leaf: the leaf that stands for a code.

    Attributes:
        undosed: "drug for code: setting" of drugs without a regimen there; they are left out.
    """

    def __init__(
        self,
        spine: Spine,
        curated: Curated,
        variants: Variants,
        register: Register,
        default_leaf: Callable[[str], str | None],
    ) -> None:
        self._variants, self._register, self._default_leaf = variants, register, default_leaf
        self._entries = PrefixIndex((entry.codes, entry) for entry in curated.acute)
        self._drugs = {drug.id: drug for drug in curated.drugs}
        self._by_concept = {
            variants.of(spine.codes[code]).concept: entry
            for entry in reversed(curated.acute)
            for code in entry.codes
            if code in spine.codes and spine.codes[code].billable
        }
        self.undosed: dict[str, None] = {}

    def entry(self, code: Code) -> AcuteEntry | None:
        """The entry that speaks of a code: by the longest prefix, or of another side."""
        found = self._find(code)
        return found.entry if found else None

    def _find(self, code: Code) -> _Found | None:
        for prefix, entry in self._entries.matches(code.code):
            return _Found(entry, prefix == code.code)
        variant = self._variants.of(code)
        if variant.encounter in (None, "initial"):
            entry_ = self._by_concept.get(variant.concept)
            return _Found(entry_, exact=False) if entry_ else None
        return None

    def links(self, code: Code) -> list[Link]:
        """Its edges; none where no entry speaks of the code."""
        found = self._find(code)
        if found is None:
            return []
        entry = found.entry
        number = self._register.number("curated", entry.source)
        sure = EXACT if found.exact else BY_PREFIX
        return [
            *_symptoms(entry, number, sure),
            *_findings(entry, number, sure),
            *_labs(entry, number, sure),
            *_tests(entry, number, sure),
            *self._treatment(entry, code, number, sure),
            *self._complications(entry, code, number, sure),
        ]

    def _treatment(self, entry: AcuteEntry, code: Code, number: int, sure: float) -> Iterable[Link]:
        for item in entry.drugs:
            drug = self._drugs.get(item.drug)
            if drug is None:
                continue
            if not _has_regimen(drug, code.code, item.setting):
                self.undosed[f"{item.drug} for {code.code}: {item.setting}"] = None
                continue
            yield Link(
                item.drug, "treated_with", number, sure, item.p,
                text=None if item.setting == "any" else item.setting,
                details=_severities(item.severity),
            )  # fmt: skip

    def _complications(
        self, entry: AcuteEntry, code: Code, number: int, sure: float
    ) -> Iterable[Link]:
        for item in entry.complications:
            leaf = self._default_leaf(item.code)
            if leaf and leaf != code.code:
                yield Link(
                    f"icd:{leaf}", "complicated_by", number, sure, item.p,
                    details=_severities(item.severity),
                )  # fmt: skip

    def attributes(self, code: Code) -> list[tuple[str, str]]:
        """Setting, severity, stay, course, disposition and follow-up (see graph.Condition)."""
        entry = self.entry(code)
        if entry is None:
            return []
        stay = [f"{entry.stay_days[0]}-{entry.stay_days[1]}"] if entry.stay_days else []
        return [
            *(("setting", place) for place in entry.settings),
            *(("severity", f"{name}={share:g}") for name, share in entry.severity.items()),
            *(("stay_days", days) for days in stay),
            *(("course", text) for text in entry.course),
            *(("disposition", text) for text in entry.disposition),
            *(("follow_up", text) for text in entry.follow_up),
        ]

    def __contains__(self, code: Code) -> bool:
        """Whether an entry speaks of a code."""
        return self._find(code) is not None

    def ages(self, code: Code) -> tuple[float, ...] | None:
        """Shares of patients by age band, where the entry gives them."""
        entry = self.entry(code)
        return _by_band(entry.ages) if entry is not None and entry.ages else None

    def female(self, code: Code) -> float | None:
        """The share of women among the patients, where the entry gives it."""
        entry = self.entry(code)
        return entry.female if entry is not None else None

    def acuity(self, code: Code) -> str | None:
        """Where the entry says that the condition is seen; None where there is no entry."""
        entry = self.entry(code)
        if entry is None:
            return None
        if "inpatient" not in entry.settings:
            return "outpatient"
        return "either" if "outpatient" in entry.settings else "inpatient"


def _by_band(ages: Sequence[AgeShare]) -> tuple[float, ...]:
    """Spread each span's share evenly over its years, and sum the years of each band."""
    years = [0.0] * (AGE_BANDS[-1][1] + 1)
    for span in ages:
        first, last = int(span.ages[0]), min(int(span.ages[1]), len(years) - 1)
        for year in range(first, last + 1):
            years[year] += span.p / (last - first + 1)
    return tuple(sum(years[first : last + 1]) for first, last in AGE_BANDS)


def _severities(severity: Sequence[Severity]) -> tuple[tuple[str, str], ...]:
    return tuple(("severity", name) for name in severity)


def _symptoms(entry: AcuteEntry, number: int, sure: float) -> Iterable[Link]:
    for item in entry.symptoms:
        details = [
            (name, text) for name in ("onset", "character", "site") for text in getattr(item, name)
        ]
        yield Link(item.symptom, "has_symptom", number, sure, item.p, details=tuple(details))


def _findings(entry: AcuteEntry, number: int, sure: float) -> Iterable[Link]:
    for item in entry.findings:
        yield Link(
            item.finding, "has_finding", number, sure, item.p, text=item.text,
            details=_severities(item.severity),
        )  # fmt: skip


def _labs(entry: AcuteEntry, number: int, sure: float) -> Iterable[Link]:
    for item in entry.labs:
        low, high = item.iqr
        yield Link(
            item.test, "changes_vital" if item.test.startswith("vital:") else "changes_lab",
            number, sure, item.p, direction=item.direction, mean=item.median,
            sd=round((high - low) / _IQR, 4),
            details=(*_severities(item.severity), ("iqr", f"{low:g} {high:g}")),
        )  # fmt: skip


def _tests(entry: AcuteEntry, number: int, sure: float) -> Iterable[Link]:
    for item in entry.results:
        yield Link(
            item.procedure, "tested_with", number, sure, item.p, text=item.text,
            details=_severities(item.severity),
        )  # fmt: skip
    for other in entry.procedures:
        yield Link(
            other.procedure, "tested_with", number, sure, other.p,
            details=_severities(other.severity),
        )  # fmt: skip


def _has_regimen(drug: DrugEntry, code: str, setting: str) -> bool:
    return any(
        (not regimen.codes or code.startswith(tuple(regimen.codes)))
        and (setting == "any" or regimen.setting in ("any", setting))
        for regimen in drug.dosing
    )


_TOGETHER = {"changes_vital": "changes_lab"}
"""Relations that count as one: an entry lists laboratory tests and vital signs together."""


def merged(acute: Sequence[Link], others: Iterable[Link]) -> list[Link]:
    """The edges of an entry, then what other sources add to it.

    Nothing is added to a relation of which the entry has enough, no target twice, and no
    drug where the entry has one that a patient takes home.
    """
    if not acute:
        return list(others)
    counts: dict[str, int] = {}
    for link in acute:
        kind = _TOGETHER.get(link.relation, link.relation)
        counts[kind] = counts.get(kind, 0) + 1
    present = {link.relation for link in acute}
    held = {(link.relation, link.target) for link in acute}
    takes_home = any(
        link.relation == "treated_with" and link.text in (None, "outpatient") for link in acute
    )
    kept = list(acute)
    for link in others:
        if (link.relation, link.target) in held:
            continue
        if link.relation == "treated_with" and (takes_home or link.text == "inpatient"):
            continue
        kind = _TOGETHER.get(link.relation, link.relation)
        if counts.get(kind, 0) >= ENOUGH and link.relation in present:
            continue
        kept.append(link)
    return kept
