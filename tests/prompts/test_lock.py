"""The lock: a released template never changes and never goes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import casewright.prompts
from casewright.errors import CasewrightError
from casewright.prompts.lock import LOCK, lock_new_templates, lock_problems, read_lock

PROMPTS = Path(casewright.prompts.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the packaged templates with their lock."""
    for path in [*PROMPTS.glob("*.j2"), PROMPTS / LOCK]:
        shutil.copy(path, tmp_path)
    return tmp_path


def test_every_packaged_template_is_locked_and_unchanged() -> None:
    assert read_lock(PROMPTS)
    assert [str(p) for p in lock_problems(PROMPTS)] == []


def test_new_template_is_locked_once_and_old_entries_stay(folder: Path) -> None:
    before = read_lock(folder)
    (folder / "letter.v1.j2").write_text("Dear {{ name }}")
    assert [p.what for p in lock_problems(folder)] == ["the template is not locked"]
    assert lock_new_templates(folder) == ["letter.v1.j2"]
    assert lock_problems(folder) == []
    assert {**before, "letter.v1.j2": read_lock(folder)["letter.v1.j2"]} == read_lock(folder)
    stored = (folder / LOCK).read_bytes()
    assert lock_new_templates(folder) == []
    assert (folder / LOCK).read_bytes() == stored


def test_changed_and_missing_templates_are_told_together_and_nothing_is_written(
    folder: Path,
) -> None:
    stored = (folder / LOCK).read_bytes()
    changed = folder / "clinic_note.v1.j2"
    changed.write_text(changed.read_text() + " ")
    (folder / "dialogue.v1.j2").unlink()
    (folder / "letter.v1.j2").write_text("Dear {{ name }}")
    with pytest.raises(CasewrightError) as caught:
        lock_new_templates(folder)
    assert [p.what for p in caught.value.problems] == [
        "a released template was changed",
        "a released template is gone",
    ]
    assert "clinic_note.v2.j2" in (caught.value.problems[0].fix or "")
    assert (folder / LOCK).read_bytes() == stored


@pytest.mark.parametrize("line", ["abc  x.v1.j2", "0" * 64, f"{'0' * 64} x.v1.j2"])
def test_damaged_lock_is_told_by_line(line: str, folder: Path) -> None:
    lock = folder / LOCK
    lock.write_text(lock.read_text() + line + "\n")
    with pytest.raises(CasewrightError, match="no entry of the lock") as caught:
        read_lock(folder)
    assert caught.value.problems[0].line == len(lock.read_text().splitlines())


def test_the_tool_says_that_nothing_is_new() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "casewright.prompts.lock"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "nothing is new\n"
