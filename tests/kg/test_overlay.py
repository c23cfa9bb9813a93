"""A user's own graph over the packaged one: merged, sampled, and every mistake reported."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from casewright.errors import CasewrightError
from casewright.kg.cases import CaseSampler
from casewright.kg.graph import Graph, Medication, load_graph
from casewright.kg.merge import CodeRows
from casewright.kg.patient import Sampling
from casewright.kg.stats import stats
from casewright.kg.tables import RELATIONS

SOUND = """\
source: A clinic
version: "1"
licence: CC-BY-4.0
citation: A clinic, guideline of its own, 2026
symptoms:
  - id: symptom:rusty
    name: rust-colored sputum
    system: respiratory
    broader: [symptom:sputum_production]
drugs:
  - id: drug:lefamulin
    class: pleuromutilin
    brands: [Xenleta]
    name: lefamulin
    dosing:
      - {dose: "600", unit: mg, route: by mouth, frequency: twice daily, setting: outpatient}
    min_age: 18
conditions:
  - codes: [J18.9]
    synonyms: [one thing]
    acuity: either
    symptoms:
      - {symptom: "symptom:cough", p: 0.9, character: [productive]}
      - {symptom: "symptom:rusty", p: 0.999}
    drugs: [{drug: "drug:lefamulin", p: 0.999, setting: outpatient}]
    labs:
      - {test: "lab:crp", direction: high, median: 120, iqr: [60, 200], p: 0.8}
    complications: [{code: J96.01, p: 0.1}]
  - codes: [J13]
    remove: ["symptom:confusion"]
