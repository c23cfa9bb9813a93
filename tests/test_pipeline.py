"""The whole line through the command line: nothing lost, nothing doubled, the same every time."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import permutations
from pathlib import Path

import pytest
from builds import good_server, model_of, planned_ids, sealed, stored, written
from command_line import Done, Running, call, start

from casewright.config import load_config
from casewright.generators import client
from casewright.generators.scripted import Asked, Reply, scripted_server
from casewright.outputs.manifest import read_manifest
from casewright.outputs.summary import stored_summary
from casewright.pipeline import plan_run
from casewright.setup import load_parts

pytestmark = pytest.mark.usefixtures("warm")

REALISER = ("--engine", "realiser")


def build(config: Path, run: Path, *args: object) -> Done:
    done = call("build", config, "--out", run, *args)
    assert done.code == 0, done.err
    return done


def assert_adds_up(run: Path, ids: list[str]) -> None:
    """planned = kept + rejected + failed, to the unit, in the manifest and in what is stored."""
    counts = read_manifest(run).counts
    rows = stored(run)
    assert sorted(rows) == sorted(ids)
    assert counts.planned == len(ids) == counts.kept + counts.rejected + counts.failed
    for outcome in ("kept", "rejected", "failed"):
        assert sum(r.outcome == outcome for r in rows.values()) == getattr(counts, outcome)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without the waits that a real endpoint deserves."""
    quick = partial(client.RetryPolicy, attempts=2, initial_s=0.01, maximum_s=0.02)
    monkeypatch.setattr(client, "RetryPolicy", quick)


# ------------------------------------------------------------------ the plan


def test_the_plan_is_a_function_of_seed_and_configuration(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, 40))
    plan = plan_run(load_parts(config), config)
    assert plan == plan_run(load_parts(config), config)
    assert [p.index for p in plan] == list(range(40))
    sampler = load_parts(config).sampler
    for case_index in {p.case_index for p in plan[:-1]}:
        kinds = [p.kind for p in plan if p.case_index == case_index]
        assert kinds == list(config.kinds[sampler.setting(case_index)])[: len(kinds)]
    longer = load_config(written(tmp_path, 41))
    assert plan_run(load_parts(longer), longer)[:40] == plan


# ------------------------------------------------------------------ engines


def test_a_corpus_by_the_realiser(tmp_path: Path) -> None:
    config = written(tmp_path, 12)
    done = build(config, tmp_path / "run", *REALISER)
    assert_adds_up(tmp_path / "run", planned_ids(config))
    assert read_manifest(tmp_path / "run").counts.kept >= 10
    assert str(tmp_path / "run" / "documents") in done.out
    assert (tmp_path / "run" / "report.html").stat().st_size > 1000
    assert json.loads((tmp_path / "run" / "report.json").read_text())
    rows = stored(tmp_path / "run").values()
    assert all(r.provenance and r.provenance.model_written == 0 for r in rows)
    assert {r.kind for r in rows} == {"clinic_note", "dialogue", "discharge_summary"}


def test_a_corpus_by_a_good_model(tmp_path: Path) -> None:
    config = written(tmp_path, 12)
    with good_server(config) as server:
        build(config, tmp_path / "run", "--engine", server.base_url)
        asked = list(server.asked)
    assert_adds_up(tmp_path / "run", planned_ids(config))
    manifest = read_manifest(tmp_path / "run")
    assert manifest.counts.kept >= 10
    rows = stored(tmp_path / "run").values()
    assert sum(r.provenance.attempts for r in rows if r.provenance) == len(asked)
    assert manifest.usage.requests == len(asked)
    assert sorted(r.provenance.model_written for r in rows if r.provenance)[6] > 0.4
    assert all(a.seed is not None and a.max_tokens for a in asked)


