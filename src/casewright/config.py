"""The configuration: one YAML file, one pydantic tree, every mistake reported at once.

It separates what the data is (`documents`, `language`, `seed`, `sampling`, `kinds`, `coverage`,
`text`, `filters`, `noise`, `prompts`: hashed into the run's fingerprint) from how to run it
(`engine`, `run`: not hashed).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from casewright.errors import CasewrightError, Problem
from casewright.filters.near_copies.corpus import FLOOR as SELF_FLOOR
from casewright.outputs.coverage import AXES, Axis
from casewright.records import Setting, Sex
from casewright.seeds import fingerprint_bytes

__all__ = ["Config", "data_fields", "fingerprint", "load_config"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _default_settings() -> Mapping[Setting, float]:
    return {"outpatient": 0.7, "inpatient": 0.3}


def _default_kinds() -> Mapping[Setting, tuple[str, ...]]:
    return {
        "outpatient": ("clinic_note", "dialogue"),
        "emergency": ("clinic_note", "dialogue"),
        "inpatient": ("discharge_summary",),
    }


class QuotaConfig(_Strict):
    """A cell of patients and its part of the run: see kg.quotas.Quota."""

    codes: tuple[str, ...] = ()
    chapters: tuple[Annotated[int, Field(ge=1, le=22)], ...] = ()
    ages: tuple[Annotated[int, Field(ge=0, le=99)], Annotated[int, Field(ge=0, le=99)]] | None = (
        None
    )
    sex: Sex | None = None
    setting: Setting | None = None
    share: float | None = Field(default=None, gt=0, le=1)
    count: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_measure(self) -> QuotaConfig:
        if (self.share is None) == (self.count is None):
            raise ValueError("a quota has either a share or a count")
        if self.ages is not None and self.ages[0] > self.ages[1]:
            raise ValueError("ages are given from the youngest to the oldest")
        return self


class SamplingConfig(_Strict):
    """Which patients: see kg.patient.Sampling."""

    conditions: Literal["prevalence", "tempered", "uniform"] = "tempered"
    codes: tuple[str, ...] = ()
    settings: Mapping[Setting, float] = Field(default_factory=_default_settings)
    quotas: tuple[QuotaConfig, ...] = ()
    encounters: int = Field(default=1, ge=1, le=12)
    contrast: bool = False
    max_comorbidities: int = Field(default=3, ge=0, le=8)
    max_symptoms: int = Field(default=8, ge=1, le=12)
    max_denied: int = Field(default=3, ge=0, le=10)
    max_labs: int = Field(default=3, ge=0, le=10)

    @field_validator("settings")
    @classmethod
    def _some_setting(cls, value: Mapping[Setting, float]) -> Mapping[Setting, float]:
        if any(w < 0 for w in value.values()) or sum(value.values()) <= 0:
            raise ValueError("weights are 0 or more and at least one is above 0")
        return value

    @field_validator("quotas")
    @classmethod
    def _one_whole(cls, value: tuple[QuotaConfig, ...]) -> tuple[QuotaConfig, ...]:
        shares = [q.share for q in value if q.share is not None]
        if shares and len(shares) < len(value):
            raise ValueError("every quota has a share, or every quota has a count")
        if sum(shares) > 1 + 1e-9:
            raise ValueError(f"the shares add up to {sum(shares):.2%}, which is more than all")
        return value

    @field_validator("contrast")
    @classmethod
    def _single_encounters(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("encounters", 1) > 1:
            raise ValueError("contrast pairs are of single encounters: set encounters to 1")
        return value


class TextConfig(_Strict):
    """How the text is written."""

    granularity: Literal["auto", "group", "section", "document"] = "auto"
    draws: int = Field(default=4, ge=1, le=32)
    best_of: int = Field(default=3, ge=1, le=16)
    repairs: int | None = Field(default=None, ge=0, le=8)
    decoding: Literal["free", "retry", "anchored"] = "free"
    structured: Literal["auto", "off"] = "auto"
    temperature: float = Field(default=0.5, ge=0, le=2)
    top_p: float = Field(default=0.95, gt=0, le=1)
    max_tokens: int = Field(default=400, ge=16, le=8192)
    vocabulary: Literal["auto", "closed", "open"] = "auto"
    shots: int = Field(default=3, ge=0, le=12)
    styles: tuple[str, ...] = ()
    personas: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    dialogue: Literal["script", "roleplay", "auto"] = "auto"
    disclosure: Literal["auto", "on", "off"] = "auto"


class LedgerConfig(_Strict):
    """What the ledger must show for a document to be kept."""

    min_must_stated: float = Field(default=0.95, ge=0, le=1)
    max_contradicted: int = Field(default=0, ge=0)
    max_off_case: int = Field(default=0, ge=0)


class CalibrationConfig(_Strict):
    """How the limits of near-copies were measured: what `casewright calibrate` writes."""

    notes: int = Field(ge=1)
    wanted: float = Field(gt=0, lt=1)
    false_drop: float = Field(ge=0, le=1)
    false_drop_interval: tuple[float, float]
    limit_intervals: Mapping[str, tuple[float, float]] = Field(default_factory=dict)


class NearCopiesConfig(_Strict):
    """Against what, and from which share of shared text on, a document is a copy."""

    reference: Path | None = None
    text_field: str = "text"
    index: Path | None = None
    public: tuple[Path, ...] = ()
    reference_containment: float | None = Field(default=None, gt=0, le=1)
    reference_coverage: float | None = Field(default=None, gt=0, le=1)
    reference_passage: float | None = Field(default=None, gt=0)
    reference_verbatim: float | None = Field(default=None, gt=0)
    reference_paraphrase: float | None = Field(default=None, gt=0, le=1)
    example_containment: float | None = Field(default=None, gt=0, le=1)
    self_containment: float | None = Field(default=None, ge=SELF_FLOOR, le=1)
    calibration: CalibrationConfig | None = None


class PhiConfig(_Strict):
    """What happens to identifiers that the case does not plan, and who else looks for them."""

    policy: Literal["drop", "replace", "placeholder"] = "drop"
    classifier: Path | None = None
    endpoint: str | None = None
    endpoint_model: str = ""


class JudgeConfig(_Strict):
    """A second model that is asked what a document says beside its case. Off without a URL."""

    url: str | None = None
    model: str = ""
    api_key_env: str | None = None

    @field_validator("url")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("the judge's url is http://HOST:PORT/v1 or https://HOST/v1")
        return value


class FiltersConfig(_Strict):
    """What is kept."""

    ledger: LedgerConfig = Field(default_factory=LedgerConfig)
    phi: PhiConfig = Field(default_factory=PhiConfig)
    near_copies: NearCopiesConfig = Field(default_factory=NearCopiesConfig)
    judge: JudgeConfig = Field(default_factory=JudgeConfig)


_Rate = Annotated[float, Field(ge=0, le=1)]


class NoiseConfig(_Strict):
    """Faults put into kept documents, on record: see filters.noise."""

    typos: _Rate = 0
    punctuation: _Rate = 0
    homophones: _Rate = 0
    misheard: _Rate = 0
    spoken_numbers: _Rate = 0
    laterality: _Rate = 0
    units: _Rate = 0
    copy_forward: _Rate = 0
    kinds: tuple[str, ...] = ()


class EngineConfig(_Strict):
    """Who writes, and how it is reached. Not part of what the data is."""

    kind: Literal["url", "vllm", "llamacpp", "realiser"] = "llamacpp"
    url: str | None = None
    model: str | None = None
    api_key_env: str | None = None
    concurrency: int | None = Field(default=None, ge=1, le=1024)
    timeout_s: float = Field(default=120.0, gt=0)
    startup_timeout_s: float = Field(default=600.0, gt=0)
    context: int = Field(default=2048, ge=256)
    threads: int | None = Field(default=None, ge=1, le=1024)
    python: Path | None = None
    args: tuple[str, ...] = ()


class RunConfig(_Strict):
    """How a run is carried out. Not part of what the data is.

    `top_up`: so many documents more than `documents`, as a share of them, may be planned in
    place of those that were not kept.
    """

    documents_in_flight: int = Field(default=8, ge=1, le=1024)
    top_up: float = Field(default=0.0, ge=0, le=10)


Shares = Literal["even"] | Mapping[str, Annotated[float, Field(gt=0, le=1)]]
"""The same for every value, or a share for some: all others have what is left."""


class CoverageConfig(_Strict):
    """Which share of the documents has which chapter, age, sex, kind, style and persona.

    An axis without shares is left to the sampling. See `casewright.planning`.
    """

    chapter: Shares | None = None
    age: Shares | None = None
    sex: Shares | None = None
    kind: Shares | None = None
    style: Shares | None = None
    persona: Shares | None = None
    candidates: int = Field(default=5, ge=1, le=1000)
    kinds_per_case: int | None = Field(default=None, ge=1)

    def shares(self, axis: Axis) -> Shares | None:
        """What is asked of an axis."""
        found: Shares | None = getattr(self, axis)
        return found

    @field_validator(*AXES, mode="before")
    @classmethod
    def _names_are_text(cls, value: object) -> object:
        """Chapters are numbers in YAML."""
        return {str(k): v for k, v in value.items()} if isinstance(value, Mapping) else value

    @field_validator(*AXES)
    @classmethod
    def _at_most_all(cls, value: Shares | None) -> Shares | None:
        if isinstance(value, Mapping) and sum(value.values()) > 1 + 1e-9:
            raise ValueError(f"the shares add up to {sum(value.values()):.2%}: more than all")
        return value


class GraphConfig(_Strict):
    """Which graph, and a user's own laid over it. A path alone says which graph."""

    path: Path | None = None
    overlay: Path | None = None


