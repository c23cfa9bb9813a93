"""What a run holds by kind: `python tests/bench/kinds.py RUN`, or without one, prompts alone.

For each kind of a run: documents kept, must-mention facts stated (present and denied), facts
contradicted, concepts named that the case lacks, and the model's share of the words; then the
figures of `diversity.py` over its kept documents. Without a run: for each kind, how much of its
prompts is shared, by characters.

A prompt's shared prefix is the longest beginning that it has in common with any earlier prompt of
the same kind: what a server's prefix cache can answer from, given room.
"""

from __future__ import annotations

import argparse
import json
import sys
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

from diversity import measure, read

from casewright.config import load_config
from casewright.generators.plan import suits
from casewright.generators.writer import EngineName
from casewright.outputs.summary import KindSummary, Share, summarise
from casewright.setup import load_parts


def common_start(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    alike = (n for n, a, b in zip(count(), one, other, strict=False) if a != b)
    return next(alike, min(len(one), len(other)))


def shared_prefix(prompts: Sequence[str]) -> float:
    """Share of the characters of all prompts that an earlier one begins with as well.

    Of all texts seen, the one with the longest common beginning is a neighbour in their order.
    """
    seen: list[str] = []
    shared = total = 0
    for prompt in prompts:
        place = bisect_left(seen, prompt)
        near = seen[max(place - 1, 0) : place + 1]
        shared += max((common_start(prompt, other) for other in near), default=0)
        total += len(prompt)
        insort(seen, prompt)
    return shared / total if total else 0.0


def prompts_by_kind(cases: int) -> Mapping[str, list[str]]:
    """The first prompt of every piece, over so many cases of every setting, in plan order."""
    settings = {"outpatient": 0.5, "emergency": 0.2, "inpatient": 0.3}
    config = load_config(None, {"sampling.settings": settings})
    parts = load_parts(config)
    writer = parts.writer(None, EngineName("realiser", ""))
    found: defaultdict[str, list[str]] = defaultdict(list)
    for case in map(parts.sampler.case, range(cases)):
        for name, kind in parts.library.kinds.items():
            if case.setting in kind.settings and suits(kind, case, parts.forms_of):
                for task in writer.prompts(case, name):
                    found[name].append("\n".join(f"{m.role}: {m.content}" for m in task.messages))
    return found


def line_of(kind: KindSummary) -> dict[str, object]:
    """The figures of a kind, each with what it was counted from."""
    whole = kind.kept + kind.rejected + kind.failed

    def share(found: Share) -> str:
        told = "-" if found.value is None else f"{found.value:.4f}"
        return f"{told} ({found.hits}/{found.total})"

    return {
        "kind": kind.kind,
        "kept": f"{kind.kept / whole if whole else 0:.3f} ({kind.kept}/{whole})",
        "must_present": share(kind.must_present),
        "must_denied": share(kind.must_denied),
        "contradicted": share(kind.contradicted),
        "off_case": share(kind.off_case),
        "model_written": round(kind.model_written.median, 3),
    }


def main() -> None:
    """Measure and print, a JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("--cases", type=int, default=40, help="Cases to make prompts of.")
    args = parser.parse_args()
    if args.run is None:
        for kind, prompts in sorted(prompts_by_kind(args.cases).items()):
            line = {"kind": kind, "prompts": len(prompts), "shared": shared_prefix(prompts)}
            sys.stdout.write(json.dumps({**line, "shared": round(line["shared"], 3)}) + "\n")
        return
    summary = summarise(args.run)
    for kind in (*summary.kinds, summary.total):
        sys.stdout.write(json.dumps(line_of(kind)) + "\n")
    texts = read(args.run)
    if len(texts) > 1:
        sys.stdout.write(json.dumps(measure(str(args.run), texts)) + "\n")
    agreement = summary.agreement
    told = {"cases": agreement.cases, "disagreeing": agreement.disagreeing}
    sys.stdout.write(json.dumps({"agreement": told}) + "\n")


if __name__ == "__main__":
    main()
