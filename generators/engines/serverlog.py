"""Read a server's log for why it died: the first error, the end, and what to do about it.

vLLM's last lines are seldom the cause: its processes die one after the other, and each
leaves pages of warnings about what it could not clean up.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["explain_log"]

_READ_BYTES = 1 << 18
_TAIL_LINES = 15

_ERROR = re.compile(r"\b\w*(?:Error|Exception)\b: \S.*")
_NOISE = re.compile(
    r"nanobind|^ - (leaked|\.\.\. skipped)|resource_tracker|warnings\.warn|\bWARNING\b"
)
# What a log says, and what the user can do about it.
_KNOWN = (
    (
        r"torchvision::nms does not exist",
        "{python} -m pip uninstall torchvision torchaudio torchcodec",
    ),
    (
        r"CPU Generator does not use offset",
        "start vLLM on CPU with --no-enable-chunked-prefill (casewright does, unless told not to)",
    ),
    (
        r"out of memory|Free memory on device|No available memory for the cache blocks",
        "free the device's memory, or give a smaller context or model",
    ),
    (
        r"(KV cache|max seq len).{0,80}larger than",
        "give a smaller context, or more room for the KV cache (VLLM_CPU_KVCACHE_SPACE on CPU)",
    ),
    (r"unrecognized arguments", "this vLLM does not know one of the options: see extra_args"),
    (r"chat template", "the model has no chat template: take an instruct model"),
    (
        r"architectures? .{0,80}not supported|does not recognize this architecture",
        "this vLLM or its transformers does not know the model: update it or change the model",
    ),
    (r"address already in use", "try again: another program took the port in between"),
)


def explain_log(log: Path, python: str) -> str:
    """Return a few lines for an error message: first error, last lines, a remedy if known.

    Args:
        log: the server's log file. python: the interpreter it ran in.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _READ_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError as exc:
        return f"its log {log} cannot be read ({exc.strerror})"
    told = [line for line in lines if not _NOISE.search(line)]
    errors = [match[0] for line in told if (match := _ERROR.search(line))]
    parts = [f"its first error: {errors[0][:400]}"] if errors else []
    parts += [f"the end of its log {log}:", *(f"  | {line[:300]}" for line in told[-_TAIL_LINES:])]
    whole = "\n".join(told)
    for pattern, fix in _KNOWN:
        if re.search(pattern, whole, re.IGNORECASE):
            parts.append(f"  do: {fix.format(python=python)}")
            break
    return "\n".join(parts)
