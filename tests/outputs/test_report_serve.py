"""The served report: exactly the documents asked for, to this machine alone, in a real browser."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pyarrow.parquet as pq
import pytest
from chromium import Page, browser, find_chromium
from hypothesis import given, settings
from hypothesis import strategies as st
from report_page import CONTRAST, choose, listed, marks_of, show
from row_factory import ABOUT, FINGERPRINT, make_document, make_row

from casewright.errors import CasewrightError
from casewright.outputs import parts
from casewright.outputs.report import serve, write_report
from casewright.outputs.report.catalogue import FIELDS, Catalogue
from casewright.outputs.report.serve import ReportServer
from casewright.outputs.report.view import document_view
from casewright.outputs.rows import Row, failed_row
from casewright.outputs.rundir import RunDir
from casewright.records import Evidence, Reason

PLANNED = 140
SECRET = "lighthouse keeper"


def row(index: int) -> Row:
    if index == 8:
        draft = make_document(8).draft
        return failed_row(
            draft.case, document_id="failed", kind=draft.kind, index=8,
            reasons=[Reason("engine", "timeout", "no answer")],
        )  # fmt: skip
    made = make_row(index, keep=index % 6 != 1, contradict=index in (3, 5))
    made = replace(made, style=("terse", "narrative", "checklist")[index % 3])
    if index == 13:  # rejected, as it copies the private reference
        start = len(made.text)
        evidence = (Evidence(start, start + len(SECRET), SECRET),)
        copied = Reason("near_copies", "reference_copy", "a passage is a copy", 0.9, evidence)
        made = replace(made, text=made.text + SECRET, reasons=(copied,))
    return made


ROWS = [row(index) for index in range(PLANNED)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in several parts."""
    path = tmp_path_factory.mktemp("serve") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART_ROWS", 32)
        with RunDir.open(path, FINGERPRINT, PLANNED, about=ABOUT) as out:
            for made in ROWS:
                out.add(made)
            out.seal()
    assert len(list(path.glob("documents/*.parquet"))) == 5
    return path


