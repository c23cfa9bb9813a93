"""`casewright select`: what is chosen, what is said of it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from casewright.cli.select import select
from casewright.config import load_config
from casewright.errors import CasewrightError
from casewright.filters.disclosure.notes import made_up_notes
from casewright.outputs.rows import read_rows
from casewright.pipeline import build

CANDIDATES = made_up_notes(12, 21)


@pytest.fixture(autouse=True)
def _accounting() -> None:
    pytest.importorskip("dp_accounting", reason="dp-accounting is an extra")


class Silent:
    def start(self, total: int, done: int, engine: object) -> None: ...

    def document(self, outcome: str, reasons: object, tokens_per_second: float) -> None: ...


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def near(number: int, patients: int, notes: int = 1) -> list[dict[str, object]]:
    """Notes like one candidate, so many of each patient."""
    text = " ".join(CANDIDATES[number][1].split()[10:60])
    return [
        {"note_id": f"n{number}-{i}-{j}", "patient": f"p{number}-{i}", "text": f"{text} {i} {j}"}
        for i in range(patients)
        for j in range(notes)
    ]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write(tmp_path / "candidates.jsonl", [{"id": i, "text": t} for i, t in CANDIDATES])
    # 150 patients are like one candidate; two patients with 300 notes each are like another.
    write(tmp_path / "notes.jsonl", [*near(3, 150), *near(7, 2, 300)])
    return tmp_path


def run(files: Path, *options: str, candidates: str = "candidates.jsonl") -> Result:
    given = [
        *(str(files / candidates), "--reference", str(files / "notes.jsonl")),
        *("--out", str(files / "out.jsonl"), "--epsilon", "2", *options),
    ]
    return CliRunner().invoke(select, given, catch_exceptions=False)


def chosen(files: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (files / "out.jsonl").read_text().splitlines()]


def test_what_many_patients_are_like_is_chosen_whatever_their_number_of_notes(files: Path) -> None:
    done = run(files, "--keep", "1", "--patient-field", "patient")
    assert done.exit_code == 0
    assert chosen(files) == [{"id": CANDIDATES[3][0], "text": CANDIDATES[3][1]}]
    assert "epsilon 2 and delta 1e-06 for each patient" in done.output
    assert "this choice alone" in done.output


def test_without_patients_each_note_has_a_vote_and_that_is_said(files: Path) -> None:
    done = run(files, "--keep", "1")
    assert [row["id"] for row in chosen(files)] == [CANDIDATES[7][0]]
    assert "for each note" in done.output
    assert "A patient with several notes is protected less" in done.output


def test_what_is_spent_as_json(files: Path) -> None:
    done = run(files, "--keep", "2", "--patient-field", "patient", "--json")
    spent = json.loads(done.stdout)
    assert (spent["epsilon"], spent["delta"], spent["unit"]) == (2.0, 1e-6, "patient")
    assert spent["chosen"] == [row["id"] for row in chosen(files)]
    assert spent["sigma"] > 1


def test_a_delta_that_promises_little_is_told(files: Path) -> None:
    assert "promises little" not in run(files, "--keep", "1").stderr
    (files / "out.jsonl").unlink()
    assert "promises little" in run(files, "--keep", "1", "--delta", "9e-4").stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--keep", "13"), "cannot keep 13 of 12"),
        (("--keep", "0"), "cannot keep 0 of 12"),
        (("--keep", "1", "--delta", "0.1"), "promise nothing"),
        (("--keep", "1", "--patient-field", "person"), "broken line"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(
    files: Path, options: tuple[str, ...], message: str
) -> None:
    with pytest.raises(CasewrightError, match=message):
        run(files, *options)
    assert not (files / "out.jsonl").exists()


def test_a_record_without_its_patient_is_named(files: Path) -> None:
    write(files / "notes.jsonl", [*near(3, 2), {"text": "Nobody's."}])
    with pytest.raises(CasewrightError) as caught:
        run(files, "--keep", "1", "--patient-field", "patient")
    assert [p.line for p in caught.value.problems] == [3]


def test_candidates_of_one_name_and_a_file_that_is_there_are_refused(files: Path) -> None:
    write(files / "twice.jsonl", [{"id": "a", "text": "One."}, {"id": "a", "text": "Two."}])
    with pytest.raises(CasewrightError, match="two candidates are called 'a'"):
        run(files, "--keep", "1", candidates="twice.jsonl")
    (files / "out.jsonl").write_text("mine")
    with pytest.raises(CasewrightError, match="exists already"):
        run(files, "--keep", "1")
    assert (files / "out.jsonl").read_text() == "mine"


def test_documents_of_a_run_are_written_as_its_rows(files: Path, tmp_path: Path) -> None:
    config = load_config(None, {"documents": 3, "engine.kind": "realiser", "seed": 4})
    build(config, tmp_path / "run", watcher=Silent())
    kept = [row.document_id for row in read_rows(tmp_path / "run")]
    done = run(files, "--keep", "2", "--patient-field", "patient", candidates="run")
    assert done.exit_code == 0
    found = [row.document_id for row in read_rows(files / "out.jsonl")]
    assert len(found) == 2
    assert set(found) <= set(kept)
