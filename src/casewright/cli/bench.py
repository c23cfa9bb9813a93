"""`casewright bench`: the instruments of this package, measured."""

from __future__ import annotations

import importlib

import click

__all__ = ["bench"]

# Each command is read when it is asked for: what one measures with, another need not load.
_COMMANDS = {
    "engine": ("casewright.cli.bench_engine", "engine"),
    "checker": ("casewright.cli.bench_checker", "checker"),
    "privacy": ("casewright.cli.bench_privacy", "privacy"),
}
_HELP = {
    "engine": "The model behind an engine: how much it can be given at a time.",
    "privacy": "Disclosure: canaries, membership, verbatim text, identifiers; detectors compared.",
    "checker": "Planted errors, harmless edits, negation, speed, people's scores.",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _HELP[name]) for name in sorted(_COMMANDS)])


@click.command(cls=_Lazy)
def bench() -> None:
    """Measure what decides about documents: the checker ..."""
