"""What a run settles before it writes, and that it does not change its mind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builds import model_of, stored
from command_line import call

from casewright.generators.scripted import Asked, Reply, ScriptedServer, scripted_server
from casewright.outputs.manifest import read_manifest
from casewright.settling import settled_before

pytestmark = pytest.mark.usefixtures("warm")

CONFIG = """\
documents: 3
seed: 5
kinds: {{outpatient: [clinic_note]}}
sampling:
  settings: {{outpatient: 1.0}}
text: {{draws: 1, {text}}}
"""


def config_of(folder: Path, text: str, more: str = "") -> Path:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(text=text) + more, "utf-8")
    return path


def is_probe(asked: Asked) -> bool:
    """Whether a request is none of the plan's: the probe's patients, or what a server binds."""
    return asked.prompt.startswith("What is the colour")


@pytest.fixture
def weak() -> Iterator[ScriptedServer]:
    with scripted_server(lambda _: "Nonsense happened.") as server:
        yield server


def settings_of(run: Path) -> dict[str, str]:
    manifest = read_manifest(run)
    return {**manifest.about.parameters, "chosen": _chosen(run)}


def _chosen(run: Path) -> str:
    return read_manifest(run).fingerprint.settings.get("text.granularity.chosen", "")


def build(config: Path, run: Path, url: str, *codes: int) -> str:
    done = call("build", config, "--out", run, "--engine", url)
    assert done.code in (codes or (0,)), done.err
    return done.err


def test_a_probe_decides_is_told_and_a_resumed_run_does_not_ask_again(
    tmp_path: Path, weak: ScriptedServer
) -> None:
    config, run = config_of(tmp_path, "granularity: auto, decoding: free"), tmp_path / "run"
    broken = len(weak.asked)
    build(config, run, weak.base_url)
    told = settings_of(run)
    assert told["granularity"] == told["chosen"] == "group"
    assert "1 fact 0/6" in told["probe"]
    assert "section 0/3" in told["probe"]
    assert told["answers"] == "none"
    first = len(weak.asked) - broken
    longer = len(weak.asked)
    build(config, run, weak.base_url)
    again = [a for a in weak.asked[longer:] if not is_probe(a)]
    assert not again, "a finished run asks for nothing but what the server binds"
    assert settings_of(run) == told
    assert first > 20


def test_a_run_that_is_taken_up_again_keeps_the_choice_and_asks_no_probe(tmp_path: Path) -> None:
    config, run = config_of(tmp_path, "granularity: auto, decoding: free"), tmp_path / "run"
    model = model_of(config)
    stray: list[str] = []

    def answer(asked: Asked) -> str:
        try:
            return model(asked.messages)
        except KeyError:
            stray.append(asked.prompt)
            return "Nonsense happened."

    def broken(asked: Asked) -> Reply | str:
        before = len(stray)
        text = answer(asked)
        return text if len(stray) > before else Reply(status=400, error="refused")

    with scripted_server(broken) as server:
        # Refusals in a row are an endpoint that is down; apart they fail their documents alone.
        build(config, run, server.base_url, 0, 2)
    assert read_manifest(run).counts.kept == 0
    assert len([s for s in stray if not s.startswith("What is the colour")]) > 10, "it was probed"
    assert _chosen(run) == "group"
    told = settings_of(run)["probe"]
    stray.clear()
    with scripted_server(answer) as server:
        build(config, run, server.base_url)
    assert not [s for s in stray if not s.startswith("What is the colour")]
    assert read_manifest(run).counts.kept == 3
    assert settings_of(run)["probe"] == told
    assert settled_before(tmp_path / "nothing") is None


@pytest.mark.parametrize("granularity", ["group", "section", "document"])
def test_a_fixed_granularity_asks_for_no_probe(
    tmp_path: Path, weak: ScriptedServer, granularity: str
) -> None:
    text = f"granularity: {granularity}, decoding: free, structured: 'off'"
    config, run = config_of(tmp_path, text), tmp_path / "run"
    build(config, run, weak.base_url)
    assert settings_of(run)["granularity"] == granularity
    assert _chosen(run) == ""
    assert not [a for a in weak.asked if is_probe(a)]
    rows = stored(run).values()
    assert {r.provenance.granularity for r in rows if r.provenance} == {granularity}
    assert {r.outcome for r in rows} == {"kept"}


def test_the_realiser_is_asked_nothing(tmp_path: Path) -> None:
    config, run = config_of(tmp_path, "granularity: auto"), tmp_path / "run"
    build(config, run, "realiser")
    assert _chosen(run) == "group"
    assert "probe" not in settings_of(run)


def test_anchored_draws_only_where_the_server_takes_a_grammar(tmp_path: Path) -> None:
    for owned_by, taken in (("llamacpp", "taken"), ("somebody", "not taken")):

        def answer(asked: Asked) -> str:
            grammar = json.loads(asked.body).get("grammar")
            return "mauve" if grammar and is_probe(asked) else "Nonsense happened."

        config = config_of(tmp_path, "granularity: group, decoding: anchored")
        with scripted_server(answer, owned_by=owned_by) as server:
            build(config, tmp_path / owned_by, server.base_url)
            anchored = [a for a in server.asked if not is_probe(a) and '"grammar"' in a.body]
        assert settings_of(tmp_path / owned_by)["grammar"] == taken
        assert bool(anchored) == (taken == "taken")
        rows = stored(tmp_path / owned_by).values()
        wanted = "anchored" if taken == "taken" else "free"
        assert {r.provenance.decoding for r in rows if r.provenance} == {wanted}


# ------------------------------------------------------------------ the judge


def test_a_judge_turns_down_what_it_can_quote(tmp_path: Path) -> None:
    def judge(asked: Asked) -> str:
        if is_probe(asked):
            return "Blue."
        text = asked.prompt.split("Document:\n")[1]
        heading = next(line for line in text.splitlines() if line.endswith(":"))
        bad = "Okafor" in text or asked.number % 2 == 0
        return json.dumps({"verdict": "unsupported" if bad else "supported", "quotes": [heading]})

    run = tmp_path / "run"
    with scripted_server(judge) as server:
        more = f"filters: {{judge: {{url: '{server.base_url}'}}}}\n"
        build(
            config_of(tmp_path, "draws: 1".replace("draws: 1", "shots: 3"), more), run, "realiser"
        )
        asked = [a for a in server.asked if not is_probe(a)]
    rows = list(stored(run).values())
    assert len(asked) == len(rows) == 3
    turned_down = [r for r in rows if r.outcome == "rejected"]
    assert turned_down
    assert all(r.reasons[0].filter == "judge" for r in turned_down)
    assert "judge" in read_manifest(run).about.filters


def test_a_judge_that_is_not_there_is_told_before_anything_is_written(tmp_path: Path) -> None:
    more = "filters: {judge: {url: 'http://127.0.0.1:9/v1', model: m}}\n"
    err = build(config_of(tmp_path, "shots: 3", more), tmp_path / "run", "realiser", 2)
    assert "cannot be reached" in err
    assert not (tmp_path / "run").exists()


def test_a_judge_that_is_no_address_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    more = "filters: {judge: {url: 'localhost:1'}}\n"
    err = build(config_of(tmp_path, "shots: 3", more), tmp_path / "run", "realiser", 2)
    assert "filters.judge.url" in err


# ------------------------------------------------------------------ the first drafts


def test_first_drafts_are_stored_beside_what_was_repaired(tmp_path: Path) -> None:
    config = config_of(tmp_path, "granularity: group, decoding: free")
    model = model_of(config)
    seen: dict[Any, int] = {}

    def answer(asked: Asked) -> str:
        number = seen[asked.messages] = seen.get(asked.messages, -1) + 1
        text = model(asked.messages)
        return text.replace(".", " and hiccups.", 1) if number == 0 else text

    run = tmp_path / "run"
    path = config_of(tmp_path, "granularity: group, decoding: free")
    path.write_text(path.read_text().replace("draws: 1", "draws: 2"))
    with scripted_server(answer) as server:
        build(path, run, server.base_url)
    for row in stored(run).values():
        assert "hiccups" not in row.text
        assert "hiccups" in row.first_draft
        assert row.rejected_drafts
        for rejected in row.rejected_drafts:
            assert rejected.error_class in ("off_case", "vocabulary")
            assert rejected.text != rejected.kept
