"""A process of its own that builds a run, so that tests can kill it. Not a test.

    python build_run.py RUN PLANNED [--shard k/n] [--die-at N] [--part-rows N] [--limit BYTES]
        [--fail i,j] [--reject i,j] [--slow S] [--move]

It prints the id of each document after `add` has returned.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # as a script it has no conftest

from row_factory import ABOUT, FINGERPRINT, make_document, make_row

from casewright.errors import CasewrightError
from casewright.outputs import parts, rundir
from casewright.outputs.manifest import Usage
from casewright.outputs.rows import Row, failed_row
from casewright.records import Reason


def die_at(count: int) -> None:
    """Kill this process with SIGKILL just before its Nth rename, deletion or fsync."""
    left = [count]

    def wrap(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def wrapped(*args: object, **kwargs: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        setattr(owner, name, wrapped)

    wrap(Path, "replace")
    wrap(Path, "unlink")
    wrap(os, "fsync")


def numbers(text: str) -> set[int]:
    return {int(part) for part in text.split(",") if part}


def row_for(index: int, fail: set[int], reject: set[int]) -> Row:
    if index in fail:
        draft = make_document(index).draft
        reason = Reason("engine", "timeout", "no answer")
        return failed_row(
            draft.case, document_id=draft.document_id, kind=draft.kind, index=index,
            reasons=[reason],
        )  # fmt: skip
    return make_row(index, keep=index not in reject or index % 3 == 2)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("planned", type=int)
    parser.add_argument("--shard", default="1/1")
    parser.add_argument("--die-at", type=int, default=0)
    parser.add_argument("--part-rows", type=int, default=parts.PART_ROWS)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--fail", type=numbers, default=set())
    parser.add_argument("--reject", type=numbers, default=set())
    parser.add_argument("--move", type=numbers, default=set())
    parser.add_argument("--slow", type=float, default=0.0)
    parser.add_argument("--order", type=int, default=0)
    parser.add_argument("--seed", type=int, default=FINGERPRINT.seed)
    parser.add_argument("--stop-after", type=int, default=-1)
    args = parser.parse_args()
    parts.PART_ROWS = args.part_rows
    if args.limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (args.limit, args.limit))
    k, n = map(int, args.shard.split("/"))
    fingerprint = replace(FINGERPRINT, seed=args.seed)
    try:
        with rundir.RunDir.open(args.run, fingerprint, args.planned, (k, n), ABOUT) as run:
            if args.die_at:
                die_at(args.die_at)
            todo = list(run.todo())
            if args.order:
                random.Random(args.order).shuffle(todo)
            for done, index in enumerate(todo):
                if done == args.stop_after:
                    return
                row = row_for(index, args.fail, args.reject)
                run.add(row, usage=Usage(1, 100, 50))
                print(row.document_id, flush=True)  # noqa: T201
                time.sleep(args.slow)
            moved = {make_row(i).document_id for i in args.move}
            reason = Reason("near_copies", "self_copy", "near-copy of an earlier document", 0.9)
            run.seal(lambda texts: [(d, reason) for d, _, _ in texts if d in moved])
    except CasewrightError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(2)


if __name__ == "__main__":
    main()
