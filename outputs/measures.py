"""What texts are like, measured in the same way on a run and on real notes.

A figure alone says little: the report shows it beside the same figure of public corpora of real
(or realistic) notes, in `reference.yaml`, taken with the functions here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from casewright.filters.near_copies import find_self_copies
from casewright.filters.phi.scanning import scan
from casewright.outputs.diversity import SIZES, Diversity, measure_diversity
from casewright.outputs.stored import stored_tables
from casewright.seeds import derive_seed

__all__ = [
    "GROUPS",
    "MENTIONS",
    "Closeness",
    "Group",
    "GroupMeasures",
    "Measures",
    "Sampled",
    "Share",
    "Spread",
    "coverage_of_notes",
    "measure_run",
    "measure_sample",
]

Group: TypeAlias = Literal["notes", "dialogues"]
GROUPS: tuple[Group, ...] = ("notes", "dialogues")

MENTIONS = frozenset({"CONDITION", "SYMPTOM", "FINDING", "MEDICATION"})
"""Labels of mentions that are counted: those that a reading without a case finds as well."""

SAMPLE_WORDS = SIZES[-1] + 2_000
_MOST_DOCUMENTS = 1_500
_MOST_CHARACTERS = 200_000  # of a document: the figures are of notes, not of books
_MOST_CASES = 2_000
_ALIKE = 0.30
_SENTENCE = re.compile(r"[.!?]+(?:\s+|$)|\n+")
_CLOSENESS = (
    "reference_containment", "reference_cosine", "example_containment", "public_containment",
)  # fmt: skip
_COLUMNS = ["document_id", "case_id", "text", "turns.start", "entities.start", "entities.label",
            "entities.assertion", "entities.code", "provenance.scores"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Share:
    """A share with what it was counted from; `value` is None where nothing was."""

    hits: int
    total: int
    value: float | None

    @classmethod
    def of(cls, hits: int, total: int) -> Share:
        """hits / total."""
        return cls(int(hits), int(total), hits / total if total else None)


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle 80% of a number and its median."""

    p10: float
    median: float
    p90: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """By linear interpolation; None without values."""
        if not len(values):
            return None
        low, median, high = np.quantile(values, [0.1, 0.5, 0.9]).tolist()
        return cls(round(low, 4), round(median, 4), round(high, 4))


@dataclass(frozen=True, slots=True)
class Sampled:
    """A text to be measured. `mentions`: of `MENTIONS`; `denied`: those of them denied."""

    document_id: str
    case_id: str
    text: str
    mentions: int
    denied: int


@dataclass(frozen=True, slots=True)
class GroupMeasures:
    """Figures of a sample of the notes, or of the dialogues.

    Attributes:
        documents: in the sample, whole ones drawn at random until `SAMPLE_WORDS` words.
        words: white-space separated words in a document. sentence_words: mean words in a
            sentence (which a full stop or the end of a line ends), over documents.
        mentions_per_100_words: conditions, symptoms, findings and medications named.
        denied: those of them that are denied.
        identifiers_per_1000_words: strings shaped like an identifier, planned ones included.
        alike: documents that share 30% of their wording, by rarity, with an earlier one of
            another case in the sample.
        diversity: at each of `diversity.SIZES` that the sample reaches.
    """

    group: Group
    documents: int
    words: Spread | None
    sentence_words: Spread | None
    mentions_per_100_words: float | None
    denied: Share
    identifiers_per_1000_words: float | None
    alike: Share
    diversity: tuple[Diversity, ...]


@dataclass(frozen=True, slots=True)
class Closeness:
    """How near kept documents come to other texts: a score of a filter over all of them.

    `name` is the score's: reference_* against the private reference, example_* against the
    prompts' examples, public_* against texts that models recite.
    """

    name: str
    documents: int
    median: float
    p90: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True)
class Measures:
    """What a run's kept documents are like.

    Attributes:
        groups: notes and dialogues, as far as there are any.
        note_in_dialogue: concepts that a note names, of those the dialogue of the same case
            names as well. dialogue_in_note: the other way round.
        leaks: identifiers in kept documents that nothing planned, by the screen's own scores.
        closeness: by name; scores that were not taken are left out.
    """

    groups: tuple[GroupMeasures, ...] = ()
    note_in_dialogue: Share = Share(0, 0, None)
    dialogue_in_note: Share = Share(0, 0, None)
    leaks: Share = Share(0, 0, None)
    closeness: tuple[Closeness, ...] = ()


def measure_sample(group: Group, sample: Sequence[Sampled]) -> GroupMeasures:
    """Measure texts that were drawn at random, in the order in which they were drawn."""
    lengths = [len(item.text.split()) for item in sample]
    words = sum(lengths)
    mentions = sum(item.mentions for item in sample)
    case_of = {item.document_id: item.case_id for item in sample}
    found = find_self_copies(
        ((n, item.document_id, item.text) for n, item in enumerate(sample)), _ALIKE
    )
    alike = {p.document for p in found.pairs
             if p.score >= _ALIKE and case_of[p.document] != case_of[p.of_document]}  # fmt: skip
    return GroupMeasures(
        group=group,
        documents=len(sample),
        words=Spread.of(lengths),
        sentence_words=Spread.of([_sentence_words(item.text) for item in sample]),
        mentions_per_100_words=round(100 * mentions / words, 3) if words else None,
        denied=Share.of(sum(item.denied for item in sample), mentions),
        identifiers_per_1000_words=(
            round(1000 * sum(len(scan(item.text)) for item in sample) / words, 3) if words else None
        ),
        alike=Share.of(len(alike), len(sample)),
        diversity=measure_diversity([item.text for item in sample]),
    )


