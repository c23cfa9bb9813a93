"""Builds the tables of an index from documents, a few megabytes at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from casewright.filters.folding import fold_text
from casewright.filters.near_copies.document import pairs_of
from casewright.filters.near_copies.frequency import (
    SALTS,
    Frequencies,
    FrequencyBuilder,
    sampled_share,
)
from casewright.filters.near_copies.grams import GramBuilder, GramTable
from casewright.filters.near_copies.identifiers import IdentifierSet, identifier_hashes
from casewright.filters.near_copies.normal import lower_bytes, squeeze
from casewright.filters.near_copies.shingles import (
    Words,
    masked,
    names_and_numbers,
    shingle_within,
    words_of_bytes,
)
from casewright.filters.near_copies.terms import TermBuilder, TermTable

__all__ = ["Tables", "build_tables"]

_BATCH_BYTES, _BATCH_DOCUMENTS = 2_000_000, 60_000


@dataclass(frozen=True, slots=True)
class Tables:
    """What an index is made of. `size` is the number of bytes of the documents' text."""

    frequencies: Frequencies
    terms: TermTable
    grams: GramTable
    identifiers: IdentifierSet
    size: int


@dataclass(frozen=True, slots=True)
class _Batch:
    """Documents joined, and their words; `owners` are the documents of the words."""

    raw: bytes
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    words: Words
    owners: NDArray[np.int64]


def _join(texts: list[str]) -> _Batch:
    parts = [fold_text(text).text.encode("utf-8", "replace") for text in texts]
    raw = b"\x00".join(parts)
    sizes = np.array([len(p) for p in parts], dtype=np.int64)
    starts = np.concatenate(([0], np.cumsum(sizes + 1)[:-1]))
    words = words_of_bytes(np.frombuffer(raw, dtype=np.uint8))
    owners = np.searchsorted(starts, words.starts, "right") - 1
    return _Batch(raw, starts, sizes, words, owners)


def _batches(texts: Iterable[str]) -> Iterator[_Batch]:
    held: list[str] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= _BATCH_BYTES or len(held) >= _BATCH_DOCUMENTS:
            yield _join(held)
            held, size = [], 0
    if held:
        yield _join(held)


def _count(batch: _Batch, into: FrequencyBuilder) -> None:
    words, owners = batch.words, batch.owners
    tokens = masked(words, owners)
    token_owners = owners[np.searchsorted(words.starts, tokens.starts)]
    same = owners[1:] == owners[:-1]
    kinds = [
        (*shingle_within(words.hashes, owners), "plain"),
        (*shingle_within(tokens.hashes, token_owners), "masked"),
        (words.stems, owners, "stem"),
        (pairs_of(words.stems)[same], owners[1:][same], "stem"),
    ]
    into.add(
        len(batch.sizes),
        np.concatenate([hashes ^ SALTS[kind] for hashes, _, kind in kinds]),
        np.concatenate([own for _, own, _ in kinds]),
    )


def _sampled(texts: Iterable[str], share: float) -> Iterator[str]:
    """Every so many-th text, evenly."""
    taken = 0
    for number, text in enumerate(texts):
        if int((number + 1) * share) > taken or share >= 1:
            taken += 1
            yield text


def build_tables(texts: Callable[[], Iterable[str]], size: int) -> Tables:
    """Build the tables.

    Args:
        texts: gives the documents, the same each time: they are read twice.
        size: about how many bytes they have.
    """
    counted, terms = FrequencyBuilder(), TermBuilder()
    for batch in _batches(_sampled(texts(), sampled_share(size))):
        _count(batch, counted)
        terms.learn(batch.words.stems)
    frequencies = counted.build(size)
    grams = GramBuilder()
    named: list[NDArray[np.uint64]] = []
    total = 0
    for batch in _batches(texts()):
        named.append(np.unique(identifier_hashes(batch.words, batch.owners)))
        name, number = names_and_numbers(batch.words)
        content = ~(name | number)
        terms.add(batch.words.stems[content], batch.owners[content], batch.sizes)
        lower = np.frombuffer(lower_bytes(batch.raw), dtype=np.uint8)
        keep = squeeze(lower)
        if keep.all():
            starts, ends = batch.starts, batch.starts + batch.sizes
        else:
            before = np.concatenate(([0], np.cumsum(keep)))
            starts, ends = before[batch.starts], before[batch.starts + batch.sizes]
            lower = lower[keep]
        grams.add(lower, starts, ends)
        total += int(batch.sizes.sum())
    identifiers = IdentifierSet.of(np.concatenate([np.zeros(0, np.uint64), *named]))
    return Tables(frequencies, terms.table(), grams.table(), identifiers, total)
