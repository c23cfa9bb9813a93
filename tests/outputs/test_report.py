"""The report as a file: whole, self-contained, escaped, and true to the run."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from row_factory import ABOUT, FINGERPRINT, KINDS, make_document, make_row

from casewright.errors import CasewrightError
from casewright.outputs.coverage import AXES
from casewright.outputs.report import write_report
from casewright.outputs.report.panels import (
    age_map,
    axes_shown,
    chips,
    heat_map,
    histogram,
    length_bars,
    percent,
)
from casewright.outputs.report.sample import choose
from casewright.outputs.report.view import document_view, utf16_offsets
from casewright.outputs.rows import Row, failed_row
from casewright.outputs.rundir import RunDir
from casewright.outputs.summary import AGE_BANDS, summarise
from casewright.records import Evidence, Reason

HOSTILE = '</script><script>window.hacked=1</script><img src=x onerror="window.hacked=2">&lt;b>'


def make_run(path: Path, made: list[Row]) -> Path:
    with RunDir.open(path, FINGERPRINT, len(made), about=ABOUT) as run:
        for row in made:
            run.add(row)
        run.seal()
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = [make_row(i, keep=i % 5 != 1) for i in range(60)]
    draft = make_document(7).draft
    made[7] = failed_row(
        draft.case, document_id="failed", kind=draft.kind, index=7,
        reasons=[Reason("engine", "timeout", "no answer")],
    )  # fmt: skip
    return make_run(tmp_path_factory.mktemp("report") / "my-run", made)


@pytest.fixture(scope="module")
def page(run: Path) -> str:
    return write_report(run)[0].read_text(encoding="utf-8")


def embedded(page: str) -> list[dict[str, object]]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found
    return list(json.loads(found[1])["documents"])


def test_page_is_one_file_that_asks_for_nothing_else(page: str) -> None:
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert not re.findall(r"<link|<img|<iframe|@import|url\(", markup)
    assert not re.findall(r"\b(?:src|action)=", markup)
    assert all(href.startswith("#") for href in re.findall(r'href="([^"]*)"', markup))
    assert "default-src 'none'" in page


def test_policy_allows_exactly_the_page_s_own_script(page: str) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.S)
    wanted = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert re.findall(r"script-src ([^;]*);", page) == [f"'sha256-{wanted}'"]


def test_page_holds_every_document_of_a_small_run(page: str, run: Path) -> None:
    documents = embedded(page)
    assert len(documents) == 60
    assert {d["outcome"] for d in documents} == {"kept", "rejected", "failed"}
    assert "All 60 documents of the run are in this page." in page


def test_page_shows_the_figures_of_the_summary(page: str, run: Path) -> None:
    summary = summarise(run)
    text = html.unescape(re.sub(r"<[^>]+>", " ", page))
    assert f"60 = {summary.counts.kept} + {summary.counts.rejected} + 1" in text
    assert "my-run" in text
    for kind in KINDS:
        assert kind.replace("_", " ") in text
    for key in summary.rejected_by_reason:
        assert key in text
    assert FINGERPRINT.digest in text
    assert "ICD-10-CM FY2026 (public domain (US government))" in text


def test_page_shows_what_stayed_empty_and_which_codes_are_rejected(page: str, run: Path) -> None:
    summary = summarise(run)
    text = html.unescape(
        re.sub(r"<[^>]+>", "", page.split('<script type="application/json"', maxsplit=1)[0])
    )
    assert summary.coverage.empty
    assert "Without a kept document" in text
    assert summary.rejects_by_code
    for found in summary.rejects_by_code[:15]:
        assert f"{found.code} {found.title}" in text


def test_run_under_way_has_a_report_that_says_so(tmp_path: Path) -> None:
    with RunDir.open(tmp_path / "run", FINGERPRINT, 9, about=ABOUT) as run:
        for i in range(4):
            run.add(make_row(i))
        page = write_report(tmp_path / "run", tmp_path / "r.html")[0].read_text()
    assert "5 of 9 to do" in page
    assert len(embedded(page)) == 4


def test_empty_run_has_a_report(tmp_path: Path) -> None:
    page = write_report(make_run(tmp_path / "run", []))[0].read_text()
    assert "No kept document yet." in page


def test_place_that_cannot_be_written_to_is_explained(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CasewrightError, match=r"r\.html: writing failed \(File exists\)"):
        write_report(run, tmp_path / "file" / "r.html")


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    row = make_row(0, keep=False)
    start = len(row.text)
    hostile = replace(
        row,
        text=row.text + HOSTILE,
        kind=HOSTILE,
        icd10=(replace(row.icd10[0], title=HOSTILE),),
        facts=(replace(row.facts[0], name=HOSTILE, why=HOSTILE), *row.facts[1:]),
        off_spec=(replace(row.off_spec[0], start=start, end=start + len(HOSTILE), text=HOSTILE),),
        reasons=(Reason(HOSTILE, "x", HOSTILE),),
        persona=HOSTILE,
    )
    about = replace(ABOUT, engine=HOSTILE)
    with RunDir.open(tmp_path / "run", FINGERPRINT, 1, about=about) as run:
        run.add(hostile)
        run.seal()
    page = write_report(tmp_path / "run")[0].read_text()
    assert page.count("<script") == 2, "a text has opened a script element"
    assert page.count("</script") == 2
    assert "<img" not in page
    (document,) = embedded(page)
    assert document["text"] == hostile.text
    assert document["kind"] == HOSTILE


def test_words_of_the_private_reference_stay_out_of_the_page(tmp_path: Path) -> None:
    row = make_row(0, keep=False)
    secret = "the lighthouse keeper's left knee"
    start = len(row.text)
    copied = Reason(
        "near_copies", "reference_copy", "a passage of 5 words is in one reference document", 0.9,
        (Evidence(start, start + len(secret), secret),),
    )  # fmt: skip
    quality = Reason("quality", "loop", f"repeats {secret}")
    off = replace(row.off_spec[0], start=start, end=start + len(secret), text=secret, why=secret)
    facts = (replace(row.facts[0], why=f"found in {secret}"), *row.facts[1:])
    made = replace(
        row, text=row.text + secret, reasons=(quality, copied), off_spec=(off,), facts=facts
    )
    run = make_run(tmp_path / "run", [made, make_row(1)])
    page = write_report(run)[0].read_text()
    assert "lighthouse" not in page
    shown = next(d for d in embedded(page) if d["id"] == made.document_id)
    assert shown["text"] == ""
    assert "is in one reference document" in str(shown["reasons"])
    asked_for = write_report(run, tmp_path / "with.html", show_evidence=True)[0].read_text()
    assert "lighthouse" in asked_for


# ------------------------------------------------------------------ parts


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40), st.data())
def test_offsets_are_javascript_s(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    at = utf16_offsets(text)
    units = text.encode("utf-16-le")
    assert units[2 * at(start) : 2 * at(end)].decode("utf-16-le") == text[start:end]


def test_view_keeps_what_a_number_of_javascript_cannot_hold() -> None:
    row = make_row(1)
    assert row.provenance is not None
    assert row.provenance.request_seed > 2**53
    assert ["seed", str(row.provenance.request_seed)] in document_view(row)["about"]


def test_sample_has_every_kind_and_reason_and_is_the_same_each_time(run: Path) -> None:
    sample = choose(run, 9)
    assert len(sample.ids) == 9
    assert sample == choose(run, 9)
    assert sample.total == 60
    assert not sample.whole
    page = write_report(run, run.parent / "small.html", max_documents=9)[0].read_text()
    shown = embedded(page)
    assert {d["id"] for d in shown} == sample.ids
    assert {(d["kind"], d["outcome"]) for d in shown} >= {
        (k, o) for k in KINDS for o in ("kept", "rejected")
    }
    assert "failed" in {d["outcome"] for d in shown}
    assert "A sample: 9 of 60 documents" in page
    assert choose(run, 1000).whole


def test_chips_say_what_is_met_and_what_is_not(run: Path) -> None:
    states = {chip.label: chip.state for chip in chips(summarise(run))}
    assert states == {
        "Reconciled": "good",
        "Kept": "watch",
        "Facts stated": "good",
        "Denials stated": "good",
        "Contradicted": "good",
        "Off the case": "watch",
        "Leaks": "plain",
        "Model wrote": "good",
    }


def test_nothing_is_asked_of_the_model_of_a_run_without_one(run: Path) -> None:
    summary = summarise(run)
    about = replace(summary.manifest.about, engine="realiser")
    without = replace(summary, manifest=replace(summary.manifest, about=about))
    assert "Model wrote" not in {chip.label for chip in chips(without)}


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "none"), (0, "0%"), (1, "100%"), (0.99999, "99.9%"), (1e-6, "0.1%"), (0.5, "50.0%")],
)
def test_share_is_never_rounded_to_all_or_nothing(value: float | None, text: str) -> None:
    assert percent(value) == text


def test_panels_count_what_the_summary_counts(run: Path) -> None:
    summary = summarise(run)
    kinds, rows = heat_map(summary)
    assert kinds == sorted(KINDS)
    assert sum(row.total for row in rows) == summary.counts.kept
    assert all(sum(c.count for c in row.cells) == row.total for row in rows)
    assert max(c.level for row in rows for c in row.cells) == 5
    people = age_map(summary)
    assert sum(row.total for row in people) == summary.cases
    assert [row.label for row in people] == [name for _, name in AGE_BANDS]
    for axis, values in axes_shown(summary):
        cells = [c for c in summary.coverage.cells if c.table == axis]
        assert [bar.kept for bar in values] == [c.kept for c in cells]
        assert sum(bar.kept for bar in values) == summary.counts.kept
    wanted = replace(
        summary,
        coverage=replace(
            summary.coverage,
            cells=tuple(replace(c, wanted=2 * c.planned) for c in summary.coverage.cells),
        ),
    )
    assert {axis for axis, _ in axes_shown(wanted)} == set(AXES)
    for _, values in axes_shown(wanted):
        assert all(0 <= bar.width <= 100 and 0 <= (bar.mark or 0) <= 100 for bar in values)
    bars = length_bars(summary)
    assert {bar.kind for bar in bars} == set(KINDS)
    assert all(0 <= bar.low <= bar.middle <= bar.high <= 100 for bar in bars)
    bins = histogram(summary.words_histogram)
    assert sum(b.count for b in bins) == summary.counts.kept
    assert max(b.width for b in bins) == 100