def test_a_corpus_by_a_model_that_is_wrong_half_the_time(tmp_path: Path) -> None:
    """What is wrong is drawn again, split or realised; what is kept is true."""
    config = written(tmp_path, 12)

    def spoil(asked: Asked, text: str) -> Reply | str:
        dice = random.Random(asked.seed)
        wrong = [text[:-3], text + " " + text, "Nonsense.", Reply(text, "length"), text.lower()]
        return dice.choice(wrong) if dice.random() < 0.5 else text

    with good_server(config, spoil) as server:
        build(config, tmp_path / "run", "--engine", server.base_url)
    assert_adds_up(tmp_path / "run", planned_ids(config))
    rows = stored(tmp_path / "run").values()
    assert read_manifest(tmp_path / "run").counts.kept >= 10
    assert all("Nonsense" not in r.text for r in rows)
    assert sum(r.provenance.repairs for r in rows if r.provenance) > 10


def test_a_corpus_does_not_depend_on_what_is_in_flight(tmp_path: Path) -> None:
    config = written(tmp_path, 10)

    def slowly(asked: Asked, text: str) -> Reply:
        return Reply(text, delay=random.Random(f"{asked.seed}").random() / 100)

    for name, extra in (("one", 1), ("many", 8)):
        one = written(tmp_path, 10, f"run: {{documents_in_flight: {extra}}}\n")
        with good_server(one, slowly) as server:
            build(one, tmp_path / name, "--engine", server.base_url)
    assert config.exists()
    assert sealed(tmp_path / "one") == sealed(tmp_path / "many")


# ------------------------------------------------------------------ again, elsewhere, in shards


def test_a_second_run_says_that_all_is_done_and_changes_nothing(tmp_path: Path) -> None:
    config = written(tmp_path, 6)
    build(config, tmp_path / "run", *REALISER)
    before = sealed(tmp_path / "run")
    report = (tmp_path / "run" / "report.html").stat().st_mtime_ns
    started = time.monotonic()
    done = build(config, tmp_path / "run", *REALISER)
    assert "all 6 documents are done already" in done.err
    assert "report" in done.out
    assert sealed(tmp_path / "run") == before
    assert (tmp_path / "run" / "report.html").stat().st_mtime_ns == report
    assert time.monotonic() - started < 10


def test_a_finished_run_needs_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = written(tmp_path, 4)
    build(config, tmp_path / "run", *REALISER)

    def refuse(_: object) -> object:
        raise AssertionError("the engine was opened")

    monkeypatch.setattr("casewright.pipeline.open_engine", refuse)
    done = build(config, tmp_path / "run", *REALISER)
    assert "all 4 documents are done already" in done.err
    # Nothing was touched, so the figures on record are still the run's.
    assert stored_summary(tmp_path / "run") is not None
    again = ("build", config, "--out", tmp_path / "run", *REALISER)
    for more in (("-n", 5), ("--seed", 99)):
        assert "the engine was opened" in call(*again, *more).err
    next((tmp_path / "run" / "documents").glob("*.parquet")).unlink()
    assert "the engine was opened" in call(*again).err


def test_a_finished_run_of_a_named_model_needs_no_server(tmp_path: Path) -> None:
    config = written(tmp_path, 4)
    model = model_of(config)
    with scripted_server(lambda a: model(a.messages), model="m1") as server:
        gone = ("--engine", server.base_url, "--model", "m1")
        build(config, tmp_path / "run", *gone)
    assert "all 4 documents are done already" in build(config, tmp_path / "run", *gone).err
    other = call("build", config, "--out", tmp_path / "run", *gone[:3], "m2")
    assert other.code == 2  # another model is asked for: only its server could say more


@pytest.mark.parametrize("order", random.Random(1).sample(list(permutations((1, 2, 3, 4))), 2))
def test_four_shards_in_any_order_make_the_bytes_of_one(
    order: tuple[int, ...], tmp_path: Path
) -> None:
    config = written(tmp_path, 13)
    build(config, tmp_path / "one", *REALISER)
    for k in order:
        done = build(config, tmp_path / "four", *REALISER, "--shard", f"{k}/4")
        assert ("others of the run are not" in done.err) == (k != order[-1])
    assert_adds_up(tmp_path / "four", planned_ids(config))
    assert sealed(tmp_path / "four") == sealed(tmp_path / "one")


