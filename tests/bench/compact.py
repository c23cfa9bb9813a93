"""What the compact variant does: `python tests/bench/compact.py [CASES]`.

Each note that the realiser writes beside its compact variant, by kind: words of the body, short
forms in a hundred words (capitals, and what the compact hand writes), facts that only the plain
note states, and how many of both pass the screen.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections import defaultdict

from casewright.config import load_config
from casewright.generators.plan import suits
from casewright.generators.writer import EngineName
from casewright.setup import load_parts

_SETTINGS = {"outpatient": 0.4, "emergency": 0.25, "inpatient": 0.35}
_CAPITALS = re.compile(r"\b(?:[A-Z]{2,}[a-z]?\d?|q\d+h)\b")


def main(cases: int) -> None:
    """Print a line a kind."""
    parts = load_parts(
        load_config(None, {"engine.kind": "realiser", "sampling.settings": _SETTINGS})
    )
    writer = parts.writer(None, EngineName("realiser", ""))
    short = {s.lower().strip(":") for s in parts.library.variants["compact"].short.values()}
    short |= {"pt", "c/o", "h/o", "hx", "yo", "y/o"}

    def measured(text: str) -> tuple[int, int]:
        words = text.split("\n\n", 1)[-1].split()
        found = [w for w in words if _CAPITALS.search(w) or w.lower().strip(".,;:()") in short]
        return len(words), len(found)

    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 8)
    for case in parts.sampler.cases(range(cases)):
        for kind, spec in parts.library.kinds.items():
            by_clinicians = not spec.dialogue and spec.speaker is None
            if not by_clinicians or case.setting not in spec.settings:
                continue
            if not suits(spec, case, parts.forms_of):
                continue
            plain = asyncio.run(writer.draft(case, kind))
            small = asyncio.run(writer.draft(case, kind, "compact"))
            lost = [
                s.fact_id
                for s in plain.ledger.facts
                if s.status == "stated" and small.ledger.status_of(s.fact_id).status != "stated"
            ]
            kept = [parts.screen(d).verdict.keep for d in (plain, small)]
            row = (1, *measured(plain.text), *measured(small.text), len(lost), *kept)
            sums[kind] = [a + int(b) for a, b in zip(sums[kind], row, strict=True)]
    head = "notes  words: plain compact  short forms: plain compact  lost  kept"
    sys.stdout.write(f"{'kind':22} {head}\n")
    for kind, (n, words, forms, words2, forms2, lost_facts, kept1, kept2) in sums.items():
        sys.stdout.write(
            f"{kind:22} {n:5} {words / n:13.0f} {words2 / n:7.0f} {100 * forms / words:18.1f} "
            f"{100 * forms2 / words2:7.1f} {lost_facts:5}  {kept1} {kept2}\n"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
