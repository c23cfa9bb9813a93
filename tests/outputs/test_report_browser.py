"""The report in a real browser: it loads, filters work, highlights stand where the spans say."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chromium import Page, browser, find_chromium
from report_page import CONTRAST, choose, listed, marks_of, places, show, units
from row_factory import ABOUT, FINGERPRINT, KINDS, make_document, make_row

from casewright.outputs.report import write_report
from casewright.outputs.rows import Row, failed_row
from casewright.outputs.rundir import RunDir
from casewright.records import Disclosed, Evidence, Reason, RejectedDraft, Slip, Span

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium"),
]

PLANNED = 90
HOSTILE = '</script><script>window.hacked=1</script><img src=x onerror="window.hacked=2">'


def rows() -> list[Row]:
    made = [make_row(i, keep=i % 6 != 1, contradict=i in (3, 5)) for i in range(PLANNED)]
    draft = make_document(8).draft
    made[8] = failed_row(
        draft.case, document_id="failed", kind=draft.kind, index=8,
        reasons=[Reason("engine", "timeout", "no answer")],
    )  # fmt: skip
    made = [replace(r, style=("terse", "narrative")[i % 2]) for i, r in enumerate(made)]
    # Overlapping and nested spans, a family fact, and texts that try to break out.
    row = made[0]
    first, *others = row.facts
    nested = replace(first, spans=(*first.spans, Span(0, 30), Span(10, 20)))
    family = replace(others[0], polarity="family")
    made[0] = replace(row, facts=(nested, family, *others[1:]))
    # Noise: a slip in place of other words, and one that only lost some. A text that is a copy.
    noisy = made[21]
    start = noisy.text.index("reports")
    clean = noisy.text.replace("reports", "claims")
    lost = Slip("punctuation", start, start, "", start, start, "", None)
    slip = Slip("misheard", start, start + 7, "reports", start, start + 6, "claims", "f02", True)
    told = (Disclosed("f02", "minimised", "a little", "caregiver"), Disclosed("f03", "not_asked"),
            Disclosed("f04", "told", "no nausea"))  # fmt: skip
    made[21] = replace(noisy, clean_text=clean, noise=(lost, slip), disclosure=told)
    draft = RejectedDraft("p1", "missing", "the cough is not stated", HOSTILE, "He has a cough.")
    made[21] = replace(made[21], first_draft="Fever.", rejected_drafts=(draft,))
    copied = made[19]
    whole = Evidence(0, len(copied.text), copied.text, made[0].document_id)
    reason = Reason("near_copies", "self_copy", "shares 90% of its wording", 0.9, (whole,))
    made[19] = replace(copied, reasons=(reason, *copied.reasons))
    hostile = made[10]
    made[10] = replace(
        hostile,
        text=hostile.text + HOSTILE,
        icd10=(replace(hostile.icd10[0], title=HOSTILE),),
        facts=(replace(hostile.facts[0], name=HOSTILE), *hostile.facts[1:]),
    )
    return made


@pytest.fixture(scope="module")
def made() -> list[Row]:
    return rows()


@pytest.fixture(scope="module")
def report(made: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("browser") / "run"
    with RunDir.open(run, FINGERPRINT, PLANNED, about=ABOUT) as out:
        for row in made:
            out.add(row)
        out.seal()
    return write_report(run)[0]


@pytest.fixture(scope="module")
def chrome() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def page(chrome: Page, report: Path) -> Page:
    chrome.console.clear()
    chrome.requests.clear()
    chrome.open(report)
    return chrome


def test_page_loads_without_errors_and_without_the_network(page: Page, report: Path) -> None:
    page.js("document.querySelectorAll('#list .item')[3].click()")
    assert page.console == []
    assert page.requests == [report.as_uri()]
    assert page.js("document.title") == "run: casewright report"
    assert page.js("document.getElementById('browser').hidden") is False


def test_hostile_text_is_shown_and_not_run(page: Page, made: list[Row]) -> None:
    show(page, made[10].document_id)
    assert page.js("window.hacked") is None
    assert page.js("document.querySelectorAll('#document img, #document script').length") == 0
    assert page.js("document.querySelector('#document h3').textContent") == HOSTILE
    assert page.js("document.querySelector('#document .text').textContent") == made[10].text


@pytest.mark.parametrize("outcome", ["kept", "rejected", "failed"])
def test_filter_by_outcome_finds_exactly_those(outcome: str, page: Page, made: list[Row]) -> None:
    choose(page, "outcome", outcome)
    wanted = {r.document_id for r in made if r.outcome == outcome}
    found = listed(page)
    assert set(found) == wanted
    assert len(found) == len(wanted)
    assert page.js("document.getElementById('found').textContent") == (
        f"{len(wanted)} of {PLANNED} documents"
    )


@pytest.mark.parametrize("field", ["kind", "code", "reason", "style"])
def test_every_choice_of_a_filter_finds_exactly_those(
    field: str, page: Page, made: list[Row]
) -> None:
    values_of = {
        "kind": lambda r: {r.kind},
        "code": lambda r: {d.code for d in r.icd10},
        "reason": lambda r: {f"{x.filter}/{x.label}" for x in r.reasons},
        "style": lambda r: {r.style} - {None},
    }[field]
    wanted: Counter[str] = Counter(value for row in made for value in values_of(row))
    options = page.js(
        f"[...document.querySelectorAll('#f-{field} option')].map(o => o.value).filter(Boolean)"
    )
    assert options == sorted(wanted)
    for value in options:
        choose(page, field, value)
        assert set(listed(page)) == {r.document_id for r in made if value in values_of(r)}


def test_filters_combine_with_search_and_are_cleared(page: Page, made: list[Row]) -> None:
    choose(page, "kind", "clinic_note")
    choose(page, "outcome", "rejected")
    page.js("document.getElementById('f-text').focus()")
    page.type("MÜLLer pneumonia")
    wanted = {
        r.document_id
        for r in made
        if r.kind == "clinic_note" and r.outcome == "rejected"
        and "pneumonia" in r.text and "Müller" in r.text
    }  # fmt: skip
    assert wanted
    page.wait(f"document.getElementById('found').textContent.startsWith('{len(wanted)} of')")
    assert set(listed(page)) == wanted
    page.js("document.querySelector('#filters button[type=reset]').click()")
    page.wait(f"document.getElementById('found').textContent === '{PLANNED} documents'")


def test_search_without_a_hit_says_so(page: Page) -> None:
    page.js("document.getElementById('f-text').focus()")
    page.type("zzzz")
    page.wait(f"document.getElementById('found').textContent === '0 of {PLANNED} documents'")
    assert "No document is as asked for" in page.js(
        "document.getElementById('document').textContent"
    )
    assert page.console == []


@pytest.mark.parametrize("index", [0, 1, 2, 3, 5, 10, 14, 19, 21, 31])
def test_highlights_stand_where_the_spans_say(index: int, page: Page, made: list[Row]) -> None:
    row = made[index]
    show(page, row.document_id)
    marks = marks_of(page)
    wide = row.text.encode("utf-16-le")
    for mark in marks:
        assert wide[2 * mark["start"] : 2 * mark["end"]].decode("utf-16-le") == mark["text"]
    for fact in row.facts:
        lit = places([m for m in marks if fact.fact_id in m["facts"]])
        assert lit == units(row.text, [(s.start, s.end) for s in fact.spans]), fact.name

    def marked(name: str) -> set[int]:
        return places([m for m in marks if f"m-{name}" in m["classes"]])

    def facts_that(test: Any) -> list[tuple[int, int]]:
        return [(s.start, s.end) for f in row.facts if test(f) for s in f.spans]

    wrong = ("contradicted", "forbidden")
    for polarity, name in (("present", "present"), ("denied", "denied"), ("family", "other")):
        spans = facts_that(lambda f, p=polarity: f.polarity == p and f.status not in wrong)
        assert marked(name) == units(row.text, spans)
    assert marked("contradicted") == units(row.text, facts_that(lambda f: f.status in wrong))
    assert marked("off") == units(row.text, [(o.start, o.end) for o in row.off_spec])
    assert marked("phi") == units(row.text, [(p.start, p.end) for p in row.phi])
    assert marked("slip") == units(row.text, [(s.start, s.end) for s in row.noise])
    # What is against the whole text marks no part of it.
    size = len(row.text)
    evidence = [(e.start, e.end) for r in row.reasons for e in r.evidence if e.end - e.start < size]
    assert marked("evidence") == units(row.text, evidence)


def test_dialogue_is_laid_out_as_turns(page: Page, made: list[Row]) -> None:
    row = next(r for r in made if r.turns and r.outcome == "kept")
    show(page, row.document_id)
    turns = page.js("""[...document.querySelectorAll('#document .turn')].map(t =>
        [t.querySelector('.role').textContent, t.querySelector('p').textContent])""")
    assert turns == [[t.role, t.text] for t in row.turns]
    assert page.js("document.querySelectorAll('#document .between').length") == 0


def test_rejected_document_says_why_with_its_evidence(page: Page, made: list[Row]) -> None:
    row = made[1]
    show(page, row.document_id)
    why = page.js("document.querySelector('#document .why').textContent")
    for reason in row.reasons:
        assert f"{reason.filter}/{reason.label}" in why
        assert reason.message in why
        assert all(e.text in why and e.note in why for e in reason.evidence)


def test_document_says_who_the_patient_is_and_what_noise_did(page: Page, made: list[Row]) -> None:
    show(page, made[21].document_id)
    who = made[21].demographics
    assert who is not None
    told = page.js("document.querySelector('#document aside').textContent")
    assert f"{who.age_text} {who.sex}, {made[21].setting}" in told
    assert "noise, misheard, now untrue: “claims” became “reports”" in told
    telling = page.js("""[...document.querySelectorAll('#document .told')].map(n =>
        [n.closest('tr').dataset.fact, n.textContent])""")
    drafts = page.js("document.querySelector('#document .drafts').textContent")
    assert drafts == f"missing the cough is not statedfirst {HOSTILE}taken He has a cough."
    assert page.js("window.hacked") is None
    assert telling == [["f02", "minimised by the caregiver"], ["f03", "not asked"]]
    assert page.console == []


def test_copy_is_not_quoted_in_full(page: Page, made: list[Row]) -> None:
    show(page, made[19].document_id)
    why = page.js("document.querySelector('#document .why').textContent")
    assert "near_copies/self_copy shares 90% of its wording" in why
    assert made[19].text not in why


def test_failed_document_says_why_there_is_no_text(page: Page) -> None:
    show(page, "failed")
    text = page.js("document.getElementById('document').textContent")
    assert "Why it could not be written" in text
    assert "engine/timeout no answer" in text
    assert page.console == []


def lit(page: Page) -> list[str]:
    return list(page.js("[...document.querySelectorAll('mark.lit')].map(m => m.textContent)"))


def test_pointing_at_a_fact_lights_its_places_and_the_other_way_round(
    page: Page, made: list[Row]
) -> None:
    row = made[3]
    show(page, row.document_id)
    fact = row.facts[1]
    page.hover(f"tr[data-fact='{fact.fact_id}'] .fact-name")
    assert lit(page) == [row.text[s.start : s.end] for s in fact.spans]
    page.hover(f"mark[data-facts='{row.facts[0].fact_id}']")
    assert page.js("document.querySelector('tr.lit').dataset.fact") == row.facts[0].fact_id
    page.js(f"document.querySelector(\"tr[data-fact='{fact.fact_id}'] button\").focus()")
    assert lit(page) == [row.text[s.start : s.end] for s in fact.spans]


def test_highlights_can_be_switched_off_and_stay_off(page: Page, made: list[Row]) -> None:
    show(page, made[3].document_id)
    background = "getComputedStyle(document.querySelector('mark.m-phi')).backgroundColor"
    before = page.js(background)
    page.js("document.querySelector('.legend input[data-mark=phi]').click()")
    assert page.js(background) == "rgba(0, 0, 0, 0)" != before
    show(page, made[4].document_id)
    assert page.js(background) == "rgba(0, 0, 0, 0)"
    page.js("document.querySelector('.legend input[data-mark=phi]').click()")
    assert page.js(background) == before


def test_page_can_be_used_by_keyboard(page: Page) -> None:
    page.key("/")
    assert page.js("document.activeElement.id") == "f-text"
    seen = []
    for _ in range(9):
        page.key("Tab")
        seen.append(page.js("document.activeElement.id || document.activeElement.className"))
    assert seen[:5] == ["f-outcome", "f-kind", "f-code", "f-reason", "f-style"]
    assert "item" in seen
    page.js("document.querySelectorAll('#list .item')[2].focus()")
    page.key("Enter")
    place = "document.querySelector('#list [aria-current]').dataset.place"
    assert page.js(place) == "2"
    assert page.js("document.activeElement.id") == "document"
    page.key("j")
    assert page.js(place) == "3"
    page.key("k")
    page.key("k")
    assert page.js(place) == "1"
    page.js("document.getElementById('f-text').focus()")
    page.type("j")  # a letter, not a command, in the search field
    assert page.js("document.getElementById('f-text').value") == "j"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_focus_is_seen_wherever_the_keyboard_leads(dark: bool, chrome: Page, report: Path) -> None:
    chrome.open(report, dark=dark)
    seen = set()
    for _ in range(40):
        chrome.key("Tab")
        name, style, width, colour, ground = chrome.js("""(() => { const n = document.activeElement;
            const s = getComputedStyle(n); return [n.id || n.className || n.textContent,
            s.outlineStyle, parseFloat(s.outlineWidth), s.outlineColor, s.backgroundColor] })()""")
        assert style == "solid", name
        assert width >= 2, name
        assert colour != ground, name
        seen.add(name)
    assert {"skip", "theme", "f-text", "f-style", "item"} <= seen


def test_long_list_is_given_in_pieces(page: Page) -> None:
    count = "document.querySelectorAll('#list .item').length"
    assert page.js(count) == 60
    page.js("document.getElementById('more').click()")
    assert page.js(count) == PLANNED
    assert page.js("document.getElementById('more').hidden") is True


def test_address_leads_to_a_document(page: Page, made: list[Row]) -> None:
    page.js("document.querySelectorAll('#list .item')[4].click()")
    shown = page.js("document.querySelector('#document .id').textContent")
    assert page.js("location.hash") == f"#doc={shown}"
    show(page, made[77].document_id)
    page.js("location.hash = '#doc=%E0%A4%A'")
    page.js("location.hash = '#doc=nobody'")
    assert page.console == []


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1600])
def test_page_fits_the_width(width: int, chrome: Page, report: Path, made: list[Row]) -> None:
    chrome.open(report, width=width)
    for row in (made[0], made[2], made[10]):
        show(chrome, row.document_id)
        wide = chrome.js("document.documentElement.scrollWidth")
        assert wide <= width, f"{row.document_id}: {wide}"


def test_touch_targets_are_large_enough_on_a_phone(chrome: Page, report: Path) -> None:
    chrome.open(report, width=390)
    small = chrome.js("""[...document.querySelectorAll('#browser :is(button, select, input)')]
        .filter(n => n.offsetParent && !n.matches('.fact-name, [type=checkbox]'))
        .map(n => [n.id || n.className, n.getBoundingClientRect().height])
        .filter(([, height]) => height < 30)""")
    assert small == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(
    dark: bool, chrome: Page, report: Path, made: list[Row]
) -> None:
    """Every text at least 4.5 to 1, as WCAG 2.2 (1.4.3, AA) asks for."""
    chrome.open(report, dark=dark)
    ground = chrome.js("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(16, 24, 26)") == dark
    chrome.js("""document.querySelectorAll('.heat td:not(.total)').forEach(
        (cell, i) => { cell.className = `num level-${i % 6}`; })""")  # every shade there is
    for index in (0, 1, 3, 8):
        show(chrome, made[index].document_id)
        assert chrome.js(CONTRAST) == [], made[index].document_id


def test_theme_can_be_changed_by_hand(page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.js(ground)
    assert page.js("document.getElementById('theme').textContent") == "Dark"
    page.js("document.getElementById('theme').click()")
    assert page.js(ground) != light
    page.js("document.getElementById('theme').click()")
    assert page.js(ground) == light


def test_both_themes_name_the_same_colours(page: Page) -> None:
    """The dark colours stand twice in the style sheet: for the system's wish and the button."""
    rules = page.js("""[...document.styleSheets[0].cssRules]
        .flatMap(r => r.cssRules?.length ? [...r.cssRules] : [r])
        .filter(r => r.selectorText?.startsWith(':root')).map(r => r.style.cssText)""")
    assert len(rules) == 3
    assert rules[1] == rules[2]


