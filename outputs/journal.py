"""The journal: finished documents, appended one by one, that survive SIGKILL.

A segment is an append-only file of lines `<crc32 in 8 hex digits> <json>`. Each line is one
`write`, so that what a killed process had finished is in the file; `fsync` in batches adds
safety against a power cut. A line that is torn or damaged fails its checksum: its document
counts as not done and is made again.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casewright.outputs.files import sync_folder, writing

__all__ = ["Segment", "encode_line", "read_line", "scan"]

SYNC_LINES = 64
SYNC_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Line:
    """A whole line of a segment: where it starts and what it says."""

    offset: int
    value: dict[str, Any]


def encode_line(value: dict[str, Any]) -> bytes:
    """One line with its checksum."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _decode(raw: bytes) -> dict[str, Any] | None:
    if not raw.endswith(b"\n") or raw[8:9] != b" ":
        return None
    body = raw[9:-1]
    try:
        if int(raw[:8], 16) != zlib.crc32(body):
            return None
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def scan(path: Path) -> Iterator[Line]:
    """Every whole line of a segment, in order; torn and damaged ones are passed over."""
    offset = 0
    with path.open("rb") as file:
        for raw in file:
            value = _decode(raw)
            if value is not None:
                yield Line(offset, value)
            offset += len(raw)


def read_line(path: Path, offset: int) -> dict[str, Any]:
    """The line that `scan` found at an offset."""
    with path.open("rb") as file:
        file.seek(offset)
        value = _decode(file.readline())
    if value is None:
        raise ValueError(f"{path}: no line at {offset}")  # changed under our feet: a bug
    return value


class Segment:
    """A segment open for appending by this process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with writing(path):
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            self._size = os.fstat(self._fd).st_size
            self._cut_torn_tail()
            sync_folder(path.parent)
        self._unsynced = 0
        self._synced_at = time.monotonic()

    def _cut_torn_tail(self) -> None:
        """Drop what follows the last newline, so that the next line starts on its own."""
        end = self._size
        while end > 0:
            start = max(0, end - 65536)
            newline = os.pread(self._fd, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end != self._size:
            os.ftruncate(self._fd, end)
            self._size = end

    def append(self, value: dict[str, Any]) -> None:
        """Append one line. Whatever goes wrong, the segment ends with a whole line.

        Raises:
            CasewrightError: the disk is full, and so on; earlier lines are untouched.
        """
        data = encode_line(value)
        start = self._size
        try:
            with writing(self.path):
                done = 0
                while done < len(data):
                    done += os.write(self._fd, data[done:])
                self._size += len(data)
                self._unsynced += 1
                if (
                    self._unsynced >= SYNC_LINES
                    or time.monotonic() - self._synced_at >= SYNC_SECONDS
                ):
                    self.sync()
        except BaseException:  # Ctrl-C as well: half a line must not stay
            if self._size == start:
                with suppress(OSError):
                    os.ftruncate(self._fd, start)
            raise

    def sync(self) -> None:
        """Make every line durable."""
        if self._unsynced:
            os.fsync(self._fd)
        self._unsynced = 0
        self._synced_at = time.monotonic()

    def close(self) -> None:
        """Sync and close."""
        if self._fd >= 0:
            try:
                with writing(self.path):
                    self.sync()
            finally:
                os.close(self._fd)
                self._fd = -1
