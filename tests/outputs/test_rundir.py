"""The run directory: nothing lost, nothing doubled, whatever happens to the process."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from build_run import die_at
from hypothesis import given, settings
from hypothesis import strategies as st
from row_factory import ABOUT, FINGERPRINT, make_document, make_row

from casewright.errors import CasewrightError
from casewright.outputs import journal, parts
from casewright.outputs.manifest import Counts, Fingerprint, Usage, read_manifest
from casewright.outputs.rows import failed_row, read_rows
from casewright.outputs.rundir import RunDir, shard_of
from casewright.records import Evidence, Reason

HERE = Path(__file__).parent
TIMEOUT = Reason("engine", "timeout", "no answer in 60 s")
SELF_COPY = Reason("near_copies", "self_copy", "near-copy of an earlier document", 0.9)


def open_run(path: Path, planned: int = 6, **kwargs) -> RunDir:  # type: ignore[no-untyped-def]
    return RunDir.open(path, kwargs.pop("fingerprint", FINGERPRINT), planned, **kwargs)


def build(*args: object, check: bool = True, **kwargs) -> subprocess.CompletedProcess[str]:  # type: ignore[no-untyped-def]
    """Build a run in a process of its own."""
    done = subprocess.run(
        [sys.executable, HERE / "build_run.py", *map(str, args)],
        check=False, capture_output=True, text=True, timeout=120, **kwargs,
    )  # fmt: skip
    if check:
        assert done.returncode == 0, done.stderr
    return done


def finish(run: Path, planned: int, part_rows: int, reject: set[int], move: set[int]) -> None:
    """What `build_run.py` does, in this process."""
    before = parts.PART_ROWS
    parts.PART_ROWS = part_rows
    try:
        with open_run(run, planned) as out:
            for i in list(out.todo()):
                out.add(make_row(i, keep=i not in reject))
            moved = {make_row(i).document_id for i in move}
            out.seal(lambda texts: [(d, SELF_COPY) for d, _, _ in texts if d in moved])
    finally:
        parts.PART_ROWS = before


def stored(run: Path) -> dict[str, str]:
    """Outcome by document id, read from the sealed Parquet alone; ids are unique."""
    found: list[tuple[str, str]] = []
    for path in sorted((run / "documents").glob("part-*.parquet")):
        found += [(i, "kept") for i in pq.read_table(path)["document_id"].to_pylist()]
    for path in sorted((run / "rejects").glob("part-*.parquet")):
        table = pq.read_table(path, columns=["document_id", "outcome"])
        found += [(r["document_id"], r["outcome"]) for r in table.to_pylist()]
    assert len({i for i, _ in found}) == len(found), "a document is stored twice"
    return dict(found)


def content(run: Path) -> dict[str, str]:
    """Hash of every sealed file."""
    return {
        str(p.relative_to(run)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(run.rglob("*.parquet"))
    }


def ids(planned: int) -> set[str]:
    return {make_document(i).draft.document_id for i in range(planned)}


# ------------------------------------------------------------------ the plain way


def test_run_is_built_sealed_and_adds_up(tmp_path: Path) -> None:
    with open_run(tmp_path / "run", about=ABOUT) as run:
        for i in (3, 0, 5, 1):
            run.add(make_row(i), usage=Usage(2, 100, 40))
        run.add(make_row(4, keep=False))
        case = make_document(2).draft.case
        run.add(failed_row(case, document_id="doc2", kind="dialogue", index=2, reasons=[TIMEOUT]))
        assert run.counts == Counts(6, 4, 1, 1)
        manifest = run.seal()
    assert manifest == read_manifest(tmp_path / "run")
    assert manifest.complete
    assert manifest.counts == Counts(6, 4, 1, 1)
    assert manifest.rejected_by_reason == {"ledger/contradicted": 1}
    assert manifest.failed_by_reason == {"engine/timeout": 1}
    assert manifest.usage == Usage(8, 400, 160)
    assert manifest.about == ABOUT
    assert manifest.digest == FINGERPRINT.digest
    outcomes = stored(tmp_path / "run")
    assert sorted(outcomes.values()) == ["failed", *["kept"] * 4, "rejected"]
    rows = list(read_rows(tmp_path / "run"))
    assert [r.document_index for r in rows] == [0, 1, 3, 5]
    assert rows[0] == make_row(0)


def test_manifest_reads_as_plain_json_with_the_contract_s_keys(tmp_path: Path) -> None:
    with open_run(tmp_path / "run", 0) as run:
        run.seal()
    raw = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert raw["counts"] == {"planned": 0, "kept": 0, "rejected": 0, "failed": 0}
    assert raw["fingerprint"]["seed"] == 7
    assert raw["fingerprint"]["prompts"]["clinic_note.v1"] == "abc123"


def test_rejects_hold_reasons_and_evidence(tmp_path: Path) -> None:
    with open_run(tmp_path / "run", 1) as run:
        run.add(make_row(0, keep=False))
        run.seal()
    (row,) = read_rows(tmp_path / "run" / "rejects" / "part-00000.parquet")
    assert row == make_row(0, keep=False)
    assert not list((tmp_path / "run" / "documents").glob("*"))


def test_rows_can_be_read_before_sealing_and_after(tmp_path: Path) -> None:
    with open_run(tmp_path / "run", 3) as run:
        run.add(make_row(2))
        run.add(make_row(0, keep=False))
        assert [r.document_index for r in run.rows()] == [0, 2]
        assert [r.document_index for r in run.rows("kept")] == [2]
        run.add(make_row(1))
        run.seal()
        assert [r.document_index for r in run.rows("kept", "rejected")] == [0, 1, 2]
        assert [text for _, _, text in run.kept_texts()] == [make_row(i).text for i in (1, 2)]


def test_sealing_twice_changes_nothing(tmp_path: Path) -> None:
    build(tmp_path / "run", 7)
    before = content(tmp_path / "run"), (tmp_path / "run" / "manifest.json").read_bytes()
    with open_run(tmp_path / "run", 7) as run:
        assert list(run.todo()) == []
        run.seal()
    assert (content(tmp_path / "run"), (tmp_path / "run" / "manifest.json").read_bytes()) == before


def test_sealing_early_is_refused(tmp_path: Path) -> None:
    with open_run(tmp_path / "run", 3) as run:
        run.add(make_row(1))
        with pytest.raises(RuntimeError, match="2 documents have no outcome yet, the first at 0"):
            run.seal()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param(lambda: make_row(1), "was done already", id="twice"),
        pytest.param(lambda: make_row(9), "not in the plan", id="beyond the plan"),
        pytest.param(
            lambda: replace(make_row(2), document_id=make_row(1).document_id),
            "id of another document", id="id taken",
        ),
        pytest.param(
            lambda: replace(make_row(2), text="other"), "turn at|outside", id="spans not true"
        ),
    ],
)  # fmt: skip
def test_document_that_cannot_be_right_is_refused(row, message: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with open_run(tmp_path / "run", 3) as run:
        run.add(make_row(1))
        with pytest.raises(ValueError, match=message):
            run.add(row())
        assert run.counts.done == 1


def test_planned_documents_are_bounded_per_part(tmp_path: Path) -> None:
    build(tmp_path / "run", 25, "--part-rows", 10, "--reject", "3,4")
    files = sorted((tmp_path / "run" / "documents").iterdir())
    assert [p.name for p in files] == [f"part-{i:05d}.parquet" for i in range(3)]
    assert sum(pq.read_metadata(p).num_rows for p in files) == 23
    assert pq.ParquetFile(files[0]).metadata.row_group(0).column(1).compression == "ZSTD"


# ------------------------------------------------------------------ whose directory it is


def test_other_fingerprint_is_refused_with_every_difference(tmp_path: Path) -> None:
    with open_run(tmp_path / "run"):
        pass
    other = replace(
        FINGERPRINT, seed=8, prompts={"clinic_note.v1": "zzz"},
        settings={**FINGERPRINT.settings, "new.key": "1"},
    )  # fmt: skip
    with pytest.raises(CasewrightError) as caught:
        open_run(tmp_path / "run", 9, fingerprint=other)
    text = str(caught.value)
    for words in (
        "seed: the run has '7', asked for is '8'",
        "prompts.clinic_note.v1: the run has 'abc123', asked for is 'zzz'",
        "prompts.dialogue.v1: the run has 'def456', asked for is nothing",
        "settings.new.key: the run has nothing, asked for is '1'",
        "planned: the run has 6, asked for is 9",
    ):
        assert words in text
    assert len(caught.value.problems) == 5


def test_difference_of_one_field_is_one_message(tmp_path: Path) -> None:
    with open_run(tmp_path / "run"):
        pass
    with pytest.raises(CasewrightError, match="seed: the run has '7', asked for is '8'"):
        open_run(tmp_path / "run", fingerprint=replace(FINGERPRINT, seed=8))


def test_fingerprint_is_a_function_of_every_field_and_of_nothing_else() -> None:
    base = FINGERPRINT
    reordered = replace(base, prompts=dict(reversed(base.prompts.items())))
    assert reordered.digest == base.digest
    changed = (
        replace(base, seed=1), replace(base, casewright="9"), replace(base, graph="x"),
        replace(base, model="x"), replace(base, model_hash="x"), replace(base, prompts={}),
        replace(base, settings={}),
    )  # fmt: skip
    assert len({f.digest for f in (base, *changed)}) == 1 + len(changed)
    assert Fingerprint(1, "a", "b", "c").digest == Fingerprint(1, "a", "b", "c").digest


def test_directory_with_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(CasewrightError, match=r"not empty and holds no run \(it has thesis.tex\)"):
        open_run(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_file_in_the_run_s_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(CasewrightError, match="taken by a file"):
        open_run(tmp_path / "run")
    with pytest.raises(CasewrightError, match="Not a directory"):
        open_run(tmp_path / "run" / "below")


def test_damaged_manifest_is_explained(tmp_path: Path) -> None:
    build(tmp_path / "run", 2)
    path = tmp_path / "run" / "manifest.json"
    good = json.loads(path.read_text())
    for bad, words in (
        ("{", "cannot be read"), ("[]", "another format"),
        (json.dumps({**good, "format_version": 99}), "another format"),
        (json.dumps({**good, "counts": {"planned": "many"}}), "counts.planned"),
    ):  # fmt: skip
        path.write_text(bad)
        with pytest.raises(CasewrightError, match=words):
            open_run(tmp_path / "run", 2)


def test_directory_left_half_made_by_a_kill_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "lock").touch()
    (tmp_path / ".manifest.json.77.tmp").write_text("{")
    with open_run(tmp_path, 1) as run:
        run.add(make_row(0))
        run.seal()
    assert stored(tmp_path) == {make_row(0).document_id: "kept"}
    assert not list(tmp_path.rglob(".*.tmp"))


# ------------------------------------------------------------------ locks


def test_second_process_on_a_shard_is_refused_and_named(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, HERE / "build_run.py", tmp_path / "run", "50", "--slow", "0.2"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert first.stdout is not None
        first.stdout.readline()
        second = build(tmp_path / "run", 50, check=False)
        assert second.returncode == 2
        assert f"process {first.pid} is working on this run" in second.stderr
        third = build(tmp_path / "run", 50, "--shard", "1/2", check=False)
        assert third.returncode == 2
        assert f"process {first.pid} works on this run as shard 1/1" in third.stderr
    finally:
        first.kill()
        first.wait()
    # The lock of the dead is no hindrance.
    build(tmp_path / "run", 50)
    assert stored(tmp_path / "run").keys() == ids(50)


def test_lock_file_that_names_a_living_process_but_is_not_held_is_taken_over(
    tmp_path: Path,
) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "lock.s1of1").write_text(f"{os.getpid()}\n")
    with open_run(tmp_path, 0) as run:
        run.seal()


def test_lock_is_given_back_on_close_and_on_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_run(tmp_path / "run") as run:
        run.add(make_row(0))
        raise ZeroDivisionError
    with open_run(tmp_path / "run") as run:
        assert list(run.todo()) == [1, 2, 3, 4, 5]


# ------------------------------------------------------------------ kills


@pytest.mark.parametrize("moment", [0.0, 0.15, 0.4])
def test_sigkill_half_way_loses_and_doubles_nothing(moment: float, tmp_path: Path) -> None:
    planned = 60
    process = subprocess.Popen(
        [
            sys.executable, HERE / "build_run.py", tmp_path / "run", str(planned),
            "--slow", "0.01", "--part-rows", "8", "--order", "3", "--reject", "0,1,9",
        ],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    promised = [process.stdout.readline().strip()]
    time.sleep(moment)
    process.send_signal(signal.SIGKILL)
    promised += process.stdout.read().split()
    process.wait()
    with open_run(tmp_path / "run", planned) as run:
        done = run.done_ids()
    assert set(promised) <= done, "a document that add() had taken is gone"
    assert len(done) <= len(promised) + 1
    again = build(tmp_path / "run", planned, "--part-rows", 8, "--reject", "0,1,9")
    assert not set(again.stdout.split()) & done, "a finished document was made twice"
    assert stored(tmp_path / "run").keys() == ids(planned)
    build(tmp_path / "straight", planned, "--part-rows", 8, "--reject", "0,1,9")
    assert content(tmp_path / "run") == content(tmp_path / "straight")


def test_kill_before_any_rename_deletion_or_sync_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    """Walk the kill through every such moment of a small run with retries and late rejects."""
    options = ("--part-rows", 3, "--reject", "1,6", "--move", "3,4")
    build(tmp_path / "straight", 7, *options)
    wanted = content(tmp_path / "straight")
    build(tmp_path / "begun", 7, "--part-rows", 3, "--fail", "0,4", "--reject", "1,6",
          "--stop-after", 5)  # fmt: skip
    moment = 0
    while True:
        moment += 1
        run = tmp_path / f"run{moment}"
        shutil.copytree(tmp_path / "begun", run)
        child = os.fork()
        if child == 0:  # a process start costs a second, and there are dozens of moments
            try:
                die_at(moment)
                finish(run, 7, part_rows=3, reject={1, 6}, move={3, 4})
                os._exit(0)
            finally:
                os._exit(1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status == 0:
            break
        assert status == -signal.SIGKILL
        finish(run, 7, part_rows=3, reject={1, 6}, move={3, 4})
        assert content(run) == wanted, f"killed at {moment}"
        assert read_manifest(run).counts == Counts(7, 3, 4, 0)
        shutil.rmtree(run)
    assert moment > 15, "the kill did not go through the places that matter"


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_journal_cut_or_damaged_anywhere_gives_back_only_whole_lines(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "seg"
    values = [{"n": i, "text": "å\n" * data.draw(st.integers(0, 9))} for i in range(4)]
    segment = journal.Segment(path)
    for value in values:
        segment.append(value)
    segment.close()
    raw = bytearray(path.read_bytes())
    cut = data.draw(st.integers(0, len(raw)))
    if data.draw(st.booleans()):
        raw = raw[:cut]
    elif cut < len(raw):
        raw[cut] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(raw)
    found = [line.value for line in journal.scan(path)]
    assert all(value in values for value in found)
    assert len(found) >= raw.count(b"\n") - 2
    segment = journal.Segment(path)  # goes on after the damage
    segment.append({"n": 99})
    segment.close()
    after = [line.value for line in journal.scan(path)]
    assert after[-1] == {"n": 99}
    assert after[:-1] == found


# ------------------------------------------------------------------ full and forbidden disks


def test_file_size_limit_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    """RLIMIT_FSIZE makes the kernel refuse a write half-way, as a full disk does."""
    failed = build(tmp_path / "run", 40, "--limit", 60_000, check=False)
    assert failed.returncode == 2, failed.stderr
    assert "the disk is full or a size limit was met" in failed.stderr
    assert "start the same command again" in failed.stderr
    promised = set(failed.stdout.split())
    assert 2 < len(promised) < 40
    with open_run(tmp_path / "run", 40) as run:
        assert run.done_ids() == promised
    again = build(tmp_path / "run", 40)
    assert not promised & set(again.stdout.split())
    assert stored(tmp_path / "run").keys() == ids(40)


def test_limit_met_while_sealing_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    # One row is 4 kB in the journal and 20 kB as a part of its own.
    failed = build(tmp_path / "run", 2, "--limit", 9_000, "--part-rows", 1, check=False)
    assert failed.returncode == 2, failed.stderr
    assert "the disk is full or a size limit was met" in failed.stderr
    assert "part-00000.parquet" in failed.stderr
    assert not list(tmp_path.rglob("*.tmp"))
    with open_run(tmp_path / "run", 2) as run:
        assert run.done_ids() == {make_row(0).document_id}
    build(tmp_path / "run", 2, "--part-rows", 1)
    assert stored(tmp_path / "run").keys() == ids(2)


needs_unshare = pytest.mark.skipif(
    shutil.which("unshare") is None, reason="there is no unshare to mount a file system with"
)


@needs_unshare
def test_really_full_disk_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    """On a file system of 200 kB, mounted in a namespace of its own."""
    script = """
    set -e
    mount -t tmpfs -o size=200k tmpfs "$1"
    rc=0; "$2" "$3" "$1/run" 60 >"$4" || rc=$?
    mount -o remount,size=4m "$1"
    "$2" "$3" "$1/run" 60 >"$5"
    cp -r "$1/run" "$6"
    exit $rc
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", script, "bash", disk, sys.executable,
         HERE / "build_run.py", tmp_path / "first", tmp_path / "second", tmp_path / "copy"],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no user namespaces with tmpfs here: {done.stderr.strip()[:80]}")
    assert done.returncode == 2, done.stderr
    assert "the disk is full" in done.stderr
    first = set((tmp_path / "first").read_text().split())
    second = set((tmp_path / "second").read_text().split())
    assert first
    assert not first & second
    assert first | second == ids(60)
    assert stored(tmp_path / "copy").keys() == ids(60)


