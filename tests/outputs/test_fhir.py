"""FHIR bundles are valid and say what the texts say."""

from __future__ import annotations

import base64
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from casewright.config import load_config
from casewright.outputs.fhir import export_fhir
from casewright.outputs.row import Row
from casewright.outputs.rows import read_rows
from casewright.pipeline import build

CONFIG = """
documents: 40
seed: 9
engine: {kind: realiser}
kinds: {outpatient: [clinic_note, dialogue], inpatient: [discharge_summary]}
sampling: {encounters: 2, settings: {outpatient: 0.6, inpatient: 0.4, emergency: 0}}
"""


class Silent:
    def start(self, *_: object) -> None: ...
    def document(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fhir")
    (folder / "config.yaml").write_text(CONFIG)
    return build(load_config(folder / "config.yaml"), folder / "run", watcher=Silent()).run


@pytest.fixture(scope="module")
def bundles(run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    dest = export_fhir(run, tmp_path_factory.mktemp("fhir") / "out")
    lines = [x for p in sorted(dest.glob("*.ndjson")) for x in p.read_text("utf-8").splitlines()]
    made = [json.loads(line) for line in lines]
    assert "FHIR R4 Bundle" in (dest / "README.md").read_text()
    return {bundle["identifier"]["value"]: bundle for bundle in made}


@pytest.fixture(scope="module")
def cases(run: Path) -> dict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in read_rows(run):
        found[row.case_id].append(row)
    return dict(found)


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]


def test_every_bundle_is_valid(bundles: dict[str, dict[str, Any]]) -> None:
    pytest.importorskip("fhir.resources")
    from fhir.resources.R4B.bundle import Bundle

    kinds = Counter[str]()
    for value in bundles.values():
        bundle = Bundle.model_validate_json(json.dumps(value))
        assert bundle.type == "collection"
        for entry in bundle.entry:
            kinds[entry.resource.__resource_type__] += 1
    assert kinds.keys() >= {
        "Patient", "Encounter", "Condition", "Observation", "MedicationStatement",
        "DocumentReference", "AllergyIntolerance",
    }  # fmt: skip


def test_invalid_bundles_would_be_noticed(bundles: dict[str, dict[str, Any]]) -> None:
    pytest.importorskip("fhir.resources")
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    value = json.loads(json.dumps(next(iter(bundles.values()))))
    del resources(value, "Encounter")[0]["class"]
    with pytest.raises(ValidationError):
        Bundle.model_validate_json(json.dumps(value))


def test_every_reference_leads_to_a_resource_of_the_bundle(
    bundles: dict[str, dict[str, Any]],
) -> None:
    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["reference"]] if "reference" in value else []
            return own + [r for item in value.values() for r in references(item)]
        return [r for item in value for r in references(item)] if isinstance(value, list) else []

    for bundle in bundles.values():
        urls = [entry["fullUrl"] for entry in bundle["entry"]]
        assert len(set(urls)) == len(urls)
        assert set(references(bundle)) <= set(urls)
        for entry in bundle["entry"]:
            assert entry["resource"]["meta"]["security"][0]["code"] == "HTEST"


def test_encounters_of_a_patient_share_the_patient(
    bundles: dict[str, dict[str, Any]], cases: dict[str, list[Row]]
) -> None:
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for case, bundle in bundles.items():
        ids[cases[case][0].patient_id].add(resources(bundle, "Patient")[0]["id"])
    assert len(ids) < len(bundles)
    assert all(len(found) == 1 for found in ids.values())
    assert len(set().union(*ids.values())) == len(ids)


def test_bundles_hold_the_documents_of_their_case_to_the_letter(
    bundles: dict[str, dict[str, Any]], cases: dict[str, list[Row]]
) -> None:
    assert bundles.keys() == cases.keys()
    for case, bundle in bundles.items():
        texts = {
            d["identifier"][0]["value"]: base64.b64decode(
                d["content"][0]["attachment"]["data"]
            ).decode()
            for d in resources(bundle, "DocumentReference")
        }
        assert texts == {row.document_id: row.text for row in cases[case]}


def test_bundle_and_text_agree(
    bundles: dict[str, dict[str, Any]], cases: dict[str, list[Row]]
) -> None:
    seen = Counter[str]()
    for case, bundle in bundles.items():
        rows = cases[case]
        said = [f for row in rows for f in row.facts if f.status == "stated"]
        texts = "\n".join(row.text for row in rows)
        codes = {f.code for f in said if f.type in ("diagnosis", "comorbidity")}
        for condition in resources(bundle, "Condition"):
            assert condition["code"]["coding"][0]["code"] in codes
            seen["condition"] += 1
        for observation in resources(bundle, "Observation"):
            name = observation["code"]["text"]
            facts = [f for f in said if f.name == name]
            assert facts, name
            if "valueBoolean" in observation:
                polarity = "present" if observation["valueBoolean"] else "denied"
                assert polarity in {f.polarity for f in facts}
            elif "component" in observation:
                parts = [str(c["valueQuantity"]["value"]) for c in observation["component"]]
                assert "/".join(parts) in texts
                assert "/".join(parts) in {f.value for f in facts}
            elif "valueQuantity" in observation:
                value = observation["valueQuantity"]["value"]
                same = [f for f in facts if f.value and float(f.value.replace(",", "")) == value]
                assert any(f.value in texts for f in same if f.value), (case, name, value)
                assert observation["valueQuantity"].get("unit") in {f.unit for f in same}
                seen["quantity"] += 1
        for drug in resources(bundle, "MedicationStatement"):
            name = drug["medicationCodeableConcept"]["text"]
            assert name in {f.name for f in said if f.type == "medication"}
            for part in drug.get("dosage", [{"text": ""}])[0]["text"].split(", "):
                assert part.split(" ")[0].lower() in texts.lower()
            seen["drug"] += 1
        stated = {f.fact_id for f in said if f.type == "medication" and f.polarity == "present"}
        assert len(resources(bundle, "MedicationStatement")) == len(stated)
    assert min(seen["condition"], seen["quantity"], seen["drug"]) > 10
