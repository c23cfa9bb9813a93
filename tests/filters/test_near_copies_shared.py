"""Near-copies measured on public notes that stand in for a private reference."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from casewright.filters.near_copies import NearCopies, ReferenceIndex

SHARED = Path(__file__).parents[2].parent / "shared" / "corpora"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(
        not SHARED.is_dir(), reason="development corpora are not beside the checkout"
    ),
]

Docs = list[tuple[str, str]]


def halves(file: str, field: str) -> tuple[Docs, Docs]:
    """Disjoint halves of the texts of at least 40 words, exact repeats left out."""
    seen: set[str] = set()
    docs: Docs = []
    with (SHARED / file).open(encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            body = " ".join(re.findall(r"[a-z]+", row[field].lower()))
            if body not in seen and len(row[field].split()) >= 40:
                seen.add(body)
                docs.append((row["id"], row[field]))
    random.Random(11).shuffle(docs)
    return docs[: len(docs) // 2], docs[len(docs) // 2 :]


def edited(text: str, share: float, vocabulary: list[str], rng: random.Random) -> str:
    """Change a share of the words: replaced, left out or put in."""
    out: list[str] = []
    for word in text.split(" "):
        if rng.random() >= share:
            out.append(word)
            continue
        kind = rng.random()
        if kind < 0.6:
            out.append(rng.choice(vocabulary))
        elif kind >= 0.8:
            out += [word, rng.choice(vocabulary)]
    return " ".join(out)


@pytest.mark.parametrize(
    ("file", "field"),
    [("aci_bench.jsonl", "note"), ("mts_dialog.jsonl", "note"), ("mts_dialog.jsonl", "dialogue")],
)
def test_edited_copies_are_caught_and_other_notes_are_not(file: str, field: str) -> None:
    reference, others = halves(file, field)
    judge = NearCopies(ReferenceIndex.build(reference))
    wrong = [name for name, text in others if not judge(text).keep]
    # A few public notes are near-copies of each other, without being exact repeats.
    assert len(wrong) / len(others) <= 0.02, wrong
    vocabulary = [word for _, text in others for word in text.split()]
    rng = random.Random(3)
    for share, bound in ((0.05, 1.0), (0.10, 1.0), (0.20, 0.98)):
        caught = sum(not judge(edited(t, share, vocabulary, rng)).keep for _, t in reference)
        assert caught / len(reference) >= bound, (share, caught / len(reference))
    shuffled = 0
    for _, text in reference:
        sentences = re.split(r"(?<=[.\n]) ?", text)
        rng.shuffle(sentences)
        shuffled += not judge(" ".join(sentences)).keep
    assert shuffled / len(reference) >= 0.99
    swapped = 0
    for _, text in reference:
        other = re.sub(r"\d", lambda m: str(rng.randrange(10)), text)
        other = re.sub(r"\b(Mr|Ms|Mrs|Dr)\. [A-Z]\w+", r"\1. Okonjo", other)
        swapped += not judge(other).keep
    assert swapped / len(reference) >= 0.99


def test_back_translated_dialogues_are_likest_to_their_originals() -> None:
    """Asked: .90 found at 5% of unrelated dialogues flagged, .60 at 1%."""
    rows = []
    with (SHARED / "mts_dialog_backtranslated_fr.jsonl").open(encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    plain = [r["dialogue"] for r in rows if "TR=" not in r["id"]]
    back = [r["dialogue"] for r in rows if "TR=" in r["id"]]
    pairs = [p for p in zip(plain, back, strict=True) if len(p[0].split()) >= 40]
    pairs = list({a[:200]: (a, b) for a, b in pairs}.values())
    random.Random(0).shuffle(pairs)
    pairs = pairs[:500]
    reference, others = pairs[:250], pairs[250:]
    index = ReferenceIndex.build((str(i), a) for i, (a, _) in enumerate(reference))
    unrelated = sorted(index.compare(a).cosine for a, _ in others)
    found = [index.compare(b).cosine for _, b in reference]
    for share, bound in ((0.05, 0.90), (0.01, 0.60)):
        limit = unrelated[int(len(unrelated) * (1 - share))]
        caught = sum(x > limit for x in found) / len(found)
        assert caught >= bound, (share, limit, caught)
