"""`sampling` of a configuration, and `casewright kg sample`: quotas, timelines, pairs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import call

from casewright.config import load_config
from casewright.errors import CasewrightError
from casewright.kg.graph import Graph
from casewright.kg.quotas import Quota
from casewright.sampling import quota_problems, sampling_of


def written(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text)
    return path


def test_a_configuration_says_what_is_sampled(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "sampling:\n  encounters: 3\n  quotas:\n"
        "    - {codes: [J18], ages: [65, 95], setting: inpatient, share: 0.2}\n"
        "    - {chapters: [15], sex: female, share: 0.1}\n",
    )
    sampling = sampling_of(load_config(path))
    assert sampling.encounters == 3 and not sampling.contrast
    assert sampling.quotas == (
        Quota(codes=("J18",), ages=(65, 95), setting="inpatient", share=0.2),
        Quota(chapters=(15,), sex="female", share=0.1),
    )


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("sampling:\n  quotas:\n    - {codes: [J18]}\n", 3, "either a share or a count"),
        ("sampling:\n  quotas:\n    - {share: 0.5, count: 3}\n", 3, "either a share or a count"),
        ("sampling:\n  quotas:\n    - {ages: [70, 60], share: 0.5}\n", 3, "from the youngest"),
        ("sampling:\n  quotas:\n    - {share: 0.7}\n    - {share: 0.7}\n", 2, "140.00%"),
        ("sampling:\n  quotas:\n    - {share: 0.7}\n    - {count: 7}\n", 2, "every quota has"),
        ("sampling:\n  quotas:\n    - {chapters: [23], share: 0.7}\n", 3, "less than or equal"),
        ("sampling:\n  encounters: 2\n  contrast: true\n", 3, "single encounters"),
    ],
)
def test_mistakes_in_quotas_are_told_with_their_line(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    with pytest.raises(CasewrightError) as caught:
        load_config(written(tmp_path, text))
    assert f"run.yaml:{line}" in str(caught.value) and message in str(caught.value)


def test_quotas_that_cannot_be_met_are_told_with_their_line(graph: Graph, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "documents: 9\nsampling:\n  quotas:\n    - {sex: male, count: 4}\n"
        "    - {chapters: [15], sex: male, count: 4}\n    - {setting: emergency, count: 4}\n"
        "kinds:\n  outpatient: [clinic_note]\n  inpatient: [discharge_summary]\n",
    )
    found = list(quota_problems(load_config(path), graph))
    assert [p.line for p in found] == [5, 6, 3]
    assert "cannot be met" in found[0].what
    assert "names no kind of document" in found[1].what
    assert "12 cases" in found[2].what


def sampled(*options: str) -> list[dict[str, object]]:
    done = call("kg", "sample", "--json", *options)
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_sample_prints_one_case_a_line_and_the_same_again() -> None:
    cases = sampled("-n", "4", "--seed", "3", "--setting", "inpatient", "--conditions", "uniform")
    assert [c["index"] for c in cases] == [0, 1, 2, 3]
    assert {c["setting"] for c in cases} == {"inpatient"}
    again = ("-n", "4", "--seed", "3", "--setting", "inpatient", "--conditions", "uniform")
    assert sampled(*again) == cases


def test_sample_takes_timelines_pairs_and_a_configuration(tmp_path: Path) -> None:
    timeline = sampled("-n", "4", "--encounters", "2")
    assert [c["patient_id"] for c in timeline] == ["p000000", "p000000", "p000001", "p000001"]
    pair = sampled("-n", "2", "--contrast", "--code", "J18.9")
    assert pair[0]["partner_case_id"] == pair[1]["case_id"] and pair[0]["tells_apart"]
    path = written(tmp_path, "sampling:\n  quotas:\n    - {sex: male, ages: [30, 40], share: 1}\n")
    for case in sampled("-n", "5", "--config", str(path)):
        who = case["demographics"]
        assert isinstance(who, dict) and who["sex"] == "male" and 30 <= who["age_years"] <= 40
