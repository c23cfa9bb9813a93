"""What is settled once the engine is up and before anything is written.

What the server binds answers to, and how much the model is given at a time. A run remembers its
choice: it is part of the fingerprint, and a resumed run asks nothing again. A model whose weights
are known by their hash is probed once, and the table kept beside the models.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from casewright._version import __version__
from casewright.config import Config
from casewright.errors import CasewrightError
from casewright.generators.client import ChatClient
from casewright.generators.engines import Engine, EngineSpec, open_engine
from casewright.generators.judging import DocumentJudge
from casewright.generators.plan import Granularity
from casewright.generators.probe import PROBE_SEED, PROBE_STYLE, Probe, ProbeRow, probe_model
from casewright.generators.structured import UNBOUND, Structured, detect_structured
from casewright.generators.writer import EngineName, Writer
from casewright.kg.cases import CaseSampler
from casewright.kg.patient import Sampling
from casewright.models import models_home
from casewright.outputs.manifest import MANIFEST, Manifest, read_manifest
from casewright.outputs.row import plain
from casewright.records import Case
from casewright.seeds import fingerprint_bytes
from casewright.setup import CHOSEN, Parts

__all__ = ["Settled", "chosen_before", "open_judge", "probe_engine", "settle", "settled_before"]

_CASES = 12
_KIND = "clinic_note"
_GRAINS: Mapping[str, Granularity] = {
    "group": "group",
    "section": "section",
    "document": "document",
}


@dataclass(frozen=True, slots=True)
class Settled:
    """How this run writes.

    Attributes:
        granularity: what the model is given at a time.
        structured: what the server binds answers to.
        parameters: the same for the manifest, with the probe's table.
    """

    granularity: Granularity
    structured: Structured = UNBOUND
    parameters: Mapping[str, str] = field(default_factory=dict)


def settled_before(run: Path) -> Manifest | None:
    """The manifest of the run that is resumed, if there is one that can be read."""
    if not (run / MANIFEST).is_file():
        return None
    try:
        return read_manifest(run)
    except CasewrightError:
        return None  # opening the run says what is wrong with it


def chosen_before(manifest: Manifest) -> Granularity | None:
    """What was chosen for the run where its configuration leaves the granularity open."""
    return _GRAINS.get(manifest.fingerprint.settings.get(CHOSEN, ""))


async def settle(
    config: Config,
    parts: Parts,
    engine: Engine,
    client: ChatClient | None,
    before: Manifest | None = None,
) -> Settled:
    """Settle how to write, asking the engine only what the configuration leaves open.

    Args:
        before: the manifest of the run that is resumed.

    Raises:
        CasewrightError: when the endpoint fails.
    """
    asked = _GRAINS.get(config.text.granularity)
    if client is None:
        return Settled("group" if asked is None else asked)
    structured = await _structured(config, client)
    told = {
        "answers": structured.json,
        "grammar": "taken" if structured.grammar else "not taken",
    }
    if asked is not None:
        return Settled(asked, structured, {"granularity": asked, **told})
    known = None if before is None else chosen_before(before)
    if before is not None and known is not None:
        found = before.about.parameters.get("probe", "")
        told |= {"probe": found} if found else {}
        return Settled(known, structured, {"granularity": known, **told})
    probe = await probe_engine(parts, engine, client, structured)
    parameters = {"granularity": probe.choice, "probe": probe.told, **told}
    return Settled(probe.choice, structured, parameters)


@asynccontextmanager
async def open_judge(config: Config, parts: Parts) -> AsyncIterator[DocumentJudge | None]:
    """The second model that judges documents; None where the configuration names none.

    Raises:
        EndpointDown: nothing usable answers at its address.
    """
    told = config.filters.judge
    if told.url is None:
        yield None
        return
    spec = EngineSpec("url", told.model, url=told.url, api_key_env=told.api_key_env)
    async with open_engine(spec) as engine, engine.client() as client:
        structured = UNBOUND
        if config.text.structured == "auto":
            structured = await detect_structured(client.complete)
        template = parts.library.template("judge")
        yield DocumentJudge(client.complete, template, engine.model, config.seed, structured.json)


async def _structured(config: Config, client: ChatClient) -> Structured:
    """What the server binds answers to, where anything would be bound."""
    text = config.text
    wanted = text.decoding != "free" or text.granularity in ("auto", "document")
    if text.structured == "off" or not wanted:
        return UNBOUND
    return await detect_structured(client.complete)


async def probe_engine(
    parts: Parts,
    engine: Engine,
    client: ChatClient,
    structured: Structured = UNBOUND,
    *,
    fresh: bool = False,
) -> Probe:
    """Probe the model behind an engine, or take the table that is kept for these weights.

    Args:
        fresh: ask again, whatever is kept.
    """
    writer = parts.writer(client, EngineName(engine.name, engine.model), structured=structured)
    kept = _kept_at(parts, engine, writer)
    known = _read(kept)
    if known is not None and not fresh:
        return known
    probe = await probe_model(writer, _cases(parts), _kind(parts))
    if kept is not None:
        with suppress(OSError):  # a folder that cannot be written to costs a probe, no more
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(plain(probe), indent=2) + "\n", "utf-8")
    return probe


def _cases(parts: Parts) -> Sequence[Case]:
    """The probe's patients: of the run's graph, but of no other of its settings."""
    sampler = CaseSampler(
        parts.graph,
        Sampling(settings=(("outpatient", 1.0),)),
        PROBE_SEED,
        styles=[(PROBE_STYLE, 1.0)],
        personas=[(next(iter(parts.library.personas)), 1.0)],
    )
    return [sampler.case(index) for index in range(_CASES)]


def _kind(parts: Parts) -> str:
    kinds = parts.library.kinds
    notes = (n for n, k in kinds.items() if not k.dialogue and "outpatient" in k.settings)
    return _KIND if _KIND in kinds else next(notes, next(iter(kinds)))


def _kept_at(parts: Parts, engine: Engine, writer: Writer) -> Path | None:
    """Where the table of these weights is kept; None for a model that nothing identifies."""
    if not engine.model_hash:
        return None
    settings = replace(writer.settings, decoding="free", repairs=0, best_of=1, draws=1)
    made_of = [engine.model_hash, parts.library.hash, parts.graph.version, __version__]
    made_of += [writer.structured.json, repr(settings)]
    name = fingerprint_bytes(json.dumps(made_of).encode())
    return models_home().parent / "probes" / f"{name}.json"


def _read(path: Path | None) -> Probe | None:
    try:
        raw = json.loads(path.read_bytes()) if path is not None else None
        if raw is None:
            return None
        rows = tuple(
            ProbeRow(r["unit"], float(r["facts"]), int(r["tried"]), int(r["right"]))
            for r in raw["rows"]
        )
        return Probe(rows, _GRAINS[raw["choice"]], int(raw["requests"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