@needs_unshare
def test_unwritable_directory_is_explained(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && "$2" "$3" "$1/run" 3'
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", script, "bash", tmp_path / "locked", sys.executable,
         HERE / "build_run.py"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no user namespaces here: {done.stderr.strip()[:80]}")
    assert done.returncode == 2
    assert "the folder cannot be written to" in done.stderr
    assert "name another folder" in done.stderr


# ------------------------------------------------------------------ order, shards, retries


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(1, 10**6))
def test_sealed_bytes_do_not_depend_on_the_order_of_completion(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    contents = []
    for order in (0, seed):
        path = tmp_path_factory.mktemp("order") / "run"
        todo = list(range(9))
        random.Random(order).shuffle(todo)
        with open_run(path, 9) as run:
            for i in todo:
                run.add(make_row(i, keep=i not in (3, 4)))
            run.seal()
        contents.append(content(path))
    assert contents[0] == contents[1]


@pytest.mark.parametrize("shards", [2, 3, 5])
def test_sealed_bytes_do_not_depend_on_the_number_of_shards(shards: int, tmp_path: Path) -> None:
    options = ("--part-rows", 8, "--reject", "1,6,30", "--fail", "7", "--move", "3,21")
    build(tmp_path / "one", 45, *options)
    numbers = list(range(1, shards + 1))
    random.Random(shards).shuffle(numbers)
    for k in numbers[:-1]:
        build(tmp_path / "many", 45, *options, "--shard", f"{k}/{shards}", "--order", k)
        manifest = read_manifest(tmp_path / "many")
        assert not manifest.complete
        assert manifest.counts.done < 45
    build(tmp_path / "many", 45, *options, "--shard", f"{numbers[-1]}/{shards}")
    assert content(tmp_path / "many") == content(tmp_path / "one")
    one, many = read_manifest(tmp_path / "one"), read_manifest(tmp_path / "many")
    assert many.complete
    assert many.counts == one.counts == Counts(45, 39, 5, 1)
    assert many.rejected_by_reason == one.rejected_by_reason
    assert many.usage == one.usage
    assert len(many.shards) == shards


def test_shards_at_the_same_time_end_in_one_run(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, HERE / "build_run.py", tmp_path / "run", "40",
             "--shard", f"{k}/3", "--part-rows", "8", "--slow", "0.005"],
        )
        for k in (1, 2, 3)
    ]  # fmt: skip
    assert [p.wait(timeout=120) for p in processes] == [0, 0, 0]
    assert read_manifest(tmp_path / "run").complete
    assert stored(tmp_path / "run").keys() == ids(40)
    assert not list((tmp_path / "run").rglob("*.s*of3.parquet"))


