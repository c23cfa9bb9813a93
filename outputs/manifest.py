"""The manifest: what a run is made of, and how its documents add up."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from casewright._version import __version__
from casewright.errors import CasewrightError, Problem
from casewright.outputs.files import write_atomic
from casewright.outputs.row import plain
from casewright.seeds import fingerprint_bytes

__all__ = [
    "MANIFEST",
    "About",
    "Counts",
    "Fingerprint",
    "Manifest",
    "Session",
    "ShardState",
    "Source",
    "Usage",
    "now",
    "read_manifest",
    "read_state",
    "versions",
    "write_json",
]

MANIFEST = "manifest.json"
FORMAT = "casewright-run"
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the data of a run is a function of. Two runs with equal ones make equal cases.

    Attributes:
        seed: the run's seed.
        casewright: version of this package.
        graph: version or hash of the knowledge graph.
        model: name of the model; model_hash: of its weights, empty if it cannot be known
            (an endpoint given by URL).
        prompts: hash of each prompt by its name ("clinic_note.v1").
        settings: every other setting that changes the data, by dotted key.
    """

    seed: int
    casewright: str
    graph: str
    model: str
    model_hash: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    def flat(self) -> dict[str, str]:
        """Every field by dotted name, in a fixed order."""
        flat: dict[str, str] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Mapping):
                flat |= {f"{f.name}.{key}": str(value[key]) for key in sorted(value)}
            else:
                flat[f.name] = str(value)
        return flat

    @property
    def digest(self) -> str:
        """128 bits over all fields, as 32 hexadecimal digits."""
        return fingerprint_bytes(json.dumps(self.flat(), sort_keys=True).encode())

    def differences(self, other: Fingerprint) -> list[tuple[str, str | None, str | None]]:
        """(field, value here, value in `other`) wherever the two differ; None where absent."""
        here, there = self.flat(), other.flat()
        return [
            (key, here.get(key), there.get(key))
            for key in sorted(here.keys() | there.keys())
            if here.get(key) != there.get(key)
        ]


@dataclass(frozen=True, slots=True)
class Source:
    """A data source of the graph with its licence."""

    name: str
    licence: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What else a reader should know of a run; it changes no document.

    `filters` names the filters that screened every document: an export of a run that
    was not screened is refused.
    """

    engine: str = ""
    model_licence: str = ""
    filters: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Usage:
    """What an engine was asked for."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Session:
    """One process's work on a shard: when it began, how long it took, what it finished."""

    started: str
    seconds: float = 0.0
    documents: int = 0
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class ShardState:
    """Where shard `number` of `of` stands."""

    number: int
    of: int
    complete: bool = False
    sessions: tuple[Session, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many documents were planned and what became of them."""

    planned: int
    kept: int = 0
    rejected: int = 0
    failed: int = 0

    @property
    def done(self) -> int:
        """Documents with an outcome."""
        return self.kept + self.rejected + self.failed

    @property
    def reconciled(self) -> bool:
        """Whether planned = kept + rejected + failed, to the unit."""
        return self.planned == self.done


@dataclass(frozen=True, slots=True)
class Manifest:
    """`manifest.json`. While `complete` is false the counts are those of the last writing.

    `part_rows` are the documents planned per part; the default is that of runs which do not say.
    """

    fingerprint: Fingerprint
    counts: Counts
    digest: str
    complete: bool = False
    created: str = ""
    updated: str = ""
    about: About = About()
    rejected_by_reason: Mapping[str, int] = field(default_factory=dict)
    failed_by_reason: Mapping[str, int] = field(default_factory=dict)
    shards: tuple[ShardState, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    part_rows: int = 1024
    format: str = FORMAT
    format_version: int = FORMAT_VERSION

    @property
    def usage(self) -> Usage:
        """The engine's work over all sessions."""
        return sum((s.usage for shard in self.shards for s in shard.sessions), Usage())

    @property
    def seconds(self) -> float:
        """Wall-clock seconds over all sessions, shards added up."""
        return sum(s.seconds for shard in self.shards for s in shard.sessions)


@cache
def _manifest_adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


@cache
def _state_adapter() -> TypeAdapter[ShardState]:
    return TypeAdapter(ShardState)


def write_json(path: Path, record: object) -> None:
    """Write a record as readable JSON, atomically."""
    write_atomic(path, json.dumps(plain(record), indent=2, ensure_ascii=False) + "\n")


def read_manifest(run: Path) -> Manifest:
    """Read a run's manifest.

    Raises:
        CasewrightError: the folder is no run, or its manifest is damaged or of another format.
    """
    path = run / MANIFEST
    if not path.is_file():
        raise CasewrightError(
            "this is not a run directory (it has no manifest.json)",
            where=run,
            fix="name the directory that `casewright build --out` wrote",
        )
    try:
        raw = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CasewrightError(f"the manifest cannot be read: {error}", where=path) from error
    found = (
        (raw.get("format"), raw.get("format_version")) if isinstance(raw, dict) else (None, None)
    )
    if found != (FORMAT, FORMAT_VERSION):
        raise CasewrightError(
            "the manifest is of another format",
            where=path,
            valid=f"{FORMAT} version {FORMAT_VERSION}",
            fix="use the version of casewright that wrote the run",
        )
    try:
        return _manifest_adapter().validate_python(raw)
    except ValidationError as error:
        raise CasewrightError(
            "the manifest is damaged",
            problems=[
                Problem(f"{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}", path)
                for e in error.errors(include_url=False, include_input=False)
            ],
        ) from error


def read_state(path: Path) -> ShardState | None:
    """Read a shard's state; None where there is none, or none that can be read."""
    try:
        return _state_adapter().validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def now() -> str:
    """The time as manifests write it, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Versions of what writes the files."""
    return {
        "casewright": __version__,
        "python": platform.python_version(),
        "pyarrow": pa.__version__,
    }
