"""How varied a corpus is: `python tests/bench/diversity.py [RUN | TEXTS.jsonl ...]`.

Without a file it measures 300 documents of every kind that the realiser writes. What is
measured, in one line for each corpus:

- opening: share of the documents that begin with the commonest first eight words of the body.
- gzip: bytes of all texts over bytes compressed (Shaib et al. 2024, compression ratio).
- repeated: share of the 10-grams of words that stand in the corpus more than once.
- self-bleu: mean BLEU-4 of a document against the others (Zhu et al. 2018), over 100 of them
  with 100 references each, brevity penalty included, without smoothing.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import math
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from casewright.config import load_config
from casewright.generators.plan import suits
from casewright.generators.writer import EngineName
from casewright.setup import load_parts

_WORD = re.compile(r"\w+|[^\w\s]")
SAMPLE = 100


def words_of(text: str) -> list[str]:
    """Words and punctuation, lower case."""
    return _WORD.findall(text.lower())


def openings(texts: Sequence[list[str]], size: int = 8) -> float:
    """Share of the commonest beginning."""
    counts = Counter(tuple(words[:size]) for words in texts)
    return counts.most_common(1)[0][1] / len(texts)


def gzip_ratio(texts: Sequence[str]) -> float:
    """Bytes over bytes compressed."""
    raw = "\n".join(texts).encode()
    return len(raw) / len(gzip.compress(raw, mtime=0))


def repeated(texts: Sequence[list[str]], size: int = 10) -> float:
    """Share of n-grams that are not the only one of their kind."""
    counts: Counter[tuple[str, ...]] = Counter()
    for words in texts:
        counts.update(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
    total = sum(counts.values())
    return sum(n for n in counts.values() if n > 1) / total if total else 0.0


def grams_of(words: list[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1))


def bleu(words: list[str], references: Sequence[list[str]]) -> float:
    """BLEU-4 of one text against several (Papineni et al. 2002), clipped counts."""
    logs = 0.0
    for size in range(1, 5):
        own = grams_of(words, size)
        most: Counter[tuple[str, ...]] = Counter()
        for other in references:
            most |= grams_of(other, size)
        met = sum(min(n, most[gram]) for gram, n in own.items())
        if not met:
            return 0.0
        logs += math.log(met / max(sum(own.values()), 1)) / 4
    nearest = min((abs(len(r) - len(words)), len(r)) for r in references)[1]
    brevity = min(1.0, math.exp(1 - nearest / max(len(words), 1)))
    return brevity * math.exp(logs)


def self_bleu(texts: Sequence[list[str]]) -> float:
    """Mean BLEU-4 of a sample of texts, each against a sample of the others."""
    rng = random.Random(5)
    chosen = rng.sample(range(len(texts)), min(SAMPLE, len(texts)))
    scores = []
    for number in chosen:
        others = [n for n in range(len(texts)) if n != number]
        references = [texts[n] for n in rng.sample(others, min(SAMPLE, len(others)))]
        scores.append(bleu(texts[number], references))
    return sum(scores) / len(scores)


def realised(count: int) -> Iterator[str]:
    """Documents of every kind by the realiser, a case and a kind for each."""
    settings = {"outpatient": 0.4, "emergency": 0.2, "inpatient": 0.4}
    kinds = {"outpatient": ["clinic_note"], "emergency": ["ed_note"],
             "inpatient": ["discharge_summary"]}  # fmt: skip
    config = load_config(None, {"sampling.settings": settings, "kinds": kinds})
    parts = load_parts(config)
    writer = parts.writer(None, EngineName("realiser", ""))
    index = 0
    while count:
        case = parts.sampler.case(index)
        fitting = [
            name
            for name, kind in sorted(parts.library.kinds.items())
            if case.setting in kind.settings and suits(kind, case, parts.forms_of)
        ]
        kind = random.Random(index).choice(fitting)
        index += 1
        count -= 1
        yield asyncio.run(writer.draft(case, kind)).text


def read(path: Path) -> list[str]:
    """Texts of a run's kept documents, or of a JSONL file's `text` (or `note`) field."""
    if path.is_dir():
        tables = [
            pq.read_table(p, columns=["text"]) for p in sorted(path.glob("documents/*.parquet"))
        ]
        return [t for table in tables for t in table.column("text").to_pylist()]
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [next(r[k] for k in ("text", "note", "section_text") if k in r) for r in rows]


def measure(name: str, texts: Sequence[str]) -> dict[str, float | str | int]:
    """All figures of a corpus."""
    bodies = [text.split("\n\n", 2)[-1] for text in texts]
    words = [words_of(b) for b in bodies]
    return {
        "corpus": name,
        "documents": len(texts),
        "opening": round(openings(words), 4),
        "gzip": round(gzip_ratio(texts), 3),
        "repeated": round(repeated(words), 4),
        "self_bleu": round(self_bleu(words), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", nargs="*", type=Path)
    parser.add_argument("-n", type=int, default=300)
    args = parser.parse_args()
    corpora = [(str(p), read(p)[: args.n]) for p in args.corpora]
    for name, texts in corpora or [("realiser, every kind", list(realised(args.n)))]:
        sys.stdout.write(json.dumps(measure(name, texts)) + "\n")


if __name__ == "__main__":
    main()
