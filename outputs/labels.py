"""Tables of labels: codes, mentions, assertions, identifiers, and cases as numbers.

Each builder takes the kept rows of one case in plain form, in plan order, and gives the rows of
its table. A label is given only where the ledger found it in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import pyarrow as pa

from casewright.outputs.chapters import chapter_of

__all__ = [
    "LABEL_SCHEMAS",
    "VITALS",
    "PlainRow",
    "assertion",
    "deid",
    "error_detection",
    "icd_classification",
    "ner",
    "origin",
    "pretrain",
    "said_with",
    "stated",
    "tabular",
]

PlainRow: TypeAlias = Mapping[str, Any]

CONTEXT = 160
"""Characters of text on each side of a mention, for the answer to a doctor's question too."""

VITALS = {
    "vital:temperature": "temperature_c",
    "vital:heart_rate": "heart_rate_bpm",
    "vital:respiratory_rate": "respiratory_rate_bpm",
    "vital:oxygen_saturation": "oxygen_saturation_percent",
    "vital:weight": "weight_kg",
    "vital:height": "height_cm",
    "vital:bmi": "bmi_kg_m2",
}
"""Vital signs of one number; the blood pressure has two."""

_UNITS = {
    "temperature_c": "C",
    "heart_rate_bpm": "bpm",
    "oxygen_saturation_percent": "%",
    "weight_kg": "kg",
    "height_cm": "cm",
}

_string, _int, _float = pa.string(), pa.int32(), pa.float64()


def _list(**fields: pa.DataType) -> pa.DataType:
    return pa.list_(pa.struct(list(fields.items())))


def origin(row: PlainRow) -> dict[str, Any]:
    """Where an example comes from, and that it is synthetic, as every row says."""
    return {
        "document_id": row["document_id"],
        "case_id": row["case_id"],
        "kind": row["kind"],
        "synthetic": True,
    }


ORIGIN = {"document_id": _string, "case_id": _string, "kind": _string, "synthetic": pa.bool_()}

LABEL_SCHEMAS: dict[str, pa.Schema] = {
    "icd_classification": pa.schema(
        {
            "text": _string,
            "chapters": pa.list_(_int),
            "categories": pa.list_(_string),
            "codes": pa.list_(_string),
            **ORIGIN,
        }
    ),
    "ner": pa.schema(
        {
            "text": _string,
            "entities": _list(start=_int, end=_int, text=_string, label=_string),
            **ORIGIN,
        }
    ),
    "assertion": pa.schema(
        {
            "context": _string,
            "start": _int,
            "end": _int,
            "mention": _string,
            "label": _string,
            "assertion": _string,
            "code": _string,
            "document_start": _int,
            **ORIGIN,
        }
    ),
    "deid": pa.schema(
        {
            "text": _string,
            "identifiers": _list(start=_int, end=_int, type=_string, text=_string),
            "masked": _string,
            **ORIGIN,
        }
    ),
    "error_detection": pa.schema(
        {
            "text": _string,
            "errors": _list(
                start=_int,
                end=_int,
                text=_string,
                kind=_string,
                correction=_string,
                untrue=pa.bool_(),
                fact_id=_string,
            ),
            "corrected": _string,
            "untrue": pa.bool_(),
            **ORIGIN,
        }
    ),
    "pretrain": pa.schema({"text": _string, **ORIGIN}),
    "tabular": pa.schema(
        {
            "case_id": _string,
            "patient_id": _string,
            "encounter": _int,
            "age_years": _int,
            "age_months": _int,
            "sex": _string,
            "setting": _string,
            "principal_code": _string,
            "principal_title": _string,
            "principal_chapter": _int,
            "secondary_codes": pa.list_(_string),
            "systolic_mmhg": _float,
            "diastolic_mmhg": _float,
            **dict.fromkeys(VITALS.values(), _float),
            "labs": _list(test=_string, name=_string, value=_float, unit=_string, flag=_string),
            "medications": _list(name=_string, dose=_string, unit=_string),
            "symptoms_present": pa.list_(_string),
            "symptoms_denied": pa.list_(_string),
            "document_ids": pa.list_(_string),
            "synthetic": pa.bool_(),
        }
    ),
}


def stated(row: PlainRow, *types: str) -> list[PlainRow]:
    """The facts that a document states, of some types or of all."""
    return [
        f for f in row["facts"] if f["status"] == "stated" and (not types or f["type"] in types)
    ]


def said_with(text: str, fact: Mapping[str, Any], words: str) -> bool:
    """Whether words stand in a sentence that states the fact."""
    wanted = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)", re.I)
    for span in fact["spans"]:
        before = max(text.rfind(mark, 0, span["start"]) for mark in (". ", "\n", "? "))
        after = re.compile(r"[.?!](?=\s|$)|\n").search(text, span["end"])
        if wanted.search(text, before + 1, after.start() if after else len(text)):
            return True
    return False


