"""Mistakes in the hand-written layer: all reported at once, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from casewright.errors import CasewrightError
from casewright.kg.compile.curated import load_curated

CODES = frozenset({"J18", "J18.9", "I10"})

SYMPTOMS = """\
source_note: for a test
licence: CC0-1.0
symptoms:
  - {id: symptom:cough, name: cough, system: respiratory}
"""
CONDITIONS = """\
source_note: for a test
licence: CC0-1.0
conditions:
  - codes: [J18.9]
    name: pneumonia
    symptoms:
      - {symptom: symptom:cough, p: 0.8}
"""


def layer(folder: Path, **files: str) -> Path:
    for stem, text in {"symptoms": SYMPTOMS, "conditions": CONDITIONS, **files}.items():
        (folder / f"{stem}.yaml").write_text(text, encoding="utf-8")
    return folder


def problems_of(folder: Path) -> list[tuple[str, int | None, str]]:
    with pytest.raises(CasewrightError) as caught:
        load_curated(folder, CODES)
    return [(Path(str(p.where)).name, p.line, p.what) for p in caught.value.problems]


def test_a_sound_layer_loads_and_names_what_is_missing(tmp_path: Path) -> None:
    curated = load_curated(layer(tmp_path), CODES)
    assert curated.conditions[0].symptoms[0].symptom == "symptom:cough"
    assert "drugs" in curated.missing


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("p: 0.8", "p: 1.8", 7, "less than or equal to 1"),
        ("p: 0.8", "q: 0.8", 7, "extra inputs are not permitted"),
        ("name: pneumonia", "nmae: pneumonia", 5, "extra inputs are not permitted"),
        ("codes: [J18.9]", "codes: [j18.9]", 4, "should match pattern"),
        ("codes: [J18.9]", "codes: [Q99.9]", 4, "no ICD-10-CM code begins with Q99.9"),
        ("symptom:cough", "symptom:cuogh", 7, "symptom:cuogh is not defined"),
        ("licence: CC0-1.0", "licence: GPL", 2, "should be 'CC0-1.0'"),
        ("    name: pneumonia", "    name: pneumonia\n    name: again", 6, "stands twice"),
        ("    name: pneumonia", "    name: [pneumonia", 6, "not YAML"),
    ],
)
def test_a_mistake_is_reported_with_its_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, says: str
) -> None:
    found = problems_of(layer(tmp_path, conditions=CONDITIONS.replace(old, new)))
    matching = [(file, at) for file, at, what in found if says in what]
    assert matching, found
    assert matching[0][0] == "conditions.yaml"
    assert abs((matching[0][1] or 0) - line) <= (1 if says == "not YAML" else 0), found


def test_the_mistakes_of_all_files_come_together(tmp_path: Path) -> None:
    folder = layer(
        tmp_path,
        conditions=CONDITIONS.replace("p: 0.8", "p: 8"),
        symptoms=SYMPTOMS.replace("system: respiratory", "sytem: respiratory"),
    )
    files = {file for file, _, _ in problems_of(folder)}
    assert files == {"conditions.yaml", "symptoms.yaml"}


def test_an_id_defined_twice_names_both_places(tmp_path: Path) -> None:
    twice = SYMPTOMS + "  - {id: symptom:cough, name: a cough, system: respiratory}\n"
    ((file, line, what),) = problems_of(layer(tmp_path, symptoms=twice))
    assert (file, line) == ("symptoms.yaml", 5)
    assert "defined twice" in what


def test_lenient_notes_unresolved_references_and_goes_on(tmp_path: Path) -> None:
    folder = layer(tmp_path, conditions=CONDITIONS.replace("symptom:cough", "symptom:other"))
    curated = load_curated(folder, CODES, lenient=True)
    assert [p.what for p in curated.unresolved] == ["symptom:other is not defined"]
