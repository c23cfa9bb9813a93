"""A run as the browser of documents asks for it: filters, search, pages, one document.

In memory is a short entry for each document. Texts stay in the run's files: a search goes through
them, a document is read when it is opened.
"""

from __future__ import annotations

import os
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from casewright.outputs.manifest import read_manifest
from casewright.outputs.parts import part_of, reason_key
from casewright.outputs.report.view import WITHHELD, document_view
from casewright.outputs.rows import row_from_plain
from casewright.outputs.stored import stored_tables

__all__ = ["FIELDS", "Catalogue", "Item", "stamp_of"]

FIELDS = ("outcome", "kind", "code", "reason", "style")
"""What documents can be filtered by."""

_COLUMNS = ["document_id", "document_index", "kind", "style", "icd10", "outcome",
            "reasons.filter", "reasons.label"]  # fmt: skip
_SEARCHED = ["document_id", "text", "icd10.code", "icd10.title", "facts.name"]
_SEARCHES_KEPT = 32
_BATCH = 128

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Item:
    """A document in the list."""

    id: str
    kind: str
    outcome: str
    code: str
    title: str


def stamp_of(run: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of every file of a run: another stamp means another content."""
    found = []
    for folder in ("documents", "rejects", "journal"):
        if (run / folder).is_dir():
            with os.scandir(run / folder) as entries:
                for entry in entries:
                    if entry.name.endswith((".parquet", ".jsonl")):
                        state = entry.stat()
                        found.append((f"{folder}/{entry.name}", state.st_mtime_ns, state.st_size))
    return tuple(sorted(found))


class Catalogue:
    """The documents of a run in plan order; places count from 0.

    Safe to use from several threads.

    Args:
        run: the run directory, finished or not.
        show_evidence: show and search the words of documents that copy the private reference.

    Raises:
        CasewrightError: a file of the run is damaged.
    """

    def __init__(self, run: Path, *, show_evidence: bool = False) -> None:
        self._run = run
        self._part_rows = read_manifest(run).part_rows
        self._show_evidence = show_evidence
        self._searches: OrderedDict[str, Mask] = OrderedDict()
        self._lock = Lock()
        entries = sorted(_entries(run), key=lambda entry: entry[0])
        self._indexes = np.fromiter((e[0] for e in entries), dtype=np.int64, count=len(entries))
        self._items: list[Item] = [e[1] for e in entries]
        self._place = {item.id: place for place, item in enumerate(self._items)}
        places: dict[str, defaultdict[str, list[int]]] = {f: defaultdict(list) for f in FIELDS}
        withheld = []
        for place, (_, item, style, codes, reasons) in enumerate(entries):
            values = {"outcome": (item.outcome,), "kind": (item.kind,), "code": codes,
                      "reason": reasons, "style": (style,) if style else ()}  # fmt: skip
            for field, named in values.items():
                for value in dict.fromkeys(named):
                    places[field][value].append(place)
            if not WITHHELD.isdisjoint(reasons):
                withheld.append(place)
        self._places = {
            field: {value: np.array(found, dtype=np.int32) for value, found in named.items()}
            for field, named in places.items()
        }
        self._readable = np.ones(len(entries), dtype=np.bool_)
        if not show_evidence:
            self._readable[withheld] = False

    def __len__(self) -> int:
        return len(self._items)

    def facets(self) -> dict[str, list[tuple[str, int]]]:
        """By field: its values in order, each with its number of documents."""
        return {
            field: [(value, len(found)) for value, found in sorted(self._places[field].items())]
            for field in FIELDS
        }

    def find(self, wanted: Mapping[str, str], text: str = "") -> NDArray[np.int64]:
        """Places of the documents that have every value and every word of `text`.

        Args:
            wanted: value by field, of `FIELDS`; empty ones do not filter.
            text: words, each of which must stand somewhere in the text, the id, a code, its
                title or the name of a fact, in any case and also inside a word.
        """
        mask = np.ones(len(self), dtype=np.bool_)
        for field in FIELDS:
            if value := wanted.get(field, ""):
                chosen = np.zeros(len(self), dtype=np.bool_)
                chosen[self._places[field].get(value, [])] = True
                mask &= chosen
        for term in dict.fromkeys(text.lower().split()):
            mask &= self._having(term)
        return np.flatnonzero(mask)

    def items(self, places: Sequence[int] | NDArray[np.int64]) -> list[Item]:
        """The entries at places."""
        return [self._items[place] for place in places]

    def document(self, document_id: str) -> dict[str, Any] | None:
        """A document as the page shows it, with its place; None if the run has none of this id."""
        place = self._place.get(document_id)
        if place is None:
            return None
        part = part_of(int(self._indexes[place]), self._part_rows)
        for _, table in stored_tables(self._run, batch=_BATCH, parts={part}):
            ids = table["document_id"].to_pylist()
            if document_id in ids:
                row = row_from_plain(table.slice(ids.index(document_id), 1).to_pylist()[0])
                return {**document_view(row, show_evidence=self._show_evidence), "place": place}
        return None

    def _having(self, term: str) -> Mask:
        """Which documents have a word. Kept for the next page of the same search."""
        with self._lock:
            if term in self._searches:
                self._searches.move_to_end(term)
                return self._searches[term]
        mask = np.zeros(len(self), dtype=np.bool_)
        for _, table in stored_tables(self._run, _SEARCHED):
            hits = _hits(table, term)
            ids = table["document_id"].to_pylist()
            named = _inside(table, "icd10", ("code", "title"), term) | _inside(
                table, "facts", ("name",), term
            )
            for row in np.flatnonzero(hits | named):
                place = self._place.get(ids[row])
                # The words of a withheld text must not be found out by searching for them.
                if place is not None and (self._readable[place] or named[row]):
                    mask[place] = True
        with self._lock:
            self._searches[term] = mask
            while len(self._searches) > _SEARCHES_KEPT:
                self._searches.popitem(last=False)
        return mask


def _hits(table: pa.Table, term: str) -> Mask:
    found = np.zeros(len(table), dtype=np.bool_)
    for name in ("document_id", "text"):
        found |= pc.match_substring(table[name], term, ignore_case=True).to_numpy()
    return found


def _inside(table: pa.Table, column: str, parts: Sequence[str], term: str) -> Mask:
    """Rows in whose list some item has the word in one of its parts."""
    array = pa.concat_arrays(table[column].chunks)
    owners = pc.list_parent_indices(array).to_numpy()
    items = pc.list_flatten(array)
    found = np.zeros(len(table), dtype=np.bool_)
    for part in parts:
        hits = pc.match_substring(pc.struct_field(items, part), term, ignore_case=True)
        found[owners[hits.fill_null(False).to_numpy(zero_copy_only=False)]] = True
    return found


def _entries(run: Path) -> Iterator[tuple[int, Item, str, tuple[str, ...], tuple[str, ...]]]:
    """(index in the plan, item, style, codes, reasons) of every document."""
    shared: dict[str, str] = {}
    tuples: dict[tuple[str, ...], tuple[str, ...]] = {}

    def once(text: str) -> str:
        """One string object for all equal ones: a run has few kinds, codes and titles."""
        return shared.setdefault(text, text)

    for side, table in stored_tables(run, _COLUMNS):
        columns = {name: table[name].to_pylist() for name in table.column_names}
        nothing: list[Any] = [None] * len(table)
        outcomes = columns.get("outcome", nothing) if side == "rest" else ["kept"] * len(table)
        for index, document_id, kind, style, codes, outcome, reasons in zip(
            columns["document_index"], columns["document_id"], columns["kind"],
            columns.get("style", nothing), columns["icd10"], outcomes,
            columns.get("reasons", nothing), strict=True,
        ):  # fmt: skip
            first = codes[0] if codes else {"code": "", "title": ""}
            words = (kind, outcome, first["code"], first["title"])
            item = Item(document_id, *map(once, words))
            named = tuple(once(c["code"]) for c in codes or ())
            why = tuple(once(reason_key(r["filter"], r["label"])) for r in reasons or ())
            named, why = tuples.setdefault(named, named), tuples.setdefault(why, why)
            yield index, item, once(style or ""), named, why