def test_run_begun_with_other_shards_is_finished_with_one(tmp_path: Path) -> None:
    build(tmp_path / "run", 40, "--shard", "1/3", "--part-rows", 8)
    build(tmp_path / "run", 40, "--shard", "2/3", "--part-rows", 8, "--stop-after", 5)
    again = build(tmp_path / "run", 40, "--part-rows", 8)
    assert len(again.stdout.split()) < 30
    build(tmp_path / "straight", 40, "--part-rows", 8)
    assert content(tmp_path / "run") == content(tmp_path / "straight")


@settings(max_examples=40, deadline=None)
@given(
    planned=st.integers(0, 5000), shards=st.integers(1, 64),
)  # fmt: skip
def test_every_place_belongs_to_one_shard_and_the_work_is_shared(planned: int, shards: int) -> None:
    owners = [shard_of(i, planned, shards, parts.PART_ROWS) for i in range(planned)]
    assert all(1 <= k <= shards for k in owners)
    if planned >= shards * 8 and planned < parts.PART_ROWS * shards * 8:
        sizes = [owners.count(k) for k in range(1, shards + 1)]
        assert max(sizes) - min(sizes) <= planned / shards / 4 + 1


def test_shard_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    for shard in ((0, 2), (3, 2)):
        with pytest.raises(CasewrightError, match="there is no shard"):
            open_run(tmp_path / "run", shard=shard)


