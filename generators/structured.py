"""Answers bound to a form: a JSON schema or a grammar, where the server has it.

What a server has is found out once, by a question whose free answer would be another: it may
bind the answer, refuse the request (400), or take it and ignore the binding. Nothing is assumed
from a server's name, as gateways hide what is behind them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from casewright.generators.client import ChatRequest
from casewright.generators.faults import RequestFailed
from casewright.generators.tasks import Complete

__all__ = [
    "UNBOUND",
    "Structured",
    "StructuredMode",
    "bind",
    "detect_structured",
    "json_grammar",
    "object_schema",
    "read_object",
]

StructuredMode = Literal["schema", "grammar", "none"]


@dataclass(frozen=True, slots=True)
class Structured:
    """What a server binds answers to.

    Attributes:
        json: by response_format (schema), by a grammar that says the same (grammar), or not.
        grammar: whether it takes a grammar at all.
    """

    json: StructuredMode = "none"
    grammar: bool = False


UNBOUND = Structured()
"""A server that binds nothing, or was not asked."""

# Nobody asked for the colour of the sky answers with one of these, in JSON or without.
_WORDS = ("mauve", "taupe")
_QUESTION = ChatRequest(
    messages=(("user", "What is the colour of the sky? Answer in one word."),),
    seed=1,
    temperature=0.0,
    top_p=1.0,
    max_tokens=24,
)
_SCHEMA = {
    "type": "object",
    "properties": {"colour": {"enum": list(_WORDS)}},
    "required": ["colour"],
    "additionalProperties": False,
}
_GRAMMAR = 'root ::= "mauve" | "taupe"'


async def detect_structured(complete: Complete) -> Structured:
    """Find out what the server binds answers to, with two short requests.

    Raises:
        EndpointDown: nothing answers; a refusal is an answer.
    """
    schema = await _try(complete, replace(_QUESTION, json_schema=json.dumps(_SCHEMA)))
    grammar = await _try(complete, replace(_QUESTION, grammar=_GRAMMAR)) in _WORDS
    found = read_object(schema) if schema else None
    if found is not None and found.get("colour") in _WORDS:
        return Structured("schema", grammar)
    return Structured("grammar" if grammar else "none", grammar)


async def _try(complete: Complete, request: ChatRequest) -> str:
    try:
        return (await complete(request)).text.strip()
    except RequestFailed:  # refused, or no server that is known to take a grammar
        return ""


def object_schema(names: Sequence[str]) -> str:
    """The schema of an object that has a text under each name, in that order."""
    return json.dumps(
        {
            "type": "object",
            "properties": {name: {"type": "string", "minLength": 1} for name in names},
            "required": list(names),
            "additionalProperties": False,
        },
        ensure_ascii=False,
    )


def bind(request: ChatRequest, schema: str, mode: StructuredMode) -> ChatRequest:
    """The request with its answer bound to the schema, the way the server has it."""
    if mode == "schema":
        return replace(request, json_schema=schema)
    if mode == "grammar":
        return replace(request, grammar=json_grammar(schema))
    return request


def json_grammar(schema: str) -> str:
    """A GBNF grammar for a flat object: texts, lists of texts, and words to choose from.

    Raises:
        ValueError: for a schema of another shape.
    """
    properties: Mapping[str, Mapping[str, object]] = json.loads(schema)["properties"]
    members = [
        f"{_literal(json.dumps(name, ensure_ascii=False))} ws {_literal(':')} ws {_value(told)}"
        for name, told in properties.items()
    ]
    body = f" ws {_literal(',')} ws ".join(members)
    return "\n".join(
        [
            f"root ::= {_literal('{')} ws {body} ws {_literal('}')}",
            f"list ::= {_literal('[')} ws (text (ws {_literal(',')} ws text)*)? ws {_literal(']')}",
            r'text ::= "\"" ([^"\\\x00-\x1F] | "\\" ["\\/bfnrt])+ "\""',
            "ws ::= [ \\n]?",
        ]
    )


def _value(told: Mapping[str, object]) -> str:
    words = told.get("enum")
    if isinstance(words, list):
        return "(" + " | ".join(_literal(json.dumps(w)) for w in words) + ")"
    if told.get("type") == "string":
        return "text"
    if told.get("type") == "array" and told.get("items") == {"type": "string"}:
        return "list"
    raise ValueError(f"no grammar is known for {told}")


def _literal(text: str) -> str:
    """A GBNF literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def read_object(text: str) -> dict[str, object] | None:
    """The JSON object in an answer, in a code fence or among other words; None without one."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return None
    try:
        found = json.loads(text[start : end + 1])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
