"""Files written so that a crash or a full disk leaves the old content or the new, never half."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from casewright.errors import CasewrightError

__all__ = ["FileLock", "sync_folder", "temporary_beside", "write_atomic", "writing"]

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an operating-system error while writing at `path` into a CasewrightError."""
    try:
        yield
    except OSError as error:
        raise _explained(path, error) from error


def _explained(path: Path, error: OSError) -> CasewrightError:
    # Arrow raises OSError without errno; its text still names the cause.
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FULL or (error.errno is None and "No space left" in reason):
        return CasewrightError(
            f"the disk is full or a size limit was met ({reason})",
            where=path,
            fix="free some space, then start the same command again; what was finished is kept",
        )
    if error.errno in _FORBIDDEN:
        return CasewrightError(
            f"the folder cannot be written to ({reason})",
            where=path,
            fix="name another folder, or change its permissions",
        )
    return CasewrightError(
        f"writing failed ({reason})", where=path, fix="name another folder, or see to the disk"
    )


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable (a rename is not, before this)."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    except OSError as error:
        # Some network file systems cannot sync a folder; the rename itself stands.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EBADF}:
            raise
    finally:
        os.close(fd)


@contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """Give a name to write to; on success it is synced and becomes `path`, else it goes.

    Raises:
        CasewrightError: the disk is full, the folder not writable, and so on.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            fd = os.open(temporary, os.O_RDONLY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
            temporary.replace(path)
            sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_atomic(path: Path, data: bytes | str) -> None:
    """Replace the content of a file, or leave it as it was.

    Raises:
        CasewrightError: the disk is full, the folder not writable, and so on.
    """
    with temporary_beside(path) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


class FileLock:
    """An exclusive lock on a file that dies with the process that holds it.

    The kernel drops the lock when its holder ends, however it ends, so the lock of a dead
    process never has to be guessed at or broken. The file names the holder for messages.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def acquire(self, *, wait: bool = False) -> bool:
        """Take the lock; False if another process (or another lock of this one) has it."""
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        with suppress(OSError):  # the name in it is a courtesy, a full disk no hindrance
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        return True

    def holder(self) -> str:
        """The process id that the file names, or "unknown"."""
        try:
            return self.path.read_text().strip() or "unknown"
        except OSError:
            return "unknown"

    def release(self) -> None:
        """Give the lock back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        self.acquire(wait=True)
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()
