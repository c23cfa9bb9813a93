"""What can go wrong at an endpoint, and how an answer is read for it.

Nothing here touches the network: answers and exceptions go in, faults come out.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import httpx

from casewright.errors import CasewrightError

__all__ = [
    "ContextTooSmall",
    "DownKind",
    "EndpointDown",
    "RequestFailed",
    "Transient",
    "WrongModel",
    "judge_answer",
    "transport_fault",
]

DownKind = Literal[
    "unreachable",  # nothing listens, or the connection breaks every time
    "unauthorised",
    "wrong_model",
    "not_openai",
    "engine_died",  # the HTTP server lives, every request gets a 5xx
    "overloaded",  # every request gets a 429
    "silent",  # every request runs into the timeout
    "refuses",  # every request gets a 4xx
]

# vLLM: "maximum context length is 4096 tokens", "longer than the maximum model length";
# llama.cpp: "exceeds the available context size (2048 tokens)", exceed_context_size_error;
# OpenAI: code "context_length_exceeded".
_CONTEXT = re.compile(
    r"context[ _](length|size|window)|maximum model length|max_model_len", re.IGNORECASE
)
_NO_MODEL = re.compile(
    r"model\b.{0,200}\b(not found|does not exist|not exist|not supported)",
    re.IGNORECASE | re.DOTALL,
)
_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class RequestFailed(CasewrightError):  # noqa: N818 - named for what it tells the run
    """One request cannot be answered: its document fails, the run goes on."""

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        valid: str | None = None,
        fix: str | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(what, where=where, valid=valid, fix=fix)
        self.detail = detail or what


class ContextTooSmall(RequestFailed):
    """Prompt and answer together do not fit the model's context."""


class EndpointDown(CasewrightError):  # noqa: N818 - named for what it tells the run
    """No request will be answered: the run stops, and can be resumed."""

    def __init__(
        self,
        what: str,
        *,
        kind: DownKind,
        where: str | None = None,
        valid: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(what, where=where, valid=valid, fix=fix)
        self.kind: DownKind = kind

    def with_detail(self, detail: str) -> EndpointDown:
        """The same with what the endpoint's owner knows about it."""
        first = self.problems[0]
        return EndpointDown(
            f"{first.what}\n{detail}",
            kind=self.kind,
            where=None if first.where is None else str(first.where),
            valid=first.valid,
            fix=first.fix,
        )


class WrongModel(Exception):  # noqa: N818 - never leaves the client
    """The server says 404, or that it has no such model; which, a list of models tells."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Transient(Exception):  # noqa: N818 - never leaves the client
    """A fault that may pass. `retry_after` is the server's own wish in seconds."""

    def __init__(
        self, detail: str, *, kind: DownKind, where: str, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.kind: DownKind = kind
        self.where = where
        self.retry_after = retry_after

    def as_down(self, url: str) -> EndpointDown:
        """The endpoint's fault that this is when every request meets it."""
        what, fix = _DOWN[self.kind]
        return EndpointDown(f"{what} ({self.detail})", kind=self.kind, where=url, fix=fix)


_RESUME = "then run the same command again: it resumes"
_DOWN: dict[DownKind, tuple[str, str]] = {
    "unreachable": (
        "the model server cannot be reached",
        f"start it or correct the address, {_RESUME}",
    ),
    "engine_died": (
        "the server answers every request with an error: its engine has died",
        f"read the server's log and restart it, {_RESUME} "
        "(vLLM on CPU needs --no-enable-chunked-prefill for per-request seeds)",
    ),
    "overloaded": (
        "the server turns every request away as too many",
        f"lower the concurrency or wait, {_RESUME}",
    ),
    "silent": (
        "the server takes requests and never answers in time",
        f"raise the request timeout or lower the concurrency, {_RESUME}",
    ),
    "not_openai": (
        "what answers there is not an OpenAI-compatible server",
        "check the address (it usually ends in /v1)",
    ),
}


def transport_fault(exc: httpx.TransportError, url: str) -> Transient | EndpointDown:
    """Name what a broken connection means."""
    said = str(exc) or type(exc).__name__
    if isinstance(exc, httpx.UnsupportedProtocol):
        return EndpointDown(f"not a usable address ({said})", kind="not_openai", where=url)
    if isinstance(exc, httpx.ReadTimeout | httpx.WriteTimeout | httpx.PoolTimeout):
        return Transient("timed out", kind="silent", where=url)
    return Transient(said, kind="unreachable", where=url)


def judge_answer(answer: httpx.Response, url: str, api_key_env: str | None) -> dict[str, object]:
    """Return the JSON object of a good answer, or raise what a bad one means.

    Raises:
        Transient: may pass. WrongModel: 404 or no such model.
        EndpointDown: unauthorised, moved. RequestFailed: refused (`ContextTooSmall`).
    """
    status = answer.status_code
    detail = _detail(answer)
    if status in (401, 403):
        variable = f"the variable {api_key_env}" if api_key_env else "api_key_env"
        raise EndpointDown(
            f"the server refuses the key (HTTP {status}: {detail})",
            kind="unauthorised",
            where=url,
            fix=f"set {variable} to a valid key",
        )
    if 300 <= status < 400:
        raise EndpointDown(
            f"the address redirects to {answer.headers.get('location', 'nowhere')}",
            kind="not_openai",
            where=url,
            fix="give the final address",
        )
    if status in _TRANSIENT or status >= 500:
        if _CONTEXT.search(detail):  # old llama.cpp servers answer 500 for it
            raise _context(detail, url)
        raise Transient(
            f"HTTP {status}: {detail}",
            kind="overloaded" if status == 429 else "engine_died",
            where=url,
            retry_after=_retry_after(answer.headers.get("retry-after")),
        )
    if status >= 400:
        if _CONTEXT.search(detail):
            raise _context(detail, url)
        if status == 404 or _NO_MODEL.search(detail):
            raise WrongModel(f"HTTP {status}: {detail}")
        raise RequestFailed(
            f"the server refused the request (HTTP {status}: {detail})",
            where=url,
            detail=f"HTTP {status}: {detail}",
        )
    try:
        data = answer.json()
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Transient(f"not a JSON object: {detail}", kind="not_openai", where=url)
    if "error" in data and "choices" not in data and data["error"]:
        raise Transient(f"an error in the answer: {detail}", kind="engine_died", where=url)
    return data


def _context(detail: str, url: str) -> ContextTooSmall:
    return ContextTooSmall(
        f"the prompt and its answer do not fit the model's context ({detail})",
        where=url,
        detail=detail,
        fix="serve the model with a longer context, or write in smaller pieces",
    )


def _detail(answer: httpx.Response, limit: int = 300) -> str:
    """The server's own words: its error message, else the start of the body, on one line."""
    text = answer.text
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if isinstance(data, dict):
        error = data.get("error", data.get("detail", data.get("message")))
        if isinstance(error, dict):
            kind = error.get("code") or error.get("type")
            said = str(error.get("message") or "")
            text = f"{said} [{kind}]" if isinstance(kind, str) and kind not in said else said
        elif isinstance(error, str):
            text = error
    text = " ".join(text.split())
    return text[:limit] + ("..." if len(text) > limit else "") if text else "no text"


def _retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, given as seconds or as a date (RFC 9110, 10.2.3)."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
