"""An index of reference documents, and the best match of a text in it.

For every reading (as is, masked) it holds the sorted distinct shingle hashes and,
for each, the documents that have it. No text of the reference is in it. The arrays
are plain `.npy` files, so that `load` maps them into memory instead of reading them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from casewright.errors import CasewrightError
from casewright.filters.near_copies.shingles import (
    SHINGLE_WORDS,
    Reading,
    masked,
    plain,
    read_words,
    shingle,
)

__all__ = [
    "READINGS",
    "Match",
    "Passage",
    "Postings",
    "ReadingName",
    "ReferenceIndex",
    "post_hashes",
    "read",
    "weigh",
]

ReadingName: TypeAlias = Literal["plain", "masked"]
READINGS: tuple[ReadingName, ...] = ("plain", "masked")
_FORMAT = 1
# Two matched shingles with no more unmatched words between them than this are one passage.
_GAP_WORDS = 3
_BOILERPLATE_WEIGHT = 0.1
# A document with less novelty than this is too short to be covered by a text.
_MIN_MASS = 16.0


@lru_cache(maxsize=2)
def _boilerplate(reading: ReadingName) -> NDArray[np.uint64]:
    """Shingles of phrases that any note may carry, sorted."""
    text = (files(__package__) / "boilerplate.txt").read_text(encoding="utf-8")
    hashes = [
        shingle(read(line, reading).hashes)
        for line in text.splitlines()
        if line and not line.startswith("#")
    ]
    return np.unique(np.concatenate(hashes))


def weigh(
    frequency: NDArray[np.int64], documents: int, hashes: NDArray[np.uint64], reading: ReadingName
) -> NDArray[np.float64]:
    """Weights of shingles by the number of documents that have them.

    1 for one that at most one document has, falling with the logarithm of the frequency
    to nearly 0 for one that all have (idf, scaled). The frequency in a single document says
    nothing and discounts nothing. Phrases that any note may carry weigh a tenth.
    """
    weights = np.ones(len(frequency))
    if documents >= 2:
        weights = np.log((documents + 1) / np.maximum(frequency, 1)) / np.log(documents + 1)
    weights[np.isin(hashes, _boilerplate(reading), assume_unique=True)] *= _BOILERPLATE_WEIGHT
    return weights


def read(text: str, reading: ReadingName) -> Reading:
    """The tokens of one reading of a text."""
    words = read_words(text)
    return plain(words) if reading == "plain" else masked(words)


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of shared words: characters `start` to `end` of the text that was looked up.

    `novelty` is the sum of the weights of its shingles: a long run of boilerplate
    has little of it.
    """

    start: int
    end: int
    words: int
    novelty: float


@dataclass(frozen=True, slots=True)
class Match:
    """The best single reference document for a text, under one reading.

    Attributes:
        reading: plain or masked.
        document: id of the reference document; None where nothing is shared.
        containment: share of the text's shingles, weighted by rarity, that the document has.
        coverage: share of the document's shingles, so weighted, that the text has; 0 for a
            document with too few rare shingles to be covered by anything.
        shared: sum of the weights of the shared shingles: how much there is to be a copy of.
        longest: novelty of the richest single passage.
        passages: shared passages, richest first.
    """

    reading: ReadingName
    document: str | None
    containment: float
    coverage: float
    shared: float
    longest: float
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Postings:
    """Shingle `keys[i]` is in documents `documents[offsets[i]:offsets[i + 1]]`.

    `mass[d]` is the sum of the weights of document d's shingles.
    """

    keys: NDArray[np.uint64]
    offsets: NDArray[np.int64]
    documents: NDArray[np.uint32]
    mass: NDArray[np.float64]

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Index of each hash in `keys`, or -1."""
        if not len(self.keys):
            return np.full(len(hashes), -1, dtype=np.int64)
        at = np.searchsorted(self.keys, hashes)
        at[at == len(self.keys)] = 0
        return np.where(self.keys[at] == hashes, at, -1).astype(np.int64)

    def gather(self, at: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The documents of the keys at these places, one after the other."""
        begin = self.offsets[at]
        counts = self.offsets[at + 1] - begin
        flat = np.repeat(begin - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
        documents: NDArray[np.uint32] = self.documents[flat + np.arange(int(counts.sum()))]
        return documents


def post_hashes(hashes: Sequence[NDArray[np.uint64]], reading: ReadingName) -> Postings:
    """Postings of documents given as arrays of distinct hashes."""
    if not hashes:
        empty = np.zeros(0, dtype=np.uint64)
        return Postings(
            empty, np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.uint32), np.zeros(0)
        )
    every = np.concatenate(hashes)
    documents = np.repeat(np.arange(len(hashes), dtype=np.uint32), [len(h) for h in hashes])
    order = np.argsort(every, kind="stable")
    every, documents = every[order], documents[order]
    new = np.empty(len(every), dtype=bool)
    new[:1] = True
    np.not_equal(every[1:], every[:-1], out=new[1:])
    first = np.flatnonzero(new)
    offsets = np.append(first, len(every)).astype(np.int64)
    keys, frequency = every[first], np.diff(offsets)
    weights = weigh(frequency, len(hashes), keys, reading)
    mass = np.bincount(documents, np.repeat(weights, frequency), minlength=len(hashes))
    return Postings(keys, offsets, documents, mass.astype(np.float64))


