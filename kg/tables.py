"""The compiled tables on disk: four files, read into columns without building objects.

    manifest.json        versions, sources with licences, counts
    conditions.parquet   the ICD-10-CM spine, one row a code, in code order
    concepts.jsonl.gz    every other node, one JSON object a line, in id order
    edges.parquet        integer columns, sorted by source, relation and strength

A node is known by its row: conditions first, then concepts. In edges an unknown number is
NaN and no text is "", so that the columns are read without a copy. The same input gives the
same bytes.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from casewright.errors import CasewrightError
from casewright.seeds import fingerprint_bytes

__all__ = [
    "CONDITION_SCHEMA",
    "EDGE_SCHEMA",
    "FORMAT",
    "RELATIONS",
    "EdgeColumns",
    "Provenance",
    "Tables",
    "packaged_data",
    "read_tables",
    "write_tables",
]

FORMAT = 3
"""Layout of the files. A reader refuses any other."""

RELATIONS: tuple[str, ...] = (
    "has_symptom",
    "has_finding",
    "changes_lab",
    "changes_vital",
    "tested_with",
    "treated_with",
    "has_risk_factor",
    "comorbid_with",
    "excludes1",
    "excludes2",
    "code_first",
    "use_additional",
    "in_group",
    "contraindicated_with",
    "complicated_by",
    "code_also",
)
"""Relation names by their number on disk; new ones go to the end."""

FILES = ("manifest.json", "conditions.parquet", "concepts.jsonl.gz", "edges.parquet")

CONDITION_SCHEMA = pa.schema(
    [
        ("code", pa.string()),
        ("title", pa.string()),
        ("name", pa.string()),
        ("forms", pa.string()),  # "<kind>\t<text>" lines
        ("chapter", pa.int8()),
        ("billable", pa.bool_()),
        ("chronic", pa.bool_()),
        ("principal", pa.bool_()),
        ("acuity", pa.string()),
        ("sex", pa.string()),
        ("min_age", pa.float64()),
        ("max_age", pa.float64()),
        ("visit_share", pa.float64()),
        ("female_share", pa.float64()),
        ("age_weights", pa.list_(pa.float64())),
        ("attributes", pa.string()),  # "<name>\t<value>" lines
        ("parent", pa.int32()),  # row of the code above, -1 for a category
        ("concept", pa.int32()),  # row of the code that stands for all variants
        ("laterality", pa.string()),
        ("encounter", pa.string()),
    ]
)

EDGE_SCHEMA = pa.schema(
    [
        ("source", pa.int32()),
        ("relation", pa.uint8()),
        ("target", pa.int32()),
        ("provenance", pa.uint16()),
        ("confidence", pa.float64()),
        ("p", pa.float64()),
        ("lift", pa.float64()),
        ("direction", pa.int8()),  # -1 low, 0 none, 1 high
        ("mean", pa.float64()),
        ("sd", pa.float64()),
        ("text", pa.string()),
        ("details", pa.string()),  # "<name>\t<value>" lines
    ]
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an edge comes from: a data source in one version under one licence.

    Attributes:
        origin: short name ("NAMCS 2000-2010"). version: of that source.
        licence: SPDX id or "public-domain". citation: how to cite or find it.
        notice: words that the licence asks to keep, if any.
    """

    origin: str
    version: str
    licence: str
    citation: str
    notice: str = ""


@dataclass(frozen=True, slots=True)
class EdgeColumns:
    """The edges as arrays of one length.

    `text` indexes `texts`, and `details` indexes `detail_texts`; "" is none.
    """

    source: npt.NDArray[np.int32]
    relation: npt.NDArray[np.uint8]
    target: npt.NDArray[np.int32]
    provenance: npt.NDArray[np.uint16]
    confidence: npt.NDArray[np.float64]
    p: npt.NDArray[np.float64]
    lift: npt.NDArray[np.float64]
    direction: npt.NDArray[np.int8]
    mean: npt.NDArray[np.float64]
    sd: npt.NDArray[np.float64]
    text: npt.NDArray[np.int32]
    texts: tuple[str, ...]
    details: npt.NDArray[np.int32]
    detail_texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything on disk. `conditions` is an Arrow table of CONDITION_SCHEMA."""

    version: str
    provenance: tuple[Provenance, ...]
    conditions: Any  # pyarrow.Table; pyarrow ships no types
    concepts: tuple[Mapping[str, Any], ...]
    edges: EdgeColumns
    manifest: Mapping[str, Any]


def packaged_data() -> Path:
    """The folder of the graph that ships with casewright."""
    return Path(str(files("casewright.kg.data")))


def write_tables(
    out: Path,
    *,
    conditions: Mapping[str, Sequence[object]],
    concepts: Sequence[Mapping[str, object]],
    edges: Mapping[str, Sequence[object]],
    provenance: Sequence[Provenance],
    release: str,
    sources: Mapping[str, str],
) -> None:
    """Write the four files into `out`, byte for byte the same for the same input.

    Args:
        out: a folder, made if absent.
        conditions, edges: columns by name, as in the schemas above.
        concepts: node objects in id order, JSON values only.
        provenance: rows that the edges' `provenance` column points to.
        release: semantic version of the graph.
        sources: name and version of each input, for the manifest.

    Raises:
        CasewrightError: the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, schema, columns in (
            ("conditions.parquet", CONDITION_SCHEMA, conditions),
            ("edges.parquet", EDGE_SCHEMA, edges),
        ):
            arrays = [pa.array(columns[field.name], field.type) for field in schema]
            table = pa.table(arrays, schema=schema)
            pq.write_table(
                table,
                out / name,
                compression="zstd",
                compression_level=15,
                use_dictionary=True,
                write_statistics=False,
                store_schema=False,
            )
        (out / "concepts.jsonl.gz").write_bytes(_gzip_lines(concepts))
        manifest = {
            "format": FORMAT,
            "release": release,
            "sources": dict(sources),
            "provenance": [
                {
                    "origin": p.origin,
                    "version": p.version,
                    "licence": p.licence,
                    "citation": p.citation,
                    "notice": p.notice,
                }
                for p in provenance
            ],
            "counts": {
                "conditions": len(conditions["code"]),
                "concepts": len(concepts),
                "edges": len(edges["source"]),
            },
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False, sort_keys=False) + "\n"
        (out / "manifest.json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise CasewrightError(
            f"the graph cannot be written: {error.strerror or error}",
            where=error.filename or out,
            fix="name a folder that you may write to, with some free megabytes",
        ) from error


