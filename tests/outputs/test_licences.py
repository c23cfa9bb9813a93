"""Licences: what a name allows, and exports that one of them forbids."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from row_factory import ABOUT, FINGERPRINT, make_row

from casewright.errors import CasewrightError
from casewright.outputs.card import CardInfo
from casewright.outputs.feeds import export_csv, export_fhir, export_jsonl, export_sft
from casewright.outputs.hf import export_hf
from casewright.outputs.licences import Terms, terms_of
from casewright.outputs.manifest import About, Fingerprint, Source
from casewright.outputs.rundir import RunDir

EXPORTS = {
    "hf": export_hf, "jsonl": export_jsonl, "csv": export_csv, "sft": export_sft,
    "fhir": export_fhir,
}  # fmt: skip

OPEN = Terms(True)
CLOSED = Terms(True, share=False)
NO_TRAINING = Terms(True, train=False)
NON_COMMERCIAL = Terms(True, commercial=False)
ALIKE = Terms(True, alike=True)
UNHEARD = Terms(False)


@pytest.mark.parametrize(
    ("licence", "terms"),
    [
        ("public domain (US government)", OPEN),
        ("public-domain", OPEN),
        ("CC0-1.0", OPEN),
        ("CC BY 4.0", OPEN),
        ("CC-BY-4.0", OPEN),
        ("cc-by-3.0", OPEN),
        ("Apache-2.0", OPEN),
        ("apache-2.0", OPEN),
        ("Apache License 2.0", OPEN),
        ("MIT", OPEN),
        ("BSD-3-Clause", OPEN),
        ("Llama 3.1 Community License", OPEN),
        ("llama3.2", OPEN),
        ("llama3.1", OPEN),
        ("gemma", OPEN),
        ("CC-BY-NC-4.0", NON_COMMERCIAL),
        ("CC BY-NC 4.0", NON_COMMERCIAL),
        ("cc-by-nc-sa-4.0", Terms(True, commercial=False, alike=True)),
        ("non-commercial research", NON_COMMERCIAL),
        ("Qwen-Research", NON_COMMERCIAL),
        ("CC-BY-SA-4.0", ALIKE),
        ("ODbL-1.0", ALIKE),
        ("GPL-3.0-only", ALIKE),
        ("AGPL-3.0", ALIKE),
        ("CC-BY-ND-4.0", CLOSED),
        ("cc-by-nc-nd-4.0", Terms(True, share=False, commercial=False)),
        ("proprietary", CLOSED),
        ("Proprietary (internal use)", CLOSED),
        ("not for redistribution", CLOSED),
        ("no redistribution", CLOSED),
        ("All rights reserved", CLOSED),
        ("UMLS Metathesaurus Licence", CLOSED),
        ("SNOMED CT Affiliate", CLOSED),
        ("PhysioNet Credentialed Health Data Use Agreement 1.5.0", CLOSED),
        ("llama2", NO_TRAINING),
        ("Llama 2 Community License", NO_TRAINING),
        ("llama3", NO_TRAINING),
        ("Meta Llama 3 Community License", NO_TRAINING),
        ("", UNHEARD),
        ("unknown", UNHEARD),
        ("Hillside Clinic terms", UNHEARD),
        ("permitted", UNHEARD),
        ("standard terms", UNHEARD),
    ],
)
def test_name_of_a_licence_is_read(licence: str, terms: Terms) -> None:
    assert terms_of(licence) == terms


def made(path: Path, about: About, fingerprint: Fingerprint = FINGERPRINT) -> Path:
    with RunDir.open(path, fingerprint, 6, about=about) as run:
        for index in range(6):
            run.add(make_row(index))
        run.seal()
    return path


def about_of(source: str = "CC0-1.0", model: str = "Apache-2.0") -> About:
    sources = (*ABOUT.sources, Source("clinic list", source, "1"))
    return replace(ABOUT, sources=sources, model_licence=model)


@pytest.mark.parametrize("name", EXPORTS)
def test_source_that_may_not_be_passed_on_stops_every_export(name: str, tmp_path: Path) -> None:
    run = made(tmp_path / "run", about_of("proprietary, no redistribution"))
    with pytest.raises(CasewrightError, match=r"source clinic list .*not let what is made") as told:
        EXPORTS[name](run, tmp_path / "out")
    assert told.value.problems[0].fix == "build without it"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("source", "model", "asked", "told"),
    [
        ("CC0-1.0", "Apache-2.0", "unknown", None),
        ("CC0-1.0", "Apache-2.0", "cc-by-4.0", None),
        ("CC-BY-4.0", "llama3.1", "cc-by-4.0", None),
        ("CC0-1.0", "", "unknown", None),
        ("house terms", "Apache-2.0", "unknown", None),
        ("CC0-1.0", "CC-BY-NC-4.0", "cc-by-nc-4.0", None),
        ("CC-BY-SA-4.0", "Apache-2.0", "cc-by-sa-4.0", None),
        ("CC0-1.0", "", "cc-by-4.0", "licence of the model smollm2-135m is not known"),
        ("house terms", "Apache-2.0", "cc-by-4.0", "nobody can say"),
        ("CC0-1.0", "CC-BY-NC-4.0", "unknown", "forbids commercial use.*no licence yet"),
        ("CC0-1.0", "CC-BY-NC-4.0", "cc-by-4.0", "forbids commercial use.*'cc-by-4.0'"),
        ("CC-BY-NC-4.0", "Apache-2.0", "mit", "source clinic list .*forbids commercial use"),
        ("CC-BY-SA-4.0", "Apache-2.0", "cc-by-4.0", "asks for the same terms"),
        ("CC0-1.0", "llama2", "unknown", "forbids its output to be used for other models"),
        ("CC0-1.0", "proprietary", "unknown", "model smollm2-135m .*not let what is made"),
    ],
)
def test_licence_asked_for_is_held_against_those_of_the_materials(
    source: str, model: str, asked: str, told: str | None, tmp_path: Path
) -> None:
    run = made(tmp_path / "run", about_of(source, model))
    info = CardInfo(licence=asked)
    if told is None:
        export_hf(run, tmp_path / "hf", info=info, configs=())
        assert f"license: {asked}" in (tmp_path / "hf" / "README.md").read_text()
    else:
        with pytest.raises(CasewrightError, match=told):
            export_hf(run, tmp_path / "hf", info=info, configs=())
        assert not (tmp_path / "hf").exists()


def test_run_without_a_model_asks_for_no_licence_of_one(tmp_path: Path) -> None:
    run = made(tmp_path / "run", about_of(model=""), replace(FINGERPRINT, model=""))
    export_hf(run, tmp_path / "hf", info=CardInfo(licence="cc-by-4.0"), configs=())


def test_publisher_names_the_licence_that_the_run_does_not_know(tmp_path: Path) -> None:
    run = made(tmp_path / "run", about_of(model=""))
    info = CardInfo(licence="cc-by-4.0", model_licence="MIT")
    dest = export_hf(run, tmp_path / "hf", info=info, configs=())
    assert "| model licence | MIT |" in (dest / "README.md").read_text()
    assert "(MIT)" in (dest / "HEALTHSHEET.md").read_text()
    with pytest.raises(CasewrightError, match="commercial"):
        export_hf(run, tmp_path / "no", info=replace(info, model_licence="cc-by-nc-4.0"))


def test_publisher_does_not_overrule_the_licence_that_the_run_records(tmp_path: Path) -> None:
    run = made(tmp_path / "run", about_of(model="CC-BY-NC-4.0"))
    with pytest.raises(CasewrightError, match="records another licence of its model"):
        export_hf(run, tmp_path / "hf", info=CardInfo(model_licence="MIT"))


def test_every_licence_in_the_way_is_named_at_once(tmp_path: Path) -> None:
    run = made(tmp_path / "run", about_of("proprietary", "llama2"))
    with pytest.raises(CasewrightError) as told:
        export_hf(run, tmp_path / "hf")
    assert len(told.value.problems) == 2
