"""What servers bind answers to: those that do, that refuse, and that take it and ignore it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from casewright.generators.client import ChatClient
from casewright.generators.drafting import parts_of_answer
from casewright.generators.scripted import Asked, Reply, ScriptedServer
from casewright.generators.structured import (
    Structured,
    detect_structured,
    json_grammar,
    object_schema,
    read_object,
)


def body_of(asked: Asked) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asked.body)
    return found


def binds_schema(asked: Asked) -> str | None:
    body = body_of(asked)
    if "response_format" not in body:
        return None
    schema = body["response_format"]["json_schema"]["schema"]
    return json.dumps({name: told["enum"][0] for name, told in schema["properties"].items()})


def binds_grammar(asked: Asked) -> str | None:
    body = body_of(asked)
    grammar = body.get("grammar") or body.get("structured_outputs", {}).get("grammar")
    return None if grammar is None else grammar.split('"')[1]


def supports(asked: Asked) -> str:
    return binds_schema(asked) or binds_grammar(asked) or "Blue."


def refuses(asked: Asked) -> Reply | str:
    if body_of(asked).keys() & {"response_format", "grammar", "structured_outputs"}:
        return Reply(status=400, error="response_format is not supported")
    return "Blue."


def ignores(_: Asked) -> str:
    return "Blue."


def only_grammar(asked: Asked) -> Reply | str:
    if "response_format" in body_of(asked):
        return Reply(status=400, error="unknown field")
    return binds_grammar(asked) or "Blue."


@pytest.mark.parametrize(
    ("answer", "owned_by", "wanted"),
    [
        (supports, "llamacpp", Structured("schema", grammar=True)),
        (supports, "vllm", Structured("schema", grammar=True)),
        (supports, "somebody", Structured("schema", grammar=False)),
        (refuses, "vllm", Structured("none", grammar=False)),
        (refuses, "llamacpp", Structured("none", grammar=False)),
        (ignores, "llamacpp", Structured("none", grammar=False)),
        (ignores, "somebody", Structured("none", grammar=False)),
        (only_grammar, "llamacpp", Structured("grammar", grammar=True)),
        (lambda _: '{"colour": "blue"}', "vllm", Structured("none", grammar=False)),
    ],
)
def test_what_a_server_binds_is_found_by_what_it_does(
    answer: Any, owned_by: str, wanted: Structured
) -> None:
    async def run() -> tuple[Structured, int]:
        async with ScriptedServer(answer, owned_by=owned_by) as server:
            async with ChatClient(server.base_url, server.model) as client:
                found = await detect_structured(client.complete)
            return found, len(server.asked)

    found, asked = asyncio.run(run())
    assert found == wanted
    assert asked <= 2


def test_each_server_is_told_in_its_own_words() -> None:
    seen: dict[str, set[str]] = {}

    async def run(owned_by: str) -> None:
        async with (
            ScriptedServer(supports, owned_by=owned_by) as server,
            ChatClient(server.base_url, server.model) as client,
        ):
            await detect_structured(client.complete)
            seen[owned_by] = {k for a in server.asked for k in body_of(a)}

    for owned_by in ("llamacpp", "vllm", "somebody"):
        asyncio.run(run(owned_by))
    assert {"response_format", "grammar"} <= seen["llamacpp"]
    assert {"response_format", "structured_outputs"} <= seen["vllm"]
    assert not {"grammar", "structured_outputs"} & seen["somebody"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"a": "b"}', {"a": "b"}),
        ('```json\n{"a": "b"}\n```', {"a": "b"}),
        ('Sure: {"a": {"b": "}"}} there', {"a": {"b": "}"}}),
        ('{"a": "b', None),
        ("[1, 2]", None),
        ("no object", None),
        ("} {", None),
        ("", None),
    ],
)
def test_an_object_is_found_in_an_answer_or_not_at_all(text: str, wanted: object) -> None:
    assert read_object(text) == wanted


def test_a_schema_as_a_grammar_names_every_key_in_order_and_escapes() -> None:
    names = ["History", 'He said "no"', "Plan\\B"]
    grammar = json_grammar(object_schema(names))
    places = [grammar.index(json.dumps(json.dumps(n))) for n in names]
    assert places == sorted(places)
    assert grammar.startswith("root ::= ")
    with pytest.raises(ValueError, match="no grammar is known"):
        json_grammar(json.dumps({"properties": {"n": {"type": "number"}}}))


NAMES = ["History of Present Illness", "Plan", "Plan (2)"]


@pytest.mark.parametrize(
    ("answer", "mode", "wanted"),
    [
        ('{"History of Present Illness": "She coughs.", "Plan": "Rest."}', "schema",
         {NAMES[0]: "She coughs.", "Plan": "Rest."}),
        ('{"PLAN": "Rest.", "Other": "x"}', "schema", {"Plan": "Rest."}),
        ("## History of Present Illness\nShe coughs.\nShe is hot.\n\n## Plan\nRest.", "none",
         {NAMES[0]: "She coughs. She is hot.", "Plan": "Rest."}),
        ("**Plan:**\nRest.\n**Plan (2)**\nWater.", "none", {"Plan": "Rest.", "Plan (2)": "Water."}),
        # A server that takes a schema and ignores it answers by headings.
        ("## Plan\nRest.", "schema", {"Plan": "Rest."}),
        ('{"Plan": "Rest."}', "none", {"Plan": "Rest."}),
        ("She coughs and rests.", "none", {}),
        ("", "schema", {}),
        ('{"Plan": ""}', "schema", {}),
        ('{"Plan": "cut o', "schema", {}),
    ],
)  # fmt: skip
def test_a_documents_answer_is_read_back_into_its_parts(
    answer: str, mode: Any, wanted: dict[str, str]
) -> None:
    assert parts_of_answer(answer, NAMES, mode) == wanted
