"""Builds the tables of an index from documents, a few megabytes at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.batch import Batch, batches
from casewright.filters.near_copies.document import pairs_of
from casewright.filters.near_copies.frequency import (
    SALTS,
    Frequencies,
    FrequencyBuilder,
    sampled_share,
)
from casewright.filters.near_copies.gram_builder import GramBuilder
from casewright.filters.near_copies.grams import GramTable
from casewright.filters.near_copies.identifiers import IdentifierSet, identifier_hashes
from casewright.filters.near_copies.masking import masked
from casewright.filters.near_copies.shingles import shingle_within
from casewright.filters.near_copies.terms import TermBuilder, TermTable

__all__ = ["Tables", "build_tables"]


@dataclass(frozen=True, slots=True)
class Tables:
    """What an index is made of. `size` is the number of bytes of the documents' text."""

    frequencies: Frequencies
    terms: TermTable
    grams: GramTable
    identifiers: IdentifierSet
    size: int


def _count(batch: Batch, into: FrequencyBuilder) -> None:
    words, owners = batch.words, batch.owners
    tokens = masked(words, owners, batch.kinds)
    token_owners = owners[np.searchsorted(words.starts, tokens.starts)]
    same = owners[1:] == owners[:-1]
    kinds = [
        (*shingle_within(words.hashes, owners), "plain"),
        (*shingle_within(tokens.hashes, token_owners), "masked"),
        (words.stems, owners, "stem"),
        (pairs_of(words.stems)[same], owners[1:][same], "stem"),
    ]
    into.add(len(batch.sizes), [(hashes ^ SALTS[kind], own) for hashes, own, kind in kinds])


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
        texts: gives the documents, the same each time: they may be read twice.
        size: about how many bytes they have.
    """
    counted, terms = FrequencyBuilder(), TermBuilder()
    share = sampled_share(size)
    # Where all is counted it is little: then it is read and split into words once.
    held = list(batches(texts())) if share >= 1 else None
    for batch in held if held is not None else batches(_sampled(texts(), share)):
        _count(batch, counted)
        terms.learn(batch.words.stems)
    frequencies = counted.build(size)
    grams = GramBuilder()
    named: list[NDArray[np.uint64]] = []
    total = 0
    for batch in held if held is not None else batches(texts()):
        named.append(np.unique(identifier_hashes(batch.words, batch.owners)))
        content = ~(batch.kinds.name | batch.kinds.number)
        terms.add(batch.words.stems[content], batch.owners[content], batch.sizes)
        grams.add(batch.normal[0], *batch.normal_bounds)
        total += int(batch.sizes.sum())
    identifiers = IdentifierSet.of(np.concatenate([np.zeros(0, np.uint64), *named]))
    return Tables(frequencies, terms.table(), grams.table(), identifiers, total)
