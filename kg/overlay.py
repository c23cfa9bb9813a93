"""A user's own graph laid over the packaged one: the YAML, checked, every problem at once.

The entries are those of the curated layer (kg/compile/schema.py), in one file that names its
source and licence, which become the provenance of its edges. docs/graph.md explains the
format; `merge.py` does the merging.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from casewright.errors import CasewrightError, Problem
from casewright.kg.compile.curated import Path_, read_yaml
from casewright.kg.compile.schema import (
    AcuteDrug,
    AcuteFinding,
    AcuteLab,
    AcuteProcedure,
    AcuteResult,
    AcuteSymptom,
    CodePrefix,
    Complication,
    DrugEntry,
    FindingEntry,
    LabEntry,
    Phrase,
    ProcedureEntry,
    SymptomEntry,
    Wording,
)
from casewright.kg.merge import CodeRows, Overlay, merge_tables
from casewright.kg.tables import Provenance, Tables
from casewright.seeds import fingerprint_bytes

__all__ = ["OverlayCondition", "OverlayFile", "lay_over"]

_NODES = {"symptom": "Symptom", "finding": "Finding", "lab": "LabTest", "vital": "VitalSign",
          "drug": "Medication", "proc": "Procedure"}  # fmt: skip
_SECTIONS = {"symptoms": "symptom", "findings": "finding", "labs": "lab", "vitals": "vital",
             "drugs": "drug", "procedures": "proc"}  # fmt: skip
_NEAR = 4

Sentence = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OverlayCondition(_Model):
    """What the overlay says of conditions. Without a name they keep theirs."""

    codes: tuple[CodePrefix, ...] = Field(min_length=1)
    name: Phrase | None = None
    synonyms: tuple[Phrase, ...] = ()
    abbreviations: tuple[Phrase, ...] = ()
    lay: tuple[Phrase, ...] = ()
    acuity: Literal["outpatient", "either", "inpatient"] | None = None
    symptoms: tuple[AcuteSymptom, ...] = ()
    findings: tuple[AcuteFinding, ...] = ()
    labs: tuple[AcuteLab, ...] = ()
    results: tuple[AcuteResult, ...] = ()
    procedures: tuple[AcuteProcedure, ...] = ()
    drugs: tuple[AcuteDrug, ...] = ()
    complications: tuple[Complication, ...] = ()
    disposition: tuple[Phrase, ...] = ()
    follow_up: tuple[Phrase, ...] = ()
    remove: tuple[str, ...] = ()
    source: str | None = None


class OverlayFile(_Model):
    """One overlay. `source`, `version`, `licence` and `citation` become the provenance."""

    source: Sentence
    version: Sentence
    licence: Sentence
    citation: Sentence
    notice: str = ""
    symptoms: tuple[SymptomEntry, ...] = ()
    findings: tuple[FindingEntry, ...] = ()
    labs: tuple[LabEntry, ...] = ()
    vitals: tuple[LabEntry, ...] = ()
    drugs: tuple[DrugEntry, ...] = ()
    procedures: tuple[ProcedureEntry, ...] = ()
    conditions: tuple[OverlayCondition, ...] = ()


def lay_over(tables: Tables, path: Path) -> Tables:
    """The tables of a graph with a user's own laid over them.

    Raises:
        CasewrightError: with every problem of the file, each with its line.
    """
    data, lines, problems = read_yaml(path)
    file: OverlayFile | None = None
    if not problems:
        try:
            file = OverlayFile.model_validate(data or {})
        except ValidationError as error:
            problems = list(_validation_problems(path, lines, error))
    if file is not None:
        problems = list(_Checker(tables, file, path, lines).problems())
    if problems or file is None:
        raise CasewrightError(
            f"the overlay graph has {len(problems)} problem(s)", where=path, problems=problems
        )
    overlay = Overlay(
        file=file,
        provenance=Provenance(
            origin=file.source, version=file.version, licence=file.licence,
            citation=file.citation, notice=file.notice,
        ),
        digest=fingerprint_bytes(path.read_bytes()),
    )  # fmt: skip
    return merge_tables(tables, overlay)


def _line(lines: Mapping[Path_, int], path: Path_) -> int | None:
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path)


def _validation_problems(
    path: Path, lines: Mapping[Path_, int], error: ValidationError
) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        place = tuple(detail["loc"])
        name = ".".join(map(str, place))
        message = f"{detail['msg'][0].lower()}{detail['msg'][1:]}"
        valid, fix = None, "correct the value"
        if detail["type"] == "extra_forbidden":
            keys = _keys(OverlayFile, place[:-1])
            message, valid = "there is no such key", ", ".join(keys)
            near = difflib.get_close_matches(str(place[-1]), keys, n=1)
            fix = f"write {near[0]}" if near else "remove it"
        elif detail["type"] == "missing":
            message, fix = "is missing", f"add {place[-1]}"
            if place[-1] in ("source", "version", "licence", "citation"):
                valid = "a name, a version, a licence (SPDX id) and a citation of the whole file"
        elif "pattern" in str(detail.get("ctx", {})):
            valid = "an ICD-10-CM code or category, dotted: J18.9, E11"
        elif detail["type"] == "literal_error":
            valid = str(detail.get("ctx", {}).get("expected", "")).replace("'", "")
        yield Problem(f"{name or 'the file'}: {message}", path, _line(lines, place), valid, fix)


def _keys(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """The keys that the model at a place of the file has."""
    current = model
    for part in place:
        if isinstance(part, int):
            continue
        info = next((f for n, f in current.model_fields.items() if part in (n, f.alias)), None)
        inner = _model_in(info.annotation) if info else None
        if inner is None:
            break
        current = inner
    return [info.alias or name for name, info in current.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for part in get_args(annotation) if (m := _model_in(part))), None)


class _Checker:
    """What the schema cannot see: ids, codes, sides of results, and edges to remove."""

    def __init__(
        self, tables: Tables, file: OverlayFile, path: Path, lines: Mapping[Path_, int]
    ) -> None:
        self._file, self._path, self._lines = file, path, lines
        self._codes: list[str] = tables.conditions.column("code").to_pylist()
        self._billable: list[bool] = tables.conditions.column("billable").to_pylist()
        self._nodes = {str(node["id"]): node for node in tables.concepts}
        self._own: dict[str, Wording] = {}
        self._tables = tables
        self._rows = CodeRows(self._codes)
        self._ids = [str(node["id"]) for node in tables.concepts]

    def problems(self) -> Iterator[Problem]:
        for section, kind in _SECTIONS.items():
            for number, entry in enumerate(getattr(self._file, section)):
                yield from self._entry((section, number), kind, entry)
        for number, symptom in enumerate(self._file.symptoms):
            for place, wider in enumerate(symptom.broader):
                yield from self._known(("symptoms", number, "broader", place), wider, "symptom")
        for number, drug in enumerate(self._file.drugs):
            for place, other in enumerate(drug.avoid_drugs):
                yield from self._known(("drugs", number, "avoid_drugs", place), other, "drug")
            for place, code in enumerate(drug.avoid_codes):
                yield from self._code(("drugs", number, "avoid_codes", place), code)
            for place, regimen in enumerate(drug.dosing):
                for spot, code in enumerate(regimen.codes):
                    yield from self._code(("drugs", number, "dosing", place, "codes", spot), code)
        for number, condition in enumerate(self._file.conditions):
            yield from self._condition(("conditions", number), condition)

    def _problem(self, what: str, place: Path_, valid: str | None, fix: str) -> Problem:
        return Problem(what, self._path, _line(self._lines, place), valid, fix)

    def _entry(self, place: Path_, kind: str, entry: Wording) -> Iterator[Problem]:
        where = (*place, "id")
        prefix, _, slug = entry.id.partition(":")
        if prefix != kind or not slug:
            yield self._problem(
                f"{entry.id} is no id of {place[0]}", where, f"{kind}:<name>",
                f"write {kind}:{slug or entry.id}",
            )  # fmt: skip
        if entry.id in self._own:
            yield self._problem(f"{entry.id} is defined twice", where, None, "keep one of them")
        self._own[entry.id] = entry

    def _known(self, place: Path_, wanted: str, *kinds: str) -> Iterator[Problem]:
        known = [i for i in (*self._nodes, *self._own) if i.partition(":")[0] in kinds]
        if wanted in known:
            return
        near = difflib.get_close_matches(wanted, known, n=_NEAR, cutoff=0.6)
        valid = ", ".join(near) if near else f"an id of the kind {' or '.join(kinds)}"
        yield self._problem(
            f"there is no {wanted}", place, valid,
            "correct the id, or add an entry with it to this file",
        )  # fmt: skip

    def _code(self, place: Path_, code: str, *, billable: bool = False) -> Iterator[Problem]:
        fitting = self._rows(code)
        if fitting and (not billable or self._billable[fitting[0]]):
            return
        near: list[str] = []
        for size in range(len(code), 0, -1):
            near = [self._codes[row] for row in self._rows(code[:size])][:_NEAR]
            if near:
                break
        what = f"{code} is not billable" if fitting else f"no ICD-10-CM code begins with {code}"
        if billable and fitting:
            leaves = [self._codes[n] for n in fitting if self._billable[n]]
            near = leaves[:_NEAR]
        yield self._problem(what, place, ", ".join(near), "choose one of these")

    def _condition(self, place: Path_, entry: OverlayCondition) -> Iterator[Problem]:
        before = 0
        for number, code in enumerate(entry.codes):
            for problem in self._code((*place, "codes", number), code):
                before += 1
                yield problem
        if entry.name is not None and not before:
            for number, code in enumerate(entry.codes):
                yield from self._code((*place, "codes", number), code, billable=True)
        for section, key, kinds in (
            ("symptoms", "symptom", ("symptom",)),
            ("findings", "finding", ("finding",)),
            ("labs", "test", ("lab", "vital")),
            ("results", "procedure", ("proc",)),
            ("procedures", "procedure", ("proc",)),
            ("drugs", "drug", ("drug",)),
        ):
            for number, link in enumerate(getattr(entry, section)):
                where = (*place, section, number)
                yield from self._known((*where, key), getattr(link, key), *kinds)
                if isinstance(link, AcuteLab):
                    yield from self._lab(where, link)
                if isinstance(link, AcuteDrug):
                    yield from self._regimen(where, link, entry)
        for number, complication in enumerate(entry.complications):
            yield from self._code(
                (*place, "complications", number, "code"), complication.code, billable=True
            )
        for number, target in enumerate(entry.remove):
            where = (*place, "remove", number)
            unknown = list(self._known(where, target, *_NODES))
            yield from unknown
            if not unknown and not before and target not in self._held(entry.codes):
                held = sorted(self._held(entry.codes))
                near = difflib.get_close_matches(target, held, n=_NEAR, cutoff=0.3)
                yield self._problem(
                    f"{' and '.join(entry.codes)} have no edge to {target}", where,
                    ", ".join(near) or None, "remove this line",
                )  # fmt: skip

    def _lab(self, place: Path_, link: AcuteLab) -> Iterator[Problem]:
        """The median lies on the side that the direction says, and is possible."""
        own = self._own.get(link.test)
        raw: Mapping[str, Any] = (
            own.model_dump() if own is not None else self._nodes.get(link.test, {})
        )
        low, high = raw.get("plausible") or (-math.inf, math.inf)
        if not low <= link.median <= high:
            yield self._problem(
                f"{link.test}: {link.median:g} is not plausible", (*place, "median"),
                f"{low:g} to {high:g} {raw.get('unit', '')}".strip(), "correct it, or its unit",
            )  # fmt: skip
            return
        ranges = [r for r in (raw.get("ref_female"), raw.get("ref_male")) if r]
        if ranges and (
            (link.direction == "high" and link.median <= min(r[1] for r in ranges))
            or (link.direction == "low" and link.median >= max(r[0] for r in ranges))
        ):
            said = ", ".join(f"{r[0]:g} to {r[1]:g}" for r in dict.fromkeys(map(tuple, ranges)))
            yield self._problem(
                f"{link.test}: {link.median:g} is not {link.direction}", (*place, "median"),
                f"{'above' if link.direction == 'high' else 'below'} the normal {said}",
                "correct the median or the direction",
            )  # fmt: skip
        if not link.iqr[0] <= link.median <= link.iqr[1]:
            yield self._problem(
                f"{link.test}: the median is outside its quartiles", (*place, "iqr"),
                "[first quartile, third quartile] around the median", "correct the quartiles",
            )  # fmt: skip

    def _regimen(self, place: Path_, link: AcuteDrug, entry: OverlayCondition) -> Iterator[Problem]:
        own = self._own.get(link.drug)
        raw: Mapping[str, Any] = (
            own.model_dump() if own is not None else self._nodes.get(link.drug, {})
        )
        regimens = raw.get("dosing", ())
        if not regimens:
            return
        for regimen in regimens:
            setting = regimen.get("setting", "any")
            codes = tuple(regimen.get("codes", ()))
            fits_code = not codes or any(
                code.startswith(codes) or any(c.startswith(code) for c in codes)
                for code in entry.codes
            )
            if fits_code and (link.setting == "any" or setting in ("any", link.setting)):
                return
        yield self._problem(
            f"{link.drug} has no regimen for {', '.join(entry.codes)} ({link.setting})", place,
            None, "give the drug with a dosing for it under drugs in this file",
        )  # fmt: skip

    def _held(self, prefixes: Sequence[str]) -> set[str]:
        """The concepts that the codes have edges to in the graph."""
        edges, count = self._tables.edges, len(self._codes)
        found: set[str] = set()
        for row in self._rows(*prefixes):
            begin, end = edges.source.searchsorted([row, row + 1])
            found.update(
                self._ids[t - count] for t in edges.target[begin:end].tolist() if t >= count
            )
        return found