def test_shards_in_processes_of_their_own_end_in_one_run(tmp_path: Path) -> None:
    config = written(tmp_path, 9)
    running = [
        start(tmp_path / f"out{k}", "build", config, "--out", tmp_path / "run", *REALISER,
              "--shard", f"{k}/3")
        for k in (1, 2, 3)
    ]  # fmt: skip
    assert [r.wait().code for r in running] == [0, 0, 0]
    assert_adds_up(tmp_path / "run", planned_ids(config))


# ------------------------------------------------------------------ killed, interrupted


@pytest.mark.slow
def test_killed_again_and_again_a_run_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """SIGKILL at random moments, some while all is loaded or sealed; then as if undisturbed."""
    config = written(tmp_path, 16)
    run = tmp_path / "run"
    dice = random.Random(17)
    with good_server(config, lambda _, text: Reply(text, delay=0.002)) as server:
        engine = ("--engine", server.base_url)
        build(config, tmp_path / "straight", *engine)
        killed, seen = 0, 0
        for number in range(30):
            running = start(tmp_path / f"out{number}", "build", config, "--out", run, *engine)
            # Between two documents, just after one, or before the first.
            wait_for_documents(run, seen + dice.randint(0, 4), running)
            time.sleep(dice.choice((0.0, 0.005, 0.05)))
            running.send(signal.SIGKILL)
            if running.wait().code == 0:
                break
            killed += 1
            assert len(journal(run)) >= seen, "a finished document is gone"
            seen = len(journal(run))
        assert killed >= 4
        build(config, run, *engine)
    assert_adds_up(run, planned_ids(config))
    assert sealed(run) == sealed(tmp_path / "straight")


def journal(run: Path) -> list[bytes]:
    """Lines of finished documents that no part holds yet, or rows of the parts."""
    lines: list[bytes] = []
    for path in run.glob("journal/*.jsonl"):
        with suppress(FileNotFoundError):  # it was made a part in this moment
            lines += path.read_bytes().splitlines()
    return lines or [i.encode() for i in stored(run)]


def wait_for_documents(run: Path, count: int, running: Running, seconds: float = 30.0) -> None:
    """Wait until so many documents are finished, or the process is."""
    deadline = time.monotonic() + seconds
    while len(journal(run)) < count and not running.ended():
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {count} documents in {seconds} s")
        time.sleep(0.005)


@pytest.mark.parametrize("engine", ["scripted", "realiser"])
def test_ctrl_c_ends_with_130_and_the_run_goes_on_from_there(engine: str, tmp_path: Path) -> None:
    config = written(tmp_path, 60 if engine == "realiser" else 14)
    with good_server(config, lambda _, text: Reply(text, delay=0.03)) as server:
        chosen = REALISER if engine == "realiser" else ("--engine", server.base_url)
        running = start(tmp_path / "out", "build", config, "--out", tmp_path / "run", *chosen)
        wait_for_documents(tmp_path / "run", 2, running)
        running.send(signal.SIGINT)
        asked = time.monotonic()
        done = running.wait()
        assert time.monotonic() - asked < 10
        assert done.code == 130, done.err
        assert "interrupted: every finished document is safe" in done.err
        assert "run the same command again" in done.err
        assert "Traceback" not in done.err
        last = build(config, tmp_path / "run", *chosen)
    assert "resuming: " in last.err
    assert_adds_up(tmp_path / "run", planned_ids(config))


# ------------------------------------------------------------------ endpoints that fail


@pytest.mark.parametrize("fault", ["disconnect", "500", "429"])
def test_an_endpoint_that_dies_stops_the_run_which_resumes_at_another(
    fault: str, hasty: None, tmp_path: Path
) -> None:
    config = written(tmp_path, 10)
    dead = {
        "disconnect": Reply(disconnect=True),
        "500": Reply(status=500, error="CUDA error"),
        "429": Reply(status=429, error="slow down"),
    }[fault]

    def dying(asked: Asked, text: str) -> Reply | str:
        return text if asked.number < 60 else dead

    with good_server(config, dying) as server:
        done = call("build", config, "--out", tmp_path / "run", "--engine", server.base_url)
        assert done.code == 2, done.err
        assert "Traceback" not in done.err
        assert server.base_url.removesuffix("/v1") in done.err
        assert "do: " in done.err
    with good_server(config) as server:
        last = build(config, tmp_path / "run", "--engine", server.base_url)
        build(config, tmp_path / "straight", "--engine", server.base_url)
    assert "resuming: " in last.err
    assert_adds_up(tmp_path / "run", planned_ids(config))
    assert sealed(tmp_path / "run") == sealed(tmp_path / "straight")


