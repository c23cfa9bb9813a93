"""The hand-written layer: YAML files checked against their schema, every problem at once.

Each file of `kg/curated` is one model here; `conditions-<name>.yaml` continues
`conditions.yaml`, and so for every file. A problem names the file and the line of the
key that it is about. References between the files (a symptom id in conditions.yaml) are
checked as well; `lenient` turns unresolved ones into notes, for work in progress.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from casewright.errors import CasewrightError, Problem
from casewright.kg.compile.schema import (
    CURATED_FILES,
    AcuteEntry,
    AcuteFile,
    AllergenEntry,
    ClassEntry,
    ConditionEntry,
    ConditionsFile,
    DrugEntry,
    DrugsFile,
    FamilyEntry,
    File,
    FindingEffect,
    FindingEntry,
    FindingsFile,
    HistoryFile,
    LabEffect,
    LabEntry,
    LabsFile,
    ProcedureEntry,
    ProcedureResult,
    ProceduresFile,
    Raised,
    RiskEntry,
    SymptomEntry,
    SymptomsFile,
    Wording,
)
from casewright.records import Sex

__all__ = ["Curated", "load_curated"]

Path_ = tuple[str | int, ...]


@dataclass(slots=True)
class Curated:
    """Everything hand-written, with the line of each entry for messages.

    Attributes:
        symptoms ... conditions: the entries; empty where the file is absent.
        missing: files that are not there.
        unresolved: references to ids or codes that do not exist (lenient only).
    """

    symptoms: tuple[SymptomEntry, ...] = ()
    drugs: tuple[DrugEntry, ...] = ()
    classes: Mapping[str, ClassEntry] = field(default_factory=dict)
    labs: tuple[LabEntry, ...] = ()
    vitals: tuple[LabEntry, ...] = ()
    lab_effects: tuple[LabEffect, ...] = ()
    findings: tuple[FindingEntry, ...] = ()
    finding_effects: tuple[FindingEffect, ...] = ()
    procedures: tuple[ProcedureEntry, ...] = ()
    results: tuple[ProcedureResult, ...] = ()
    conditions: tuple[ConditionEntry, ...] = ()
    acute: tuple[AcuteEntry, ...] = ()
    allergens: tuple[AllergenEntry, ...] = ()
    risk_factors: tuple[RiskEntry, ...] = ()
    family_history: tuple[FamilyEntry, ...] = ()
    missing: tuple[str, ...] = ()
    unresolved: tuple[Problem, ...] = ()

    def sexes(self) -> dict[str, Sex]:
        """The sex that a concept is limited to, by id, where it is."""
        found: dict[str, Sex] = {}
        for entries in (self.symptoms, self.drugs, self.labs, self.findings, self.procedures):
            found.update({entry.id: entry.sex for entry in entries if entry.sex})
        return found

    def raised(self) -> Iterator[tuple[str, Raised]]:
        """(id, raised probability) of risk factors and family history."""
        for risk in self.risk_factors:
            yield from ((risk.id, raised) for raised in risk.raised)
        for family in self.family_history:
            yield from ((family.id, raised) for raised in family.raised)


def load_curated(folder: Path, codes: frozenset[str], *, lenient: bool = False) -> Curated:
    """Read and check every curated file that is there.

    Args:
        folder: where the YAML files are.
        codes: every ICD-10-CM code and category of the release, dotted.
        lenient: note unresolved references instead of refusing.

    Raises:
        CasewrightError: with every problem found in all files.
    """
    problems: list[Problem] = []
    parsed: dict[str, File] = {}
    lines: dict[str, dict[Path_, int]] = {}
    for stem, model in _files(folder):
        path = folder / f"{stem}.yaml"
        data, lines[stem], found = read_yaml(path)
        problems.extend(found)
        if not found:
            try:
                parsed[stem] = model.model_validate(data)
            except ValidationError as error:
                problems.extend(_validation_problems(path, lines[stem], error))
    loose: list[Problem] = []
    if not problems:
        problems.extend(_duplicates(folder, parsed, lines))
        loose.extend(_unresolved(folder, parsed, lines, codes))
        if not lenient:
            problems.extend(loose)
    if problems:
        raise CasewrightError(
            f"the curated layer of the graph has {len(problems)} problem(s)", problems=problems
        )
    return _collect(parsed, tuple(loose))


def _files(folder: Path) -> Iterator[tuple[str, type[File]]]:
    """(stem, model) of every file that is there: `labs` and then its continuations in order."""
    for kind, model in CURATED_FILES.items():
        if (folder / f"{kind}.yaml").exists():
            yield kind, model
        for path in sorted(folder.glob(f"{kind}-*.yaml")):
            yield path.stem, model


def _kind(stem: str) -> str:
    """The file that a file continues: "labs" for "labs-children"."""
    return stem.partition("-")[0]


def _collect(parsed: Mapping[str, File], unresolved: tuple[Problem, ...]) -> Curated:
    kinds = {_kind(stem) for stem in parsed}
    result = Curated(
        missing=tuple(kind for kind in CURATED_FILES if kind not in kinds), unresolved=unresolved
    )
    for file in parsed.values():
        match file:
            case SymptomsFile():
                result.symptoms += file.symptoms
            case DrugsFile():
                result.drugs += file.drugs
                result.classes = {**result.classes, **file.classes}
            case LabsFile():
                result.labs += file.labs
                result.vitals += file.vitals
                result.lab_effects += file.effects
            case FindingsFile():
                result.findings += file.findings
                result.finding_effects += file.effects
            case ProceduresFile():
                result.procedures += file.procedures
                result.results += file.results
            case ConditionsFile():
                result.conditions += file.conditions
            case AcuteFile():
                result.acute += file.acute
            case HistoryFile():
                result.allergens += file.allergens
                result.risk_factors += file.risk_factors
                result.family_history += file.family_history
    return result


def _entries(parsed: Mapping[str, File]) -> Iterator[tuple[str, Path_, Any]]:
    """Every list entry of every file: (stem, path in the file, entry)."""
    for stem, file in parsed.items():
        for name in type(file).model_fields:
            value = getattr(file, name)
            if isinstance(value, tuple):
                for number, entry in enumerate(value):
                    yield stem, (name, number), entry


def _duplicates(
    folder: Path, parsed: Mapping[str, File], lines: Mapping[str, Mapping[Path_, int]]
) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for stem, path, entry in _entries(parsed):
        if isinstance(entry, Wording):
            here = f"{stem}.yaml:{_line(lines[stem], (*path, 'id'))}"
            if entry.id in seen:
                yield Problem(
                    f"{entry.id} is defined twice",
                    folder / f"{stem}.yaml",
                    _line(lines[stem], (*path, "id")),
                    fix=f"merge it with the entry at {seen[entry.id]}",
                )
            seen.setdefault(entry.id, here)


def _unresolved(
    folder: Path,
    parsed: Mapping[str, File],
    lines: Mapping[str, Mapping[Path_, int]],
    codes: frozenset[str],
) -> Iterator[Problem]:
    ids = {entry.id for _, _, entry in _entries(parsed) if isinstance(entry, Wording)}
    kinds = {_kind(stem) for stem in parsed}
    roots = {code[:size] for code in codes for size in range(1, len(code) + 1)}
    for stem, path, entry in _entries(parsed):
        for sub, kind, wanted in _references(entry):
            if kind not in kinds:
                continue  # the whole file is still to come: reported as missing
            if wanted not in ids:
                yield Problem(
                    f"{wanted} is not defined",
                    folder / f"{stem}.yaml",
                    _line(lines[stem], (*path, *sub)),
                    valid=f"an id of {kind}.yaml",
                    fix=f"correct the id, or add it to {kind}.yaml",
                )
        for sub, code in _prefixes(entry):
            if code not in roots:
                yield Problem(
                    f"no ICD-10-CM code begins with {code}",
                    folder / f"{stem}.yaml",
                    _line(lines[stem], (*path, *sub)),
                    fix="correct the code against the current release",
                )


def _references(entry: Any) -> Iterator[tuple[Path_, str, str]]:
    """(path below the entry, file that defines it, id) of each id that an entry names."""
    match entry:
        case SymptomEntry():
            for number, wanted in enumerate(entry.broader):
                yield ("broader", number), "symptoms", wanted
        case DrugEntry() | AllergenEntry():
            for number, wanted in enumerate(entry.avoid_drugs):
                yield ("avoid_drugs", number), "drugs", wanted
        case LabEffect():
            yield ("test",), "labs", entry.test
        case FindingEffect():
            yield ("finding",), "findings", entry.finding
        case ProcedureResult():
            yield ("procedure",), "procedures", entry.procedure
        case ConditionEntry():
            for number, symptom in enumerate(entry.symptoms):
                yield ("symptoms", number, "symptom"), "symptoms", symptom.symptom
            for number, drug in enumerate(entry.drugs):
                yield ("drugs", number, "drug"), "drugs", drug.drug
        case AcuteEntry():
            for place, kind, key in (
                ("symptoms", "symptoms", "symptom"),
                ("findings", "findings", "finding"),
                ("labs", "labs", "test"),
                ("results", "procedures", "procedure"),
                ("procedures", "procedures", "procedure"),
                ("drugs", "drugs", "drug"),
            ):
                for number, link in enumerate(getattr(entry, place)):
                    yield (place, number, key), kind, getattr(link, key)


def _prefixes(entry: Any) -> Iterator[tuple[Path_, str]]:
    """(path below the entry, ICD-10-CM prefix) of each prefix that an entry names."""
    for number, code in enumerate(getattr(entry, "codes", ())):
        yield ("codes", number), code
    if isinstance(entry, AcuteEntry):
        for number, complication in enumerate(entry.complications):
            yield ("complications", number, "code"), complication.code
    if isinstance(entry, DrugEntry | RiskEntry):
        for number, code in enumerate(entry.avoid_codes):
            yield ("avoid_codes", number), code
    if isinstance(entry, RiskEntry | FamilyEntry):
        for number, raised in enumerate(entry.raised):
            for place, code in enumerate(raised.codes):
                yield ("raised", number, "codes", place), code
    if isinstance(entry, FamilyEntry):
        yield ("code",), entry.code
        yield ("z_code",), entry.z_code
    if isinstance(entry, DrugEntry):
        for number, regimen in enumerate(entry.dosing):
            for place, code in enumerate(regimen.codes):
                yield ("dosing", number, "codes", place), code


def _validation_problems(
    path: Path, lines: Mapping[Path_, int], error: ValidationError
) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        place = tuple(detail["loc"])
        yield Problem(
            f"{'.'.join(map(str, place))}: {detail['msg'][0].lower()}{detail['msg'][1:]}",
            path,
            _line(lines, place),
            fix="see the head of the file for the keys of an entry",
        )


def _line(lines: Mapping[Path_, int], path: Path_) -> int | None:
    """The line of a path, or of the nearest thing around it that has one."""
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path)


def read_yaml(path: Path) -> tuple[object, dict[Path_, int], list[Problem]]:
    """Parse one file; also the line of each key and item, and what is wrong with the YAML."""
    lines: dict[Path_, int] = {}
    try:
        text = path.read_text(encoding="utf-8")
        loader = yaml.CSafeLoader(text) if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return {}, lines, []
        problems: list[Problem] = []
        _walk(path, node, (), lines, problems)
        return loader.construct_document(node), lines, problems
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        what = f"this is not YAML: {error.problem or error.context}"
        return None, lines, [Problem(what, path, line, fix="correct the syntax on that line")]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return None, lines, [Problem(f"the file cannot be read: {error}", path)]


def _walk(
    file: Path, node: yaml.Node, path: Path_, lines: dict[Path_, int], problems: list[Problem]
) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                problems.append(
                    Problem(
                        f"the key {name!r} stands twice in one entry",
                        file,
                        key.start_mark.line + 1,
                        fix="keep one of them",
                    )
                )
            seen.add(name)
            lines[(*path, name)] = key.start_mark.line + 1
            _walk(file, value, (*path, name), lines, problems)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            lines[(*path, number)] = item.start_mark.line + 1
            _walk(file, item, (*path, number), lines, problems)
