"""Synthetic clinical text that can be trusted and traced."""

from casewright._version import __version__

__all__ = ["__version__"]
