"""`casewright push`: an export to a dataset repository of a hub."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from casewright._version import __version__
from casewright.cli.export import publisher, publisher_options
from casewright.errors import CasewrightError
from casewright.outputs.card import CardInfo
from casewright.outputs.exporting import check_allowed
from casewright.outputs.hf import export_hf
from casewright.outputs.hub import HubFile, Push, plan_push, send
from casewright.outputs.licences import UNKNOWN
from casewright.outputs.manifest import MANIFEST
from casewright.seeds import fingerprint_bytes

__all__ = ["push"]


@click.command()
@click.argument("source", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("repo", metavar="OWNER/NAME")
@click.option("--public", is_flag=True, help="Let everybody see it; private without it.")
@click.option("--yes", is_flag=True, help="Do not ask before it becomes public (for scripts).")
@click.option(
    "--replace", is_flag=True,
    help="Overwrite or delete what the repository holds beside this export.",
)  # fmt: skip
@click.option("--endpoint", help="The hub's address; that of HF_ENDPOINT without it.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@publisher_options
def push(
    source: Path,
    repo: str,
    public: bool,
    yes: bool,
    replace: bool,
    endpoint: str | None,
    dry_run: bool,
    title: str | None,
    licence: str,
    model_licence: str,
) -> None:
    """Send an exported folder, or the dataset of a finished RUN, to a hub as OWNER/NAME.

    What is there already is not sent again, so a push that broke off is resumed by the same
    command. The token is that of HF_TOKEN or of `hf auth login`.
    """
    info = publisher(title, licence, model_licence)
    folder, made = _exported(source, info)
    plan = plan_push(folder, repo, public=public, endpoint=endpoint)
    _say(plan)
    if plan.done:
        click.echo("all of it is there already: nothing was sent", err=True)
    elif dry_run:
        click.echo("nothing was sent (--dry-run)", err=True)
    else:
        _ask(plan, yes)
        send(plan, replace=replace, progress=_progress)
        click.echo(f"{len(plan.missing)} files sent", err=True)
    if made and not dry_run:
        shutil.rmtree(folder.parent, ignore_errors=True)
    click.echo(plan.url)


def _exported(source: Path, info: CardInfo) -> tuple[Path, bool]:
    """The folder to send, and whether it was made here of a run.

    It stays in the run until all of it is up, so that a push that broke off goes on with it.
    """
    if not (source / MANIFEST).is_file():
        if info != CardInfo():
            raise CasewrightError(
                "title and licences of an exported folder stand in its README.md",
                where=source,
                fix="give them to `casewright export`, or push the run itself",
            )
        return source, False
    manifest = check_allowed(source, info)
    key = fingerprint_bytes(repr((__version__, manifest, info)).encode())
    folder = source / ".push" / key
    if not folder.is_dir():
        shutil.rmtree(folder.parent, ignore_errors=True)
        click.echo("exporting the run", err=True)
        export_hf(source, folder, info=info)
    return folder, True


def _say(plan: Push) -> None:
    now = f"there, {plan.visible}" if plan.visible else "new"
    to_be = "public" if plan.public else "private"
    rows = {
        "to": f"{plan.url} ({now}; to be {to_be})",
        "licence": plan.licence + (" (none was named)" if plan.licence == UNKNOWN else ""),
        "to send": f"{len(plan.missing)} files, {plan.bytes:,} bytes",
        "there": f"{len(plan.files) - len(plan.missing)} files",
        "to overwrite": ", ".join(plan.changed),
        "to delete": ", ".join(plan.stale),
    }
    for name, value in rows.items():
        if value:
            click.echo(f"{name:<13}{value}", err=True)


def _ask(plan: Push, yes: bool) -> None:
    if not plan.publishes or yes:
        return
    if not sys.stdin.isatty():
        raise CasewrightError(
            "it would become public, and nobody is here to be asked",
            where=plan.url,
            fix="say --yes as well, or leave --public out",
        )
    if not click.confirm("Everybody will be able to see and copy it. Make it public?", err=True):
        raise CasewrightError("nothing was sent", fix="leave --public out to push it privately")


def _progress(file: HubFile, left: int) -> None:
    click.echo(f"sent {file.path} ({file.size:,} bytes); {left} left", err=True)