@dataclass(frozen=True, slots=True)
class ReferenceIndex:
    """An index of reference documents; see the module.

    Attributes:
        ids: the documents' ids, in the order given. fingerprint: hash of ids and texts.
    """

    ids: tuple[str, ...]
    fingerprint: str
    _postings: dict[ReadingName, Postings] = field(repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def build(cls, texts: Iterable[tuple[str, str]]) -> ReferenceIndex:
        """Index documents, given as (id, text). The texts are not kept."""
        ids: list[str] = []
        digest = blake2b(digest_size=16)
        hashes: dict[ReadingName, list[NDArray[np.uint64]]] = {reading: [] for reading in READINGS}
        for name, text in texts:
            ids.append(name)
            raw = text.encode("utf-8", "surrogatepass")
            digest.update(f"{len(name)}:{name}:{len(raw)}:".encode("utf-8", "surrogatepass"))
            digest.update(raw)
            words = read_words(text)
            hashes["plain"].append(np.unique(shingle(plain(words).hashes)))
            hashes["masked"].append(np.unique(shingle(masked(words).hashes)))
        return cls(tuple(ids), digest.hexdigest(), {r: post_hashes(hashes[r], r) for r in READINGS})

    def save(self, folder: Path) -> None:
        """Write the index into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for reading, postings in self._postings.items():
            np.save(folder / f"{reading}.keys.npy", postings.keys)
            np.save(folder / f"{reading}.offsets.npy", postings.offsets)
            np.save(folder / f"{reading}.documents.npy", postings.documents)
            np.save(folder / f"{reading}.mass.npy", postings.mass)
        meta = {
            "format": _FORMAT,
            "shingle_words": SHINGLE_WORDS,
            "fingerprint": self.fingerprint,
            "ids": list(self.ids),
        }
        (folder / "index.json").write_text(json.dumps(meta), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, *, fingerprint: str | None = None) -> ReferenceIndex:
        """Map an index into memory.

        Args:
            folder: what `save` wrote.
            fingerprint: of the reference as it is now; an index of another one is refused.

        Raises:
            CasewrightError: no index there, one of another format, or of another reference.
        """
        fix = "build the index again from the reference"
        try:
            meta = json.loads((folder / "index.json").read_text(encoding="utf-8"))
            if meta["format"] != _FORMAT or meta["shingle_words"] != SHINGLE_WORDS:
                raise CasewrightError(
                    "the index has another format", where=folder, valid=f"{_FORMAT}", fix=fix
                )
            if fingerprint is not None and meta["fingerprint"] != fingerprint:
                raise CasewrightError(
                    "the reference has changed since the index was built", where=folder, fix=fix
                )
            postings: dict[ReadingName, Postings] = {
                reading: Postings(
                    *(
                        np.load(folder / f"{reading}.{part}.npy", mmap_mode="r")
                        for part in ("keys", "offsets", "documents", "mass")
                    )
                )
                for reading in READINGS
            }
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CasewrightError(f"no usable index: {error}", where=folder, fix=fix) from error
        return cls(tuple(meta["ids"]), meta["fingerprint"], postings)

    def match(self, text: str, *, max_passages: int = 5) -> tuple[Match, ...]:
        """The best document for a text, one match per reading.

        The document is the one with the largest weighted share of the text, or the one
        that the text covers best; a text that is a document of the index has containment 1.
        """
        words = read_words(text)
        return (
            self._match("plain", plain(words), max_passages),
            self._match("masked", masked(words), max_passages),
        )

    def _match(self, reading: ReadingName, tokens: Reading, max_passages: int) -> Match:
        postings = self._postings[reading]
        hashes = shingle(tokens.hashes)
        nothing = Match(reading, None, 0.0, 0.0, 0.0, 0.0)
        if not len(hashes) or not len(self):
            return nothing
        unique, inverse = np.unique(hashes, return_inverse=True)
        at = postings.find(unique)
        found = np.flatnonzero(at >= 0)
        if not len(found):
            return nothing
        counts = postings.offsets[at[found] + 1] - postings.offsets[at[found]]
        frequency = np.zeros(len(unique), dtype=np.int64)
        frequency[found] = counts
        weights = weigh(frequency, len(self), unique, reading)
        documents = postings.gather(at[found])
        shared = np.bincount(
            documents, weights=np.repeat(weights[found], counts), minlength=len(self)
        )
        whole = float(weights.sum())
        contained = shared / whole if whole > 0 else np.zeros(len(self))
        covered = np.divide(
            shared, postings.mass, out=np.zeros(len(self)), where=postings.mass >= _MIN_MASS
        )
        best = int(np.argmax(np.maximum(contained, covered)))
        owner = np.zeros(len(unique), dtype=bool)
        owner[np.repeat(found, counts)[documents == best]] = True
        passages = _passages(tokens, owner[inverse], weights[inverse])
        longest = passages[0].novelty if passages else 0.0
        return Match(
            reading,
            self.ids[best],
            min(float(contained[best]), 1.0),
            min(float(covered[best]), 1.0),
            float(shared[best]),
            longest,
            passages[:max_passages],
        )


def _passages(
    tokens: Reading, shared: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[Passage, ...]:
    """Runs of shared shingles as spans of the text, richest first."""
    places = np.flatnonzero(shared)
    if not len(places):
        return ()
    breaks = np.flatnonzero(np.diff(places) > _GAP_WORDS) + 1
    found = []
    for run in np.split(places, breaks):
        first, last = int(run[0]), min(int(run[-1]) + SHINGLE_WORDS, len(tokens.starts)) - 1
        found.append(
            Passage(
                int(tokens.starts[first]),
                int(tokens.ends[last]),
                last - first + 1,
                float(weights[run].sum()),
            )
        )
    found.sort(key=lambda p: (-p.novelty, p.start))
    return tuple(found)
