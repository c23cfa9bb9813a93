"""The report of a run of any size, served to the browser of the same machine.

Nothing is served by its path in a file system: there are a handful of addresses, and a document
is looked up by its id. The server listens on the loopback address alone and answers only requests
that name it, so that no page of the web can reach it through a name of its own that it lets point
here (DNS rebinding).
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

from casewright.errors import CasewrightError
from casewright.outputs.report.catalogue import FIELDS, Catalogue, stamp_of
from casewright.outputs.report.page import render_page
from casewright.outputs.summary import stored_summary, summarise, summary_json

__all__ = ["PORT", "ReportServer"]

PORT = 8765
"""Where the report is served unless another port is asked for."""

_HOST = "127.0.0.1"
_MOST_ITEMS = 200
_LONGEST_SEARCH = 200
_FRESH_SECONDS = 10.0
_TEXT, _HTML, _JSON = "text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class ReportServer(ThreadingHTTPServer):
    """Serves one run until `shutdown`. Close it, or use it as a context manager.

    Args:
        run: the run directory. One that is still being built is read again when the page is
            loaded, at most every ten seconds.
        port: 0 for any that is free; `url` says which.
        show_evidence: show the words of documents that copy the private reference, too.

    Raises:
        CasewrightError: it is no run, a file is damaged, or the port is taken.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, run: Path, port: int = PORT, *, show_evidence: bool = False) -> None:
        self._run = run
        self._show_evidence = show_evidence
        self._lock = Lock()
        self._read()
        try:
            super().__init__((_HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            raise CasewrightError(
                f"port {port} cannot be listened on ({error})",
                where="--port",
                fix="give another one, or 0 for any that is free",
            ) from error

    @property
    def url(self) -> str:
        """Where the report is."""
        return f"http://{_HOST}:{self.server_port}/"

    @property
    def hosts(self) -> frozenset[str]:
        """What a request may call this server."""
        return frozenset(f"{name}:{self.server_port}" for name in (_HOST, "localhost"))

    def _read(self) -> None:
        self._stamp = stamp_of(self._run)
        self._read_at = time.monotonic()
        self.catalogue = Catalogue(self._run, show_evidence=self._show_evidence)
        summary = stored_summary(self._run) or summarise(self._run)
        self.summary = (summary_json(summary) + "\n").encode()
        data = {"serve": True, "total": len(self.catalogue), "facets": self.catalogue.facets()}
        self.page = render_page(summary, data, total=len(self.catalogue)).encode()

    def fresh_page(self) -> bytes:
        """The page, made anew if the run has grown since."""
        with self._lock:
            old = time.monotonic() - self._read_at > _FRESH_SECONDS
            if old and stamp_of(self._run) != self._stamp:
                self._read()
            return self.page

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle of an answer is no error; a bug is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server_version = "casewright"
    sys_version = ""
    timeout = 60
    server: ReportServer

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        status, kind, content = self._content()
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _content(self) -> tuple[HTTPStatus, str, bytes]:
        """What is at the address that was asked for."""
        if self.headers.get("Host", "").lower() not in self.server.hosts:
            return HTTPStatus.FORBIDDEN, _TEXT, b"this server answers to its own address only\n"
        asked = urlsplit(self.path)
        try:
            query = {k: v[0] for k, v in parse_qs(asked.query, max_num_fields=20).items()}
            match asked.path:
                case "/":
                    return HTTPStatus.OK, _HTML, self.server.fresh_page()
                case "/report.json":
                    return HTTPStatus.OK, _JSON, self.server.summary
                case "/api/documents":
                    return HTTPStatus.OK, _JSON, _encoded(self._found(query))
                case "/api/document":
                    found = self.server.catalogue.document(query.get("id", ""))
                    if found is not None:
                        return HTTPStatus.OK, _JSON, _encoded(found)
        except CasewrightError as error:
            return HTTPStatus.CONFLICT, _TEXT, f"{error}\n".encode()
        except ValueError:
            return HTTPStatus.BAD_REQUEST, _TEXT, b"the address cannot be read\n"
        return HTTPStatus.NOT_FOUND, _TEXT, b"there is nothing here\n"

    def _found(self, query: dict[str, str]) -> dict[str, Any]:
        catalogue = self.server.catalogue
        places = catalogue.find(
            {field: query.get(field, "") for field in FIELDS}, query.get("q", "")[:_LONGEST_SEARCH]
        )
        offset = _number(query.get("offset"), 0, len(places))
        limit = _number(query.get("limit"), 60, _MOST_ITEMS)
        items = catalogue.items(places[offset : offset + limit])
        return {"total": len(places), "offset": offset, "items": [asdict(i) for i in items]}

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: an address may hold words that were searched for."""


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _number(text: str | None, default: int, most: int) -> int:
    """A count out of an address, from 0 to `most`."""
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 9:
        return min(default, most)
    return min(int(text), most)
