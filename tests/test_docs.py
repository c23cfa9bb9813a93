"""The documentation says what is: keys, commands, fields and files that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from casewright.cli.app import cli
from casewright.config import Config, load_config
from casewright.outputs.row import Row, RowFact, RowProvenance
from casewright.prompts.library import Style, load_library

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, info in model.model_fields.items():
        annotation = info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _keys(annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_every_configuration_key_is_documented_and_no_other() -> None:
    text = (DOCS / "config.md").read_text("utf-8")
    documented = re.findall(r"^\| `([a-z_.]+)` \|", text, re.M)
    assert sorted(documented) == sorted(_keys(Config))


def test_commands_in_the_readme_exist_with_their_options() -> None:
    commands = re.findall(r"^casewright (.+?)(?:\s{2,}#.*)?$", README.read_text("utf-8"), re.M)
    assert len(commands) >= 8
    for line in commands:
        words = line.split()
        command: click.Command = cli
        while isinstance(command, click.Group):
            assert words[0] in command.commands, f"casewright {line}"
            command = command.commands[words.pop(0)]
        options = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        for word in words:
            if word.startswith("-"):
                assert word in options, f"{word} of `casewright {line}`"


@pytest.mark.parametrize(
    ("record", "left_out"),
    [(Row, {"tags", "outcome", "reasons"}), (RowFact, set()), (RowProvenance, {"*"})],
)
def test_every_field_of_a_row_is_documented(record: type, left_out: set[str]) -> None:
    text = (DOCS / "rows.md").read_text("utf-8")
    names = {f.name for f in fields(record)} - left_out
    if "*" in left_out:
        names = {"model_written"}
    missing = sorted(n for n in names if f"`{n}`" not in text)
    assert not missing


def test_links_between_the_documents_lead_somewhere(sources: Path) -> None:
    for page in (*sources.glob("*.md"), *sources.glob("docs/**/*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_kind_and_style_is_documented_and_no_other() -> None:
    library = load_library()
    text = (DOCS / "kinds.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `([a-z_]+)` \| [a-z]", text, re.M))
    knobs = set(Style.model_fields)
    assert documented - knobs == set(library.kinds)
    packaged = text.split("Packaged: ")[1].split(".")[0].replace("\n", " ")
    assert set(packaged.split(", ")) == set(library.styles)
    for name, kind in library.kinds.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` "))
        settings = row.split("|")[2].strip()
        named = (
            {"outpatient", "emergency", "inpatient"}
            if settings == "all"
            else set(settings.split(", "))
        )
        assert named == set(kind.settings), name


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda p: p.name)
def test_every_example_is_a_configuration(path: Path) -> None:
    load_config(path)
