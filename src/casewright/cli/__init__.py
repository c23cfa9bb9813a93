"""The command line: parse, call one function, print."""

from casewright.cli.app import main

__all__ = ["main"]
