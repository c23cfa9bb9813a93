"""An index of reference documents: what a text shares with them, and the best single match.

Tables of hashes: runs of bytes (`grams`, exact), rare words (`terms`, which documents to look
at), frequencies (how common what is shared is) and full names and numbers (`identifiers`). They
are plain `.npy` files, so that `open` maps them into memory instead of reading them; together
they are at most .6 of the reference's bytes. No text of the reference is in them: to verify a
likeness the document is read again from where it lies.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from casewright.errors import CasewrightError
from casewright.filters.folding import Folded, fold_text
from casewright.filters.near_copies.build import Tables, build_tables
from casewright.filters.near_copies.document import (
    READINGS,
    Prepared,
    ReadingName,
    Shingles,
    cosine,
)
from casewright.filters.near_copies.frequency import Frequencies
from casewright.filters.near_copies.grams import GramTable, pad
from casewright.filters.near_copies.identifiers import IdentifierSet
from casewright.filters.near_copies.normal import normalise
from casewright.filters.near_copies.shingles import SHINGLE_WORDS
from casewright.filters.near_copies.sources import (
    FileTexts,
    HeldTexts,
    Texts,
    fingerprint_files,
    fingerprint_texts,
)
from casewright.filters.near_copies.terms import TermTable, candidates
from casewright.filters.reference import ReferenceFiles

__all__ = ["Likeness", "Match", "Passage", "ReferenceIndex", "SharedSpan"]

_FORMAT = 3
# Two matched shingles with no more unmatched words between them than this are one passage.
_GAP_WORDS = 3
# A document with less novelty than this is too short to be covered by a text.
_MIN_MASS = 16.0
_CANDIDATES = 3
_ALIKE, _LONG = 0.10, 160
# With fewer rare shingles in common no passage is worth a look.
_FEW = 5.0
# Weight of a shingle that one document has.
_RARE = 0.99
_REMEMBERED = 64_000_000  # bytes of documents kept to be compared with the next text


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
class SharedSpan:
    """Characters that the reference has verbatim (47 bytes and more, normalised).

    Attributes:
        count: about how often the reference has what is commonest in it.
        novelty: sum of the weights of its three-word shingles: boilerplate has little.
        rare_numbers: words with a digit whose every shingle is in at most one document.
        rarest: the largest weight of a shingle: below .8 many documents have every part of it.
        may_identify: whether it holds what reads as a name, a date or a long number.
    """

    start: int
    end: int
    count: int
    novelty: float
    rare_numbers: tuple[tuple[int, int], ...] = ()
    rarest: float = 1.0
    may_identify: bool = True


@dataclass(frozen=True, slots=True)
class Likeness:
    """All that an index says of a text.

    Attributes:
        plain, masked: the best documents by shingles.
        cosine: of words and pairs of words, weighted by rarity, with the nearest document.
        verbatim: what is shared byte by byte, in order.
    """

    plain: Match
    masked: Match
    cosine: float
    verbatim: tuple[SharedSpan, ...]


@dataclass(frozen=True)
class ReferenceIndex:
    """An index of reference documents; see the module.

    Attributes:
        fingerprint: hash of what was indexed. size: bytes of the documents' text.
    """

    fingerprint: str
    size: int
    _texts: Texts = field(repr=False)
    _frequencies: Frequencies = field(repr=False)
    _terms: TermTable = field(repr=False)
    _grams: GramTable = field(repr=False)
    identifiers: IdentifierSet = field(repr=False)

    # Documents that many texts are compared with are not read again for each.
    _bytes: Callable[[int], NDArray[np.uint8]] = field(init=False, repr=False, compare=False)
    _prepared: Callable[[int], Prepared] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        mean = self.size // max(len(self._texts), 1) + 1
        object.__setattr__(self, "_bytes", lru_cache(_REMEMBERED // mean)(self._read_bytes))
        object.__setattr__(self, "_prepared", lru_cache(512)(self._prepare))

    def __len__(self) -> int:
        return len(self._texts)

    @classmethod
    def build(cls, texts: Iterable[tuple[str, str]]) -> ReferenceIndex:
        """Index documents, given as (id, text), which stay in memory."""
        documents = tuple(texts)
        size = sum(len(text) for _, text in documents)
        tables = build_tables(lambda: (text for _, text in documents), size)
        return cls._of(fingerprint_texts(documents), HeldTexts(documents), tables)

    @classmethod
    def build_files(cls, path: Path, text_field: str = "text") -> ReferenceIndex:
        """Index the texts of a file or a folder, which stay where they are.

        Raises:
            CasewrightError: what `ReferenceFiles` raises.
        """
        reference = ReferenceFiles(path, text_field)
        fingerprint = fingerprint_files(reference)
        files = reference.files()
        ends = np.zeros(len(files), dtype=np.int64)
        places = array("Q")

        def texts() -> Iterable[str]:
            del places[:]
            for item in reference:
                places.append(item.place)
                ends[item.file :] = len(places)
                yield item.text

        tables = build_tables(texts, sum(f.stat().st_size for f in files))
        where = FileTexts(reference, tuple(files), ends, np.array(places, dtype=np.uint64))
        return cls._of(fingerprint, where, tables)

    @classmethod
    def _of(cls, fingerprint: str, texts: Texts, tables: Tables) -> ReferenceIndex:
        return cls(
            fingerprint,
            tables.size,
            texts,
            tables.frequencies,
            tables.terms,
            tables.grams,
            tables.identifiers,
        )

    @classmethod
    def open(
        cls, path: Path, text_field: str = "text", *, folder: Path | None = None
    ) -> ReferenceIndex:
        """The index of a file or folder of texts: from `folder` if it is there, else built.

        With a folder the index is kept in it and mapped into memory.

        Raises:
            CasewrightError: the reference has changed since the index in `folder` was built;
                what `build_files` and `load` raise.
        """
        if folder is None:
            return cls.build_files(path, text_field)
        if not (folder / "index.json").exists():
            cls.build_files(path, text_field).save(folder)
        return cls.load(folder, path, text_field)

    @property
    def stored_bytes(self) -> int:
        """Bytes of the tables."""
        return sum(a.nbytes for a in self._arrays().values())

    def _arrays(self) -> dict[str, NDArray[np.generic]]:
        arrays: dict[str, NDArray[np.generic]] = {
            "frequency.keys": self._frequencies.keys,
            "frequency.levels": self._frequencies.levels,
            "identifiers": self.identifiers.bits,
        }
        for name, table in (("terms", self._terms), ("grams", self._grams)):
            for part in table.PARTS:
                arrays[f"{name}.{part}"] = getattr(table, part)
        if isinstance(self._texts, FileTexts):
            arrays["places"] = self._texts.places
            arrays["ends"] = self._texts.ends
        return arrays

    def save(self, folder: Path) -> None:
        """Write the index into a folder, to be mapped by `load`.

        Raises:
            CasewrightError: the folder cannot be written.
            ValueError: the texts are in memory only, so there would be nothing to verify with.
        """
        if not isinstance(self._texts, FileTexts):
            raise ValueError("only an index of files can be saved")
        meta = {
            "format": _FORMAT,
            "shingle_words": SHINGLE_WORDS,
            "fingerprint": self.fingerprint,
            "size": self.size,
            "counted": self._frequencies.documents,
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, array in self._arrays().items():
                np.save(folder / f"{name}.npy", array)
            (folder / "index.json").write_text(json.dumps(meta), encoding="utf-8")
        except OSError as error:
            raise CasewrightError(
                f"cannot write the index: {error.strerror}", where=folder, fix="choose another"
            ) from error

    @classmethod
    def load(cls, folder: Path, path: Path, text_field: str = "text") -> ReferenceIndex:
        """Map an index into memory.

        Args:
            folder: what `save` wrote. path: the reference's texts, as they were indexed.

        Raises:
            CasewrightError: no index there, one of another format, or of another reference.
        """
        fix = f"remove {folder} and build the index again from the reference"
        reference = ReferenceFiles(path, text_field)
        try:
            meta = json.loads((folder / "index.json").read_text(encoding="utf-8"))
            if meta["format"] != _FORMAT or meta["shingle_words"] != SHINGLE_WORDS:
                raise CasewrightError(
                    "the index has another format", where=folder, valid=f"{_FORMAT}", fix=fix
                )
            if meta["fingerprint"] != fingerprint_files(reference):
                raise CasewrightError(
                    "the reference has changed since the index was built", where=folder, fix=fix
                )

            def mapped(name: str) -> Any:
                return np.load(folder / f"{name}.npy", mmap_mode="r")

            return cls(
                str(meta["fingerprint"]),
                int(meta["size"]),
                FileTexts(
                    reference,
                    tuple(reference.files()),
                    mapped("ends"),
                    mapped("places"),
                ),
                Frequencies(
                    int(meta["counted"]), mapped("frequency.keys"), mapped("frequency.levels")
                ),
                TermTable(*(mapped(f"terms.{part}") for part in TermTable.PARTS)),
                GramTable(*(mapped(f"grams.{part}") for part in GramTable.PARTS)),
                IdentifierSet(mapped("identifiers")),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CasewrightError(f"no usable index: {error}", where=folder, fix=fix) from error

    def _read_bytes(self, number: int) -> NDArray[np.uint8]:
        return pad(normalise(self._texts.get(number)[1]).data)

    def _prepare(self, number: int) -> Prepared:
        return Prepared(self._texts.get(number)[1], self._frequencies)

    def match(self, text: str, *, max_passages: int = 5) -> tuple[Match, ...]:
        """The best document for a text, one match per reading; see `compare`."""
        likeness = self.compare(text, max_passages=max_passages)
        return likeness.plain, likeness.masked

    def verbatim(self, text: str) -> tuple[SharedSpan, ...]:
        """Every stretch of 47 normalised bytes or more that the reference has, joined."""
        folded = fold_text(text)
        return self._verbatim(text, folded, Prepared(text, self._frequencies, folded))[0]

    def compare(self, text: str, *, max_passages: int = 5) -> Likeness:
        """Compare a text with the reference.

        The best document is the one with the largest weighted share of the text, or the one
        that the text covers best; a text that is a document of the index has containment 1.
        Looked at are the documents that share most rare words, and those that share most
        runs of bytes.
        """
        folded = fold_text(text)
        own = Prepared(text, self._frequencies, folded)
        spans, found = self._verbatim(text, folded, own)
        chosen = candidates(
            self._terms, self._frequencies, own.rare, self._grams.sizes, _CANDIDATES
        )
        chosen += sorted(found, key=lambda d: -found[d])[:2]
        near = 0.0
        others: dict[int, Prepared] = {}
        for number in dict.fromkeys(chosen):
            other = self._prepared(number)
            alike = cosine(own.vector, other.vector)
            near = max(near, alike)
            # A copy of a tenth of either is more alike than this: the rest need no closer look.
            if alike >= _ALIKE or found.get(number, 0) >= _LONG:
                others[number] = other
        best = {name: _best(name, own, others, max_passages) for name in READINGS}
        matches = {
            name: replace(match, document=self._texts.get(number)[0])
            if number is not None
            else match
            for name, (match, number) in best.items()
        }
        return Likeness(matches["plain"], matches["masked"], near, spans)

    def _verbatim(
        self, text: str, folded: Folded, own: Prepared
    ) -> tuple[tuple[SharedSpan, ...], dict[int, int]]:
        normal = normalise(text, folded)
        shared, found = self._grams.find(normal.data, self._bytes)
        if not shared:
            return (), found
        places = normal.spans([(s.start, s.end) for s in shared])
        plain = own.plain
        weights = plain.weights[plain.inverse]
        starts = plain.tokens.starts[: len(weights)]
        ends = plain.tokens.ends[SHINGLE_WORDS - 1 :]
        spans = []
        for (start, end), stretch in zip(places, shared, strict=True):
            first = int(np.searchsorted(starts, start))
            last = int(np.searchsorted(ends, end, "right"))
            novelty = _novelty(plain, np.arange(first, last))
            numbers = [
                w
                for w in range(first, min(last + SHINGLE_WORDS - 1, len(own.words)))
                if own.words.digit[w]
                and weights[max(first, w - SHINGLE_WORDS + 1) : min(w + 1, last)].min(initial=1)
                >= _RARE
            ]
            tokens = plain.tokens
            rare = tuple((int(tokens.starts[w]), int(tokens.ends[w])) for w in numbers)
            rarest = float(weights[first:last].max(initial=0.0)) if last > first else 1.0
            pointed = own.may_identify(first, last + SHINGLE_WORDS) or "@" in text[start:end]
            spans.append(SharedSpan(start, end, stretch.count, novelty, rare, rarest, pointed))
        return tuple(spans), found


def _best(
    name: ReadingName, text: Prepared, others: dict[int, Prepared], max_passages: int
) -> tuple[Match, int | None]:
    """The best of some documents under one reading, and its number."""
    nothing = Match(name, None, 0.0, 0.0, 0.0, 0.0)
    if not others:
        return nothing, None
    own = text.reading(name)
    whole = float(own.weights.sum())
    best: tuple[float, float, float, int, NDArray[np.bool_]] | None = None
    for number, other in others.items():
        theirs = other.reading(name)
        if not len(own.unique) or not len(theirs.unique):
            continue
        at = np.searchsorted(theirs.unique, own.unique)
        at[at == len(theirs.unique)] = 0
        same = theirs.unique[at] == own.unique
        if not same.any():
            continue
        shared = float(own.weights[same].sum())
        mass = float(theirs.weights.sum())
        contained = shared / whole if whole else 0.0
        covered = shared / mass if mass >= _MIN_MASS else 0.0
        if best is None or max(contained, covered) > max(best[0], best[1]):
            best = (contained, covered, shared, number, same)
    if best is None:
        return nothing, None
    contained, covered, shared, number, same = best
    passages = _passages(own, same[own.inverse]) if shared >= _FEW else ()
    return (
        Match(
            name,
            None,
            min(contained, 1.0),
            min(covered, 1.0),
            shared,
            passages[0].novelty if passages else 0.0,
            passages[:max_passages],
        ),
        number,
    )


def _novelty(own: Shingles, places: NDArray[np.int64]) -> float:
    """Sum of the weights of the different shingles at these places."""
    return float(own.weights[np.unique(own.inverse[places])].sum())


def _passages(own: Shingles, shared: NDArray[np.bool_]) -> tuple[Passage, ...]:
    """Runs of shared shingles as spans of the text, richest first; a loop counts once."""
    tokens = own.tokens
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
                _novelty(own, run),
            )
        )
    found.sort(key=lambda p: (-p.novelty, p.start))
    return tuple(found)
