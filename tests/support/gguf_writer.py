"""Write small GGUF files for tests, by the published format and not by our reader."""

from __future__ import annotations

import struct


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def gguf_bytes(
    *,
    name: str = "tiny",
    architecture: str = "llama",
    context_length: int = 512,
    values: int = 64,
    kind: int = 0,
    data_bytes: int | None = None,
    alignment: int | None = None,
) -> bytes:
    """One tensor of `values` values of ggml type `kind`, with `data_bytes` bytes of data."""
    pairs = [
        (_string("general.architecture"), struct.pack("<I", 8) + _string(architecture)),
        (_string("general.name"), struct.pack("<I", 8) + _string(name)),
        (_string(f"{architecture}.context_length"), struct.pack("<II", 4, context_length)),
        (
            _string("tokenizer.ggml.tokens"),
            struct.pack("<IIQ", 9, 8, 2) + _string("a") + _string("b"),
        ),
        (
            _string("tokenizer.ggml.scores"),
            struct.pack("<IIQ", 9, 6, 3) + struct.pack("<3f", 0.0, 1.0, 2.0),
        ),
    ]
    if alignment is not None:
        pairs.append((_string("general.alignment"), struct.pack("<II", 4, alignment)))
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs))
    head += b"".join(key + value for key, value in pairs)
    head += _string("blk.0.weight") + struct.pack("<IQIQ", 1, values, kind, 0)
    pad = -len(head) % (alignment or 32)
    size = 4 * values if data_bytes is None else data_bytes
    return head + b"\0" * pad + b"\x01" * size
