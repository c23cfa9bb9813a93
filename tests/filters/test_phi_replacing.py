"""Surrogates: consistent, exact in their spans, and with nothing of the old left."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casewright.errors import CasewrightError
from casewright.filters.disclosure.planted import planted
from casewright.filters.phi import scan, screen_identifiers
from casewright.filters.phi.date_values import parse_date, shift_date, written_day_first
from casewright.filters.phi.hits import Hit
from casewright.filters.phi.replacing import Policy, replace_hits
from casewright.filters.phi.voters import classifier_voter, endpoint_voter, with_votes
from casewright.kg.identity import load_name_pools

NOTE = """Patient: Okafor, Amara
DOB: 03/14/1961  MRN: 48213377  Phone: (614) 555-2368
Ms. Okafor was admitted on March 3, 2024 and discharged on March 10, 2024.
Amara lives at 18 Kingfisher Lane, Poughkeepsie, NY 12601. Her husband Chidi Okafor was present.
Transferred from Whitcombe General Hospital on 2024-03-02. OKAFOR is 93 years old.
E-mail a.okafor@mail.example.com, SSN 219-09-9999."""


def leaks_of(text: str) -> list[Hit]:
    return screen_identifiers(text, None)[1]


def replaced(policy: Policy = "replace", key: str = "d1"):  # type: ignore[no-untyped-def]
    return replace_hits(NOTE, leaks_of(NOTE), policy, key)


@pytest.mark.parametrize("policy", ["replace", "placeholder"])
def test_nothing_of_an_identifier_is_left(policy: Policy) -> None:
    new = replaced(policy).text
    for old in ("Okafor", "OKAFOR", "Amara", "Chidi", "48213377", "2368", "Kingfisher", "9999",
                "Poughkeepsie", "12601", "Whitcombe", "1961", "93", "mail.example"):  # fmt: skip
        assert old not in new, new


def test_what_is_left_after_the_surrogates_is_no_leak() -> None:
    done = replaced()
    _, leaks = screen_identifiers(done.text, None, surrogates=done.surrogates)
    assert leaks == []


def test_the_same_name_has_the_same_surrogate_throughout() -> None:
    done = replaced()
    new = done.text
    family = done.edits[0].text.split(",")[0]
    assert new.count(family) == 3  # heading, "Ms.", the husband's
    assert family.upper() in new
    pool = next(p for p in load_name_pools() if p.origin == "west_african")
    assert family in pool.family
    given = done.edits[0].text.split(", ")[1]
    assert given in pool.female
    assert f"{given} lives at" in new


def test_intervals_between_dates_stay() -> None:
    done = replaced()
    dates = [parse_date(s.text) for s in done.surrogates if s.type == "date"]
    born, admitted, discharged, transferred = (
        date(d.year, d.month, d.day) for d in dates if d and d.year and d.month and d.day
    )
    assert (discharged - admitted).days == 7
    assert (admitted - transferred).days == 1
    assert (admitted - born).days == (date(2024, 3, 3) - date(1961, 3, 14)).days
    assert (admitted - date(2024, 3, 3)).days % 7 == 0


def test_surrogates_depend_on_the_document() -> None:
    assert replaced().text == replaced().text
    assert replaced(key="d1").text != replaced(key="d2").text


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("03/14/2024", "03/21/2024"),
        ("3/4/24", "3/11/24"),
        ("2024-12-28", "2025-01-04"),
        ("March 3, 2024", "March 10, 2024"),
        ("24th of December", "31st of December"),
        ("Dec 28, 2023", "Jan 4, 2024"),
        ("3 March 2024", "10 March 2024"),
        ("14.03.2024", "21.03.2024"),
        ("March 2024", "March 2024"),
        ("20241228", "20250104"),
        ("JUNE 29", "JULY 6"),
        ("120/80", None),
    ],
)
def test_a_date_is_moved_and_written_the_same_way(text: str, later: str | None) -> None:
    assert shift_date(text, 7) == later


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("In 30/04/2024, out 09/05/2024, bloods 8/4.", ("07/05/2024", "16/05/2024", "15/4")),
        (
            "12 March 2024. DOB 03.11.1961, bloods on 8/2, scan on 1/1.",
            ("19 March 2024", "10.11.1961", "15/2", "8/1"),
        ),
        ("Seen on 1/2/2024 at LA6 2QT.", ("8/2/2024",)),
        ("Seen on 1/2/2024.", ("1/9/2024",)),
        ("March 12, 2024; DOB 03/11/1961, bloods on 8/2.", ("March 19, 2024", "03/18/1961", "8/9")),
        ("Seen 11/5 and 12/30/2023.", ("11/12", "01/06/2024")),
    ],
)
def test_the_order_of_day_and_month_is_the_documents(text: str, later: tuple[str, ...]) -> None:
    dates = [hit.text for hit in scan(text) if hit.type == "date"]
    first = written_day_first(text, dates)
    assert tuple(shift_date(date, 7, day_first=first) for date in dates) == later


@given(st.integers(0, 10_000), st.sampled_from(["replace", "placeholder"]))
@settings(max_examples=60, deadline=None)
def test_every_span_leads_to_its_place(seed: int, policy: Policy) -> None:
    items = _ITEMS
    text = "\n".join(items[(seed * 7 + i) % len(items)].text for i in range(6))
    hits = leaks_of(text)
    done = replace_hits(text, hits, policy, seed)
    for span, edit in zip(done.surrogates, done.edits, strict=True):
        assert done.text[span.start : span.end] == span.text == edit.text
        assert done.span(edit.start, edit.end) == (span.start, span.end)
    # What stands between two edits is untouched and found again.
    marks = [0, *(x for e in done.edits for x in (e.start, e.end)), len(text)]
    for start, end in zip(marks[::2], marks[1::2], strict=True):
        if end > start:
            a, b = done.place(start, end=True), done.place(end)
            assert done.text[a:b] == text[start:end]


_ITEMS = list(planted(rounds=1))[::7]


# --- voters ---------------------------------------------------------------------------


class _Model(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        content = json.dumps(
            [{"type": "name", "text": "Zyx"}, {"type": "name", "text": "not in the text"}]
        )
        raw = json.dumps({"choices": [{"message": {"content": f"Here: {content}"}}]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    httpd = HTTPServer(("127.0.0.1", 0), _Model)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}/v1"
    httpd.shutdown()


def test_a_model_at_an_endpoint_votes_for_what_is_in_the_text(server: str) -> None:
    text = "the pt zyx? no, Zyx came in at noon"
    _, leaks = screen_identifiers(text, None, voters=[endpoint_voter(server, "m")])
    assert [(h.type, h.text) for h in leaks] == [("name", "Zyx")]


def test_an_endpoint_that_does_not_answer_is_no_silent_pass() -> None:
    voter = endpoint_voter("http://127.0.0.1:9/v1", "m", timeout_s=1)
    with pytest.raises(CasewrightError, match="did not answer"):
        screen_identifiers("text", None, voters=[voter])


def test_voters_add_but_never_acquit() -> None:
    text = "Dr. Whitfield saw the patient."
    rules = leaks_of(text)
    assert with_votes(text, rules, [lambda t: []]) == rules
    extra = Hit("facility", 22, 29, "patient", 0.9, "test")
    assert with_votes(text, rules, [lambda t: [extra]]) == [*rules, extra]


def test_a_folder_without_a_classifier_is_a_mistake_of_the_user(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CasewrightError):
        classifier_voter(tmp_path)


def test_what_stands_beside_a_name_stays_and_the_day_of_the_week_does() -> None:
    text = "Mr. Leroy Gaines Jr. was seen on Wed 26 March 2025 by physio kasia. kasia agreed."
    done = replace_hits(text, scan(text), "replace", "k").text
    assert " Jr. was seen on Wed " in done
    assert not any(word in done for word in ("Leroy", "Gaines", "26 March", "kasia"))
    day = parse_date(done.partition("Wed ")[2].partition(" by ")[0])
    assert day is not None and day.month and day.day and day.year
    assert date(day.year, day.month, day.day).weekday() == 2
    *_, physio, again, _ = done.replace(".", "").split()
    assert physio == again