def test_failed_documents_are_tried_again_and_verdicts_are_not(tmp_path: Path) -> None:
    first = build(tmp_path / "run", 10, "--fail", "2,5", "--reject", "1", "--part-rows", 4)
    assert len(first.stdout.split()) == 10
    assert read_manifest(tmp_path / "run").counts == Counts(10, 7, 1, 2)
    second = build(tmp_path / "run", 10, "--fail", "5", "--part-rows", 4)
    assert second.stdout.split() == [make_document(i).draft.document_id for i in (2, 5)]
    assert read_manifest(tmp_path / "run").counts == Counts(10, 8, 1, 1)
    build(tmp_path / "run", 10, "--part-rows", 4)
    assert read_manifest(tmp_path / "run").counts == Counts(10, 9, 1, 0)
    build(tmp_path / "straight", 10, "--reject", "1", "--part-rows", 4)
    assert content(tmp_path / "run") == content(tmp_path / "straight")


def test_manifest_says_incomplete_while_a_retry_is_under_way(tmp_path: Path) -> None:
    build(tmp_path / "run", 4, "--fail", "2")
    with open_run(tmp_path / "run", 4) as run:
        assert run.manifest.complete
        run.add(make_row(2))
        assert not read_manifest(tmp_path / "run").complete
        run.seal()
    assert read_manifest(tmp_path / "run").complete


