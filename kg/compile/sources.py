"""Reading the open data sources (../shared/kg_sources) into records.

Nothing is judged here: names stay as the sources write them. See kg/compile/links.py for
what is made of them.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from casewright.errors import CasewrightError

__all__ = ["Measured", "Profile", "Sources", "read_sources"]

FILES = (
    "namcs_2000_2010_dx_profiles.json",
    "namcs_2000_2010_comorbidity_icd9_3digit.tsv",
    "icd10cm_fy2026_instructional_refs.tsv.gz",
    "cms_mce37_age_sex_edits.json",
    "do_has_symptom_icd10cm.tsv",
    "ddxplus_conditions.json",
    "drug_indications_icd10cm.tsv.gz",
    "faker_healthcare_core.json",
    "clinosim_mit/icd10_sex_restrictions.yaml",
    "clinosim_mit/chronic_onset_min_age.yaml",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Something that goes with a diagnosis: its share of visits and ratio to all visits."""

    name: str
    p: float
    lift: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """The NAMCS visits of one ICD-9-CM diagnosis.

    `ages` are shares by `graph.AGE_BANDS`; `symptoms` are named by reason-for-visit code.
    """

    icd9: str
    label: str
    n: int
    visit_share: float
    female: float
    ages: tuple[float, ...]
    symptom_n: int
    symptoms: tuple[Measured, ...]
    drug_n: int
    drugs: tuple[Measured, ...]
    tests: tuple[Measured, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """All sources in memory.

    Attributes:
        profiles: NAMCS profiles by ICD-9-CM code without dot.
        comorbidity: (icd9 category a, b, observed/expected, p of b given a, p of a given b).
        notes: (code, kind of note, target code or "A~B" range).
        edits: MCE edits by code.
        do_symptoms: Disease Ontology symptom labels by code.
        ddxplus: codes, then (evidence id, question, p) of each condition.
        indications: drug names by code, each with the sources that list it.
        faker: its core tables.
        male_only, female_only, onset: clinosim's gates by code or category.
    """

    profiles: Mapping[str, Profile]
    comorbidity: tuple[tuple[str, str, float, float, float], ...]
    notes: tuple[tuple[str, str, str], ...]
    edits: Mapping[str, frozenset[str]]
    do_symptoms: Mapping[str, tuple[str, ...]]
    ddxplus: tuple[tuple[tuple[str, ...], tuple[tuple[str, str, float], ...]], ...]
    indications: Mapping[str, Mapping[str, frozenset[str]]]
    faker: Mapping[str, Any]
    male_only: frozenset[str]
    female_only: frozenset[str]
    onset: Mapping[str, float]


def read_sources(folder: Path) -> Sources:
    """Read every source file.

    Raises:
        CasewrightError: the folder or files of it are absent or not as expected.
    """
    absent = [name for name in FILES if not (folder / name).is_file()]
    if absent:
        raise CasewrightError(
            f"{len(absent)} source file(s) of the graph are not there: {', '.join(absent)}",
            where=folder,
            fix="name the folder with the source files (its README.md lists them)",
        )
    where = folder
    try:
        where = folder / FILES[0]
        profiles = {icd9: _profile(icd9, raw) for icd9, raw in _json(where)["profiles"].items()}
        where = folder / FILES[1]
        comorbidity = tuple(
            (
                row["icd9_a"],
                row["icd9_b"],
                float(row["obs_exp"]),
                float(row["p_b_given_a"]),
                float(row["p_a_given_b"]),
            )
            for row in _rows(where)
        )
        where = folder / FILES[2]
        notes = tuple((row["code"], row["note_type"], row["target"]) for row in _rows(where))
        where = folder / FILES[3]
        edits = {code: frozenset(names) for code, names in _json(where)["edits"].items()}
        where = folder / FILES[4]
        do_symptoms: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for row in _rows(where):
            do_symptoms[row["icd10cm"]][row["symptom"]] = None
        where = folder / FILES[5]
        ddxplus = tuple(_ddxplus(_json(where)["conditions"]))
        where = folder / FILES[6]
        indications: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )
        for row in _rows(where):
            if row["relation"] == "symptomatic":
                continue  # helps with a complaint, whatever its cause
            indications[row["icd10cm"]][row["drug"].lower()].add(row["source"])
        where = folder / FILES[7]
        faker = _json(where)
        where = folder / FILES[8]
        sexes = yaml.safe_load(where.read_text(encoding="utf-8"))
        where = folder / FILES[9]
        onset = yaml.safe_load(where.read_text(encoding="utf-8"))["codes"]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise CasewrightError(
            f"a source file is not as expected: {type(error).__name__}: {error}",
            where=where,
            fix="take the file as it was extracted; do not edit it",
        ) from error
    return Sources(
        profiles=profiles,
        comorbidity=comorbidity,
        notes=notes,
        edits=edits,
        do_symptoms={code: tuple(names) for code, names in do_symptoms.items()},
        ddxplus=ddxplus,
        indications={
            code: {drug: frozenset(names) for drug, names in drugs.items()}
            for code, drugs in indications.items()
        },
        faker=faker,
        male_only=frozenset(map(str, sexes["male_only"])),
        female_only=frozenset(map(str, sexes["female_only"])),
        onset={str(code): float(age) for code, age in onset.items()},
    )


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def _profile(icd9: str, raw: Mapping[str, Any]) -> Profile:
    return Profile(
        icd9=icd9,
        label=raw["icd9_label"],
        n=raw["n"],
        visit_share=raw["visit_share"],
        female=raw["female"],
        ages=tuple(raw["age"].values()),
        symptom_n=raw["symptom_n"],
        symptoms=tuple(
            Measured(item["rfv"], item["p"], item["lift"], item["label"])
            for item in raw["symptoms"]
        ),
        drug_n=raw["drug_n"],
        drugs=tuple(Measured(i["name"].lower(), i["p"], i["lift"]) for i in raw["drugs"]),
        tests=tuple(Measured(i["name"], i["p"], i["lift"]) for i in raw["tests"]),
    )


def _ddxplus(
    conditions: Mapping[str, Any],
) -> Iterator[tuple[tuple[str, ...], tuple[tuple[str, str, float], ...]]]:
    for raw in conditions.values():
        yield (
            tuple(raw["icd10cm_hand"]),
            tuple(
                (item["evidence"], item["question"], item["p"])
                for item in raw["evidences"]
                if not item["antecedent"]
            ),
        )
