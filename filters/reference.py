"""Reads the user's reference texts: the private notes whose copies must not get out.

Text files, JSON lines, CSV and parquet, or a folder of them, as a stream: a file may be larger
than memory. Every text comes with its place, so that a single one can be read again. What is
broken is reported all at once, with file and line; no text of the reference is in a message.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from casewright.errors import CasewrightError, Problem
from casewright.filters.reference_formats import (
    CHUNK,
    Item,
    encoding_of,
    read_csv,
    read_jsonl,
    read_parquet,
    read_txt,
    record_id,
)

__all__ = [
    "SUFFIXES",
    "Located",
    "ReferenceFiles",
    "file_hash",
    "read_reference",
    "reference_files",
]

SUFFIXES = (".txt", ".jsonl", ".csv", ".parquet")
_SHOWN = 20


def reference_files(path: Path) -> list[Path]:
    """The files to read: the file itself, or every known one below a folder, sorted.

    Raises:
        CasewrightError: nothing there, or nothing of a known kind.
    """
    valid = f"a file or a folder of files ending in {', '.join(SUFFIXES)}"
    if path.is_file():
        if path.suffix.lower() not in SUFFIXES:
            raise CasewrightError(
                f"cannot read a file of kind {path.suffix or 'without an ending'!r}",
                where=path,
                valid=valid,
                fix="name a file of one of these kinds, or convert it",
            )
        return [path]
    if not path.is_dir():
        raise CasewrightError(
            "no such file or folder", where=path, valid=valid, fix="check the path"
        )
    found = sorted(
        p
        for p in path.rglob("*")
        if p.is_file()
        and p.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in p.relative_to(path).parts)
    )
    if not found:
        raise CasewrightError(
            "the folder holds no reference texts",
            where=path,
            valid=valid,
            fix="name the folder that holds the texts",
        )
    return found


@dataclass(frozen=True, slots=True)
class Located:
    """A text and its place: `place` is a byte offset in the file, of parquet a row."""

    id: str
    text: str
    file: int
    place: int


@dataclass(frozen=True)
class ReferenceFiles:
    """Reference texts where they lie.

    Args:
        path: a file or a folder. text_field: the field or column of the text, where there
            are fields. id_field: the one of the id, which every text then has to have; by
            default `id`, `document_id` or `note_id`, or the place.
    """

    path: Path
    text_field: str = "text"
    id_field: str | None = None

    def files(self) -> list[Path]:
        """The files, as `reference_files` gives them."""
        return reference_files(self.path)

    def name(self, file: Path) -> str:
        """How a file is called in ids: its path below the folder."""
        root = self.path if self.path.is_dir() else self.path.parent
        return file.relative_to(root).as_posix()

    def __iter__(self) -> Iterator[Located]:
        """Every text, file by file in sorted order.

        The id is the field `id`, `document_id` or `note_id` where a record has one, else the
        file and the record's line; of a .txt file, which is one document, its name.

        Raises:
            CasewrightError: at the end of the reading, naming every broken line (the first
                20, and how many more); at once for a path or a file that cannot be read.
        """
        problems: list[Problem] = []
        broken = count = 0
        for number, file in enumerate(self.files()):
            try:
                for item in self._read(file):
                    if isinstance(item, Problem):
                        broken += 1
                        if len(problems) < _SHOWN:
                            problems.append(item)
                    else:
                        count += 1
                        yield Located(item[1], item[2], number, item[0])
            except OSError as error:
                raise CasewrightError(
                    f"cannot be read: {error.strerror or error}",
                    where=file,
                    fix="check that the file exists and may be read",
                ) from error
        if problems:
            if broken > len(problems):
                problems.append(Problem(f"and {broken - len(problems)} more broken lines"))
            raise CasewrightError(
                f"{broken} broken lines in the reference texts"
                if broken > 1
                else "a broken line in the reference texts",
                problems=problems,
            )
        if not count:
            raise CasewrightError(
                "the reference holds no text",
                where=self.path,
                valid="at least one document with words in it",
                fix="check the path and the text field",
            )

    def _read(self, file: Path, start: int = 0) -> Iterator[Item]:
        reader = {
            ".txt": read_txt,
            ".jsonl": read_jsonl,
            ".csv": read_csv,
            ".parquet": read_parquet,
        }[file.suffix.lower()]
        return reader(file, self.name(file), self.text_field, start, self.id_field)

    def text_at(self, file: Path, place: int) -> tuple[str, str]:
        """The (id, text) at a place that `__iter__` gave; an id made of a line counts from there.

        Raises:
            CasewrightError: there is no text at the place any more.
        """
        try:
            if file.suffix.lower() == ".jsonl" and encoding_of(file) == "utf-8":
                # The common case, without the care for what is broken.
                with file.open("rb") as stream:
                    stream.seek(place)
                    record = json.loads(stream.readline())
                return record_id(record, f"{self.name(file)}:1"), str(record[self.text_field])
            for item in self._read(file, place):
                if not isinstance(item, Problem) and item[0] == place:
                    return item[1], item[2]
                break
        except OSError as error:
            raise CasewrightError(
                f"cannot be read: {error.strerror or error}", where=file
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        raise CasewrightError(
            "the reference has changed while it was in use", where=file, fix="start again"
        )


def file_hash(file: Path) -> str:
    """Hash of a file's bytes, read in pieces."""
    digest = blake2b(digest_size=16)
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def read_reference(
    path: Path, text_field: str = "text", id_field: str | None = None
) -> Iterator[tuple[str, str]]:
    """Read reference texts as (id, text); see `ReferenceFiles`.

    Raises:
        CasewrightError: as `ReferenceFiles.__iter__`.
    """
    for located in ReferenceFiles(path, text_field, id_field):
        yield located.id, located.text
