"""The coverage planner: shares met, shortages told, top-ups that are put on record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from builds import stored
from command_line import call

from casewright import setup
from casewright.config import Config, load_config
from casewright.errors import CasewrightError
from casewright.filters.ledger.check import Checker
from casewright.filters.near_copies import ReferenceIndex
from casewright.filters.screen import Screen
from casewright.kg.graph import Graph
from casewright.outputs.coverage import AXES, age_band, read_plan_record
from casewright.outputs.manifest import read_manifest
from casewright.outputs.summary import summarise
from casewright.pipeline import build
from casewright.planning import plan_documents, plan_run
from casewright.records import Document, Draft, Reason, Verdict
from casewright.setup import load_parts

KINDS = {
    "outpatient": ["clinic_note", "dialogue"],
    "emergency": ["ed_note"],
    "inpatient": ["discharge_summary"],
}
SETTINGS = {"outpatient": 0.4, "emergency": 0.2, "inpatient": 0.4}


@pytest.fixture(autouse=True)
def loaded(graph: Graph, checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Graph, checker and index of examples as the other tests have them: loaded once."""
    monkeypatch.setattr(setup, "load_graph", lambda *_, **__: graph)
    monkeypatch.setattr(setup, "Checker", lambda _: checker)
    monkeypatch.setattr(setup, "_examples_index", lambda _: ReferenceIndex.build([]))


def config_of(documents: int, coverage: object, **more: object) -> Config:
    told = {"sampling.settings": SETTINGS, "kinds": KINDS, "engine.kind": "realiser"}
    return load_config(None, {**told, "documents": documents, "coverage": coverage, **more})


def values_of(config: Config) -> dict[str, Counter[str]]:
    """What the planned documents hold, by axis."""
    parts = load_parts(config)
    plan = plan_documents(parts, config)
    found: dict[str, Counter[str]] = {axis: Counter() for axis in AXES}
    chapters = {c.code: str(c.chapter) for c in parts.graph.principals}
    for place in plan.places:
        case = parts.sampler.case(place.case_index)
        found["kind"][place.kind] += 1
        found["style"][case.style] += 1
        found["persona"][case.persona] += 1
        found["sex"][case.demographics.sex] += 1
        found["age"][age_band(case.demographics.age_years)] += 1
        found["chapter"][chapters[case.principal.code]] += 1
    assert [p.index for p in plan.places] == list(range(config.documents))
    assert len({(p.case_index, p.kind) for p in plan.places}) == config.documents
    return found


# ------------------------------------------------------------------ the first pass


def test_shares_are_met_to_the_document() -> None:
    coverage = {
        "kind": "even",
        "sex": {"male": 0.25},
        "style": {"telegraphic": 0.5, "surgeon": 0.1},
        "chapter": {10: 0.3, "5": 0.2},
    }
    found = values_of(config_of(60, coverage))
    assert set(found["kind"].values()) == {15}
    assert found["sex"] == {"male": 15, "female": 45}
    assert (found["style"]["telegraphic"], found["style"]["surgeon"]) == (30, 6)
    assert (found["chapter"]["10"], found["chapter"]["5"]) == (18, 12)


@pytest.mark.parametrize("coverage", [{}, {"kind": "even"}], ids=["in order", "by shares"])
def test_a_case_gives_no_more_kinds_than_wanted_of_one(coverage: object) -> None:
    for most in (1, 2):
        config = config_of(60, {**coverage, "kinds_per_case": most})  # type: ignore[dict-item]
        places = plan_documents(load_parts(config), config).places
        of_case = Counter(place.case_index for place in places)
        assert len(places) == 60
        assert max(of_case.values()) == most
        assert len({place.kind for place in places}) >= 4
    assert len(of_case) < 60


def test_without_shares_styles_and_personas_still_take_turns() -> None:
    """By luck the standard deviation of 300 draws of a seventh is 6; by turns hardly 2."""
    config = config_of(1, {})
    parts = load_parts(config)
    cases = [parts.sampler.case(i) for i in range(300)]
    for axis, table in (("style", parts.library.styles), ("persona", parts.library.personas)):
        counted = Counter(getattr(case, axis) for case in cases)
        whole = sum(entry.weight for entry in table.values())  # type: ignore[attr-defined]
        for name, entry in table.items():
            wanted = 300 * entry.weight / whole  # type: ignore[attr-defined]
            assert abs(counted[name] - wanted) <= 4, (axis, name)


