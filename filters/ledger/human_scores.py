"""The checker against people: machine summaries of MTS-Dialog scored by hand.

Ben Abacha et al. (2023) had people score 400 machine summaries of dialogue snippets for
factual recall, omission and hallucination. Here the facts are read from the section that a
person wrote: its concepts with their assertion, its numbers, and the content words that no
concept covers. What of them the summary states gives recall (and, negated, omission); what
the summary says beyond them gives hallucination. People judged hallucination by the dialogue,
which says more than the section does, so that is measured with and without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from casewright.errors import CasewrightError
from casewright.filters.ledger.check import Checker
from casewright.filters.ledger.normalise import word_set
from casewright.filters.ledger.phrases import content_key, load_phrase_rules
from casewright.filters.ledger.reading import Reading

__all__ = ["HumanScores", "Said", "grounded", "said_in", "score_summaries", "stated_share"]

_SUMMARIES = "mts_dialog_scored_summaries.jsonl"
_SCORES = "mts_dialog_manual_scores.jsonl"
# Chosen on the even-numbered half of the 400, among .3, .5, 1 and 0, 1, 3.
_WORD_WEIGHT = 0.5
_PRIOR = 1.0
# A section of these words only says that there is nothing to say.
_BLANKET = word_set(
    "noncontributory non contributory none negative otherwise unremarkable normal unknown known "
    "nil systems review other all changes unchanged essentially significant except stated above"
)
_DENYING = word_set(
    "noncontributory contributory none negative no denies denied not unremarkable normal unknown "
    "without nil"
)
_EMPTY = word_set(
    "patient mr mrs ms dr she he had did does not no denies also been history states stated reports"
)


@dataclass(frozen=True, slots=True)
class _Concept:
    ids: frozenset[str]
    categories: frozenset[str]
    denied: bool
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Said:
    """What a short text says: concepts, numbers, and content words (all, and by themselves).

    `denies` tells whether any word denies something ("none", "no known ...").
    """

    concepts: tuple[_Concept, ...]
    numbers: frozenset[float]
    words: frozenset[str]
    bare_words: tuple[str, ...]
    denies: bool

    @property
    def is_blanket(self) -> bool:
        """Nothing but "none", "noncontributory", "otherwise negative"."""
        return not self.bare_words and not self.concepts

    def __add__(self, other: Said) -> Said:
        """What either of two texts says."""
        return Said(
            self.concepts + other.concepts,
            self.numbers | other.numbers,
            self.words | other.words,
            self.bare_words + other.bare_words,
            self.denies or other.denies,
        )


def said_in(reading: Reading) -> Said:
    """Read a text's facts, whatever case it belongs to."""
    rules = load_phrase_rules()
    blanket = {content_key(w, rules) for w in _BLANKET}
    tokens = reading.tokens.words
    concepts: list[_Concept] = []
    covered: set[str] = set()
    for mention in reading.mentions:
        if not mention.maximal:
            continue
        words = frozenset(
            content_key(w, rules)
            for w in tokens[mention.first : mention.last + 1]
            if w[0].isalnum() and w not in rules.stopwords
        )
        if words <= blanket:
            continue
        ids = frozenset(e.concept for e in mention.entries)
        denied = mention.assertion.polarity == "denied"
        concepts.append(_Concept(ids, frozenset(map(_category, ids)), denied, words))
        covered |= words
    content = dict.fromkeys(
        content_key(w, rules)
        for w in tokens
        if w[0].isalnum() and w not in rules.stopwords and w not in _EMPTY
    )
    return Said(
        tuple(concepts),
        frozenset(q.value for q in reading.quantities),
        frozenset(content),
        tuple(w for w in content if w not in covered and w not in blanket),
        not _DENYING.isdisjoint(tokens),
    )


def _category(concept: str) -> str:
    return concept.partition(".")[0] if concept.startswith("icd:") else concept


def stated_share(facts: Said, text: Said) -> float:
    """The share of the facts that the text states; a word weighs half a concept."""
    if facts.is_blanket:
        return 1.0 if text.denies or text.is_blanket else 0.0
    found = float(sum(_has(text, c) for c in facts.concepts))
    found += _WORD_WEIGHT * sum(w in text.words for w in facts.bare_words)
    total = len(facts.concepts) + _WORD_WEIGHT * len(facts.bare_words)
    return found / total if total else 1.0


