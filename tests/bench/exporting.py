"""Rows a second and memory of an export: `python tests/bench/exporting.py RUN [ROWS]`.

The run is synthetic: the documents of a small real run, many times over under other ids. Every
other word of a text is another one, drawn anew for each document from all those of the run, so
that they are as long as real ones and no copies of each other; `--padding` adds words.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from casewright.outputs import hf
from casewright.outputs.manifest import read_manifest, write_json
from casewright.outputs.parts import PART_ROWS
from casewright.outputs.rows import DOCUMENTS_SCHEMA, conform
from casewright.outputs.summary import summarise, write_summary


def multiply(source: Path, dest: Path, rows: int, padding: int) -> None:
    """A sealed run of `rows` kept documents, made from the kept ones of another."""
    shutil.copytree(source, dest, ignore=shutil.ignore_patterns("documents", "rejects", "report*"))
    (dest / "documents").mkdir()
    files = sorted((source / "documents").glob("*.parquet"))
    table = conform(pa.concat_tables(pq.read_table(f) for f in files), DOCUMENTS_SCHEMA)
    table = table.combine_chunks()
    rng = np.random.default_rng(1)
    words = pc.utf8_split_whitespace(table["text"].combine_chunks())
    known = words.flatten()
    for part, start in enumerate(range(0, rows, PART_ROWS)):
        size = min(PART_ROWS, rows - start)
        index = np.arange(start, start + size)
        picked = pa.array(rng.integers(0, table.num_rows, size))
        chosen = table.take(picked)
        case = pc.binary_join_element_wise(pa.array((index // 2).astype(str)), "case", "-")
        ids = pc.binary_join_element_wise(pa.array(index.astype(str)), "doc", "-")
        text = own_texts(words.take(picked), known, padding, rng)
        for name, column in (("document_id", ids), ("case_id", case), ("text", text)):
            chosen = chosen.set_column(chosen.schema.get_field_index(name), name, column)
        chosen = chosen.set_column(
            chosen.schema.get_field_index("document_index"), "document_index", pa.array(index)
        )
        path = dest / "documents" / f"part-{part:05d}.parquet"
        pq.write_table(
            chosen, path, compression="zstd", compression_level=6, row_group_size=PART_ROWS
        )
    manifest = read_manifest(source)
    counts = replace(manifest.counts, planned=rows, kept=rows, rejected=0, failed=0)
    manifest = replace(manifest, counts=counts, part_rows=PART_ROWS)
    write_json(dest / "manifest.json", manifest)
    # A build leaves its figures, which an export takes; those of the small run will do here.
    figures = replace(summarise(source), manifest=manifest, counts=counts)
    write_summary(figures, dest / "report.json")


def own_texts(
    words: pa.ListArray, known: pa.StringArray, padding: int, rng: np.random.Generator
) -> pa.Array:
    """Texts of which every other word is drawn from `known`, with `padding` such words more."""
    there = words.flatten()
    drawn = known.take(pa.array(rng.integers(0, len(known), len(there))))
    mixed = pc.if_else(pa.array(np.arange(len(there)) % 2 == 0), drawn, there)
    ends = pc.subtract(words.offsets, words.offsets[0])
    texts = pc.binary_join(pa.ListArray.from_arrays(ends, mixed), " ")
    if not padding:
        return texts
    more = known.take(pa.array(rng.integers(0, len(known), len(words) * padding)))
    ends = pa.array(np.arange(0, len(more) + 1, padding, dtype=np.int32))
    return pc.binary_join_element_wise(
        texts, pc.binary_join(pa.ListArray.from_arrays(ends, more), " "), "\n"
    )


def main() -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument(
        "rows",
        type=int,
        nargs="?",
        default=20_000,
        help="how many to multiply RUN to; 0: export RUN as it is",
    )
    parser.add_argument("--padding", type=int, default=0, help="words more in every text")
    parser.add_argument("--keep", type=Path, help="where the run that was made stays")
    parser.add_argument("--tables", action="store_true", help="the task tables too")
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.run.parent) as folder:
        run = args.run
        if args.rows:
            # In a process of its own, whose memory is not counted.
            run = Path(folder) / "run"
            maker = multiprocessing.get_context("spawn").Process(
                target=multiply, args=(args.run, run, args.rows, args.padding)
            )
            maker.start()
            maker.join()
            if maker.exitcode:
                sys.exit("the run could not be made")
        if args.keep:
            shutil.copytree(run, args.keep, copy_function=os.link)
        rows = read_manifest(run).counts.kept
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        profile = None
        if args.profile:
            import cProfile

            profile = cProfile.Profile()
            profile.enable()
        wall, cpu = time.monotonic(), time.process_time()
        hf.export_hf(run, Path(folder) / "hf", configs=None if args.tables else ())
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        if profile:
            profile.disable()
            profile.create_stats()
            import pstats

            pstats.Stats(profile).sort_stats("cumulative").print_stats(28)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sys.stdout.write(
            f"{rows} rows: {wall:.1f} s ({rows / wall:,.0f} rows/s), "
            f"{cpu:.1f} s CPU ({rows / cpu:,.0f} rows/CPU s), "
            f"peak {peak / 1024:,.0f} MB (before: {before / 1024:,.0f} MB)\n"
        )


if __name__ == "__main__":
    main()
