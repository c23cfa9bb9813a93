"""The report's other files: Markdown, JSON and plots, and the command that writes them."""

from __future__ import annotations

import json
import re
import struct
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from row_factory import ABOUT, FINGERPRINT, make_row

from casewright.cli import main
from casewright.errors import CasewrightError
from casewright.outputs.report import write_report
from casewright.outputs.report.bands import measure_panels
from casewright.outputs.report.markdown import render_markdown
from casewright.outputs.report.plots import PLOTS, write_plots
from casewright.outputs.report.sample import choose
from casewright.outputs.rundir import RunDir
from casewright.outputs.summary import RunSummary, summarise

PLANNED = 48
DOCS = Path(__file__).parents[2] / "docs"
HOSTILE = "a|b\n| *c* <script>alert(1)</script> `d` $x_1$"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "run"
    with RunDir.open(path, FINGERPRINT, PLANNED, about=ABOUT) as out:
        for index in range(PLANNED):
            out.add(make_row(index, keep=index % 6 != 1))
        out.seal()
    return path


@pytest.fixture(scope="module")
def summary(run: Path) -> RunSummary:
    return summarise(run)


def tables_of(markdown: str) -> list[list[list[str]]]:
    """Rows of cells of every table."""
    blocks = re.findall(r"(?:^\|.*\n)+", markdown, re.M)
    return [
        [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in block.splitlines()]
        for block in blocks
    ]


def test_markdown_has_whole_tables_with_the_figures_of_the_summary(summary: RunSummary) -> None:
    markdown = render_markdown(summary)
    tables = {table[0][0]: table for table in tables_of(markdown)}
    for table in tables.values():
        assert len({len(row) for row in table}) == 1, table[0]
    counts = summary.counts
    numbers = [str(n) for n in (48, counts.kept, counts.rejected, counts.failed)]
    assert tables["planned"][2] == numbers
    assert {row[0] for row in tables["kind"][2:]} == {
        *(k.kind.replace("_", " ") for k in summary.kinds), "all",
    }  # fmt: skip
    strips = [s for panel in measure_panels(summary.measures) for s in panel.strips]
    assert len(tables["figure"]) == len(strips) + 2
    codes = tables["most rejects by code"][2:]
    assert sum(int(row[1]) for row in codes) == counts.rejected
    assert sum(int(row[1]) for row in tables["style"][2:]) == counts.kept


def test_markdown_of_hostile_names_stays_a_table(summary: RunSummary) -> None:
    kind = replace(summary.kinds[0], kind=HOSTILE)
    hostile = replace(
        summary,
        run=HOSTILE,
        kinds=(kind, *summary.kinds[1:]),
        rejected_by_reason={HOSTILE: 3},
        manifest=replace(summary.manifest, about=replace(ABOUT, filters=(HOSTILE,))),
    )  # fmt: skip
    markdown = render_markdown(hostile)
    for table in tables_of(markdown):
        assert len({len(row) for row in table}) == 1, table
    assert "<script>" not in markdown
    assert not re.search(r"(?<!\\)[*`]c", markdown)


def test_empty_run_has_markdown(tmp_path: Path) -> None:
    with RunDir.open(tmp_path / "run", FINGERPRINT, 0) as out:
        out.seal()
    assert "No kept document yet." in render_markdown(summarise(tmp_path / "run"))


def test_report_is_written_as_page_markdown_and_json(run: Path, tmp_path: Path) -> None:
    assert [p.name for p in write_report(run)] == ["report.html", "report.md", "report.json"]
    made = write_report(run, tmp_path / "deep" / "mine.html")
    assert [p.relative_to(tmp_path).as_posix() for p in made] == [
        "deep/mine.html", "deep/mine.md", "deep/mine.json",
    ]  # fmt: skip
    assert all(p.stat().st_size > 1000 for p in made)


def test_every_field_of_the_json_is_documented(run: Path) -> None:
    write_report(run)
    raw = json.loads((run / "report.json").read_text())
    text = (DOCS / "report.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `([a-z_`, ]+)` \|", text, re.M))
    named = {name.strip("` ") for row in documented for name in row.split(",")}
    assert set(raw) <= named, set(raw) - named
    assert set(raw) - {"format", "format_version", "casewright"} == {
        f.name for f in fields(RunSummary)
    }


def test_page_stays_small_whatever_the_documents_are(run: Path, tmp_path: Path) -> None:
    whole = choose(run, 1000)
    assert whole.whole
    sizes = [len(choose(run, 1000, max_bytes=n).ids) for n in (0, 5_000, 30_000, 60_000)]
    assert sizes[0] == 0
    assert sizes == sorted(sizes)
    assert 0 < sizes[1] < sizes[3] < len(whole.ids)
    path = tmp_path / "run"
    with RunDir.open(path, FINGERPRINT, 3, about=ABOUT) as out:
        for index in range(3):
            row = make_row(index)
            out.add(replace(row, text=row.text + " more" * 1_700_000) if index == 1 else row)
        out.seal()
    (page, *_) = write_report(path)
    assert page.stat().st_size < 1_000_000
    assert "A sample: 2 of 3 documents" in page.read_text("utf-8")


# ------------------------------------------------------------------ plots


def png_size(path: Path) -> tuple[int, int]:
    raw = path.read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", raw[16:24])
    return width, height


def test_plots_are_png_files_and_the_same_each_time(summary: RunSummary, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    made = write_plots(summary, tmp_path / "a")
    assert [p.stem for p in made] == list(PLOTS)
    for path in made:
        width, height = png_size(path)
        assert 300 < width < 3000
        assert 150 < height < 3000
    again = write_plots(summary, tmp_path / "b")
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in made]


def test_plots_of_an_empty_run_and_of_hostile_names_are_drawn(
    summary: RunSummary, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    with RunDir.open(tmp_path / "run", FINGERPRINT, 0) as out:
        out.seal()
    assert len(write_plots(summarise(tmp_path / "run"), tmp_path / "empty")) == len(PLOTS)
    kind = replace(summary.kinds[0], kind=HOSTILE)
    hostile = replace(summary, kinds=(kind,), rejected_by_reason={HOSTILE: 3})
    assert len(write_plots(hostile, tmp_path / "hostile")) == len(PLOTS)


def test_missing_matplotlib_is_explained_before_anything_is_written(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(CasewrightError, match=r"pip install 'casewright\[plots\]'"):
        write_report(run, tmp_path / "out" / "r.html", plots=True)
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------------ the command


def test_command_names_the_files_it_wrote(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["report", str(run), "--out", str(tmp_path / "x.html"), "--documents", "5"])
    assert capsys.readouterr().out.split() == [
        str(tmp_path / f"x.{end}") for end in ("html", "md", "json")
    ]
    assert f"A sample: 5 of {PLANNED} documents" in (tmp_path / "x.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [(("--port", "1"), "only a report that is served has a port"),
     (("--serve", "--png"), "a report that is served writes no files"),
     (("--serve", "--out", "x.html"), "a report that is served writes no files"),
     (("--serve", "--port", "70000"), "70000 is not in the range")],
)  # fmt: skip
def test_options_that_do_not_go_together_are_explained(
    options: tuple[str, ...], message: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", str(run), *options])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