def test_one_request_that_fails_fails_only_its_document_and_is_tried_again(
    hasty: None, tmp_path: Path
) -> None:
    config = written(tmp_path, 8)
    settings = load_config(config)
    parts = load_parts(settings)
    victim = plan_run(parts, settings)[3]
    case = parts.sampler.case(victim.case_index)
    from casewright.generators.writer import EngineName

    tasks = parts.writer(None, EngineName("", "")).prompts(case, victim.kind)
    barred = {t.messages[-1].content for t in tasks[:1]}

    def refuse(asked: Asked, text: str) -> Reply | str:
        return Reply(status=400, error="no") if asked.prompt in barred else text

    with good_server(config, refuse) as server:
        build(config, tmp_path / "run", "--engine", server.base_url)
    assert_adds_up(tmp_path / "run", planned_ids(config))
    failed = [r for r in stored(tmp_path / "run").values() if r.outcome == "failed"]
    assert [r.document_id for r in failed] == [f"{case.case_id}-{victim.kind}"]
    assert failed[0].reasons[0].label == "request_failed"
    with good_server(config) as server:
        again = build(config, tmp_path / "run", "--engine", server.base_url)
    assert "resuming: 7 of 8" in again.err
    assert_adds_up(tmp_path / "run", planned_ids(config))
    assert read_manifest(tmp_path / "run").counts.failed == 0


# ------------------------------------------------------------------ what is kept


def test_copies_of_the_reference_and_of_the_corpus_are_rejected_with_evidence(
    tmp_path: Path,
) -> None:
    config = written(tmp_path, 6)
    build(config, tmp_path / "run", *REALISER)
    kept = next(iter(r for r in stored(tmp_path / "run").values() if r.outcome == "kept"))
    (tmp_path / "notes.jsonl").write_text(json.dumps({"id": "real1", "text": kept.text}) + "\n")
    reference = f"filters: {{near_copies: {{reference: {tmp_path / 'notes.jsonl'}}}}}\n"
    build(written(tmp_path, 6, reference), tmp_path / "guarded", *REALISER)
    row = stored(tmp_path / "guarded")[kept.document_id]
    assert row.outcome == "rejected"
    # Who stands in a copied note stands in the reference: a leak besides.
    assert {r.filter for r in row.reasons} == {"near_copies", "phi"}
    assert all(row.text[e.start : e.end] == e.text for r in row.reasons for e in r.evidence)


def test_documents_of_the_corpus_that_copy_each_other_are_rejected(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    # Short reports on one complaint of one diagnosis: too few facts for texts to differ by.
    config.write_text(
        "documents: 20\nseed: 3\nkinds: {outpatient: [test_report]}\n"
        "sampling: {codes: [J06.9], settings: {outpatient: 1}, max_comorbidities: 0,\n"
        "  max_symptoms: 1, max_denied: 0, max_labs: 0}\n"
        "text: {styles: [narrative]}\n"
        "filters: {near_copies: {self_containment: 0.3}}\n"
    )
    build(config, tmp_path / "tight", *REALISER)
    rows = stored(tmp_path / "tight")
    copies = [(r, reason) for r in rows.values() for reason in r.reasons]
    copies = [(r, reason) for r, reason in copies if reason.label == "self_copy"]
    assert copies
    for row, reason in copies:
        assert row.outcome == "rejected" and reason.score >= 0.3
        # What it copies stays, and is another patient's.
        copied = rows[reason.evidence[0].note]
        assert copied.outcome == "kept" and copied.case_id != row.case_id
    assert_adds_up(tmp_path / "tight", list(rows))


def test_rows_verified_afresh_have_the_statuses_that_were_recorded(tmp_path: Path) -> None:
    config = written(tmp_path, 8)
    with good_server(config) as server:
        build(config, tmp_path / "run", "--engine", server.base_url)
    done = call("verify", tmp_path / "run", "--out", tmp_path / "v.jsonl")
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text().splitlines()]
    rows = stored(tmp_path / "run")
    assert {line["document_id"] for line in lines} == {
        i for i, r in rows.items() if r.outcome == "kept"
    }
    for line in lines:
        row = rows[line["document_id"]]
        assert line["keep"]
        assert [(f["fact_id"], f["status"]) for f in line["facts"]] == [
            (f.fact_id, f.status) for f in row.facts
        ]
        assert len(line["off_spec"]) == len(row.off_spec)


