"""Detectors side by side, on the same planted texts in one run."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from casewright.filters.disclosure.planted import Planted, clean_texts, measure, planted
from casewright.filters.near_copies import NearCopies, ReferenceIndex
from casewright.filters.near_copies.shingles import mix, read_words, shingle
from casewright.filters.phi import LEAK_SCORE, scan

__all__ = ["CopyRow", "IdentifierRow", "compare_copies", "compare_identifiers", "edits_of"]

Texts = Sequence[tuple[str, str]]
_ATTEMPT_S = 900


@dataclass(frozen=True, slots=True)
class IdentifierRow:
    """One detector of identifiers. `skipped` says why it did not run."""

    detector: str
    version: str
    recall: dict[str, float]
    worst_names: float
    clean_flagged: float
    mb_per_s: float
    skipped: str = ""


def compare_identifiers(
    *, seed: int = 1, rounds: int = 1, python: Path | None = None
) -> list[IdentifierRow]:
    """Recall by class on planted sentences, and false alarms on clean ones.

    Args:
        python: an interpreter that has presidio-analyzer and philter-lite; this one by default.
    """
    items = list(planted(seed=seed, rounds=rounds))
    clean = list(clean_texts())
    texts = [i.text for i in items] + clean
    documents = _documents(clean + [i.text for i in items])
    size = sum(len(d.encode()) for d in documents) / 1e6
    found = [[(h.start, h.end) for h in scan(t) if h.score >= LEAK_SCORE] for t in texts]
    began = time.process_time()
    for document in documents:
        scan(document)
    speed = size / (time.process_time() - began)
    rows = [_row("casewright", "", items, clean, found, speed)]
    for name in ("presidio", "philter-lite"):
        answer = _ask(name, texts, documents, python)
        if "skipped" in answer:
            rows.append(IdentifierRow(name, "", {}, 0.0, 0.0, 0.0, str(answer["skipped"])))
        else:
            spans = [[(int(a), int(b)) for a, b in one] for one in answer["spans"]]
            version = str(answer["version"])
            speed = size / max(float(answer["seconds"]), 1e-9)
            rows.append(_row(name, version, items, clean, spans, speed))
    return rows


def _documents(sentences: Sequence[str]) -> list[str]:
    """The speed is that on texts of a note's length, most of whose sentences have no identifier."""
    plain = [s for s in clean_texts() for _ in range(2)]
    made = []
    for start in range(0, min(len(sentences), 600), 10):
        made.append(
            "\n".join([*plain[start % 40 : start % 40 + 24], *sentences[start : start + 10]])
        )
    return made


def _ask(name: str, texts: list[str], timed: list[str], python: Path | None) -> dict[str, Any]:
    worker = Path(__file__).with_name("baseline_worker.py")
    try:
        done = subprocess.run(
            [str(python or sys.executable), str(worker)],
            input=json.dumps({"detector": name, "texts": texts, "timed": timed}),
            capture_output=True,
            text=True,
            timeout=_ATTEMPT_S,
            check=True,
        )
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        return {"skipped": f"it could not be run: {type(error).__name__}"}
    return answer


def _row(
    name: str,
    version: str,
    items: list[Planted],
    clean: list[str],
    found: list[list[tuple[int, int]]],
    speed: float,
) -> IdentifierRow:
    by_text = {i.text: f for i, f in zip(items, found, strict=False)}
    groups, _ = measure(items, lambda text: by_text[text])
    recall = {}
    for kind in dict.fromkeys(r.kind for r in groups):
        of_kind = [r for r in groups if r.kind == kind]
        recall[kind] = sum(r.found for r in of_kind) / sum(r.total for r in of_kind)
    worst = min((r.share for r in groups if r.kind == "name"), default=1.0)
    flagged = sum(bool(f) for f in found[len(items) :]) / len(clean)
    return IdentifierRow(name, version, recall, worst, flagged, speed)


# --- near-copies --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CopyRow:
    """One detector of near-copies: share caught by kind of edit, share of unrelated flagged."""

    detector: str
    caught: dict[str, float]
    unrelated_flagged: float


