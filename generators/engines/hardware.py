"""What the machine offers to a model: cores that this process may use, and GPUs."""

from __future__ import annotations

import math
import os
from pathlib import Path

__all__ = ["has_gpu", "usable_cores"]


def usable_cores() -> int:
    """Count the cores that this process may use: CPU affinity, and a container's quota."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            cores = min(cores, max(1, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):
        pass  # no cgroup version 2 here
    return max(1, cores)


def has_gpu() -> bool:
    """Whether an NVIDIA or AMD compute device is there (its device file, no driver call)."""
    return any(Path(p).exists() for p in ("/dev/nvidia0", "/dev/nvidiactl", "/dev/kfd"))