class Config(_Strict):
    """The whole configuration, with a default for everything."""

    documents: int = Field(default=24, ge=1)
    language: str = "en"
    seed: int = Field(default=7, ge=0)
    sampling: SamplingConfig = Field(default_factory=SamplingConfig)
    kinds: Mapping[Setting, tuple[str, ...]] = Field(default_factory=_default_kinds)
    coverage: CoverageConfig = Field(default_factory=CoverageConfig)
    text: TextConfig = Field(default_factory=TextConfig)
    filters: FiltersConfig = Field(default_factory=FiltersConfig)
    noise: NoiseConfig = Field(default_factory=NoiseConfig)
    prompts: Path | None = None
    graph: GraphConfig = Field(default_factory=GraphConfig)
    engine: EngineConfig = Field(default_factory=EngineConfig)
    run: RunConfig = Field(default_factory=RunConfig)
    _file: Path | None = PrivateAttr(default=None)
    _lines: Mapping[tuple[str, ...], int] = PrivateAttr(default_factory=dict)

    @field_validator("graph", mode="before")
    @classmethod
    def _graph_by_path(cls, value: object) -> object:
        return {"path": value} if isinstance(value, str | Path) else value

    def problem(self, what: str, *keys: str, valid: str | None = None, fix: str = "") -> Problem:
        """A problem with a key, at the line of the file that gives it ("sampling", "codes", "0").

        A key that no file gives is told by its name.
        """
        for size in range(len(keys), 0, -1):
            if keys[:size] in self._lines:
                return Problem(what, self._file, self._lines[keys[:size]], valid, fix or None)
        return Problem(what, ".".join(keys), None, valid, fix or None)


