"""From the names of the sources to curated concepts: what has no match is counted, not made up."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from casewright.kg.compile.curated import Curated
from casewright.kg.compile.schema import DrugEntry, Wording

__all__ = ["Matcher", "PrefixIndex", "normalise"]

Item = TypeVar("Item")

_NAMCS_TESTS: Mapping[str, tuple[str, ...]] = {
    "complete blood count": ("lab:hemoglobin", "lab:white_cell_count", "lab:platelet_count"),
    "lipid/cholesterol": ("lab:total_cholesterol", "lab:ldl", "lab:hdl", "lab:triglycerides"),
    "glucose": ("lab:glucose",),
    "HbA1c": ("lab:hemoglobin_a1c",),
    "PSA": ("lab:psa",),
}
"""NAMCS checkboxes that are panels, as the tests that a note gives numbers for."""

_FAKER_TESTS: Mapping[str, str] = {
    "haemoglobin": "lab:hemoglobin",
    "wbc": "lab:white_cell_count",
    "platelets": "lab:platelet_count",
    "urea": "lab:bun",
    "bilirubin_total": "lab:total_bilirubin",
    "fasting_glucose": "lab:glucose",
    "hba1c": "lab:hemoglobin_a1c",
    "troponin": "lab:troponin_i",
    "temperature_c": "vital:temperature",
    "alkaline_phosphatase": "lab:alkaline_phosphatase",
}


def normalise(name: str) -> str:
    """Lower case, single spaces, hyphens and slashes as spaces."""
    return re.sub(r"[\s/_-]+", " ", name.lower()).strip()


class Matcher:
    """Finds the concept that a source's name means.

    Attributes:
        unmatched: names without a concept, by kind, with how often they came up.
    """

    def __init__(self, curated: Curated) -> None:
        self.unmatched: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._rfv = {code: s.id for s in curated.symptoms for code in s.rfv}
        self._symptoms = _by_name((s, (s.name, *s.labels, *s.synonyms)) for s in curated.symptoms)
        self._drugs = _by_name(
            (d, (d.name, *d.namcs, *d.synonyms, *d.brands)) for d in curated.drugs
        )
        self._tests: dict[str, list[str]] = defaultdict(list)
        known = {entry.id for entry in (*curated.labs, *curated.vitals)}
        for entries in (curated.labs, curated.procedures):
            for entry in entries:
                for name in entry.namcs:
                    self._tests[normalise(name)].append(entry.id)
        for name, ids in _NAMCS_TESTS.items():
            if normalise(name) not in self._tests:
                self._tests[normalise(name)] = [item for item in ids if item in known]
        self._labs = _by_name(
            (e, (e.name, *e.synonyms, *e.abbreviations, e.id.partition(":")[2]))
            for e in (*curated.labs, *curated.vitals)
        )
        self._labs.update(
            {normalise(name): item for name, item in _FAKER_TESTS.items() if item in known}
        )
        self.drugs: Mapping[str, DrugEntry] = {drug.id: drug for drug in curated.drugs}

    def reason_for_visit(self, code: str, label: str) -> str | None:
        """The symptom of a NAMCS reason-for-visit code."""
        return self._found("reason for visit", f"{code} {label}", self._rfv.get(code))

    def symptom(self, label: str, *others: str) -> str | None:
        """The symptom of a label (or of another name of the same thing)."""
        for name in (label, *others):
            found = self._symptoms.get(normalise(name))
            if found:
                return found
        return self._found("symptom label", " ".join((label, *others)), None)

    def drug(self, *names: str) -> str | None:
        """The drug of a generic or brand name; of several names the first that is known."""
        for name in names:
            found = self._drugs.get(normalise(name))
            if found:
                return found
        return self._found("drug", names[-1], None)

    def tests(self, name: str) -> tuple[str, ...]:
        """The tests of a NAMCS checkbox."""
        found = tuple(self._tests.get(normalise(name), ()))
        if not found:
            self._found("test", name, None)
        return found

    def lab(self, name: str) -> str | None:
        """The test or vital sign of a faker name."""
        return self._found("laboratory test", name, self._labs.get(normalise(name)))

    def _found(self, kind: str, name: str, concept: str | None) -> str | None:
        if concept is None:
            self.unmatched[kind][name] += 1
        return concept


def _by_name(entries: Iterable[tuple[Wording, tuple[str, ...]]]) -> dict[str, str]:
    """Names to ids; a preferred name is never taken over by another entry's synonym."""
    preferred: dict[str, str] = {}
    others: dict[str, str] = {}
    for entry, (name, *more) in entries:
        preferred.setdefault(normalise(name), entry.id)
        for other in more:
            others.setdefault(normalise(other), entry.id)
    return {**others, **preferred}


class PrefixIndex(Generic[Item]):
    """Items by the ICD-10-CM prefixes that they name.

    Args:
        items: (prefixes, item) pairs.
    """

    def __init__(self, items: Iterable[tuple[Iterable[str], Item]]) -> None:
        self._items: defaultdict[str, list[Item]] = defaultdict(list)
        for prefixes, item in items:
            for prefix in prefixes:
                self._items[prefix].append(item)

    def matches(self, code: str) -> Iterator[tuple[str, Item]]:
        """(prefix, item) of every item that reaches the code, longest prefix first."""
        for size in range(len(code), 0, -1):
            for item in self._items.get(code[:size], ()):
                yield code[:size], item

    def closest(self, code: str, key: Callable[[Item], str]) -> list[tuple[str, Item]]:
        """Of the items with one key, those of the longest prefix that reaches the code."""
        size: dict[str, int] = {}
        found = []
        for prefix, item in self.matches(code):
            if size.setdefault(key(item), len(prefix)) == len(prefix):
                found.append((prefix, item))
        return found
