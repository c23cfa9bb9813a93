"""Disclosure: known leaks are recovered, nothing is found where there is nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from casewright.cli.bench_privacy import privacy
from casewright.filters.disclosure.comparison import compare_copies
from casewright.filters.disclosure.experiment import run_experiment, scripted, self_test
from casewright.filters.disclosure.leaks import (
    find_canaries,
    measure_disclosure,
    membership,
    plant_canaries,
)
from casewright.filters.disclosure.notes import made_up_notes
from casewright.filters.disclosure.plain_words import NO_GUARANTEE, tell_disclosure

NOTES = made_up_notes(120, 5)
FRESH = made_up_notes(60, 6)


def test_a_known_share_of_leaks_is_recovered_within_three_points() -> None:
    for result in self_test(shares=(0.0, 0.1, 0.5, 1.0), outputs=60, seed=3):
        assert result.within, result


def test_every_planted_leak_of_an_identifier_is_caught() -> None:
    found = run_experiment(NOTES, scripted(1.0), outputs=60)
    assert found.caught.of >= 60
    assert found.caught.value == 1.0


def test_nothing_is_found_in_texts_that_have_nothing_to_do_with_the_notes() -> None:
    found = measure_disclosure(NOTES, FRESH, others=made_up_notes(60, 7))
    assert found.leaks.count == 0
    assert found.verbatim > found.verbatim_rare == 0.0  # boilerplate is shared, and does not count
    assert found.eidetic == {1: 0, 5: 0, 25: 0}
    assert found.member is not None
    assert found.member.found[0.01].value < 0.1


def test_copies_of_the_notes_are_found_in_every_way() -> None:
    planted, canaries = plant_canaries(NOTES, 0.5, 1)
    outputs = [(f"o{i}", text) for i, (_, text) in enumerate(planted)]
    others = made_up_notes(120, 8)
    found = measure_disclosure(planted, outputs, canaries=canaries, others=others)
    assert found.copies.value == 1.0
    assert found.canaries is not None
    assert found.canaries.value == 1.0
    assert found.verbatim > 0.99
    assert found.eidetic[1] > 100
    assert found.member is not None
    assert found.member.auc > 0.99
    assert found.member.found[0.01].value > 0.95


def test_a_canary_is_found_by_half_of_its_words_and_not_by_its_beginning() -> None:
    _, canaries = plant_canaries(NOTES[:20], 1.0, 2)
    canary = canaries[0]
    words = canary.suffix.split()
    assert find_canaries([canary], [("o", f"And {' '.join(words[1:5])} too")]) == [canary]
    assert find_canaries([canary], [("o", canary.prefix)]) == []
    assert find_canaries([canary], [("o", " ".join(reversed(words)))]) == []


def test_membership_is_a_guess_where_nothing_leaks() -> None:
    found = membership(NOTES, made_up_notes(120, 9), FRESH)
    assert 0.35 < found.auc < 0.65


def test_the_findings_say_what_was_tested_and_what_they_are_not() -> None:
    found = run_experiment(NOTES, scripted(0.2), outputs=20)
    told = "\n".join(tell_disclosure(found, "of a test"))
    for word in ("Tested: 20 texts", "Copies.", "Canaries.", "Membership.", "95% interval"):
        assert word in told
    assert "differential privacy" in NO_GUARANTEE


def test_near_copy_detectors_stand_side_by_side() -> None:
    rows = {r.detector: r for r in compare_copies(NOTES[:40], FRESH[:40])}
    assert min(rows["casewright"].caught.values()) >= 0.98
    assert rows["casewright"].unrelated_flagged == 0.0
    assert rows["50 shared characters"].unrelated_flagged > 0.5
    assert rows["MinHash, 5 words, .8"].caught["10% of words"] < 0.5


def test_the_command_tells_of_a_folder_of_texts(tmp_path: Path) -> None:
    for name, rows in (("notes", NOTES), ("texts", NOTES[:10] + FRESH[:10])):
        lines = [json.dumps({"id": i, "text": t}) for i, t in rows]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    files = ["--texts", str(tmp_path / "texts.jsonl"), "--reference", str(tmp_path / "notes.jsonl")]
    done = CliRunner().invoke(privacy, [*files, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["disclosure"]["leaks"]["count"] == 10
    told = CliRunner().invoke(privacy, files)
    assert "10 of 20" in told.output
    assert NO_GUARANTEE in told.output


@pytest.mark.parametrize("detector", ["presidio", "philter-lite"])
def test_a_detector_that_is_not_installed_is_skipped_with_a_reason(detector: str) -> None:
    from casewright.filters.disclosure.comparison import _ask

    answer = _ask(detector, ["text"], [], Path(sys.executable))
    assert "skipped" in answer or "spans" in answer
    assert _ask(detector, ["text"], [], Path("/no/such/python"))["skipped"]