def edits_of(text: str, vocabulary: Sequence[str], rng: random.Random) -> dict[str, str]:
    """The same note, edited in every way that is measured."""

    def words(share: float) -> str:
        out: list[str] = []
        for word in text.split(" "):
            kind = rng.random()
            if rng.random() >= share:
                out.append(word)
            elif kind < 0.6:
                out.append(rng.choice(vocabulary))
            elif kind < 0.8:
                out += [word, rng.choice(vocabulary)]
        return " ".join(out)

    sentences = re.split(r"(?<=[.\n]) ?", text)
    rng.shuffle(sentences)
    swapped = re.sub(r"\d", lambda m: str(rng.randrange(10)), text)
    swapped = re.sub(r"\b(Mr|Ms|Mrs|Dr)\. [A-Z]\w+(?: [A-Z]\w+)?", r"\1. Halvorsen-Idowu", swapped)
    return {
        "exact": text,
        "5% of words": words(0.05),
        "10% of words": words(0.10),
        "20% of words": words(0.20),
        "sentences shuffled": " ".join(sentences),
        "names and numbers swapped": swapped,
    }


Flags = Callable[[str], bool]


def compare_copies(reference: Texts, unrelated: Texts, *, seed: int = 1) -> list[CopyRow]:
    """Detectors of near-copies on edited notes of the reference, and on unrelated notes."""
    rng = random.Random(f"copies{seed}")
    vocabulary = [w for _, t in unrelated for w in t.split()] or ["the"]
    edited = [edits_of(text, vocabulary, rng) for _, text in reference]
    judge = NearCopies(ReferenceIndex.build(reference))
    texts = [t for _, t in reference]
    detectors: dict[str, Flags] = {
        "casewright": lambda t: not judge(t).keep,
        "MinHash, 5 words, .8": _minhash(texts),
        "13-gram overlap": _overlap(texts, 13),
        "50 shared characters": _characters(texts, 50),
    }
    rows = []
    for name, flags in detectors.items():
        caught = {kind: sum(flags(e[kind]) for e in edited) / len(edited) for kind in edited[0]}
        wrong = sum(flags(t) for _, t in unrelated) / len(unrelated) if unrelated else 0.0
        rows.append(CopyRow(name, caught, wrong))
    return rows


_PERMUTATIONS = 128


def _signature(text: str, seeds: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """MinHash signature of shingles of five words (Broder 1997)."""
    hashes = read_words(text).hashes
    if len(hashes) >= 5:
        total = np.zeros(len(hashes) - 4, dtype=np.uint64)
        for i in range(5):
            total = total * np.uint64(0x9E3779B97F4A7C15) + hashes[i : len(total) + i]
        hashes = np.unique(mix(total))
    else:
        hashes = shingle(hashes)
    if not len(hashes):
        return seeds.copy()
    signature: NDArray[np.uint64] = (
        mix((hashes[:, None] ^ seeds[None, :]).ravel()).reshape(len(hashes), -1).min(axis=0)
    )
    return signature


def _minhash(texts: Sequence[str]) -> Flags:
    seeds = mix(np.arange(1, _PERMUTATIONS + 1, dtype=np.uint64))
    known = np.array([_signature(t, seeds) for t in texts])

    def flags(text: str) -> bool:
        return bool((known == _signature(text, seeds)).mean(axis=1).max() >= 0.8)

    return flags


def _overlap(texts: Sequence[str], size: int) -> Flags:
    """Any run of so many words in common (the rule of Brown et al. 2020 for contamination)."""

    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}

    known = set().union(*(runs(t) for t in texts))
    return lambda text: not known.isdisjoint(runs(text))


def _characters(texts: Sequence[str], size: int) -> Flags:
    """Any run of so many characters in common, boilerplate or not."""

    def runs(text: str) -> set[str]:
        flat = " ".join(text.lower().split())
        return {flat[i : i + size] for i in range(len(flat) - size + 1)}

    known = set().union(*(runs(t) for t in texts))
    return lambda text: not known.isdisjoint(runs(text))
