"""Preference pairs: the same document better and worse, as DPO takes it.

Worse is the draft with every piece as the model first wrote it, where the checker found fault
with some; better is what was kept in the end, with those pieces drawn again, mended or realised.
A rejected document beside a kept one of the same case and kind is a pair too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from casewright.outputs.labels import ORIGIN, PlainRow, origin
from casewright.outputs.prompting import facts_prompt

__all__ = ["DPO_SCHEMA", "preferences"]

_string = pa.string()
_MESSAGES = pa.list_(pa.struct([("role", _string), ("content", _string)]))

DPO_SCHEMA: pa.Schema = pa.schema(
    {
        "prompt": _MESSAGES,
        "chosen": _MESSAGES,
        "rejected": _MESSAGES,
        "error_class": _string,
        "error_message": _string,
        "rejected_id": _string,
        **ORIGIN,
    }
)

_ALIKE = 0.8
"""How much shorter, in words, one side of a pair may be than the other. DPO prefers what is long
where the chosen side is the longer one (R. Park et al., Findings of ACL 2024)."""


def preferences(
    case: Sequence[PlainRow], rejected: Sequence[PlainRow] = ()
) -> Iterator[dict[str, Any]]:
    """The pairs of one case, matched in length.

    Args:
        case: its kept documents, as plain rows. rejected: those that were turned down.
    """
    for row in case:
        asked = facts_prompt(row)
        if not asked:
            continue
        better = row["clean_text"] or row["text"]
        for worse, why, message, name in _worse(row, rejected):
            if worse.strip() != better.strip() and _matched(better, worse):
                yield {
                    "prompt": [{"role": "user", "content": asked}],
                    "chosen": [{"role": "assistant", "content": better}],
                    "rejected": [{"role": "assistant", "content": worse}],
                    "error_class": why,
                    "error_message": message,
                    "rejected_id": name,
                    **origin(row),
                }


def _worse(row: PlainRow, rejected: Sequence[PlainRow]) -> Iterator[tuple[str, str, str, str]]:
    """Worse texts of a document: text, class of its error, what it is, and whose it is."""
    drafts = row["rejected_drafts"] or ()
    if row["first_draft"] and drafts:
        (why, _), *_ = Counter(draft["error_class"] for draft in drafts).most_common(1)
        message = next(draft["problem"] for draft in drafts if draft["error_class"] == why)
        yield row["first_draft"], why, message, row["document_id"]
    for other in rejected:
        if other["kind"] == row["kind"] and other["text"]:
            reason = other["reasons"][0]
            why = f"{reason['filter']}/{reason['label']}"
            yield other["text"], why, reason["message"], other["document_id"]


def _matched(a: str, b: str) -> bool:
    lengths = sorted((len(a.split()), len(b.split())))
    return lengths[0] >= _ALIKE * lengths[1]