def test_names_and_roles_are_there_for_a_screen_reader(page: Page, made: list[Row]) -> None:
    show(page, made[1].document_id)
    unnamed = page.js("""[...document.querySelectorAll('button, select, input, section, [role]')]
        .filter(n => !(n.textContent.trim() || n.getAttribute('aria-label') || n.labels?.length
          || n.getAttribute('aria-labelledby')) && n.offsetParent)
        .map(n => n.outerHTML.slice(0, 80))""")
    assert unnamed == []
    assert page.js("document.documentElement.lang") == "en"
    levels = page.js("[...document.querySelectorAll('h1, h2, h3, h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_figures_are_there_without_javascript(chrome: Page, report: Path) -> None:
    chrome._call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chrome._call("Page.navigate", url=report.resolve().as_uri())
        chrome.wait("document.readyState === 'complete'")
        assert chrome.js("document.getElementById('browser').hidden") is True
        assert chrome.js("document.querySelectorAll('.chip').length") == 8
        assert chrome.js("document.querySelector('.heat tbody').rows.length") == 6
        assert chrome.js("document.querySelectorAll('.strip').length") > 10
    finally:
        chrome._call("Emulation.setScriptExecutionDisabled", value=False)


def test_kinds_are_all_in_the_page(page: Page) -> None:
    text = page.js("document.querySelector('.figures').textContent")
    assert all(kind.replace("_", " ") in text for kind in KINDS)