def test_every_kept_row_is_labelled_from_its_text(tmp_path: Path) -> None:
    config = written(tmp_path, 10)
    build(config, tmp_path / "run", *REALISER)
    for row in stored(tmp_path / "run").values():
        if row.outcome != "kept":
            continue
        stated = [f for f in row.facts if f.duty == "must"]
        assert stated and all(f.status == "stated" and f.spans for f in stated)
        for item in (*row.entities, *row.phi, *row.turns):
            assert row.text[item.start : item.end] == item.text
        assert row.phi, "a document names its planned identity somewhere"
        assert row.entities


def test_exports_load_with_datasets_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    config = written(tmp_path, 10)
    build(config, tmp_path / "run", *REALISER)
    assert call("export", tmp_path / "run", tmp_path / "hf").code == 0
    loaded = datasets.load_dataset(str(tmp_path / "hf"), cache_dir=str(tmp_path / "cache"))
    rows = {r["document_id"]: r for split in loaded.values() for r in split}
    kept = {i: r for i, r in stored(tmp_path / "run").items() if r.outcome == "kept"}
    assert rows.keys() == kept.keys()
    for document_id, row in kept.items():
        assert rows[document_id]["text"] == row.text
        assert [f["status"] for f in rows[document_id]["facts"]] == [f.status for f in row.facts]
    for form in ("sft", "jsonl", "csv"):
        done = call("export", tmp_path / "run", tmp_path / form, "--to", form)
        assert done.code == 0, done.err


# ------------------------------------------------------------------ preview, other commands


def test_preview_shows_case_prompt_text_and_ledger_and_stores_nothing(tmp_path: Path) -> None:
    config = written(tmp_path, 3)
    before = sorted(tmp_path.iterdir())
    with good_server(config) as server:
        done = call("preview", config, "--engine", server.base_url, "-n", 3)
    assert done.code == 0, done.err
    settings = load_config(config)
    parts = load_parts(settings)
    for place in plan_run(parts, settings)[:3]:
        case = parts.sampler.case(place.case_index)
        assert f"{case.case_id}-{place.kind}" in done.out
        assert case.principal.code in done.out
        assert case.identity.full_name in done.out
    assert "[system] " in done.out and "[user] " in done.out
    assert "stated" in done.out and "must" in done.out and "% by the model" in done.out
    assert sorted(tmp_path.iterdir()) == before


def test_the_engine_may_change_between_sessions_of_a_run_but_not_its_model(
    tmp_path: Path,
) -> None:
    config = written(tmp_path, 4)
    model = model_of(config)
    with scripted_server(lambda a: model(a.messages), model="m1") as server:
        build(config, tmp_path / "run", "--engine", server.base_url)
    with scripted_server(lambda a: model(a.messages), model="m1") as server:
        done = build(config, tmp_path / "run", "--engine", server.base_url)
        assert "all 4 documents are done already" in done.err
    with scripted_server(lambda a: model(a.messages), model="m2") as server:
        done = call("build", config, "--out", tmp_path / "run", "--engine", server.base_url)
        assert done.code == 2
        assert "model: the run has 'm1', asked for is 'm2'" in done.err


@pytest.fixture(autouse=True)
def quiet_display() -> Iterator[None]:
    """Nothing of a build's display may be left running."""
    import threading

    before = threading.active_count()
    yield
    assert threading.active_count() <= before + 4
