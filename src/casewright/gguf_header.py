"""Read the header of a GGUF file: what the model is, and whether the file is whole.

llama.cpp says only "failed to load" of a file cut short by a broken download. The
header tells how long the file must be.
Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from casewright.errors import CasewrightError

__all__ = ["GgufHeader", "read_gguf_header"]

_MAGIC = b"GGUF"
_STRING, _ARRAY = 8, 9
# Value types of the metadata: number -> struct code (8 is a string, 9 an array).
_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
# ggml tensor types: number -> (values in a block, bytes of a block), from ggml-common.h.
_BLOCKS = {
    0: (1, 4),  # F32
    1: (1, 2),  # F16
    2: (32, 18),  # Q4_0
    3: (32, 20),  # Q4_1
    6: (32, 22),  # Q5_0
    7: (32, 24),  # Q5_1
    8: (32, 34),  # Q8_0
    9: (32, 36),  # Q8_1
    10: (256, 84),  # Q2_K
    11: (256, 110),  # Q3_K
    12: (256, 144),  # Q4_K
    13: (256, 176),  # Q5_K
    14: (256, 210),  # Q6_K
    15: (256, 292),  # Q8_K
    16: (256, 66),  # IQ2_XXS
    17: (256, 74),  # IQ2_XS
    18: (256, 98),  # IQ3_XXS
    19: (256, 50),  # IQ1_S
    20: (32, 18),  # IQ4_NL
    21: (256, 110),  # IQ3_S
    22: (256, 82),  # IQ2_S
    23: (256, 136),  # IQ4_XS
    24: (1, 1),  # I8
    25: (1, 2),  # I16
    26: (1, 4),  # I32
    27: (1, 8),  # I64
    28: (1, 8),  # F64
    29: (256, 56),  # IQ1_M
    30: (1, 2),  # BF16
    34: (256, 54),  # TQ1_0
    35: (256, 66),  # TQ2_0
    39: (32, 17),  # MXFP4
}


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What the header says.

    Attributes:
        name, architecture: as the file's author wrote them; "" where absent.
        context_length: tokens the model was trained for; None where absent.
        least_bytes: bytes that the file must have at least.
    """

    name: str
    architecture: str
    context_length: int | None
    least_bytes: int


class _ShortError(Exception):
    """The file ends inside its header."""


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def take(self, n: int) -> bytes:
        data = self._file.read(n)
        if len(data) != n:
            raise _ShortError
        return data

    def number(self, code: str) -> int | float:
        value: int | float = struct.unpack("<" + code, self.take(struct.calcsize(code)))[0]
        return value

    def count(self, limit: int) -> int:
        n = int(self.number("Q"))
        if n > limit:  # a wild length in a broken file must not become a wild allocation
            raise _ShortError
        return n

    def string(self) -> str:
        return self.take(self.count(1 << 26)).decode("utf-8", "replace")

    def value(self, kind: int) -> str | int | float | None:
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            inner, n = int(self.number("I")), self.count(1 << 28)
            if inner in _SCALARS:
                self._file.seek(n * struct.calcsize(_SCALARS[inner]), 1)
            else:
                for _ in range(n):
                    self.value(inner)
            return None
        if kind not in _SCALARS:
            raise _ShortError
        return self.number(_SCALARS[kind])

    def at(self) -> int:
        return self._file.tell()


def read_gguf_header(path: Path) -> GgufHeader:
    """Read and check the header of `path`.

    Raises:
        CasewrightError: no such file, not GGUF, or shorter than its header promises.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if file.read(4) != _MAGIC:
                raise CasewrightError(
                    "not a GGUF model",
                    where=path,
                    valid="a file that begins with the bytes GGUF",
                    fix="name a .gguf file, or a folder with config.json for vLLM",
                )
            header = _read(_Reader(file))
    except OSError as exc:
        raise CasewrightError(
            f"the model file cannot be read ({exc.strerror or exc})",
            where=path,
            fix="check the path, or get the default model with: casewright models get default",
        ) from exc
    except _ShortError as exc:
        raise CasewrightError(
            "the GGUF file ends inside its header or is damaged", where=path, fix="get it again"
        ) from exc
    if size < header.least_bytes:
        raise CasewrightError(
            f"the GGUF file is cut short: {size} bytes of at least {header.least_bytes}",
            where=path,
            fix="get it again",
        )
    return header


def _read(reader: _Reader) -> GgufHeader:
    version = int(reader.number("I"))
    if version not in (2, 3):
        raise _ShortError
    tensors, pairs = reader.count(1 << 24), reader.count(1 << 24)
    meta: dict[str, str | int | float | None] = {}
    for _ in range(pairs):
        key = reader.string()
        meta[key] = reader.value(int(reader.number("I")))
    end = 0
    for _ in range(tensors):
        reader.string()
        values = 1
        for _ in range(int(reader.number("I"))):
            values *= int(reader.number("Q"))
        kind, offset = int(reader.number("I")), int(reader.number("Q"))
        # A tensor type newer than this table still has its offset, a lower bound.
        per_block, block_bytes = _BLOCKS.get(kind, (1, 0))
        end = max(end, offset + -(-values // per_block) * block_bytes)
    align = int(meta.get("general.alignment") or 32)
    data = -(-reader.at() // align) * align if tensors else reader.at()
    architecture = str(meta.get("general.architecture") or "")
    length = meta.get(f"{architecture}.context_length")
    return GgufHeader(
        name=str(meta.get("general.name") or ""),
        architecture=architecture,
        context_length=int(length) if isinstance(length, int) else None,
        least_bytes=data + end,
    )