@contextmanager
def serving(run: Path, **options: Any) -> Iterator[ReportServer]:
    with ReportServer(run, 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def server(run: Path) -> Iterator[ReportServer]:
    with serving(run) as server:
        yield server


def get(server: ReportServer, address: str, **query: object) -> Any:
    with urlopen(f"{server.url}{address}?{urlencode(query)}", timeout=20) as answer:
        return json.load(answer)


def answer_to(
    server: ReportServer, target: str, *, method: str = "GET", host: str | None = ""
) -> tuple[int, bytes]:
    """Status and body of a request as it is written, with any Host or (None) without one."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.putrequest(method, target, skip_host=True)
    if host is not None:
        connection.putheader("Host", host or f"127.0.0.1:{server.server_port}")
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


# ------------------------------------------------------------------ the right documents


VALUES: dict[str, Any] = {
    "outcome": lambda r: {r.outcome},
    "kind": lambda r: {r.kind},
    "code": lambda r: {d.code for d in r.icd10},
    "reason": lambda r: {f"{x.filter}/{x.label}" for x in r.reasons},
    "style": lambda r: {r.style} - {"", None},
}


def wanted(fields: dict[str, str], text: str = "") -> list[str]:
    """Ids by reading every row."""
    found = []
    for made in ROWS:
        fits = all(value in VALUES[name](made) for name, value in fields.items())
        words = [made.document_id, *(d.code for d in made.icd10), *(d.title for d in made.icd10)]
        words += [f.name for f in made.facts]
        if made.document_index != 13:
            words.append(made.text)
        whole = "\n".join(words).lower()
        if fits and all(term in whole for term in text.lower().split()):
            found.append(made.document_id)
    return found


@pytest.mark.parametrize("field", FIELDS)
def test_every_value_of_a_filter_finds_exactly_those(field: str, run: Path) -> None:
    catalogue = Catalogue(run)
    values = catalogue.facets()[field]
    assert [value for value, _ in values] == sorted({v for r in ROWS for v in VALUES[field](r)})
    for value, count in values:
        found = [item.id for item in catalogue.items(catalogue.find({field: value}))]
        assert found == wanted({field: value})
        assert len(found) == count
    assert len(catalogue.find({field: "nothing of the kind"})) == 0


@pytest.mark.parametrize(
    "text",
    ["pneumonia", "PNEUMONIA müller", "MÜLLer", "J18", "discharge_summary", "38 °c 😷", "j18 fever",
     "of 2", "zzzz", "(", "\\d", "%", "  "],
)  # fmt: skip
def test_search_finds_exactly_what_holds_every_word(text: str, run: Path) -> None:
    catalogue = Catalogue(run)
    assert [i.id for i in catalogue.items(catalogue.find({}, text))] == wanted({}, text)
    both = {"outcome": "kept", "kind": "clinic_note"}
    assert [i.id for i in catalogue.items(catalogue.find(both, text))] == wanted(both, text)


def test_pages_hold_every_document_once_in_plan_order(server: ReportServer) -> None:
    found: list[str] = []
    while True:
        page = get(server, "api/documents", offset=len(found), limit=33)
        assert page["total"] == PLANNED
        if not page["items"]:
            break
        found += [item["id"] for item in page["items"]]
    assert found == [made.document_id for made in ROWS]


def test_document_is_the_row_as_the_page_shows_it(server: ReportServer) -> None:
    for made in ROWS[::7]:
        found = get(server, "api/document", id=made.document_id)
        assert found.pop("place") == made.document_index
        assert found == json.loads(json.dumps(document_view(made)))


def test_words_of_the_private_reference_are_neither_shown_nor_searched(run: Path) -> None:
    copied = ROWS[13].document_id
    with serving(run) as server:
        found = get(server, "api/document", id=copied)
        assert (found["withheld"], found["text"]) == (True, "")
        assert get(server, "api/documents", q="lighthouse")["total"] == 0
        assert SECRET not in json.dumps(found)
    with serving(run, show_evidence=True) as server:
        assert SECRET in get(server, "api/document", id=copied)["text"]
        assert get(server, "api/documents", q="lighthouse")["total"] == 1


def test_run_under_way_is_served_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "_FRESH_SECONDS", 0.0)
    monkeypatch.setattr(parts, "PART_ROWS", 32)
    with RunDir.open(tmp_path / "run", FINGERPRINT, 60, about=ABOUT) as out:
        for made in ROWS[:40]:
            out.add(made)
        with serving(tmp_path / "run") as server:
            assert b"20 of 60 to do" in answer_to(server, "/")[1]
            assert get(server, "api/documents")["total"] == 40
            for place in (0, 13, 35):
                found = get(server, "api/document", id=ROWS[place].document_id)
                assert found["id"] == ROWS[place].document_id
            for made in ROWS[40:60]:
                out.add(made)
            out.seal()
            assert b"20 of 60 to do" not in answer_to(server, "/")[1]
            assert get(server, "api/documents", q="müller")["total"] == len(
                [i for i in wanted({}, "müller") if i in {r.document_id for r in ROWS[:60]}]
            )
            last = get(server, "api/document", id=ROWS[59].document_id)
            assert last["place"] == 59


def test_stored_figures_are_used_only_while_they_are_those_of_the_run(run: Path) -> None:
    from casewright.outputs.summary import stored_summary, summarise

    stored = run / "report.json"
    write_report(run)
    assert stored_summary(run) == summarise(run)
    whole = stored.read_text()
    other = [('"format_version": 1', '"format_version": 0'), ('"seed": 7', '"seed": 8'),
             ('"kept"', '"held"')]  # fmt: skip
    for broken in ("{}", "[", "[]", '"x"', *(whole.replace(*change) for change in other)):
        stored.write_text(broken)
        assert stored_summary(run) is None, broken[:40]
    stored.write_text(whole)
    assert stored_summary(run) is not None
    part = next(run.glob("documents/*.parquet"))
    os.utime(part, ns=(stored.stat().st_mtime_ns + 10**9,) * 2)
    assert stored_summary(run) is None
    stored.unlink()
    assert stored_summary(run) is None


# ------------------------------------------------------------------ to this machine alone


def test_server_listens_on_the_loopback_address_alone(server: ReportServer) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"
    assert server.url == f"http://127.0.0.1:{server.server_port}/"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{}", "127.0.0.1", "127.0.0.1:1", "[::1]:{}",
             "127.0.0.1:{}.evil.example", "localhost:{}@evil.example", "0.0.0.0:{}", None],
)  # fmt: skip
@pytest.mark.parametrize("target", ["/", "/api/documents", "/report.json", "/nothing"])
def test_request_under_another_name_is_refused(
    host: str | None, target: str, server: ReportServer
) -> None:
    named = host.format(server.server_port) if host else host
    status, body = answer_to(server, target, host=named)
    assert status == 403
    assert body == b"this server answers to its own address only\n"


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "LOCALHOST:{}"])
def test_request_under_its_own_name_is_answered(host: str, server: ReportServer) -> None:
    assert answer_to(server, "/", host=host.format(server.server_port))[0] == 200


@pytest.mark.parametrize(
    "target",
    ["/manifest.json", "/../manifest.json", "/%2e%2e/manifest.json", "/..%2fmanifest.json",
     "/documents/part-00000.parquet", "//etc/passwd", "/api/../manifest.json", "/report.html",
     "/api/document?id=../manifest.json", "/api/document?id=/etc/passwd", "/api/document",
     "/api/document?id=", "/api/document?id=%00", "/report.js", "/favicon.ico"],
)  # fmt: skip
def test_nothing_is_served_by_its_path(target: str, server: ReportServer) -> None:
    assert answer_to(server, target) == (404, b"there is nothing here\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_only_reading_is_possible(method: str, server: ReportServer) -> None:
    assert answer_to(server, "/", method=method)[0] == 501


def test_head_has_the_length_and_no_body(server: ReportServer) -> None:
    assert answer_to(server, "/", method="HEAD") == (200, b"")


@settings(deadline=None, max_examples=60)
@given(
    query=st.dictionaries(
        st.sampled_from(["q", "kind", "offset", "limit", "code", "id", "other"]),
        st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
        | st.sampled_from(["-1", "1e9", "99999999999999", "٣", "0", "201"]),
    )
)
def test_any_question_has_an_answer(query: dict[str, str], server: ReportServer) -> None:
    for address in ("/api/documents", "/api/document"):
        status, body = answer_to(server, f"{address}?{urlencode(query)}")
        assert status in (200, 404)
        if address == "/api/documents":
            assert len(json.loads(body)["items"]) <= 200


def test_answers_may_not_be_framed_stored_or_read_by_other_pages(server: ReportServer) -> None:
    with urlopen(server.url, timeout=20) as answer:
        headers = answer.headers
        page = answer.read().decode()
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Access-Control-Allow-Origin"] is None
    assert "connect-src 'self'" in page
    assert "Python" not in headers["Server"]


def test_port_that_is_taken_is_explained(server: ReportServer, run: Path) -> None:
    with pytest.raises(CasewrightError, match=f"port {server.server_port} cannot be listened on"):
        ReportServer(run, server.server_port)


def test_client_that_goes_away_does_no_harm(
    server: ReportServer, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = f"GET /report.json HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n".encode()
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.server_port)) as lost:
            lost.sendall(asked)
    assert get(server, "api/documents", limit=1)["total"] == PLANNED
    assert capsys.readouterr().err == ""


def test_ctrl_c_ends_the_command_cleanly(run: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "casewright", "report", str(run), "--serve", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # What runs in the background of a script inherits that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urlopen(url, timeout=20) as answer:
            assert "<!doctype html>" in answer.read().decode()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0
    assert out == ""
    assert "140 documents, on this machine only" in err
    assert "Traceback" not in err


# ------------------------------------------------------------------ in a browser


chromium = pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium")


@pytest.fixture(scope="module")
def chrome() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def page(chrome: Page, server: ReportServer) -> Page:
    chrome.console.clear()
    chrome.requests.clear()
    chrome.open(server.url)
    return chrome


@chromium
@pytest.mark.browser
def test_page_asks_its_own_server_for_what_it_shows_and_no_more(
    page: Page, server: ReportServer
) -> None:
    assert page.console == []
    asked = [url for url in page.requests if url != "about:blank"]
    assert all(url.startswith(server.url) for url in asked)
    assert [url.removeprefix(server.url).split("?")[0] for url in asked] == [
        "", "api/documents", "api/document",
    ]  # fmt: skip
    assert page.js("document.getElementById('found').textContent") == f"{PLANNED} documents"
    assert f"All {PLANNED} documents" in page.js("document.getElementById('documents').textContent")
    assert len(page.js("document.getElementById('data').textContent")) < 5000


@chromium
@pytest.mark.browser
@pytest.mark.parametrize(
    ("field", "value"),
    [("outcome", "rejected"), ("code", "J18.9"), ("reason", "near_copies/reference_copy")],
)
def test_served_filter_finds_exactly_those(field: str, value: str, page: Page) -> None:
    choose(page, field, value)
    assert listed(page) == wanted({field: value})


@chromium
@pytest.mark.browser
def test_served_search_and_more_work_by_keyboard(page: Page) -> None:
    page.key("/")
    page.type("müller pneumonia")
    ids = wanted({}, "müller pneumonia")
    page.wait(f"document.getElementById('found').textContent.startsWith('{len(ids)} of')")
    page.wait("document.getElementById('browser').getAttribute('aria-busy') === 'false'")
    assert listed(page) == ids
    page.js("document.querySelector('#filters button[type=reset]').click()")
    page.wait(f"document.getElementById('found').textContent === '{PLANNED} documents'")
    page.js("document.getElementById('more').click()")
    page.wait("document.querySelectorAll('#list .item').length === 120")
    page.js("document.querySelectorAll('#list .item')[100].focus()")
    page.key("Enter")
    shown = "document.querySelector('#document .id').textContent"
    page.wait(f"{shown} === {json.dumps(ROWS[100].document_id)}")
    page.key("j")
    page.wait(f"{shown} === {json.dumps(ROWS[101].document_id)}")
    assert page.console == []


RANGES = """[...document.querySelectorAll('#document .text mark')].map(mark => {
    const range = document.createRange();
    range.setStart(document.querySelector('#document .text'), 0);
    range.setEnd(mark, 0);
    const start = range.toString().length;
    range.setEnd(mark, mark.childNodes.length);
    return [start, range.toString().length, [...mark.classList], mark.dataset.facts || '']; })"""


@chromium
@pytest.mark.browser
@pytest.mark.parametrize("index", [0, 3, 31, 66, 100])
def test_ranges_of_the_page_are_the_spans_of_the_parquet_file(
    index: int, page: Page, run: Path
) -> None:
    """Where each mark stands, counted by the browser over what it shows."""
    document_id = ROWS[index].document_id
    show(page, document_id)
    folder = "documents" if ROWS[index].outcome == "kept" else "rejects"
    table = pq.read_table(run / folder, filters=[("document_id", "=", document_id)])
    (stored,) = table.to_pylist()
    if stored["turns"]:  # speaker tags are shown apart: the places are those of the turns
        text = page.js(
            "[...document.querySelectorAll('#document .turn p')].map(p => p.textContent)"
        )
        assert text == [t["text"] for t in stored["turns"]]
        assert all(m["text"] for m in marks_of(page))
        return
    assert page.js("document.querySelector('#document .text').textContent") == stored["text"]
    text = stored["text"]
    units = [len(text[:i].encode("utf-16-le")) // 2 for i in range(len(text) + 1)]
    ranges = page.js(RANGES)

    def lit(test: Any) -> set[int]:
        return {i for start, end, *rest in ranges if test(*rest) for i in range(start, end)}

    def stood(spans: list[dict[str, Any]]) -> set[int]:
        return {i for s in spans for i in range(units[s["start"]], units[s["end"]])}

    for fact in stored["facts"]:
        found = lit(lambda _, facts, f=fact["fact_id"]: f in facts.split())
        assert found == stood(fact["spans"]), fact["name"]
    assert lit(lambda classes, _: "m-phi" in classes) == stood(stored["phi"])
    assert lit(lambda classes, _: "m-off" in classes) == stood(stored["off_spec"])
    assert ranges


@chromium
@pytest.mark.browser
def test_served_page_is_legible_in_the_dark_and_on_a_phone(
    chrome: Page, server: ReportServer
) -> None:
    chrome.open(server.url, width=390, dark=True)
    assert chrome.js("getComputedStyle(document.body).backgroundColor") == "rgb(16, 24, 26)"
    show(chrome, ROWS[3].document_id)
    assert chrome.js(CONTRAST) == []
    assert chrome.js("document.documentElement.scrollWidth") <= 390


@chromium
@pytest.mark.browser
def test_page_says_so_when_its_server_has_gone(chrome: Page, run: Path) -> None:
    with serving(run) as gone:
        chrome.open(gone.url)
    chrome.js("document.querySelectorAll('#list .item')[5].click()")
    chrome.wait("document.getElementById('document').textContent.includes('cannot be read')")
    assert "--serve still running?" in chrome.js("document.getElementById('document').textContent")
