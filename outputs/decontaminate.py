"""Which documents share a run of thirteen words with a benchmark.

Thirteen-word overlap is the measure of Brown et al. 2020 (Language Models are Few-Shot Learners,
appendix C). As there, runs that many documents of the corpus have are common phrases, not a
leak: here those in more than `COMMON` documents.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from casewright.errors import CasewrightError
from casewright.outputs.clusters import shingle_sets
from casewright.outputs.stored import stored_tables

__all__ = ["COMMON", "RUN_WORDS", "Contamination", "contamination_of", "find_contaminated"]

RUN_WORDS = 13
COMMON = 10
_BATCH = 1024


@dataclass(frozen=True, slots=True)
class Contamination:
    """What was found.

    Attributes:
        files: names of the benchmark files. runs: distinct runs of words in them.
        contaminated: per kept document in stored order, whether it shares a run.
        exempt: shared runs that were let pass as common phrases.
    """

    files: tuple[str, ...]
    runs: int
    contaminated: NDArray[np.bool_]
    exempt: int

    @property
    def documents(self) -> int:
        """How many documents share a run."""
        return int(self.contaminated.sum())


def find_contaminated(
    run: Path, benchmarks: Sequence[Path], *, common: int = COMMON
) -> Contamination:
    """Compare a run's kept documents with benchmark files.

    Args:
        run: a sealed run.
        benchmarks: JSONL (every text in a line's object), Parquet (every column of text), or
            any other file as plain text.
        common: a shared run that more documents than this have is a common phrase.

    Raises:
        CasewrightError: a file cannot be read, or holds no thirteen words in a row.
    """
    found = [hashes for path in benchmarks for hashes in _benchmark(path)]
    known = np.unique(np.concatenate(found)) if found else np.zeros(0, np.uint64)
    if not len(known):
        raise CasewrightError(
            f"the benchmark files hold no {RUN_WORDS} words in a row",
            where=benchmarks[0],
            fix="name files with the benchmark's texts",
        )
    hits: list[NDArray[np.uint64]] = []
    owners: list[NDArray[np.int64]] = []
    done = 0
    for side, table in stored_tables(run, ["text"], batch=_BATCH):
        if side != "kept":
            continue
        hashes, of = shingle_sets(table["text"], RUN_WORDS)
        at = np.searchsorted(known, hashes)
        at[at == len(known)] = 0
        shared = known[at] == hashes
        hits.append(hashes[shared])
        owners.append(of[shared] + done)
        done += table.num_rows
    pairs = np.unique(
        np.stack([np.concatenate(hits), np.concatenate(owners).astype(np.uint64)]), axis=1
    )
    values, counts = np.unique(pairs[0], return_counts=True)
    leaks = np.isin(pairs[0], values[counts <= common])
    contaminated = np.zeros(done, dtype=bool)
    contaminated[pairs[1][leaks].astype(np.int64)] = True
    names = tuple(path.name for path in benchmarks)
    return Contamination(names, len(known), contaminated, int((counts > common).sum()))


def contamination_of(run: Path, benchmarks: Sequence[Path]) -> Contamination | None:
    """What of a run's kept documents is to be left out; None where no benchmark is named.

    Raises:
        CasewrightError: as for `find_contaminated`; nothing would be left.
    """
    if not benchmarks:
        return None
    found = find_contaminated(run, benchmarks)
    if found.contaminated.all():
        raise CasewrightError(
            "every document shares a run of words with the benchmarks",
            where=benchmarks[0],
            fix="see that the files named are benchmarks, not the corpus itself",
        )
    return found


def _benchmark(path: Path) -> Iterator[NDArray[np.uint64]]:
    try:
        for texts in _texts(path):
            yield shingle_sets(texts, RUN_WORDS)[0]
    except (OSError, ValueError, pa.ArrowException) as error:
        raise CasewrightError(
            f"the benchmark file cannot be read: {error}",
            where=path,
            valid="JSONL, Parquet or plain text",
        ) from error


def _texts(path: Path) -> Iterator[pa.Array]:
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH):
                yield from (c for c in batch.columns if c.type in (pa.string(), pa.large_string()))
    elif path.suffix in (".jsonl", ".ndjson"):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    yield pa.array([*_strings(json.loads(line))], pa.string())
    else:
        yield pa.array([path.read_text("utf-8")], pa.string())


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