def test_the_plan_is_a_function_of_configuration_and_seed() -> None:
    config = config_of(24, {"kind": "even", "persona": "even"})
    assert plan_documents(load_parts(config), config) == plan_documents(load_parts(config), config)
    other = config_of(24, {"kind": "even", "persona": "even"}, seed=8)
    assert plan_run(load_parts(other), other) != plan_run(load_parts(config), config)


def test_what_cannot_be_found_is_told_and_the_plan_is_filled_all_the_same() -> None:
    codes = {"sampling.codes": ["N40"], "sampling.settings": {"outpatient": 1.0}}
    config = config_of(10, {"sex": "even"}, **codes)
    plan = plan_documents(load_parts(config), config)
    assert len(plan.places) == 10
    (short,) = plan.record.short
    assert (short.axis, short.value, short.wanted, short.planned) == ("sex", "female", 5, 0)
    assert short.why.startswith("none of 200 cases")


@pytest.mark.parametrize(
    ("coverage", "said"),
    [({"style": {"telegrafic": 0.5}}, "telegrafic"), ({"kind": {"ed_note": 0.8, "dialogue": 0.8}},
      "more than all"), ({"chapter": {"99": 0.1}}, "99"), ({"mood": "even"}, "mood"),
     ({"age": {"18-20": 0.1}}, "18-20"), ({"persona": {"plain": 0}}, "greater than 0")],
)  # fmt: skip
def test_shares_of_what_does_not_exist_are_refused(coverage: object, said: str) -> None:
    with pytest.raises(CasewrightError) as caught:
        load_parts(config_of(4, coverage))
    assert said in str(caught.value)


# ------------------------------------------------------------------ top-ups


class Silent:
    """A watcher that counts the passes."""

    def __init__(self) -> None:
        self.passes: list[tuple[int, int]] = []

    def start(self, total: int, done: int, engine: object) -> None:
        self.passes.append((total, done))

    def document(self, outcome: str, reasons: object, tokens_per_second: float) -> None: ...


