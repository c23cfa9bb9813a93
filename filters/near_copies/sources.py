"""Where the reference's own text is read from when a likeness has to be verified.

The index holds hashes. The text stays where the user keeps it, or in memory for a few texts that
were handed over; one document at a time is read again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from casewright.errors import CasewrightError
from casewright.filters.reference import ReferenceFiles, file_hash

__all__ = ["FileTexts", "HeldTexts", "Texts", "fingerprint_files", "fingerprint_texts"]


class Texts(Protocol):
    """Documents by their number."""

    def __len__(self) -> int: ...

    def get(self, number: int) -> tuple[str, str]:
        """The document's (id, text)."""


@dataclass(frozen=True)
class HeldTexts:
    """Documents in memory, as (id, text)."""

    documents: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.documents)

    def get(self, number: int) -> tuple[str, str]:
        """The document's (id, text)."""
        return self.documents[number]


@dataclass(frozen=True)
class FileTexts:
    """Documents in the user's files: `places[d]` in the file that `ends` says.

    `ends[f]` is the number of documents in the first f + 1 files.
    """

    reference: ReferenceFiles
    files: tuple[Path, ...]
    ends: NDArray[np.int64]
    places: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.places)

    def get(self, number: int) -> tuple[str, str]:
        """Read the document again. An id that was made of a line number names the place."""
        file = self.files[int(np.searchsorted(self.ends, number, "right"))]
        return self.reference.text_at(file, int(self.places[number]))


def fingerprint_texts(documents: tuple[tuple[str, str], ...]) -> str:
    """Hash of ids and texts."""
    digest = blake2b(digest_size=16)
    for name, text in documents:
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(f"{len(name)}:{name}:{len(raw)}:".encode("utf-8", "surrogatepass"))
        digest.update(raw)
    return digest.hexdigest()


@lru_cache(maxsize=8)
def _hashes(files: tuple[tuple[str, int, int], ...]) -> tuple[str, ...]:
    return tuple(file_hash(Path(name)) for name, _, _ in files)


def fingerprint_files(reference: ReferenceFiles) -> str:
    """Hash of the files' names, their content and the field that is read.

    Raises:
        CasewrightError: a file that cannot be read.
    """
    files = reference.files()
    try:
        stats = [(str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
        hashes = _hashes(tuple(stats))
    except OSError as error:
        raise CasewrightError(
            f"cannot be read: {error.strerror or error}",
            where=reference.path,
            fix="check that the files exist and may be read",
        ) from error
    named = [[reference.name(f), h] for f, h in zip(files, hashes, strict=True)]
    raw = json.dumps([reference.text_field, named]).encode()
    return blake2b(raw, digest_size=16).hexdigest()
