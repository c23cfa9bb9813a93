"""Compiling: the same bytes each time, licences that can be left out, bad input explained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from casewright.errors import CasewrightError
from casewright.kg.cases import CaseSampler
from casewright.kg.compile import compile_graph
from casewright.kg.compile.crosswalk import load_crosswalk
from casewright.kg.compile.gates import Gate
from casewright.kg.compile.likeness import says_more, says_the_same
from casewright.kg.compile.links import lower_bound_scaled
from casewright.kg.compile.provenance import Register
from casewright.kg.compile.regions import regions_agree
from casewright.kg.compile.sources import read_sources
from casewright.kg.compile.spine import load_spine
from casewright.kg.graph import load_graph
from casewright.kg.patient import Sampling
from casewright.kg.stats import stats
from casewright.kg.tables import packaged_data

SOURCES = Path(__file__).parents[3] / "shared" / "kg_sources"
shared = [
    pytest.mark.shared,
    pytest.mark.skipif(not SOURCES.is_dir(), reason="no ../shared/kg_sources beside the checkout"),
]
FILES = ("manifest.json", "conditions.parquet", "concepts.jsonl.gz", "edges.parquet")


@pytest.mark.parametrize("mark", [pytest.param(None, marks=shared)])
def test_the_committed_graph_is_what_the_sources_compile_to(mark: None, tmp_path: Path) -> None:
    """Compiled in another process at another time, the files are equal byte for byte."""
    report = compile_graph(SOURCES, tmp_path, licences_file=tmp_path / "LICENSES.md")
    assert report.missing_files == () and report.unresolved == ()
    for name in FILES:
        same = (tmp_path / name).read_bytes() == (packaged_data() / name).read_bytes()
        assert same, f"{name} is stale: run `python -m casewright.kg.compile SOURCES`"
    licences = (packaged_data().parent / "LICENSES.md").read_text("utf-8")
    assert (tmp_path / "LICENSES.md").read_text("utf-8") == licences


@pytest.mark.parametrize("mark", [pytest.param(None, marks=shared)])
def test_a_licence_left_out_leaves_none_of_its_edges(mark: None, tmp_path: Path) -> None:
    """Without the CC BY sources the graph is still whole: it samples, and says what it is from."""
    licences = {"public-domain", "CC0-1.0", "MIT"}
    report = compile_graph(
        SOURCES, tmp_path, {"public-domain", "CC0", "MIT"}, licences_file=tmp_path / "LICENSES.md"
    )
    assert set(report.licences) == licences
    graph = load_graph(tmp_path)
    used = set(graph.tables.edges.provenance.tolist())
    assert {graph.provenance[number].licence for number in used} == licences
    origins = {graph.provenance[number].origin for number in used}
    assert not origins & {"DDXPlus", "DrugCentral", "repoDB"}
    written = (tmp_path / "LICENSES.md").read_text("utf-8")
    assert all(f"| {origin} |" in written for origin in origins)
    assert "| DDXPlus |" not in written
    counted = stats(graph)
    assert counted.principal_with_symptoms_and_treatment >= 7000
    assert counted.edges_without_provenance == 0
    for case in CaseSampler(graph, Sampling(), seed=5).cases(range(60)):
        assert case.facts and graph.condition(case.principal.code).principal


@pytest.mark.parametrize("mark", [pytest.param(None, marks=shared)])
def test_profiles_reach_codes_that_replaced_retired_ones(mark: None) -> None:
    spine, sources = load_spine(), read_sources(SOURCES)
    crosswalk = load_crosswalk(spine, sources.profiles)
    for retired, icd9, leaves in (
        ("M54.5", "7242", ("M54.50", "M54.59")),
        ("G20", "3320", ("G20.A1", "G20.B1", "G20.C")),
        ("G35", "340", ("G35.A", "G35.D")),
        ("I47.1", "4270", ("I47.10", "I47.19")),
        ("N18.3", "5853", ("N18.30", "N18.31", "N18.32")),
        ("J18.9", "486", ("J18.9",)),  # still a leaf
    ):
        assert set(leaves) <= set(crosswalk.leaves(retired)), retired
        assert all(spine.codes[leaf].billable for leaf in crosswalk.leaves(retired))
        for code in leaves:
            joined = crosswalk.join(code)
            assert joined is not None and icd9 in joined.profile.icd9.split("+"), code
            assert not joined.inherited
            assert crosswalk.visit_share(code) > 0, code
    inherited = crosswalk.join("C34.11")
    assert inherited is not None and inherited.inherited and inherited.confidence <= 0.5
    # Each visit is counted once: what is placed adds up to no more than all visits.
    total = sum(crosswalk.visit_share(code) for code in spine.codes)
    assert 0.8 < total <= 1.0


def test_unknown_licences_and_a_missing_spine_licence_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CasewrightError, match="unknown licence GPL"):
        Register({"public-domain", "GPL"})
    with pytest.raises(CasewrightError, match="public-domain"):
        Register({"MIT"})


def test_absent_or_broken_source_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(CasewrightError, match="are not there"):
        read_sources(tmp_path)


@pytest.mark.parametrize("mark", [pytest.param(None, marks=shared)])
def test_a_broken_source_file_is_named(mark: None, tmp_path: Path) -> None:
    for path in SOURCES.rglob("*"):
        if path.is_file():
            target = tmp_path / path.relative_to(SOURCES)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    broken = tmp_path / "namcs_2000_2010_dx_profiles.json"
    broken.chmod(0o644)
    broken.write_text(json.dumps({"profiles": {"486": {}}}))
    with pytest.raises(CasewrightError, match="not as expected") as caught:
        read_sources(tmp_path)
    assert caught.value.problems[0].where == broken


def test_scaling_a_share_keeps_the_order_and_stays_a_probability() -> None:
    shares = [0.02, 0.1, 0.3, 0.52, 0.9, 1.0]
    for chronic in (False, True):
        scaled = [lower_bound_scaled(share, chronic=chronic) for share in shares]
        assert scaled == sorted(scaled)
        assert all(a <= b <= 1 for a, b in zip(shares[:-1], scaled[:-1], strict=True))
    assert lower_bound_scaled(0.3, chronic=False) > lower_bound_scaled(0.3, chronic=True)


@pytest.mark.parametrize(
    ("title", "symptom", "fits"),
    [
        ("Primary osteoarthritis, right knee", "knee pain", True),
        ("Primary osteoarthritis, right knee", "leg pain", True),
        ("Primary osteoarthritis, right knee", "shoulder pain", False),
        ("Fracture of lower end of right radius", "wrist pain", True),
        ("Fracture of lower end of right radius", "foot pain", False),
        ("Lumbago with sciatica, right side", "pain radiating down the leg", True),
        ("Fibromyalgia", "shoulder pain", True),
        ("Contusion of right knee", "bruising", True),
    ],
)
def test_a_complaint_stays_near_the_part_that_is_hurt(title: str, symptom: str, fits: bool) -> None:
    assert regions_agree(title, symptom) is fits


def test_gates_narrow_each_other() -> None:
    assert Gate("female", 10, None).narrowed(Gate(None, 12, 55)) == Gate("female", 12, 55)
    assert Gate(None, 60, None).narrowed(Gate(None, 0, 17)).empty


@pytest.mark.parametrize(
    ("title", "other", "same", "more"),
    [
        ("Cellulitis of left toe", "Cellulitis of right toe", True, False),
        ("Lobar pneumonia, unspecified organism", "Pneumonia, unspecified organism", False, True),
        ("Nodular prostate without lower urinary tract symptoms",
         "Nodular prostate with lower urinary tract symptoms", False, False),
        ("Type 2 diabetes mellitus with hyperglycemia",
         "Type 2 diabetes mellitus without complications", False, True),
        ("Pneumonia, unspecified organism", "Lobar pneumonia, unspecified organism", False, False),
        ("Anxiety disorder, unspecified", "Generalized anxiety disorder", False, False),
    ],
)  # fmt: skip
def test_an_entry_reaches_a_sibling_that_says_as_much_or_more(
    title: str, other: str, same: bool, more: bool
) -> None:
    assert (says_the_same(title, other), says_more(title, other)) == (same, more)
