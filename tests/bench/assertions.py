"""The assertion cases read by casewright, negspaCy and medspaCy, side by side.

    python tests/bench/assertions.py [--json] [--wrong]

Each reader is run if it can be imported; install the two others in an environment of their
own (`pip install negspacy medspacy`), never in the project's. They are given the concepts'
spans, so that only the reading of the context is compared: a blank English pipeline with
their own sentence splitters (PyRuSH for medspaCy, the rule-based sentencizer for negspaCy),
their own rules as shipped. A dialogue is a transcript with speaker names to them.

Two figures a reader: accuracy over five values (present, denied, historical, family,
hypothetical; not for negspaCy, which knows negation only), and negated or not, with
precision, recall and F1, over the cases that are not of the family.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parents[1] / "filters" / "ledger" / "data" / "assertion_set.yaml"
TAGS = {"D": "Doctor", "P": "Patient", "C": "Mother", "I": "Interpreter", "N": "Nurse"}
ROLES = {"D": "doctor", "P": "patient", "C": "caregiver", "I": "interpreter", "N": "nurse"}


@dataclass(frozen=True)
class Item:
    """One text with the gold spans: (start, end, assertion)."""

    group: str
    text: str
    turns: tuple[tuple[str, int, int], ...]
    spans: tuple[tuple[int, int, str], ...]


def load_items(path: Path = CASES) -> list[Item]:
    """The cases as texts with spans. A concept is its first occurrence as whole words."""
    raw = yaml.safe_load(path.read_text("utf-8"))
    return [_item(group, case) for group, cases in raw.items() for case in cases]


def _item(group: str, case: dict[str, Any]) -> Item:
    text, turns = case.get("text", ""), []
    for line in case.get("turns", ()):
        key, _, said = line.partition(": ")
        text += f"{TAGS[key]}: "
        turns.append((ROLES[key], len(text), len(text) + len(said)))
        text += f"{said}\n"
    spans = []
    for words, said in case["says"].items():
        at = _place(text, words)
        spans.append((at, at + len(words), said))
    return Item(group, text, tuple(turns), tuple(sorted(spans)))


def _place(text: str, words: str) -> int:
    at = text.find(words)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(words) : at + len(words) + 1]
        if not before.isalnum() and not after.isalnum():
            return at
        at = text.find(words, at + 1)
    raise ValueError(f"{words!r} does not stand in {text!r}")


Reader = Callable[[Item], list[str]]


def casewright_reader() -> tuple[str, Reader]:
    """The ledger's reading over the packaged graph."""
    from casewright.filters.ledger import Checker
    from casewright.kg.graph import load_graph
    from casewright.records import Span, Turn

    checker = Checker(load_graph())

    def read(item: Item) -> list[str]:
        turns = [Turn(r, item.text[a:b], a, b) for r, a, b in item.turns]  # type: ignore[arg-type]
        return list(checker.assertions(item.text, [Span(a, b) for a, b, _ in item.spans], turns))

    return f"casewright {version('casewright')}", read


def negspacy_reader() -> tuple[str, Reader]:
    """negspaCy with the clinical term set, on the given spans."""
    import spacy
    from negspacy.negation import Negex  # noqa: F401
    from negspacy.termsets import termset
    from spacy.util import filter_spans

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    negex = nlp.create_pipe("negex", config={"neg_termset": termset("en_clinical").get_patterns()})

    def read(item: Item) -> list[str]:
        doc = nlp(item.text)
        found = [doc.char_span(a, b, label="C", alignment_mode="expand") for a, b, _ in item.spans]
        doc.ents = filter_spans(found)
        doc = negex(doc)
        flags = {i: e._.negex for e in doc.ents for i in range(e.start, e.end)}
        return ["denied" if flags.get(s.start) else "present" for s in found]

    return f"negspaCy {version('negspacy')} (spaCy {spacy.__version__})", read


def medspacy_reader() -> tuple[str, Reader]:
    """medspaCy's ConText with PyRuSH sentences, on the given spans."""
    import medspacy
    import spacy
    from spacy.util import filter_spans

    nlp = medspacy.load(enable=["medspacy_pyrush", "medspacy_context"])
    context = nlp.get_pipe("medspacy_context")

    def read(item: Item) -> list[str]:
        doc = nlp.make_doc(item.text)
        doc = nlp.get_pipe("medspacy_pyrush")(doc)
        found = [doc.char_span(a, b, label="C", alignment_mode="expand") for a, b, _ in item.spans]
        doc.ents = filter_spans(found)
        doc = context(doc)
        by_token = {i: e for e in doc.ents for i in range(e.start, e.end)}
        return [_of_flags(by_token.get(s.start, s)._) for s in found]

    return f"medspaCy {version('medspacy')} (spaCy {spacy.__version__})", read


def _of_flags(flags: Any) -> str:
    if flags.is_family:
        return "family"
    if flags.is_hypothetical or flags.is_uncertain:
        return "hypothetical"
    if flags.is_negated:
        return "denied"
    return "historical" if flags.is_historical else "present"


READERS = (casewright_reader, negspacy_reader, medspacy_reader)


@dataclass(frozen=True)
class Score:
    """What one reader got right."""

    name: str
    cases: int
    accuracy: float
    precision: float
    recall: float
    f1: float
    groups: dict[str, float]
    wrong: tuple[str, ...]


def score(name: str, read: Reader, items: Sequence[Item]) -> Score:
    """Read all cases and count."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    table: Counter[tuple[bool, bool]] = Counter()
    wrong: list[str] = []
    for item in items:
        for (start, end, gold), said in zip(item.spans, read(item), strict=True):
            total[item.group] += 1
            right[item.group] += said == gold
            if gold != "family":
                table[(gold == "denied", said == "denied")] += 1
            if said != gold:
                text = " / ".join(item.text.split("\n"))
                wrong.append(f"[{item.group}] {text[start:end]}: {said}, is {gold}: {text}")
    hits = table[(True, True)]
    precision = hits / max(1, hits + table[(False, True)])
    recall = hits / max(1, hits + table[(True, False)])
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    groups = {g: right[g] / n for g, n in total.items()}
    accuracy = sum(right.values()) / sum(total.values())
    return Score(name, sum(total.values()), accuracy, precision, recall, f1, groups, tuple(wrong))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Compare readers of assertion.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--wrong", action="store_true", help="Show what was read wrongly.")
    options = parser.parse_args()
    items = load_items()
    scores: list[Score] = []
    absent: dict[str, str] = defaultdict(str)
    for make in READERS:
        try:
            name, read = make()
        except ImportError as err:
            absent[make.__name__.removesuffix("_reader")] = str(err)
            continue
        scores.append(score(name, read, items))
    for name, why in absent.items():
        sys.stderr.write(f"{name} is not installed here: {why}\n")
    if options.json:
        sys.stdout.write(json.dumps([s.__dict__ for s in scores], indent=1) + "\n")
        return
    for s in scores:
        five = "     -" if s.name.startswith("negspaCy") else f"{s.accuracy:6.3f}"
        sys.stdout.write(
            f"{s.name:<36} {s.cases} cases  five values {five}   negated: "
            f"P {s.precision:.3f}  R {s.recall:.3f}  F1 {s.f1:.3f}\n"
        )
        for group, share in s.groups.items():
            sys.stdout.write(f"    {group:<18}{share:.3f}\n")
        if options.wrong:
            sys.stdout.writelines(f"    {line}\n" for line in s.wrong)


if __name__ == "__main__":
    main()
