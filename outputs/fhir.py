"""A run as FHIR R4: a Bundle for each case, with its documents and what they state.

Only facts that a kept document of the case states become resources, and a number only where the
text has it. Codes are ICD-10-CM; everything else is named in words, for the vocabularies that FHIR
servers like (LOINC, RxNorm, SNOMED CT) are not part of casewright.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO

import pyarrow.parquet as pq

from casewright.outputs.card import CardConfig, CardInfo, CardSplit
from casewright.outputs.exporting import exporting
from casewright.outputs.labels import PlainRow, said_with, stated
from casewright.outputs.splits import SPLITS, Split, SplitPlan

__all__ = ["bundle_of_case", "export_fhir"]

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
_OWN = "https://example.org/casewright"
_CODES = "http://terminology.hl7.org/CodeSystem"
# "Test health data": what HL7 marks records with that are of no real patient.
_TEST = {"system": f"{_CODES}/v3-ActReason", "code": "HTEST", "display": "test health data"}
_CLASSES = {
    "outpatient": ("AMB", "ambulatory"),
    "emergency": ("EMER", "emergency"),
    "inpatient": ("IMP", "inpatient encounter"),
}
_FLAGS = {"high": ("H", "High"), "low": ("L", "Low"), "normal": ("N", "Normal")}
_NUMBER = re.compile(r"\d+(\.\d+)?")


def export_fhir(
    run: str | Path,
    dest: str | Path,
    *,
    info: CardInfo | None = None,
    splits: SplitPlan | None = None,
    benchmarks: Sequence[Path] = (),
) -> Path:
    """Export a run's cases as `train.ndjson` and so on, one Bundle a line.

    Raises:
        CasewrightError: as for `export_hf`.
    """
    sizes: Counter[Split] = Counter()
    begun = exporting(run, dest, info=info, splits=splits, benchmarks=benchmarks, dealt=["cases"])
    with begun as export:
        folder, scratch = export.folder, export.scratch
        shards = export.shards("cases", scratch / "shards")
        with ExitStack() as stack:
            files: dict[Split, TextIO] = {}
            for sharded in shards:
                path = folder / f"{sharded.split}.ndjson"
                file = stack.enter_context(path.open("w", encoding="utf-8"))
                files[sharded.split] = file
                for bundle in (b for shard in sharded.files for b in _bundles(shard)):
                    file.write(json.dumps(bundle, ensure_ascii=False) + "\n")
                    sizes[sharded.split] += 1
        made = [CardSplit(s, f"{s}.ndjson", sizes[s], 0) for s in SPLITS if sizes[s]]
        export.describe([CardConfig("bundles", made)], ("other",), "fhir")
    return Path(dest)


def _bundles(path: Path) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        rows = (row for batch in file.iter_batches(256) for row in batch.to_pylist())
        for _, case in groupby(rows, key=itemgetter("case_id")):
            yield bundle_of_case(sorted(case, key=itemgetter("document_index")))


def bundle_of_case(case: Sequence[PlainRow]) -> dict[str, Any]:
    """A Bundle (collection) of the kept documents of one case, in plain form."""
    head = case[0]
    builder = _Bundle(head)
    facts: dict[str, list[tuple[PlainRow, PlainRow]]] = {}
    for row in case:
        for fact in stated(row):
            facts.setdefault(fact["fact_id"], []).append((row, fact))
    titles = {d["code"]: d["title"] for d in head["icd10"]}
    for fact_id in sorted(facts):
        builder.fact(facts[fact_id], titles)
    for row in case:
        builder.document(row)
    return {
        "resourceType": "Bundle",
        "meta": {"security": [_TEST]},
        "identifier": {"system": f"{_OWN}/case", "value": head["case_id"]},
        "type": "collection",
        "entry": [
            {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
            for resource in builder.resources
        ],
    }


class _Bundle:
    """Resources of a case, each tied to its patient and encounter."""

    def __init__(self, head: PlainRow) -> None:
        self.resources: list[dict[str, Any]] = []
        self._case = head["case_id"]
        who = head["demographics"]
        # Encounters of one patient are of one Patient, in whichever bundle.
        person = head["patient_id"] or head["case_id"]
        patient = self._add(
            "Patient",
            {
                "identifier": [{"system": f"{_OWN}/patient", "value": person}],
                **({"gender": who["sex"]} if who else {}),
            },
            key=f"patient/{person}",
        )
        self._subject = {"reference": f"urn:uuid:{patient}"}
        code, display = _CLASSES.get(head["setting"] or "", ("AMB", "ambulatory"))
        encounter = self._add(
            "Encounter",
            {
                "status": "finished",
                "class": {"system": f"{_CODES}/v3-ActCode", "code": code, "display": display},
                "subject": self._subject,
            },
        )
        self._encounter = {"reference": f"urn:uuid:{encounter}"}

    def _add(self, kind: str, content: Mapping[str, Any], key: str | None = None) -> str:
        name = key or f"{self._case}/{len(self.resources)}"
        made = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{_OWN}/{name}"))
        self.resources.append(
            {"resourceType": kind, "id": made, "meta": {"security": [_TEST]}, **content}
        )
        return made

    def fact(self, said: Sequence[tuple[PlainRow, PlainRow]], titles: Mapping[str, str]) -> None:
        """The resource of a fact, if there is one for its kind."""
        fact = said[0][1]
        value = fact["value"]
        number = value is not None and any(said_with(r["text"], f, value) for r, f in said)
        match fact["type"], fact["polarity"]:
            case (("diagnosis" | "comorbidity"), "present") if fact["code"] in titles:
                self._condition(fact, titles[fact["code"]])
            case "symptom", ("present" | "denied"):
                present = fact["polarity"] == "present"
                self._observation(fact, "exam", {"valueBoolean": present})
            case (("vital" | "lab"), "present") if number:
                self._measured(fact)
            case "medication", "present":
                self._medication(fact, said, number=number)
            case "allergy", "present":
                content = {"code": {"text": fact["name"]}, "patient": self._subject}
                self._add("AllergyIntolerance", {**content, "encounter": self._encounter})
            case _:
                pass

    def _condition(self, fact: PlainRow, title: str) -> None:
        def one(name: str, code: str) -> dict[str, Any]:
            return {"coding": [{"system": f"{_CODES}/{name}", "code": code}]}

        self._add(
            "Condition",
            {
                "clinicalStatus": one("condition-clinical", "active"),
                "verificationStatus": one("condition-ver-status", "confirmed"),
                "category": [one("condition-category", "encounter-diagnosis")],
                "code": {
                    "coding": [{"system": ICD10CM, "code": fact["code"], "display": title}],
                    "text": fact["name"],
                },
                "subject": self._subject,
                "encounter": self._encounter,
            },
        )

    def _observation(self, fact: PlainRow, category: str, content: Mapping[str, Any]) -> None:
        self._add(
            "Observation",
            {
                "status": "final",
                "category": [
                    {"coding": [{"system": f"{_CODES}/observation-category", "code": category}]}
                ],
                "code": {"text": fact["name"]},
                "subject": self._subject,
                "encounter": self._encounter,
                **content,
            },
        )

    def _measured(self, fact: PlainRow) -> None:
        content: dict[str, Any] = {}
        plain = fact["value"].replace(",", "")
        pressure = re.fullmatch(r"(\d+)/(\d+)", plain)
        if fact["concept"] == "vital:blood_pressure" and pressure:
            content["component"] = [
                {"code": {"text": name}, "valueQuantity": _quantity(part, fact["unit"])}
                for name, part in zip(
                    ("systolic blood pressure", "diastolic blood pressure"),
                    pressure.groups(),
                    strict=True,
                )
            ]
        elif _NUMBER.fullmatch(plain):
            content["valueQuantity"] = _quantity(plain, fact["unit"])
        else:
            content["valueString"] = " ".join(p for p in (fact["value"], fact["unit"]) if p)
        flag = next((a["value"] for a in fact["attributes"] if a["name"] == "flag"), None)
        if flag in _FLAGS:
            code, display = _FLAGS[flag]
            system = f"{_CODES}/v3-ObservationInterpretation"
            coding = {"system": system, "code": code, "display": display}
            content["interpretation"] = [{"coding": [coding]}]
        category = "vital-signs" if fact["type"] == "vital" else "laboratory"
        self._observation(fact, category, content)

    def _medication(
        self, fact: PlainRow, said: Sequence[tuple[PlainRow, PlainRow]], *, number: bool
    ) -> None:
        parts = [f"{fact['value']} {fact['unit'] or ''}".strip()] if number else []
        parts += [
            a["value"]
            for a in fact["attributes"]
            if a["name"] in ("route", "frequency", "duration")
            and any(said_with(row["text"], f, a["value"]) for row, f in said)
        ]
        self._add(
            "MedicationStatement",
            {
                "status": "active",
                "medicationCodeableConcept": {"text": fact["name"]},
                "subject": self._subject,
                "context": self._encounter,
                **({"dosage": [{"text": ", ".join(parts)}]} if parts else {}),
            },
        )

    def document(self, row: PlainRow) -> None:
        """The text of a document."""
        self._add(
            "DocumentReference",
            {
                "identifier": [{"system": f"{_OWN}/document", "value": row["document_id"]}],
                "status": "current",
                "type": {"text": row["kind"].replace("_", " ")},
                "subject": self._subject,
                "description": "Synthetic text, generated by software.",
                "content": [
                    {
                        "attachment": {
                            "contentType": "text/plain; charset=utf-8",
                            "data": base64.b64encode(row["text"].encode()).decode(),
                        }
                    }
                ],
                "context": {"encounter": [self._encounter]},
            },
        )


def _quantity(value: str, unit: str | None) -> dict[str, Any]:
    number = float(value) if "." in value else int(value)
    return {"value": number, **({"unit": unit} if unit else {})}
