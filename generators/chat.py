"""What goes over the wire to an OpenAI-compatible chat endpoint, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from casewright.generators.faults import RequestFailed, Transient

__all__ = [
    "ChatRequest",
    "Completion",
    "EngineKind",
    "ServedModel",
    "ServerInfo",
    "read_completion",
    "read_served",
    "request_body",
    "wire_seed",
]

EngineKind = Literal["llama.cpp", "vllm", "ollama", "unknown"]


def wire_seed(seed: int) -> int:
    """Fold a seed to the 31 bits that every server takes.

    llama.cpp keeps 32 bits of a seed and reads the largest as "random"; other servers
    refuse what does not fit a signed 32-bit integer.
    """
    return seed % (2**31 - 1)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What to ask of the model.

    Attributes:
        messages: (role, content) pairs, role being system, user or assistant.
        seed: seed of this request's sampling; sent as `wire_seed(seed)`.
        max_tokens: upper bound of the answer in tokens.
        stop: texts that end the answer.
        repeat_penalty: 1.0 is none; sent under the name that the server knows.
        json_schema: a JSON schema, as JSON text, that the answer must obey.
        grammar: a GBNF grammar that the answer must obey (llama.cpp and vLLM).
    """

    messages: tuple[tuple[str, str], ...]
    seed: int
    temperature: float = 0.5
    top_p: float = 0.95
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    repeat_penalty: float | None = None
    json_schema: str | None = None
    grammar: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model answered.

    `finish_reason` is the server's own word ("stop", "length", "content_filter" ...) and
    "missing" where the server gave none. Only `finished` texts are whole.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether the model ended the text itself."""
        return self.finish_reason == "stop"


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What an endpoint says about itself.

    Attributes:
        model: the name to send. served: every name the server lists (empty if it lists none).
        max_model_len: tokens of prompt and answer together for one request; None if unknown.
        engine: what the server seems to be.
    """

    model: str
    served: tuple[str, ...]
    max_model_len: int | None
    engine: EngineKind


def request_body(
    request: ChatRequest, model: str, engine: EngineKind | None, url: str
) -> dict[str, object]:
    """Return the JSON body for a server of that kind.

    Raises:
        RequestFailed: the request holds a grammar, and the server is not known to take one.
    """
    body: dict[str, object] = {
        "model": model,
        "messages": [{"role": r, "content": c} for r, c in request.messages],
        "seed": wire_seed(request.seed),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_tokens": request.max_tokens,
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.repeat_penalty is not None and engine in ("llama.cpp", "vllm"):
        # Servers that know neither name refuse or ignore it; the penalty is a nudge,
        # not a promise, so they are asked without it.
        name = "repeat_penalty" if engine == "llama.cpp" else "repetition_penalty"
        body[name] = request.repeat_penalty
    if request.json_schema is not None:
        schema = json.loads(request.json_schema)
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": schema},
        }
    if request.grammar is not None:
        if engine == "llama.cpp":
            body["grammar"] = request.grammar
        elif engine == "vllm":
            body["structured_outputs"] = {"grammar": request.grammar}
        else:
            # A grammar that is dropped in silence would look like a bad model.
            raise RequestFailed(
                "this server is not known to take a grammar",
                where=url,
                valid="llama.cpp or vLLM",
                fix="turn grammars off for this endpoint",
            )
    return body


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One entry of a server's list of models."""

    name: str
    engine: EngineKind
    max_len: int | None


def read_served(entry: Mapping[str, object]) -> ServedModel:
    """Read an entry of /v1/models."""
    owners: dict[str, EngineKind] = {
        "llamacpp": "llama.cpp",
        "vllm": "vllm",
        "library": "ollama",
    }
    meta = entry.get("meta")
    # vLLM gives max_model_len; llama.cpp gives meta.n_ctx, which is one slot's share.
    length = entry.get("max_model_len")
    if length is None and isinstance(meta, dict):
        length = meta.get("n_ctx")
    return ServedModel(
        name=str(entry["id"]),
        engine=owners.get(str(entry.get("owned_by")), "unknown"),
        max_len=length if isinstance(length, int) else None,
    )


def read_completion(data: Mapping[str, object], url: str, seconds: float) -> Completion:
    """Read the answer to a chat request.

    Raises:
        Transient: the object holds no message.
    """
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        raise Transient("the answer holds no message", kind="not_openai", where=url)
    content = message.get("content")
    usage = data.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return Completion(
        text=content if isinstance(content, str) else "",
        finish_reason=str(first.get("finish_reason") or "missing"),
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
        seconds=seconds,
    )
