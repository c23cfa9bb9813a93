"""Rows a second and memory of an export: `python tests/bench/exporting.py [ROWS] [--tables]`.

The run is synthetic: the documents of a small real run, many times over under other ids, each
with words of its own, so that they are no copies of each other.
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

OWN_WORDS = 170


def multiply(source: Path, dest: Path, rows: int) -> None:
    """A sealed run of `rows` kept documents, made from the kept ones of another."""
    shutil.copytree(source, dest, ignore=shutil.ignore_patterns("documents", "rejects", "report*"))
    (dest / "documents").mkdir()
    files = sorted((source / "documents").glob("*.parquet"))
    table = conform(pa.concat_tables(pq.read_table(f) for f in files), DOCUMENTS_SCHEMA)
    table = table.combine_chunks()
    rng = np.random.default_rng(1)
    known = pc.unique(pc.list_flatten(pc.utf8_split_whitespace(table["text"])))
    known = known.combine_chunks() if isinstance(known, pa.ChunkedArray) else known
    for part, start in enumerate(range(0, rows, PART_ROWS)):
        size = min(PART_ROWS, rows - start)
        index = np.arange(start, start + size)
        chosen = table.take(pa.array(rng.integers(0, table.num_rows, size)))
        case = pc.binary_join_element_wise(pa.array((index // 2).astype(str)), "case", "-")
        ids = pc.binary_join_element_wise(pa.array(index.astype(str)), "doc", "-")
        drawn = known.take(pa.array(rng.integers(0, len(known), size * OWN_WORDS)))
        ends = pa.array(np.arange(0, size * OWN_WORDS + 1, OWN_WORDS, dtype=np.int32))
        words = pc.binary_join(pa.ListArray.from_arrays(ends, drawn), " ")
        text = pc.binary_join_element_wise(chosen["text"].combine_chunks(), words, "\n")
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
    manifest = replace(manifest, counts=counts)
    write_json(dest / "manifest.json", manifest)
    # A build leaves its figures, which an export takes; those of the small run will do here.
    figures = replace(summarise(source), manifest=manifest, counts=counts)
    write_summary(figures, dest / "report.json")


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
                target=multiply, args=(args.run, run, args.rows)
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