_HOW = frozenset({"engine", "run"})
_PLACES = frozenset({"reference", "index", "public", "prompts", "graph"})
"""Paths: what lies there is hashed by its content, not where it lies."""


def data_fields(config: Config) -> dict[str, Any]:
    """The part of the configuration that says what the data is, as plain values by dotted key."""
    tree = config.model_dump(mode="json")
    return dict(_flatten({k: v for k, v in tree.items() if k not in _HOW}))


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in sorted(tree.items()):
        if key in _PLACES:
            continue
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def fingerprint(fields: Mapping[str, Any]) -> str:
    """Hash of what the data is."""
    return fingerprint_bytes(json.dumps(fields, sort_keys=True).encode())


def load_config(path: Path | None, overrides: Mapping[str, Any] | None = None) -> Config:
    """Read a configuration file and lay the command line's overrides over it.

    Args:
        path: a YAML file, or None for the defaults.
        overrides: values by dotted key ("engine.kind"); None values are skipped.

    Raises:
        CasewrightError: for a file that cannot be read, YAML that does not parse, unknown
            keys and values out of range, all at once, each with its line.
    """
    tree: dict[str, Any] = {}
    lines: dict[tuple[str, ...], int] = {}
    if path is not None:
        tree, lines = _read(path)
    for dotted, value in (overrides or {}).items():
        if value is not None:
            _put(tree, dotted.split("."), value)
    try:
        config = Config.model_validate(tree)
    except ValidationError as err:
        problems = [_problem(e, path, lines) for e in err.errors()]
        raise CasewrightError("the configuration has problems", problems=problems) from err
    config._file, config._lines = path, lines
    return config


