"""The run's figures beside those of public corpora of real notes: strips with reference bands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, TypeAlias

import yaml
from pydantic import TypeAdapter

from casewright.outputs.diversity import SIZES, Diversity
from casewright.outputs.measures import Group, GroupMeasures, Measures, Share, Spread

__all__ = ["Corpus", "Panel", "Point", "Strip", "load_corpora", "measure_panels"]

State: TypeAlias = Literal["within", "above", "below", "alone"]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How near notes of a corpus come to the other notes of it (rarity-weighted containment)."""

    notes: int
    median: float
    p90: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True)
class PairShares:
    """What a note and a dialogue of the same visit both name."""

    pairs: int
    note_in_dialogue: Share
    dialogue_in_note: Share


@dataclass(frozen=True, slots=True)
class Corpus:
    """A public corpus in figures, as `reference.yaml` holds it; `of` are its documents in all."""

    name: str
    source: str
    of: int
    measures: GroupMeasures
    closeness: HeldOut | None = None
    pairs: PairShares | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A figure on a strip; `place` and `low` to `high` (its middle 80%) in percent of it."""

    name: str
    text: str
    place: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Strip:
    """One figure of the run on a scale with the same figure of the corpora.

    The band goes from the smallest to the largest of the corpora, `low` to `high` in percent.
    """

    label: str
    note: str
    group: str
    own: Point | None
    corpora: tuple[Point, ...]
    low: float
    high: float
    state: State


@dataclass(frozen=True, slots=True)
class Panel:
    """Strips that belong together."""

    name: str
    strips: tuple[Strip, ...]


@cache
def load_corpora() -> tuple[Corpus, ...]:
    """The packaged figures."""
    text = files("casewright.outputs.report").joinpath("reference.yaml").read_text("utf-8")
    return TypeAdapter(tuple[Corpus, ...]).validate_python(yaml.safe_load(text)["corpora"])


def measure_panels(measures: Measures) -> list[Panel]:
    """Lengths, diversity, grounding and privacy of the notes and dialogues of a run."""
    groups = measures.groups
    return [
        Panel("Lengths", tuple(s for g in groups for s in _lengths(g))),
        Panel("Diversity", tuple(s for g in groups for s in _diversity(g))),
        Panel("Grounding", tuple(s for g in groups for s in _grounding(g, measures))),
        Panel("Privacy", (*(s for g in groups for s in _privacy(g)), *_nearness(measures))),
    ]


def _lengths(own: GroupMeasures) -> Iterator[Strip]:
    yield _spread("Words in a document", own, lambda m: m.words)
    yield _spread("Words in a sentence", own, lambda m: m.sentence_words, "line ends count")


def _diversity(own: GroupMeasures) -> Iterator[Strip]:
    there = {d.words for c in _corpora(own.group) for d in c.measures.diversity}
    size = max((d.words for d in own.diversity if d.words in there), default=SIZES[0])
    sized = f"in {size:,} words".replace(",", "\u202f")

    def at(get: Callable[[Diversity], float | None]) -> Callable[[GroupMeasures], float | None]:
        return lambda m: next((get(d) for d in m.diversity if d.words == size), None)

    yield _single("Bytes over bytes compressed", own, at(lambda d: d.compression), _plain, sized)
    yield _single("Runs of 10 words that recur", own, at(lambda d: d.repeated), _share, sized)
    yield _single("Distinct pairs of words", own, at(lambda d: d.distinct_pairs), _share, sized)
    yield _single("Self-BLEU", own, at(lambda d: d.self_bleu), _plain, sized)
    yield _single(
        "Documents alike", own, lambda m: m.alike.value, _share,
        f"share 30% of their wording with another of the sample of {own.documents}",
    )  # fmt: skip


def _grounding(own: GroupMeasures, measures: Measures) -> Iterator[Strip]:
    yield _single(
        "Clinical mentions per 100 words", own, lambda m: m.mentions_per_100_words, _plain,
        "conditions, symptoms, findings, drugs",
    )  # fmt: skip
    yield _single("Mentions that are denied", own, lambda m: m.denied.value, _share)
    if own.group == "notes" and measures.note_in_dialogue.value is not None:
        paired = [(c.name, c.pairs) for c in load_corpora() if c.pairs is not None]
        group, note = "notes and dialogues", "of the same case"
        yield _strip(
            "Note's concepts that its dialogue names", note, group,
            measures.note_in_dialogue.value,
            [(name, p.note_in_dialogue.value) for name, p in paired], _share,
        )  # fmt: skip
        yield _strip(
            "Dialogue's concepts that its note names", note, group,
            measures.dialogue_in_note.value,
            [(name, p.dialogue_in_note.value) for name, p in paired], _share,
        )  # fmt: skip


def _privacy(own: GroupMeasures) -> Iterator[Strip]:
    yield _single(
        "Identifiers per 1,000 words", own, lambda m: m.identifiers_per_1000_words, _plain,
        "of fictional patients; the corpora are acted or de-identified",
    )  # fmt: skip


_AGAINST = {
    "reference_containment": "private reference",
    "example_containment": "prompts' examples",
    "public_containment": "public texts that models recite",
}


def _nearness(measures: Measures) -> Iterator[Strip]:
    found = [(c.name, c.closeness.p99) for c in load_corpora() if c.closeness]
    for score in measures.closeness:
        if score.name in _AGAINST:
            yield _strip(
                f"Likeness to the {_AGAINST[score.name]}",
                "99 of 100 documents are below; band: unrelated notes of one corpus",
                "all kept documents", score.p99, found, _share,
            )  # fmt: skip


def _corpora(group: Group) -> list[Corpus]:
    return [c for c in load_corpora() if c.measures.group == group]


def _single(
    label: str,
    own: GroupMeasures,
    get: Callable[[GroupMeasures], float | None],
    write: Callable[[float], str],
    note: str = "",
) -> Strip:
    found = [(c.name, get(c.measures)) for c in _corpora(own.group)]
    return _strip(label, note, own.group, get(own), found, write)


def _strip(
    label: str,
    note: str,
    group: str,
    own: float | None,
    corpora: Sequence[tuple[str, float | None]],
    write: Callable[[float], str],
) -> Strip:
    there = [(name, value) for name, value in corpora if value is not None]
    values = [value for _, value in there]
    top = max([*values, own or 0.0], default=0.0) * 1.08 or 1.0
    return Strip(
        label=label,
        note=note,
        group=group,
        own=None if own is None else Point("this run", write(own), 100 * own / top),
        corpora=tuple(Point(name, write(value), 100 * value / top) for name, value in there),
        low=100 * min(values, default=0.0) / top,
        high=100 * max(values, default=0.0) / top,
        state=_state(own, values),
    )


def _spread(
    label: str, own: GroupMeasures, get: Callable[[GroupMeasures], Spread | None], note: str = ""
) -> Strip:
    """As `_strip`, by medians, with the middle 80% of each."""
    there = [(c.name, s) for c in _corpora(own.group) if (s := get(c.measures)) is not None]
    mine = get(own)
    top = max([s.p90 for _, s in there] + ([mine.p90] if mine else []), default=0.0) * 1.04 or 1.0

    def point(name: str, s: Spread) -> Point:
        text = f"{_count(s.median)} ({_count(s.p10)} to {_count(s.p90)})"
        return Point(name, text, *(100 * v / top for v in (s.median, s.p10, s.p90)))

    medians = [s.median for _, s in there]
    return Strip(
        label=label,
        note=f"median, 10% to 90%{'; ' if note else ''}{note}",
        group=own.group,
        own=point("this run", mine) if mine else None,
        corpora=tuple(point(name, s) for name, s in there),
        low=100 * min(medians, default=0.0) / top,
        high=100 * max(medians, default=0.0) / top,
        state=_state(mine.median if mine else None, medians),
    )


def _state(own: float | None, values: Sequence[float]) -> State:
    if own is None or not values:
        return "alone"
    if own < min(values):
        return "below"
    return "above" if own > max(values) else "within"


def _plain(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _share(value: float) -> str:
    return f"{value:.1%}" if value not in (0, 1) else f"{value:.0%}"


def _count(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}".removesuffix(".0")