def is_unlucky(document_id: str) -> bool:
    return sha256(document_id.encode()).digest()[1] % 5 < 2


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A screen that turns down two in five of all documents, whoever asks."""
    judge: Any = Screen.__call__

    def judged(self: Screen, draft: Draft) -> Document:
        found: Document = judge(self, draft)
        if is_unlucky(draft.document_id):
            reason = Reason("quality", "loop", "unlucky", 1.0)
            return replace(found, verdict=Verdict(False, (reason,), ()))
        return found

    monkeypatch.setattr(Screen, "__call__", judged)
    yield


@pytest.mark.usefixtures("strict")
def test_a_top_up_makes_up_for_what_was_lost_kind_by_kind(tmp_path: Path) -> None:
    config = config_of(20, {"kind": "even"}, **{"run.top_up": 3.0})
    watcher = Silent()
    built = build(config, tmp_path / "run", watcher=watcher)
    counts = read_manifest(tmp_path / "run").counts
    assert counts.reconciled and counts.kept == 20
    assert len(watcher.passes) > 1
    rows = stored(tmp_path / "run")
    assert len(rows) == counts.planned == 20 + built.summary.coverage.topped_up  # type: ignore[union-attr]
    kept = Counter(r.kind for r in rows.values() if r.outcome == "kept")
    assert set(kept.values()) == {5}
    assert all(is_unlucky(i) == (r.outcome == "rejected") for i, r in rows.items())
    first = [p.kind for p in plan_run(load_parts(config), config)]
    by_place = sorted(rows.values(), key=lambda r: r.document_index)
    assert [r.kind for r in by_place[:20]] == first


@pytest.mark.usefixtures("strict")
def test_a_finished_run_is_topped_up_later_and_resumed_as_it_is(tmp_path: Path) -> None:
    run = tmp_path / "run"
    plain, topped = config_of(12, {}), config_of(12, {}, **{"run.top_up": 3.0})
    build(plain, run, watcher=Silent())
    before = stored(run)
    assert read_manifest(run).counts.kept < 12
    build(topped, run, watcher=Silent())
    after = stored(run)
    assert read_manifest(run).counts.kept == 12
    assert all(after[i] == row for i, row in before.items())
    # Neither the old command nor the new one changes anything more, on any shard.
    for config, shard in ((plain, (1, 1)), (topped, (1, 1)), (plain, (2, 3))):
        build(config, run, watcher=Silent(), shard=shard)
        assert stored(run) == after
    whole = tmp_path / "at-once"
    build(topped, whole, watcher=Silent())
    assert {i: r.text for i, r in stored(whole).items()} == {i: r.text for i, r in after.items()}


@pytest.mark.usefixtures("strict")
def test_a_top_up_has_a_limit_and_says_what_is_missing(tmp_path: Path) -> None:
    config = config_of(20, {}, **{"run.top_up": 0.1})
    built = build(config, tmp_path / "run", watcher=Silent())
    assert built.manifest.counts.planned == 22
    assert built.manifest.counts.kept < 20


@pytest.mark.usefixtures("strict")
def test_a_top_up_that_was_killed_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from casewright.outputs import topup

    run = tmp_path / "run"
    config = config_of(12, {}, **{"run.top_up": 3.0})
    with monkeypatch.context() as patched:
        patched.setattr(topup, "write_json", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            build(config, run, watcher=Silent())
    record = read_plan_record(run)
    assert record is not None and record.top_ups and read_manifest(run).counts.planned == 12
    build(config, run, watcher=Silent())
    counts = read_manifest(run).counts
    assert counts.reconciled and counts.kept == 12
    assert len(stored(run)) == counts.planned


# ------------------------------------------------------------------ what is told


@pytest.mark.usefixtures("strict")
def test_the_report_tells_every_cell_and_why_some_are_empty(tmp_path: Path) -> None:
    run = tmp_path / "run"
    build(config_of(24, {"sex": "even"}), run, watcher=Silent())
    rows = stored(run).values()
    found = summarise(run)
    for axis, of in (("kind", lambda r: r.kind), ("style", lambda r: r.style),
                     ("persona", lambda r: r.persona), ("sex", lambda r: r.demographics.sex),
                     ("age", lambda r: age_band(r.demographics.age_years))):  # fmt: skip
        cells = {c.row: c for c in found.coverage.cells if c.table == axis}
        planned = Counter(map(of, rows))
        kept = Counter(of(r) for r in rows if r.outcome == "kept")
        assert {v: c.planned for v, c in cells.items()} == planned
        assert {v: c.kept for v, c in cells.items()} == {v: kept[v] for v in planned}
    assert {c.wanted for c in found.coverage.cells if c.table == "sex"} == {12}
    pairs = [c for c in found.coverage.cells if c.table == "chapter_by_kind"]
    assert sum(c.planned for c in pairs) == 24
    empty = {(e.table, e.row, e.column) for e in found.coverage.empty}
    assert not empty & {(c.table, c.row, c.column) for c in found.coverage.cells if c.kept}
    assert all(e.why for e in found.coverage.empty)
    lost = Counter(r.icd10[0].code for r in rows if r.outcome == "rejected")
    assert {c.code: c.rejected for c in found.rejects_by_code} == lost
    told = [c.rejected for c in found.rejects_by_code]
    assert told == sorted(told, reverse=True)
    assert all(sum(c.reasons.values()) == c.rejected for c in found.rejects_by_code)


def test_the_command_line_tells_coverage_and_shortages(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        "documents: 6\nengine: {kind: realiser}\nsampling: {codes: [N40]}\n"
        "coverage: {sex: even, kind: {dialogue: 0.5}}\n"
    )
    done = call("build", config, "--out", tmp_path / "run", "--top-up", "0.5")
    assert done.code == 0, done.err
    assert "sex female 0 of 3" in done.err
    assert "wanted more of" in done.out and "sex female: 0 of 3 planned" in done.out
    assert "male 6/6" in done.out
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert {"cells", "empty", "short", "topped_up"} <= set(report["coverage"])
    assert report["rejects_by_code"] == []
