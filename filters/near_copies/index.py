"""An index of reference documents, built from texts or mapped from a folder.

Tables of hashes: runs of bytes (`grams`, exact), rare words (`terms`, which documents to look
at), frequencies (how common what is shared is) and full names and numbers (`identifiers`). They
are plain `.npy` files, so that `open` maps them into memory instead of reading them; together
they are at most .6 of the reference's bytes. No text of the reference is in them: to verify a
likeness the document is read again from where it lies.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from casewright.errors import CasewrightError
from casewright.filters.near_copies.batch import Batch, pieces
from casewright.filters.near_copies.build import Tables, build_tables
from casewright.filters.near_copies.comparing import Comparer
from casewright.filters.near_copies.frequency import Frequencies
from casewright.filters.near_copies.grams import GramTable
from casewright.filters.near_copies.identifiers import IdentifierSet
from casewright.filters.near_copies.likeness import Likeness, Match, SharedSpan
from casewright.filters.near_copies.shingles import SHINGLE_WORDS
from casewright.filters.near_copies.sources import (
    FileTexts,
    HeldTexts,
    Texts,
    fingerprint_files,
    fingerprint_texts,
)
from casewright.filters.near_copies.terms import TermTable
from casewright.filters.reference import ReferenceFiles

__all__ = ["ReferenceIndex"]

_FORMAT = 3


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

    _comparer: Comparer = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        comparer = Comparer(self._texts, self._frequencies, self._terms, self._grams, self.size)
        object.__setattr__(self, "_comparer", comparer)

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

    def match(self, text: str, *, max_passages: int = 5) -> tuple[Match, ...]:
        """The best document for a text, one match per reading; see `compare`."""
        likeness = self.compare(text, max_passages=max_passages)
        return likeness.plain, likeness.masked

    def verbatim(self, text: str) -> tuple[SharedSpan, ...]:
        """Every stretch of 47 normalised bytes or more that the reference has, joined."""
        return self.verbatim_batch(Batch.of([text]))[0]

    def verbatim_batch(self, batch: Batch) -> list[tuple[SharedSpan, ...]]:
        """`verbatim` of several texts at once."""
        return self._comparer.verbatim(batch)

    def compare(self, text: str, *, max_passages: int = 5) -> Likeness:
        """Compare a text with the reference.

        The best document is the one with the largest weighted share of the text, or the one
        that the text covers best; a text that is a document of the index has containment 1.
        Looked at are the documents that share most rare words, and those that share most
        runs of bytes.
        """
        return self.compare_batch(Batch.of([text]), max_passages=max_passages)[0]

    def compare_many(self, texts: Sequence[str], *, max_passages: int = 5) -> list[Likeness]:
        """`compare` of several texts, each as if alone, in a fraction of the time."""
        return [
            likeness
            for part in pieces(texts)
            for likeness in self.compare_batch(Batch.of(part), max_passages=max_passages)
        ]

    def compare_batch(self, batch: Batch, *, max_passages: int = 5) -> list[Likeness]:
        """`compare` of the texts of a batch."""
        return self._comparer.compare(batch, max_passages)