def _sentence_words(text: str) -> float:
    """Mean words in a sentence; 0 for a text without any."""
    counts = [n for part in _SENTENCE.split(text) if (n := len(part.split()))]
    return sum(counts) / len(counts) if counts else 0.0


def coverage_of_notes(
    pairs: Iterable[tuple[frozenset[str], frozenset[str]]],
) -> tuple[Share, Share]:
    """(note in dialogue, dialogue in note) over pairs of (concepts of note, of dialogue)."""
    both = notes = dialogues = 0
    for note, dialogue in pairs:
        both += len(note & dialogue)
        notes += len(note)
        dialogues += len(dialogue)
    return Share.of(both, notes), Share.of(both, dialogues)


@dataclass
class _Draw:
    """The documents of a group with the smallest hashes, as many as are ever needed."""

    heap: list[tuple[int, Sampled]] = field(default_factory=list)

    def wants(self, rank: int) -> bool:
        return len(self.heap) < _MOST_DOCUMENTS or -rank > self.heap[0][0]

    def add(self, rank: int, item: Sampled) -> None:
        entry = (-rank, item)
        if len(self.heap) < _MOST_DOCUMENTS:
            heappush(self.heap, entry)
        else:
            heappushpop(self.heap, entry)

    def sample(self) -> list[Sampled]:
        chosen: list[Sampled] = []
        words = 0
        for _, item in sorted(self.heap, key=lambda entry: -entry[0]):
            if words >= SAMPLE_WORDS:
                break
            chosen.append(item)
            words += len(item.text.split())
        return chosen


def measure_run(run: Path) -> Measures:
    """Measure the kept documents of a run, finished or not. The same run, the same figures.

    Raises:
        CasewrightError: a file of the run is damaged.
    """
    draws: dict[Group, _Draw] = {group: _Draw() for group in GROUPS}
    scores: defaultdict[str, list[float]] = defaultdict(list)
    pairs = _Pairs()
    for side, table in stored_tables(run, _COLUMNS):
        if side != "kept":
            continue
        ids, cases = table["document_id"].to_pylist(), table["case_id"].to_pylist()
        spoken = pc.greater(pc.list_value_length(table["turns"]), 0).to_pylist()
        for place, (document_id, case_id) in enumerate(zip(ids, cases, strict=True)):
            draw = draws["dialogues" if spoken[place] else "notes"]
            rank = derive_seed("measures", document_id)
            if draw.wants(rank):
                draw.add(rank, _sampled(table, place, document_id, case_id))
        pairs.add(table, cases, spoken)
        _count_scores(table, scores)
    inward, outward = coverage_of_notes(pairs.found())
    leaks = scores.get("phi_leaks", [])
    return Measures(
        groups=tuple(
            measure_sample(group, sample)
            for group, draw in draws.items()
            if (sample := draw.sample())
        ),
        note_in_dialogue=inward,
        dialogue_in_note=outward,
        leaks=Share.of(sum(value > 0 for value in leaks), len(leaks)),
        closeness=tuple(_closeness(n, scores[n]) for n in _CLOSENESS if scores.get(n)),
    )


def _sampled(table: pa.Table, place: int, document_id: str, case_id: str) -> Sampled:
    entities: list[Mapping[str, Any]] = table["entities"][place].as_py() or []
    counted = [e for e in entities if e["label"] in MENTIONS and e["start"] < _MOST_CHARACTERS]
    denied = sum(e["assertion"] == "denied" for e in counted)
    text = table["text"][place].as_py()[:_MOST_CHARACTERS]
    return Sampled(document_id, case_id, text, len(counted), denied)


def _count_scores(table: pa.Table, into: Mapping[str, list[float]]) -> None:
    column = pa.concat_arrays(table["provenance"].chunks)
    flat = pc.list_flatten(pc.struct_field(column, "scores"))
    names = pc.struct_field(flat, "name")
    for name in (*_CLOSENESS, "phi_leaks"):
        values = pc.filter(pc.struct_field(flat, "value"), pc.equal(names, name))
        into[name].extend(values.to_pylist())


def _closeness(name: str, values: Sequence[float]) -> Closeness:
    median, p90, p99, top = np.quantile(values, [0.5, 0.9, 0.99, 1]).round(4).tolist()
    return Closeness(name, len(values), median, p90, p99, top)


class _Pairs:
    """Concepts of the notes and dialogues of the cases with the smallest hashes."""

    def __init__(self) -> None:
        self._ranks: list[int] = []
        self._cases: dict[str, tuple[list[frozenset[str]], list[frozenset[str]]]] = {}

    def add(self, table: pa.Table, cases: Sequence[str], spoken: Sequence[bool]) -> None:
        for place, case_id in enumerate(cases):
            if case_id not in self._cases:
                # Documents of a case stand together: a case that is left out here is out.
                if not self._takes(derive_seed("pairs", case_id)):
                    continue
                self._cases[case_id] = ([], [])
            concepts = frozenset(
                e["code"]
                for e in table["entities"][place].as_py() or []
                if e["label"] in MENTIONS and e["code"]
            )
            self._cases[case_id][spoken[place]].append(concepts)

    def _takes(self, rank: int) -> bool:
        if len(self._ranks) < _MOST_CASES:
            heappush(self._ranks, -rank)
            return True
        return heappushpop(self._ranks, -rank) != -rank

    def found(self) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
        ranked = sorted(self._cases, key=lambda case_id: derive_seed("pairs", case_id))
        for case_id in islice(ranked, _MOST_CASES):
            notes, dialogues = self._cases[case_id]
            for dialogue in dialogues[:1]:
                for note in notes:
                    yield note, dialogue
