"""The dataset card: front matter that the Hub reads, and text filled in from the run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import yaml
from jinja2 import Environment, StrictUndefined, Template

from casewright.outputs.chapters import CHAPTERS
from casewright.outputs.decontaminate import Contamination
from casewright.outputs.lengths import TaskLengths
from casewright.outputs.manifest import Manifest
from casewright.outputs.splits import SPLITS, SplitBy
from casewright.outputs.summary import RunSummary

__all__ = [
    "TABLE_NOTES",
    "CardConfig",
    "CardInfo",
    "CardSplit",
    "Form",
    "as_metadata",
    "features_of",
    "front_matter",
    "render_card",
    "render_healthsheet",
]

Form: TypeAlias = Literal["parquet", "jsonl", "feed", "csv", "fhir"]

SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)  # fmt: skip


TABLE_NOTES = {
    "documents": "a document with its ledger, labels and provenance",
    "dial2note": "a dialogue and a note of the same case",
    "note2dial": "the same pairs where the note holds all that the dialogue says",
    "note2icd": "a note and the ICD-10-CM codes of the diagnoses that it states",
    "icd_classification": "a text and its chapters, categories and codes (multi-label)",
    "ner": "a text and its clinical mentions, as character spans",
    "assertion": "a mention in its context: present, denied, historical, family, hypothetical",
    "deid": "a text, its planned fictional identifiers, and the text with those masked",
    "error_detection": "documents with noise: every fault, and what belongs there",
    "tabular": "a case in numbers and codes, as far as its texts state them",
    "pretrain": "a text",
    "instruct": "a question about a text in one of eight tasks, and its answer by the ledger",
    "compact": "a note and what says the same in a compact hand, with the same facts",
    "patient_sim": "a visit as a chat in which the model plays the patient",
    "dpo": "a kept document beside its faulty first draft or a rejected one, with the error",
}
"""What each table holds, in a line."""


@dataclass(frozen=True, slots=True)
class CardInfo:
    """What the publisher says of a dataset.

    Attributes:
        title: the heading. None: named after the run.
        licence: identifier of the Hub ("cc-by-4.0"); "unknown" until the publisher chooses.
        creator: who publishes it. url: where.
        model_licence: of the model, where the run does not know it.
    """

    title: str | None = None
    licence: str = "unknown"
    creator: str = ""
    url: str = ""
    model_licence: str = ""

    def title_of(self, summary: RunSummary) -> str:
        """The title, or one named after the run."""
        return self.title or f"Synthetic clinical documents: {summary.run}"


@dataclass(frozen=True, slots=True)
class CardSplit:
    """A split as the front matter lists it; `pattern` is relative to the card."""

    split: str
    pattern: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class CardConfig:
    """A named table of a dataset; features are left to the reader where `schema` is None."""

    name: str
    splits: Sequence[CardSplit]
    schema: pa.Schema | None = None
    default: bool = False


def render_card(
    summary: RunSummary,
    configs: Sequence[CardConfig],
    info: CardInfo,
    task_categories: Sequence[str],
    form: Form = "parquet",
    split_by: SplitBy = "case",
    contamination: Contamination | None = None,
    lengths: Sequence[TaskLengths] = (),
) -> str:
    """README.md of a dataset made from a run.

    Args:
        summary: the run in numbers.
        configs: the tables of the dataset; the first is what the example loads.
        info: what the publisher says.
        task_categories: identifiers of the Hub.
        form: what the files are, which decides how their columns are explained.
        split_by: what the splits hold apart.
        contamination: what was left out for standing in a benchmark; None where none was named.
        lengths: how long the pairs of a feed are.
    """
    title = info.title_of(summary)
    chapters: Counter[str] = Counter()
    for cell in summary.chapter_by_kind:
        chapters[cell.row] += cell.count
    body = _template("card.md.j2").render(
        title=title,
        licence=info.licence,
        summary=summary,
        manifest=summary.manifest,
        counts=summary.counts,
        form=form,
        split_by=split_by,
        contamination=contamination,
        lengths=lengths,
        table_notes=TABLE_NOTES,
        splits=[s for s in SPLITS if any(s == t.split for c in configs for t in c.splits)],
        tables=[(c.name, {s.split: s.rows for s in c.splits}) for c in configs],
        rows=[*summary.kinds, summary.total] if len(summary.kinds) > 1 else summary.kinds,
        ages=[
            (band, {c.column: c.count for c in summary.age_by_sex if c.row == band})
            for band in dict.fromkeys(c.row for c in summary.age_by_sex)
        ],
        sexes=sorted({c.column for c in summary.age_by_sex}),
        compared=any(c.name.startswith("reference_") for c in summary.measures.closeness),
        chapters=[(f"{c.number} {c.title}", n) for c in CHAPTERS if (n := chapters[str(c.number)])],
    )
    head = front_matter(summary, configs, info, title, task_categories)
    if form in (
        "csv",
        "fhir",
    ):  # tables joined by an id and bundles, which the Hub has no words for
        del head["configs"]
    if not head["dataset_info"]:
        del head["dataset_info"]
    text = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{text}---\n\n{body.strip()}\n"


def render_healthsheet(summary: RunSummary, info: CardInfo) -> str:
    """HEALTHSHEET.md of a dataset made from a run."""
    body = _template("healthsheet.md.j2").render(
        title=info.title_of(summary),
        licence=info.licence,
        summary=summary,
        manifest=summary.manifest,
        counts=summary.counts,
    )
    return f"{body.strip()}\n"


def front_matter(
    summary: RunSummary,
    configs: Sequence[CardConfig],
    info: CardInfo,
    title: str,
    task_categories: Sequence[str],
) -> dict[str, Any]:
    """The metadata block as data."""
    rows = sum(split.rows for split in configs[0].splits)
    return {
        "pretty_name": title,
        "license": info.licence,
        "language": [summary.manifest.about.language],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "source_datasets": ["original"],
        "size_categories": [next((name for top, name in SIZES if rows < top), "n>10M")],
        "task_categories": list(task_categories),
        "tags": [
            "synthetic", "medical", "clinical", "icd-10-cm", "electronic-health-records",
            "casewright",
        ],
        "configs": [
            {
                "config_name": config.name,
                **({"default": True} if config.default else {}),
                "data_files": [{"split": s.split, "path": s.pattern} for s in config.splits],
            }
            for config in configs
        ],
        "dataset_info": [
            {
                "config_name": config.name,
                "features": features_of(config.schema),
                "splits": [
                    {"name": s.split, "num_bytes": s.bytes, "num_examples": s.rows}
                    for s in config.splits
                ],
            }
            for config in configs
            if config.schema is not None
        ],
    }  # fmt: skip


def features_of(schema: pa.Schema) -> list[dict[str, Any]]:
    """The schema as the Hub writes features in a card."""
    return [{"name": field.name, **_feature(field.type)} for field in schema]


def _feature(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_struct(kind):
        return {"struct": [{"name": f.name, **_feature(f.type)} for f in kind]}
    if pa.types.is_list(kind):
        inner = _feature(kind.value_type)
        # A list of plain values is written without the word "dtype".
        return {"list": inner.get("struct") or inner.get("dtype") or inner}
    return {"dtype": "float64" if kind == pa.float64() else str(kind)}


@cache
def _template(name: str) -> Template:
    environment = Environment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True
    )
    environment.filters["inline"] = _inline
    environment.filters["percent"] = _percent
    source = files("casewright.outputs").joinpath(name).read_text(encoding="utf-8")
    return environment.from_string(source)


def _inline(value: object) -> str:
    """Text that cannot break out of a Markdown table cell or start HTML."""
    text = re.sub(r"\s+", " ", str(value)).strip()
    for char, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;")):
        text = text.replace(char, safe)
    return re.sub(r"([`\[\]*])", r"\\\1", text)


def _percent(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0%}" if value in (0, 1) else f"{value:.1%}"


def as_metadata(manifest: Manifest) -> Mapping[str, str]:
    """The marking of synthetic content for the schema metadata of Parquet files."""
    return {
        "synthetic_content": "true",
        "generator": f"casewright {manifest.fingerprint.casewright}",
        "generator_model": manifest.fingerprint.model,
        "run_fingerprint": manifest.digest,
    }
