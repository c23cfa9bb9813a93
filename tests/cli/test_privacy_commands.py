"""`audit`, `calibrate` and `bench privacy` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from casewright.cli.bench_privacy import privacy
from casewright.cli.check import audit, calibrate_command
from casewright.config import load_config
from casewright.errors import CasewrightError
from casewright.filters.disclosure.notes import made_up_notes
from casewright.generators.scripted import Asked, scripted_server
from casewright.setup import copy_limits

NOTES = made_up_notes(400, 11)
FRESH = made_up_notes(10, 12)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, rows in (("notes", NOTES), ("texts", [*NOTES[:3], *FRESH])):
        lines = [json.dumps({"id": i, "text": t}) for i, t in rows]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    (tmp_path / "short.txt").write_text("No known allergies.")
    return tmp_path


def run(command, *args: object):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(command, [str(a) for a in args], catch_exceptions=False)


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_audit_keeps_an_index_and_lists_what_is_shared(files: Path) -> None:
    options = ("--reference", files / "notes.jsonl", "--filters", "near_copies", "--verbatim")
    for out in ("a", "b"):
        done = run(
            audit, files / "texts.jsonl", *options,
            "--index", files / "index", "--out", files / out,
        )  # fmt: skip
        assert done.exit_code == 0
    first, second = rows(files / "a"), rows(files / "b")
    assert first == second
    assert [row["keep"] for row in first] == [False] * 3 + [True] * 10
    for row, (_, text) in zip(first, [*NOTES[:3], *FRESH], strict=True):
        spans = row["verbatim"]
        assert isinstance(spans, list)
        assert all(0 <= s["start"] < s["end"] <= len(text) for s in spans)
    assert first[0]["verbatim"]


def test_an_audit_does_not_reject_a_text_for_its_length(files: Path) -> None:
    run(audit, files / "short.txt", "--out", files / "o")
    assert rows(files / "o")[0]["keep"] is True


def test_a_filter_that_does_not_exist_is_a_mistake_of_the_user(files: Path) -> None:
    with pytest.raises(CasewrightError, match="no filter"):
        run(audit, files / "short.txt", "--out", files / "o", "--filters", "phi,nonsense")


def test_what_calibrate_writes_is_a_configuration_that_audit_reads(files: Path) -> None:
    out = files / "limits.yaml"
    done = run(calibrate_command, "--reference", files / "notes.jsonl", "--out", out)
    assert done.exit_code == 0
    near = yaml.safe_load(out.read_text())["filters"]["near_copies"]
    settings = load_config(out).filters.near_copies
    assert copy_limits(settings).containment == near["reference_containment"]
    assert settings.calibration is not None
    assert settings.calibration.notes >= 50
    low, high = settings.calibration.false_drop_interval
    assert low <= settings.calibration.false_drop <= high
    done = run(
        audit, files / "texts.jsonl", "--reference", files / "notes.jsonl",
        "--config", out, "--filters", "near_copies", "--out", files / "o",
    )  # fmt: skip
    assert done.exit_code == 0
    assert [row["keep"] for row in rows(files / "o")] == [False] * 3 + [True] * 10
    with pytest.raises(CasewrightError, match="exists already"):
        run(calibrate_command, "--reference", files / "notes.jsonl", "--out", out)


@pytest.mark.parametrize(("answer", "leaks"), [("example", 4), ("new", 0)])
def test_an_experiment_shows_notes_to_an_engine_and_finds_what_it_repeats(
    files: Path, answer: str, leaks: int
) -> None:
    shown: list[str] = []

    def write(asked: Asked) -> str:
        examples = [text for role, text in asked.messages if role == "assistant"]
        shown.extend(examples)
        return examples[0] if answer == "example" else FRESH[len(shown) % 10][1]

    with scripted_server(write) as server:
        done = run(
            privacy,
            "--engine",
            server.base_url,
            "--reference",
            files / "notes.jsonl",
            "-n",
            4,
            "--json",
        )
    found = json.loads(done.stdout)["experiment"]
    assert (found["outputs"], found["leaks"]["count"]) == (4, leaks)
    assert found["model"]
    assert len(shown) == 8
    assert {n[1][:200] for n in NOTES} >= {text[:200] for text in shown}


def test_the_realiser_is_shown_no_examples() -> None:
    with pytest.raises(CasewrightError, match="no examples"):
        run(privacy, "--engine", "realiser")