def grounded(text: Said, ground: Said) -> float:
    """The share of what the text says that the ground does not hold (0: all is grounded).

    Numbers count as concepts. A few imagined grounded facts keep the share of a text of one
    or two facts from being all or nothing.
    """
    off = float(sum(not _has(ground, c, any_polarity=True) for c in text.concepts))
    off += _WORD_WEIGHT * sum(w not in ground.words for w in text.bare_words)
    off += len(text.numbers - ground.numbers)
    total = len(text.concepts) + _WORD_WEIGHT * len(text.bare_words) + len(text.numbers)
    return off / (total + _PRIOR) if off else 0.0


def _has(text: Said, concept: _Concept, *, any_polarity: bool = False) -> bool:
    """Whether a text states a concept: by name, by a relation of it, or by all its words."""
    named = False
    for other in text.concepts:
        if (
            concept.ids & other.ids
            or concept.categories & other.categories
            or concept.words == other.words
        ):
            if any_polarity or concept.denied == other.denied:
                return True
            named = True
    return not named and bool(concept.words) and concept.words <= text.words


@dataclass(frozen=True, slots=True)
class HumanScores:
    """Pearson's r with people's scores.

    Attributes:
        summaries: how many.
        correlations: factual_recall, omission, hallucination (facts and dialogue as ground),
            hallucination_section_only.
        halves: the same on the even-numbered summaries, on which the two weights were
            chosen, and on the odd-numbered ones.
    """

    summaries: int
    correlations: dict[str, float]
    halves: dict[str, tuple[float, float]]


def score_summaries(checker: Checker, folder: Path) -> HumanScores:
    """Score the summaries of a folder and correlate with the people's scores there.

    Args:
        checker: whose reading is used.
        folder: with mts_dialog_scored_summaries.jsonl and mts_dialog_manual_scores.jsonl.
    """
    rows = list(_read(folder / _SUMMARIES))
    people = list(_read(folder / _SCORES))
    if len(rows) != len(people):
        raise CasewrightError(
            f"{len(rows)} summaries and {len(people)} scores", where=folder,
            fix="give the folder with both files, line by line",
        )  # fmt: skip
    recall: list[float] = []
    off: list[float] = []
    off_section: list[float] = []
    for row in rows:
        section, summary, dialogue = (
            said_in(checker.read(str(row[name])))
            for name in ("Reference Summary", "Automatic Summary", "Dialogue")
        )
        recall.append(stated_share(section, summary))
        off.append(grounded(summary, section + dialogue))
        off_section.append(grounded(summary, section))
    pairs = {
        "factual_recall": (recall, _column(people, "FactualRecall")),
        "omission": (recall, _column(people, "OmissionRate")),
        "hallucination": (off, _column(people, "HallucinationRate")),
        "hallucination_section_only": (off_section, _column(people, "HallucinationRate")),
    }
    return HumanScores(
        len(rows),
        {k: pearson(x, y) for k, (x, y) in pairs.items()},
        {k: (pearson(x[::2], y[::2]), pearson(x[1::2], y[1::2])) for k, (x, y) in pairs.items()},
    )


def _column(rows: Sequence[Mapping[str, object]], name: str) -> list[float]:
    return [float(str(row[name])) for row in rows]


def _read(path: Path) -> Iterator[dict[str, object]]:
    try:
        text = path.read_text("utf-8")
    except OSError as err:
        raise CasewrightError(
            f"cannot read: {err.strerror}", where=path,
            fix="give the folder that holds the scored summaries of MTS-Dialog",
        ) from err  # fmt: skip
    for line in text.splitlines():
        if line.strip():
            yield {k.lstrip("\ufeff"): v for k, v in json.loads(line).items()}


def pearson(x: Sequence[float], y: Sequence[float]) -> float:
    """Pearson's correlation; 0 where one of them does not vary."""
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    dx, dy = [v - mean_x for v in x], [v - mean_y for v in y]
    spread = sqrt(sum(v * v for v in dx) * sum(v * v for v in dy))
    return sum(a * b for a, b in zip(dx, dy, strict=True)) / spread if spread else 0.0