def _gzip_lines(rows: Sequence[Mapping[str, object]]) -> bytes:
    buffer = io.BytesIO()
    # No name and no time in the header: the bytes depend on the rows alone.
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return buffer.getvalue()


def read_tables(path: Path | None = None) -> Tables:
    """Read the four files of the packaged graph, or of `path`.

    Raises:
        CasewrightError: a file is absent, damaged, or of another format.
    """
    folder = path if path is not None else packaged_data()
    raw: dict[str, bytes] = {}
    for name in FILES:
        try:
            raw[name] = (folder / name).read_bytes()
        except OSError as error:
            raise CasewrightError(
                f"the compiled graph is incomplete: {name} cannot be read",
                where=folder / name,
                fix="compile it with `casewright kg compile`, or install casewright again",
            ) from error
    try:
        manifest = json.loads(raw["manifest.json"])
        if manifest.get("format") != FORMAT:
            raise CasewrightError(
                f"the graph has format {manifest.get('format')}",
                where=folder / "manifest.json",
                valid=f"format {FORMAT}",
                fix="compile it again with this version of casewright",
            )
        conditions = _read_parquet(raw["conditions.parquet"])
        edges = _edge_columns(_read_parquet(raw["edges.parquet"]))
        lines = gzip.decompress(raw["concepts.jsonl.gz"]).splitlines()
        concepts = tuple(json.loads(line) for line in lines)
    except (ValueError, EOFError, OSError, pa.ArrowException) as error:
        raise CasewrightError(
            f"the compiled graph is damaged: {error}",
            where=folder,
            fix="compile it with `casewright kg compile`, or install casewright again",
        ) from error
    # Reading leaves sixty megabytes of scratch in the allocator.
    pa.default_memory_pool().release_unused()
    digest = fingerprint_bytes(b"".join(raw[name] for name in FILES))
    return Tables(
        version=f"{manifest['release']}+{digest[:12]}",
        provenance=tuple(Provenance(**row) for row in manifest["provenance"]),
        conditions=conditions,
        concepts=concepts,
        edges=edges,
        manifest=manifest,
    )


def _read_parquet(raw: bytes) -> Any:
    # Not pq.read_table: it imports pyarrow.dataset and with it pandas, half a second.
    return pq.ParquetFile(pa.BufferReader(raw)).read()


def _edge_columns(table: Any) -> EdgeColumns:
    def numbers(name: str, kind: type) -> npt.NDArray[Any]:
        # Straight from the buffer: to_numpy would import pandas where it is installed.
        column = table.column(name).combine_chunks()
        buffer: npt.NDArray[Any] = np.frombuffer(column.buffers()[1], dtype=kind)
        return buffer[column.offset : column.offset + len(column)]

    def words(name: str) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
        column = table.column(name).combine_chunks().dictionary_encode()
        index = np.frombuffer(column.indices.buffers()[1], dtype=np.int32)
        return index[: len(table)], tuple(column.dictionary.to_pylist())

    text, texts = words("text")
    details, detail_texts = words("details")
    return EdgeColumns(
        source=numbers("source", np.int32),
        relation=numbers("relation", np.uint8),
        target=numbers("target", np.int32),
        provenance=numbers("provenance", np.uint16),
        confidence=numbers("confidence", np.float64),
        p=numbers("p", np.float64),
        lift=numbers("lift", np.float64),
        direction=numbers("direction", np.int8),
        mean=numbers("mean", np.float64),
        sd=numbers("sd", np.float64),
        text=text,
        texts=texts,
        details=details,
        detail_texts=detail_texts,
    )


def iter_pairs(packed: str | None) -> Iterator[tuple[str, str]]:
    """Unpack "<a>\\t<b>" lines, the form of the `forms` and `attributes` columns."""
    if packed:
        for line in packed.split("\n"):
            first, _, second = line.partition("\t")
            yield first, second


def pack_pairs(pairs: Sequence[tuple[str, str]]) -> str | None:
    """The inverse of `iter_pairs`; None for nothing. Tabs and line breaks become spaces."""
    if not pairs:
        return None
    return "\n".join(f"{a}\t{' '.join(b.split())}" for a, b in pairs)
