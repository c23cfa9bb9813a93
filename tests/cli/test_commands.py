"""What commands print, and where: results on stdout, progress and messages on stderr."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import call

from casewright.kg.graph import Graph

pytestmark = pytest.mark.usefixtures("warm")


def test_kg_sample_shows_titles_whole_even_with_brackets() -> None:
    done = call("kg", "sample", "--code", "J00", "-n", 2)
    assert done.code == 0
    assert done.out.count("Acute nasopharyngitis [common cold]") == 2
    assert done.err == ""


def test_kg_sample_as_json_is_a_case_a_line() -> None:
    done = call("kg", "sample", "-n", 3, "--seed", 4, "--json")
    cases = [json.loads(line) for line in done.out.splitlines()]
    assert [c["case_id"] for c in cases] == ["c000000", "c000001", "c000002"]
    assert all(c["facts"] and c["identity"]["mrn"] for c in cases)
    assert call("kg", "sample", "-n", 3, "--seed", 4, "--json").out == done.out


@pytest.mark.parametrize(
    "command", [("kg", "stats"), ("kg", "sample", "-n", "40", "--json")], ids=["table", "lines"]
)
def test_a_reader_that_leaves_early_is_no_error(command: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "casewright", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    assert (process.wait(), said) == (0, b"")


def test_kg_show_reads_a_code_as_people_write_it() -> None:
    shown = call("kg", "show", "J18.9").out
    assert "Pneumonia, unspecified organism" in shown
    assert call("kg", "show", "j189").out == shown


def test_kg_stats_as_text_and_as_json(graph: Graph) -> None:
    assert "2," in call("kg", "stats").out or len(graph.principals) >= 2000
    assert json.loads(call("kg", "stats", "--json").out)


def test_build_prints_the_summary_as_json_and_progress_beside_it(tmp_path: Path) -> None:
    done = call("build", "--engine", "realiser", "-n", 3, "--out", tmp_path / "run", "--json")
    assert done.code == 0
    summary = json.loads(done.out)
    assert summary
    assert "3/3 documents" in done.err
    assert "kept" in done.err


def test_long_paths_are_printed_in_one_piece(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 15) / ("folder" * 15)
    done = call("build", "--engine", "realiser", "-n", 1, "--out", deep / "run")
    assert f"documents  {deep / 'run' / 'documents'}\n" in done.out
    assert f"report     {deep / 'run' / 'report.html'}\n" in done.out


def test_verify_reads_rows_from_elsewhere_afresh(tmp_path: Path) -> None:
    """Whatever statuses and spans were recorded, text and facts alone decide."""
    row = {
        "document_id": "d1",
        "text": "She reports a cough. She denies fever.",
        "demographics": {"age_years": 54, "sex": "female"},
        "facts": [
            {"fact_id": "f1", "type": "symptom", "concept": "symptom:cough", "name": "cough",
             "duty": "must", "status": "missing", "spans": [{"start": 900, "end": 905}]},
            {"fact_id": "f2", "type": "symptom", "concept": "symptom:fever", "name": "fever",
             "duty": "must", "status": "stated"},
        ],
    }  # fmt: skip
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    done = call("verify", tmp_path / "rows.jsonl", "--out", tmp_path / "v.jsonl", "--explain")
    assert done.code == 0, done.err
    (line,) = [json.loads(text) for text in (tmp_path / "v.jsonl").read_text().splitlines()]
    assert [(f["fact_id"], f["status"]) for f in line["facts"]] == [
        ("f1", "stated"),
        ("f2", "contradicted"),
    ]
    assert all(f["why"] for f in line["facts"])
    assert line["keep"] is False
    assert "1 documents checked, 1 would be rejected" in done.err
    shown = done.out.splitlines()
    assert shown[0] == "d1: reject"
    assert shown[1].split(maxsplit=1) == ["stated", 'cough: "cough": stated as present']
    assert shown[2].split(maxsplit=1) == ["contradicted", 'fever: "fever": denied (denies)']
    silent = call("verify", tmp_path / "rows.jsonl", "--out", tmp_path / "v.jsonl")
    assert silent.out == ""


def test_audit_says_what_was_found_where(tmp_path: Path) -> None:
    clean = (
        "The patient reports a cough and a mild fever. On examination the lungs are clear to "
        "auscultation. Treatment is paracetamol, and rest until the fever has gone."
    )
    leak = "Call Margaret Thistlewood at (212) 867-5309 about the results of the biopsy."
    (tmp_path / "texts.jsonl").write_text(
        "".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in (("a", leak), ("b", clean)))
    )
    done = call("audit", tmp_path / "texts.jsonl", "--out", tmp_path / "v.jsonl")
    assert done.code == 0, done.err
    lines = {}
    for text in (tmp_path / "v.jsonl").read_text().splitlines():
        line = json.loads(text)
        lines[line["id"]] = line
    assert lines["b"]["keep"] and not lines["a"]["keep"]
    found = {(r["filter"], r["label"]) for r in lines["a"]["reasons"]}
    assert {("phi", "phone"), ("phi", "name")} <= found
    for reason in lines["a"]["reasons"]:
        assert leak[reason["start"] : reason["end"]] == reason["text"]