def test_kept_documents_can_be_rejected_late_even_from_sealed_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_ROWS", 4)
    with open_run(tmp_path / "run", 10) as run:
        for i in range(10):
            run.add(make_row(i))
        assert len(list((tmp_path / "run" / "documents").iterdir())) == 3  # sealed on the way
        run.reject_kept([make_row(i).document_id for i in (1, 8)], SELF_COPY)
        assert run.counts == Counts(10, 8, 2, 0)
        with pytest.raises(ValueError, match="not the id of a kept document"):
            run.reject_kept([make_row(1).document_id], SELF_COPY)
        assert [r.document_index for r in run.rows("rejected")] == [1, 8]
    with open_run(tmp_path / "run", 10) as run:  # it is remembered before it is sealed
        assert run.counts == Counts(10, 8, 2, 0)
        manifest = run.seal()
    assert manifest.rejected_by_reason == {"near_copies/self_copy": 2}
    outcomes = stored(tmp_path / "run")
    assert sum(o == "kept" for o in outcomes.values()) == 8
    moved = list(read_rows(tmp_path / "run" / "rejects"))
    assert [r.reasons for r in moved] == [(SELF_COPY,)] * 2
    assert replace(moved[0], outcome="kept", reasons=()) == make_row(1)


def test_run_goes_on_with_parts_of_the_size_that_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_ROWS", 4)
    with open_run(tmp_path / "run", 10) as run:
        for i in range(6):
            run.add(make_row(i))
    monkeypatch.setattr(parts, "PART_ROWS", 8)
    with open_run(tmp_path / "run", 10) as run:
        for i in range(6, 10):
            run.add(make_row(i))
        run.seal()
    assert [
        len(list(read_rows(path))) for path in sorted((tmp_path / "run/documents").iterdir())
    ] == [4, 4, 2]
    assert len(stored(tmp_path / "run")) == 10