def icd_classification(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """Multi-label: the chapters, categories and codes of the diagnoses that a text states."""
    for row in case:
        there = {
            f["code"] for f in stated(row, "diagnosis", "comorbidity") if f["polarity"] == "present"
        }
        codes = [d["code"] for d in row["icd10"] if d["code"] in there]
        # Without its principal diagnosis a text does not show what it is about.
        if not codes or codes[0] != row["icd10"][0]["code"]:
            continue
        chapters = {c.number for code in codes if (c := chapter_of(code)) is not None}
        yield {
            "text": row["text"],
            "chapters": sorted(chapters),
            "categories": list(dict.fromkeys(code[:3] for code in codes)),
            "codes": codes,
            **origin(row),
        }


def ner(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """Texts with every clinical mention, whether the case holds it or not."""
    for row in case:
        found = sorted(row["entities"], key=lambda e: (e["start"], e["end"]))
        entities = [{k: e[k] for k in ("start", "end", "text", "label")} for e in found]
        yield {"text": row["text"], "entities": entities, **origin(row)}


def assertion(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """Mentions in their context, with what the text says of them.

    Only mentions of a stated fact whose polarity the reading shares: there two witnesses agree.
    """
    for row in case:
        polarity = {f["fact_id"]: f["polarity"] for f in stated(row)}
        for e in row["entities"]:
            if polarity.get(e["fact_id"]) != e["assertion"]:
                continue
            first, last = _window(row["text"], e["start"], e["end"])
            yield {
                "context": row["text"][first:last],
                "start": e["start"] - first,
                "end": e["end"] - first,
                "mention": e["text"],
                "label": e["label"],
                "assertion": e["assertion"],
                "code": e["code"],
                "document_start": first,
                **origin(row),
            }


def _window(text: str, start: int, end: int) -> tuple[int, int]:
    """The mention with some text about it, cut at white space."""
    first, last = max(0, start - CONTEXT), min(len(text), end + CONTEXT)
    if first:
        cut = re.compile(r"\s").search(text, first, start)
        first = cut.end() if cut else start
    if last < len(text):
        space = max(text.rfind(c, end, last) for c in " \n\t")
        last = space if space >= 0 else end
    return first, last


def deid(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """Texts with their planned identifiers, and with those replaced by their types."""
    for row in case:
        found = sorted(row["phi"], key=lambda p: (p["start"], -p["end"]))
        pieces, at = [], 0
        for item in found:
            if item["start"] < at:  # within one that is masked already
                continue
            pieces += [row["text"][at : item["start"]], f"[{item['type'].upper()}]"]
            at = item["end"]
        masked = "".join([*pieces, row["text"][at:]])
        yield {"text": row["text"], "identifiers": found, "masked": masked, **origin(row)}


def error_detection(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """Texts with noise: where each fault stands, what belongs there, whether it misleads."""
    for row in case:
        if not row["noise"]:
            continue
        errors = [
            {
                **{k: n[k] for k in ("start", "end", "text", "kind", "untrue", "fact_id")},
                "correction": n["clean_text"],
            }
            for n in row["noise"]
        ]
        yield {
            "text": row["text"],
            "errors": errors,
            "corrected": row["clean_text"],
            "untrue": any(n["untrue"] for n in row["noise"]),
            **origin(row),
        }


def pretrain(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """Texts alone."""
    for row in case:
        yield {"text": row["text"], **origin(row)}


def tabular(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """The case as one row of numbers and codes: what at least one kept document states."""
    facts: dict[str, PlainRow] = {}
    for row in case:
        for fact in stated(row):
            said = fact["value"] and said_with(row["text"], fact, fact["value"])
            # A text may call a value normal, or give it in another unit: then it has no number.
            found = fact if said else {**fact, "value": None}
            known = facts.get(fact["fact_id"])
            if known is None or (known["value"] is None and said):
                facts[fact["fact_id"]] = found
    ordered = [facts[key] for key in sorted(facts)]
    head = case[0]
    who = head["demographics"] or {}
    present = [f for f in ordered if f["polarity"] == "present"]
    codes = {f["code"] for f in present if f["type"] in ("diagnosis", "comorbidity")}
    diagnoses = [d for d in head["icd10"] if d["code"] in codes]
    principal = next((d for d in diagnoses if d["role"] == "principal"), None)
    chapter = chapter_of(principal["code"]) if principal else None
    yield {
        "case_id": head["case_id"],
        "patient_id": head["patient_id"],
        "encounter": head["encounter"],
        **{name: who.get(name) for name in ("age_years", "age_months", "sex")},
        "setting": head["setting"],
        "principal_code": principal["code"] if principal else None,
        "principal_title": principal["title"] if principal else None,
        "principal_chapter": chapter.number if chapter else None,
        "secondary_codes": [d["code"] for d in diagnoses if d["role"] == "secondary"],
        **_vitals(present),
        "labs": [
            {
                "test": f["concept"],
                "name": f["name"],
                "value": value,
                "unit": f["unit"],
                "flag": next((a["value"] for a in f["attributes"] if a["name"] == "flag"), None),
            }
            for f in present
            if f["type"] == "lab" and (value := _number(f["value"])) is not None
        ],
        "medications": [
            {"name": f["name"], "dose": f["value"], "unit": f["unit"] if f["value"] else None}
            for f in present
            if f["type"] == "medication"
        ],
        **{
            f"symptoms_{polarity}": [
                f["name"] for f in ordered if f["type"] == "symptom" and f["polarity"] == polarity
            ]
            for polarity in ("present", "denied")
        },
        "document_ids": [row["document_id"] for row in case],
        "synthetic": True,
    }


def _vitals(facts: Sequence[PlainRow]) -> dict[str, float | None]:
    values: dict[str, float | None] = dict.fromkeys(VITALS.values())
    values |= {"systolic_mmhg": None, "diastolic_mmhg": None}
    for fact in facts:
        if fact["type"] != "vital":
            continue
        pressure = re.fullmatch(r"(\d+)/(\d+)", fact["value"] or "")
        if fact["concept"] == "vital:blood_pressure" and pressure:
            values["systolic_mmhg"] = float(pressure[1])
            values["diastolic_mmhg"] = float(pressure[2])
        name = VITALS.get(fact["concept"])
        # A value in another unit than the column's would be a wrong number, not a missing one.
        if name and fact["unit"] == _UNITS.get(name, fact["unit"]):
            values[name] = _number(fact["value"])
    return values


def _number(value: str | None) -> float | None:
    if value is None or not re.fullmatch(r"[+-]?\d+(\.\d+)?", value.replace(",", "")):
        return None
    return float(value.replace(",", ""))
