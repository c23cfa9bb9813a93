"""The hand-written layer of the graph, as YAML."""

from pathlib import Path

__all__ = ["folder"]


def folder() -> Path:
    """Where the YAML files lie."""
    return Path(__file__).parent