def test_corpus_check_sees_every_kept_document_once_in_plan_order(tmp_path: Path) -> None:
    seen: list[str] = []

    def check(texts):  # type: ignore[no-untyped-def]
        seen.extend(text for _, _, text in texts)
        return [(make_row(4).document_id, SELF_COPY)]

    with open_run(tmp_path / "run", 6) as run:
        for i in (5, 4, 3, 2, 1, 0):
            run.add(make_row(i, keep=i != 1))
        manifest = run.seal(check)
    assert seen == [make_row(i).text for i in (0, 2, 3, 4, 5)]
    assert manifest.counts == Counts(6, 4, 2, 0)


def test_late_reason_whose_evidence_is_not_in_the_text_is_refused(tmp_path: Path) -> None:
    row = make_row(0)
    good = replace(SELF_COPY, evidence=(Evidence(0, 4, row.text[:4]),))
    bad = replace(SELF_COPY, evidence=(Evidence(0, 4, "zzzz"),))
    with open_run(tmp_path / "run", 2) as run:
        run.add(row)
        run.add(make_row(1))
        with pytest.raises(ValueError, match="recorded 'zzzz'"):
            run.reject_kept([row.document_id], bad)
        with pytest.raises(ValueError, match="recorded 'zzzz'"):
            run.seal(lambda texts: [(row.document_id, bad)])
        run.seal(lambda texts: [(row.document_id, good)])
    (rejected,) = read_rows(tmp_path / "run" / "rejects")
    assert rejected.reasons == (good,)


def test_journal_stays_small_when_documents_come_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_ROWS", 5)
    with open_run(tmp_path / "run", 23) as run:
        for i in range(23):
            run.add(make_row(i))
            assert len(list((tmp_path / "run" / "journal").glob("*.jsonl"))) <= 1
        run.seal()
        assert not list((tmp_path / "run" / "journal").glob("*.jsonl"))
