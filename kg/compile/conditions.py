"""The rows of conditions.parquet: names, who has a condition, where it is seen, its course."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from casewright.kg.compile.acute import Acute
from casewright.kg.compile.crosswalk import Crosswalk
from casewright.kg.compile.gates import Gate, Gates
from casewright.kg.compile.links import Clinical
from casewright.kg.compile.names import Namer, safe_synonyms
from casewright.kg.compile.nodes import forms_of
from casewright.kg.compile.principals import is_visit
from casewright.kg.compile.spine import Code, Spine
from casewright.kg.compile.variants import Variants
from casewright.kg.compile.written import Told
from casewright.kg.graph import AGE_BANDS
from casewright.kg.tables import CONDITION_SCHEMA, pack_pairs

__all__ = ["ConditionRows"]

# Codes that bring a patient to the ward as a rule (first three characters, or more).
_INPATIENT = (
    "A40", "A41", "I21", "I22", "I26", "I33", "I60", "I61", "I62", "I63", "I71.1", "I71.3",
    "J80", "J96", "K35", "K55.0", "K56", "K65", "K72.0", "K92.2", "G00", "G03", "G41", "G61.0",
    "E10.1", "E11.0", "E11.1", "N17", "R57", "S06.3", "S06.4", "S06.5", "S06.6", "S72", "O14.1",
    "O15", "T79", "P22", "P36", "D57.0", "C91.0", "C92.0", "I46", "K85", "J13", "J15", "B00.4",
)  # fmt: skip


@dataclass(slots=True)
class ConditionRows:
    """Columns of the conditions while they grow.

    Attributes:
        columns: by name, as in tables.CONDITION_SCHEMA. The others are what rows are made from.
    """

    spine: Spine
    crosswalk: Crosswalk
    clinical: Clinical
    gates: Gates
    namer: Namer
    acute: Acute
    variants: Variants
    columns: dict[str, list[object]] = field(
        default_factory=lambda: {column.name: [] for column in CONDITION_SCHEMA}
    )

    def add(self, code: Code, *, principal: bool, parent: int, row_of: dict[str, int]) -> None:
        """Add the row of a code. `parent` is the row above it, `row_of` rows by node id."""
        gate = self.gates.gate(code)
        told = self.clinical.told(code)
        name, forms = _wording(code, self.namer, told)
        joined = self.clinical.profile(code) if code.billable else None
        weights: list[float] | None = None
        female: float | None = None
        if joined is not None and joined.profile.n >= 60:
            weights = _age_weights(joined.profile.ages, gate)
            female = round(joined.profile.female, 3) if gate.sex is None else None
        # The survey knows offices: who falls ill with what a hospital sees stands in the entry.
        known = self.acute.ages(code) if code.billable else None
        if known is not None:
            weights = _age_weights(known, gate)
        women = self.acute.female(code) if code.billable else None
        if women is not None and gate.sex is None:
            female = women
        variant = self.variants.of(code)
        share = self.crosswalk.visit_share(code.code)
        for column, value in (
            ("code", code.code),
            ("title", code.title),
            ("name", name),
            ("forms", pack_pairs(forms)),
            ("chapter", code.chapter),
            ("billable", code.billable),
            ("chronic", code.code in self.spine.chronic),
            ("principal", principal),
            ("acuity", self._acuity(code, told)),
            ("sex", gate.sex),
            ("min_age", gate.min_age),
            ("max_age", gate.max_age),
            ("visit_share", round(share, 9)),
            ("female_share", female),
            ("age_weights", weights),
            ("attributes", pack_pairs(self._attributes(code, told))),
            ("parent", parent),
            ("concept", row_of[f"icd:{variant.concept}"]),
            ("laterality", variant.laterality),
            ("encounter", variant.encounter),
        ):
            self.columns[column].append(value)

    def _attributes(self, code: Code, told: Told | None) -> list[tuple[str, str]]:
        """What the entry on acute illness says, and of the rest what the other one says."""
        found = self.acute.attributes(code) if code.billable else []
        named = {name for name, _ in found}
        if told is not None:
            for name, texts in (
                ("disposition", told.entry.disposition),
                ("follow_up", told.entry.follow_up),
            ):
                if name not in named:
                    found += [(name, text) for text in texts]
        return found

    def _acuity(self, code: Code, told: Told | None) -> str:
        acute = self.acute.acuity(code) if code.billable else None
        if acute:
            return acute
        if told is not None and told.entry.acuity:
            return told.entry.acuity
        if is_visit(code):
            return "outpatient"
        if code.code.startswith(_INPATIENT):
            return "inpatient"
        return "outpatient" if self.crosswalk.visit_share(code.code) else "either"


def _age_weights(ages: Sequence[float], gate: Gate) -> list[float] | None:
    """Shares by age band, only of bands that the gate lets pass, adding to one."""
    low = gate.min_age if gate.min_age is not None else 0.0
    high = gate.max_age if gate.max_age is not None else 200.0
    kept = [
        share if first <= high and last >= low else 0.0
        for share, (first, last) in zip(ages, AGE_BANDS, strict=True)
    ]
    total = sum(kept)
    return [round(share / total, 4) for share in kept] if total > 0.05 else None


_CLASSIFYING = re.compile(r"\b(?:unspecified|other|NOS|elsewhere classified)\b", re.IGNORECASE)
_LATERAL = re.compile(r"\b(right|left|bilateral)\b", re.IGNORECASE)
_PAIRED_CHAPTERS = frozenset({7, 8, 13, 19})


def _wording(code: Code, namer: Namer, entry: Told | None) -> tuple[str, list[tuple[str, str]]]:
    """The name of a code and all its forms: curated where an entry is about this very code."""
    natural = namer.name(code.title)
    synonyms = list(safe_synonyms(namer, code.title, code.terms))
    abbreviations = [*natural.abbreviations, *(s for s in synonyms if s.isupper())]
    synonyms = [s for s in synonyms if not s.isupper()]
    name = natural.text
    lay: tuple[str, ...] = ()
    if entry is not None and entry.same:
        curated = entry.entry
        plain = curated.name
        if _CLASSIFYING.search(plain):
            plain = namer.name(plain).text  # an entry that keeps the words of the title
        name = _with_side(plain, code)
        lay = curated.lay
        synonyms = [*curated.synonyms, natural.text, *synonyms]
        abbreviations = [*curated.abbreviations, *abbreviations]
    title = namer.sentence_case(code.title)
    return name, forms_of(name, synonyms=[*synonyms, title], lay=lay, abbreviations=abbreviations)


def _with_side(name: str, code: Code) -> str:
    found = _LATERAL.search(code.title)
    if found and code.chapter in _PAIRED_CHAPTERS and not _LATERAL.search(name):
        return f"{found.group(1).lower()} {name}"
    return name