def _put(tree: dict[str, Any], keys: list[str], value: object) -> None:
    for key in keys[:-1]:
        below = tree.setdefault(key, {})
        if not isinstance(below, dict):
            return  # the validation names the key that is no mapping
        tree = below
    tree[keys[-1]] = value


def _read(path: Path) -> tuple[dict[str, Any], dict[tuple[str, ...], int]]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as err:
        raise CasewrightError(
            "there is no such configuration file", where=path, fix="check the path"
        ) from err
    except (OSError, UnicodeDecodeError) as err:
        raise CasewrightError(f"the file cannot be read: {err}", where=path) from err
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        tree = yaml.safe_load(text)
        lines = dict(_lines(node, ()))
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark
        raise CasewrightError(
            f"this is not YAML: {err.problem or err.context}",
            where=path,
            line=mark.line + 1 if mark else None,
            fix="check indentation, colons and quotes near this line",
        ) from err
    except (yaml.YAMLError, RecursionError) as err:
        raise CasewrightError(
            f"this is not YAML: {err or 'an alias holds itself'}",
            where=path,
            fix="save the file as plain UTF-8 text",
        ) from err
    if tree is None:
        return {}, {}
    if not isinstance(tree, dict):
        raise CasewrightError(
            "the file holds no mapping", where=path, line=1, valid="key: value lines"
        )
    twice = [
        Problem(f"the key {key!r} is given twice", path, line, fix="drop one of the two")
        for key, line in _doubled_keys(node)
    ]
    if twice:
        raise CasewrightError("the configuration has problems", problems=twice)
    return tree, lines


def _doubled_keys(node: Any) -> Iterator[tuple[str, int]]:
    """Keys that a mapping holds already, with the line of the second: YAML takes the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield name, key.start_mark.line + 1
            seen.add(name)
            yield from _doubled_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _doubled_keys(value)


def _lines(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            yield here, key.start_mark.line + 1
            yield from _lines(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            here = (*path, str(index))
            yield here, value.start_mark.line + 1
            yield from _lines(value, here)


def _problem(error: Any, path: Path | None, lines: Mapping[tuple[str, ...], int]) -> Problem:
    keys = tuple(str(k) for k in error["loc"])
    line = next((lines[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in lines), None)
    dotted = ".".join(keys)
    if error["type"] == "extra_forbidden":
        valid = _known_keys(keys[:-1])
        near = difflib.get_close_matches(keys[-1], valid, n=1)
        return Problem(
            f"unknown key {dotted!r}",
            path,
            line,
            valid=", ".join(valid),
            fix=f"did you mean {near[0]!r}?" if near else "remove the key",
        )
    return Problem(f"{dotted}: {error['msg']} (it is {error['input']!r})", path, line)


def _known_keys(path: tuple[str, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for key in path:
        annotation = model.model_fields[key].annotation if key in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return sorted(model.model_fields)