"""
MISTAKES = yaml.safe_load(
    (Path(__file__).parent / "data" / "overlay_mistakes.yaml").read_text("utf-8")
)


def overlay(folder: Path, text: str = SOUND) -> Path:
    path = folder / "overlay.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return load_graph(overlay=overlay(tmp_path_factory.mktemp("overlay")))


def edge(graph: Graph, code: str, target: str) -> Any:
    return next((e for e in graph.edges(f"icd:{code}") if e.target == target), None)


def test_what_it_says_replaces_what_the_graph_said(graph: Graph, merged: Graph) -> None:
    cough = [e for e in merged.edges("icd:J18.9", "has_symptom") if e.target == "symptom:cough"]
    assert [(e.p, e.origin, e.licence) for e in cough] == [(0.9, "A clinic", "CC-BY-4.0")]
    assert cough[0].values("character") == ("productive",)
    before = edge(graph, "J18.9", "symptom:fever")
    assert before is not None
    assert edge(merged, "J18.9", "symptom:fever") == before


def test_new_concepts_have_forms_edges_and_regimens(merged: Graph) -> None:
    drug = merged.concept("drug:lefamulin")
    assert isinstance(drug, Medication)
    assert [f.text for f in drug.forms] == ["lefamulin", "Xenleta"]
    assert drug.dosing[0].frequency == "twice daily"
    assert edge(merged, "J18.9", "drug:lefamulin").text == "outpatient"
    assert merged.concept("symptom:rusty").values("broader") == ("symptom:sputum_production",)
    assert edge(merged, "J18.9", "icd:J96.01").relation == "complicated_by"
    lab = next(e for e in merged.edges("icd:J18.9", "changes_lab") if e.target == "lab:crp")
    assert (lab.mean, lab.direction) == (120, "high")
    assert lab.sd == pytest.approx(140 / 1.349, abs=0.001)
    assert "one thing" in [f.text for f in merged.condition("J18.9").forms]
    assert merged.condition("J18.9").acuity == "either"


def test_removed_edges_are_gone_and_only_they(graph: Graph, merged: Graph) -> None:
    before = {e.target for e in graph.edges("icd:J13", "has_symptom")}
    after = {e.target for e in merged.edges("icd:J13", "has_symptom")}
    assert before - after == {"symptom:confusion"}
    assert not after - before


def test_the_rest_of_the_graph_stays_as_it_is(graph: Graph, merged: Graph) -> None:
    spoken = ("J18.9", "J13")
    for condition in graph.principals[::53]:
        if not condition.code.startswith(spoken):
            assert merged.edges(condition.id) == graph.edges(condition.id)
            assert merged.condition(condition.code) == condition
    assert len(merged.principals) == len(graph.principals)


def test_edges_stay_in_their_order(merged: Graph) -> None:
    columns = merged.tables.edges
    keys = list(zip(columns.source.tolist(), columns.relation.tolist(), strict=True))
    assert keys == sorted(keys)
    found = merged.edges("icd:J18.9", "has_symptom")
    assert [e.p for e in found] == sorted((e.p for e in found), reverse=True)  # type: ignore[type-var]


def test_a_code_that_is_now_complete_becomes_a_principal(tmp_path: Path, graph: Graph) -> None:
    code = next(
        c.code
        for c in graph.concepts("Condition")
        if c.code.startswith("J") and c.billable and not c.principal  # type: ignore[attr-defined]
        and "classified elsewhere" not in c.title  # type: ignore[attr-defined]
    )  # fmt: skip
    text = SOUND.split("conditions:", maxsplit=1)[0] + (
        f"conditions:\n  - codes: [{code}]\n    symptoms:\n"
        "      - {symptom: symptom:cough, p: 0.5}\n      - {symptom: symptom:fever, p: 0.5}\n"
        "    drugs: [{drug: drug:lefamulin, p: 0.5}]\n"
        "    labs: [{test: lab:crp, direction: high, median: 50, iqr: [30, 80], p: 0.5}]\n"
    )
    found = load_graph(overlay=overlay(tmp_path, text))
    assert found.condition(code).principal
    assert code in {c.code for c in found.principals}


def test_a_manifestation_never_becomes_a_principal(tmp_path: Path) -> None:
    text = SOUND.split("conditions:", maxsplit=1)[0] + (
        "conditions:\n  - codes: [H42]\n    symptoms:\n"
        "      - {symptom: symptom:eye_pain, p: 0.5}\n"
        "      - {symptom: symptom:blurred_vision, p: 0.5}\n"
        "    drugs: [{drug: drug:lefamulin, p: 0.5}]\n"
        "    labs: [{test: lab:crp, direction: high, median: 50, iqr: [30, 80], p: 0.5}]\n"
    )
    assert not load_graph(overlay=overlay(tmp_path, text)).condition("H42").principal


def test_a_known_id_takes_the_place_of_the_concept(tmp_path: Path, graph: Graph) -> None:
    text = SOUND.replace("drug:lefamulin", "drug:amoxicillin").replace("J18.9", "J13")
    found = load_graph(overlay=overlay(tmp_path, text))
    drug = found.concept("drug:amoxicillin")
    assert drug.name == "lefamulin"
    assert len(found) == len(graph) + 1  # the symptom alone is new


def test_a_drug_takes_over_what_its_class_must_not_meet(tmp_path: Path, graph: Graph) -> None:
    text = SOUND.replace("class: pleuromutilin", "class: ACE inhibitor\n    avoid_codes: [T78.3]")
    found = load_graph(overlay=overlay(tmp_path, text))
    targets = {e.target for e in found.edges("drug:lefamulin", "contraindicated_with")}
    assert {"drug:losartan", "icd:T78.3"} <= targets
    back = {e.target for e in found.edges("drug:losartan", "contraindicated_with")}
    assert "drug:lefamulin" in back


def test_it_shows_in_the_version_the_statistics_and_the_cases(
    graph: Graph, merged: Graph, tmp_path: Path
) -> None:
    assert merged.version.startswith(graph.version)
    assert merged.version != graph.version
    other = load_graph(overlay=overlay(tmp_path, SOUND.replace("p: 0.9,", "p: 0.8,")))
    assert other.version != merged.version
    counted = stats(merged)
    assert counted.edges_by_source["A clinic"] == 5
    assert counted.edges_by_licence["CC-BY-4.0"] >= 5
    assert counted.edges_without_provenance == 0
    sampler = CaseSampler(merged, Sampling(codes=("J18.9",), settings=(("outpatient", 1.0),)), 5)
    told = {f.concept for case in sampler.cases(range(60)) for f in case.facts}
    assert {"symptom:rusty", "drug:lefamulin"} <= told


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: str(m["says"])[:40])
def test_a_mistake_is_reported_with_its_line(tmp_path: Path, mistake: Mapping[str, Any]) -> None:
    assert SOUND.count(mistake["old"]) >= 1
    path = overlay(tmp_path, SOUND.replace(mistake["old"], mistake["new"], 1))
    with pytest.raises(CasewrightError) as caught:
        load_graph(overlay=path)
    fitting = [p for p in caught.value.problems if mistake["says"] in p.what]
    assert fitting, caught.value
    assert fitting[0].where == path
    assert fitting[0].line == mistake["line"]
    if "valid" in mistake:
        assert mistake["valid"] in (fitting[0].valid or "")
    if "fix" in mistake:
        assert mistake["fix"] in (fitting[0].fix or "")


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    text = SOUND.replace("symptom:cough", "symptom:cuogh").replace("[J13]", "[J13.99]")
    text = text.replace("median: 120", "median: 12000")
    with pytest.raises(CasewrightError) as caught:
        load_graph(overlay=overlay(tmp_path, text))
    assert len(caught.value.problems) == 3
    assert "overlay graph has 3 problem" in caught.value.heading


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CasewrightError, match="cannot be read"):
        load_graph(overlay=tmp_path / "absent.yaml")


def test_the_example_of_the_documentation_works(sources: Path, graph: Graph) -> None:
    path = sources / "examples" / "overlays" / "pneumonia.yaml"
    found = load_graph(overlay=path)
    assert edge(found, "J18.9", "symptom:rusty_sputum").p == 0.25
    assert edge(found, "J13", "symptom:confusion") is None
    # The page shows the file itself, so that it cannot fall behind.
    page = (sources / "docs" / "graph.md").read_text("utf-8")
    assert path.read_text("utf-8").split("conditions:\n")[1].strip() in page


def test_an_overlay_costs_little(tmp_path: Path) -> None:
    path = overlay(tmp_path)
    load_graph(overlay=path)
    plain, laid = [], []
    for _ in range(3):
        begin = time.process_time()
        load_graph()
        plain.append(time.process_time() - begin)
        begin = time.process_time()
        load_graph(overlay=path)
        laid.append(time.process_time() - begin)
    assert min(laid) - min(plain) < 1.5


@given(st.lists(st.text("AB1.2", min_size=1, max_size=4), unique=True), st.text("AB1.", max_size=3))
@settings(deadline=None)
def test_rows_by_prefix_are_those_that_begin_so(codes: list[str], prefix: str) -> None:
    expected = [row for row, code in enumerate(codes) if code.startswith(prefix)]
    assert CodeRows(codes)(prefix) == expected


def test_relations_of_the_overlay_are_those_of_the_graph(merged: Graph) -> None:
    assert int(merged.tables.edges.relation.max()) < len(RELATIONS)
