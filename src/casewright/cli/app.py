"""The command line: parse, call one function, print.

Results go to stdout, progress and messages to stderr. Exit status: 0 done, 2 the user can
fix it, 130 interrupted; anything else is a bug and shows its traceback.
"""

from __future__ import annotations

import os
import sys

import click

from casewright._version import __version__
from casewright.cli import (
    bench,
    check,
    doctor,
    export,
    graph,
    models,
    push,
    report,
    samples,
    select,
    write,
)
from casewright.errors import CasewrightError

__all__ = ["main"]


class _Piped(click.Group):
    """A group whose reader may leave early (`casewright kg stats | head`): that is no error."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. click and rich would both exit with 1."""
        try:
            result: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # What is still waiting to be written goes nowhere, or Python complains at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None
        return result


@click.group(
    cls=_Piped, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="casewright")
def cli() -> None:
    """Synthetic clinical text that can be trusted and traced.

    A knowledge graph of ICD-10-CM conditions is sampled into fictional cases, a model served
    locally writes documents from them, and every document is checked fact by fact.
    """


for command in (
    write.build,
    write.preview,
    graph.kg,
    models.models,
    check.verify,
    check.audit,
    check.calibrate_command,
    select.select,
    report.report,
    samples.samples,
    export.export,
    push.push,
    doctor.doctor,
    bench.bench,
):
    cli.add_command(command)


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit."""
    try:
        cli.main(args=argv, prog_name="casewright", standalone_mode=False)
    except click.ClickException as err:
        err.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except CasewrightError as err:
        click.echo(f"error: {err}", err=True)
        sys.exit(2)
