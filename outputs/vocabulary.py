"""Strings that come back document after document, as numbers.

More than half of what a run holds in memory are names of kinds, types, concepts and codes, the
same few thousand over and over. Parquet stores such a column as numbers and a list of its values.
An export keeps it so from reading to writing: numbers are copied and put in order several times
as fast as strings, and none is hashed again when it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from casewright.outputs.rows import DOCUMENTS_SCHEMA

__all__ = ["RECURRING", "STRINGS", "Vocabulary", "with_values"]

# What a document has of its own, or what others read while the run is gone through.
_OWN = {
    "document_id", "case_id", "patient_id", "partner_case_id", "variant_of", "style",
    "text", "clean_text", "first_draft", "tags.list.element", "icd10.list.element.code",
    "facts.list.element.why", "turns.list.element.text", "entities.list.element.text",
    "relations.list.element.text", "phi.list.element.text", "disclosure.list.element.said",
    "off_spec.list.element.text", "off_spec.list.element.why", "noise.list.element.text",
    "noise.list.element.clean_text", "rejected_drafts.list.element.piece_id",
    "rejected_drafts.list.element.problem", "rejected_drafts.list.element.text",
}  # fmt: skip

_VALUES: pa.DataType = pa.dictionary(pa.int32(), pa.string())

_Leaf: TypeAlias = Callable[[str, pa.Array], pa.Array]


def _leaves(kind: pa.DataType, path: str) -> Iterator[str]:
    """The names under which Parquet stores the strings of a column."""
    if pa.types.is_list(kind):
        yield from _leaves(kind.value_type, f"{path}.list.element")
    elif pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves(field.type, f"{path}.{field.name}")
    elif pa.types.is_string(kind):
        yield path


STRINGS: tuple[str, ...] = tuple(
    leaf for field in DOCUMENTS_SCHEMA for leaf in _leaves(field.type, field.name)
)
"""Parquet's names of all columns, and parts of columns, that hold strings."""

RECURRING: frozenset[str] = frozenset(STRINGS) - _OWN
"""Those whose strings come back in other documents."""


def _with(kind: pa.DataType, path: str, leaf: pa.DataType) -> pa.DataType:
    """A type with another one for the strings that come back."""
    if pa.types.is_list(kind):
        field = kind.value_field
        return pa.list_(field.with_type(_with(field.type, f"{path}.list.element", leaf)))
    if pa.types.is_struct(kind):
        return pa.struct([f.with_type(_with(f.type, f"{path}.{f.name}", leaf)) for f in kind])
    return leaf if path in RECURRING else kind


def _schema_with(schema: pa.Schema, leaf: pa.DataType) -> pa.Schema:
    fields = [field.with_type(_with(field.type, field.name, leaf)) for field in schema]
    return pa.schema(fields, metadata=schema.metadata)


_NUMBERS = _schema_with(DOCUMENTS_SCHEMA, pa.int32())


def with_values(schema: pa.Schema) -> pa.Schema:
    """A schema of documents whose strings that come back are dictionaries of Arrow."""
    return _schema_with(schema, _VALUES)


class _Words:
    """The strings of one column, or part of a column, in order of first appearance."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._sizes: NDArray[np.int64] = np.zeros(0, np.int64)
        self._words: pa.Array | None = None

    def numbered(self, array: pa.Array) -> tuple[pa.Array, int]:
        """Numbers for an array's strings, and the bytes that those have."""
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        names = array.dictionary.to_pylist()
        numbers, before = self._numbers, len(self._numbers)
        mapping = np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int32)
        if len(numbers) > before:
            self._words = None
            sizes = [len(name.encode()) for name in islice(numbers, before, None)]
            self._sizes = np.concatenate([self._sizes, np.array(sizes, np.int64)])
        counted = np.bincount(_known(array.indices), minlength=len(names))
        size = int(counted @ self._sizes[mapping])
        return pa.array(mapping).take(array.indices), size

    def spelled(self, numbers: pa.Array) -> tuple[pa.Array, int]:
        """A dictionary of the strings that an array has numbers of, and the bytes they have."""
        if self._words is None:
            self._words = pa.array(self._numbers, pa.string())
        counted = np.bincount(_known(numbers), minlength=len(self._words))
        there = np.flatnonzero(counted)
        place = np.empty(len(counted), np.int32)
        place[there] = np.arange(len(there), dtype=np.int32)
        array = pa.DictionaryArray.from_arrays(
            pa.array(place).take(numbers), self._words.take(pa.array(there))
        )
        return array, int(counted @ self._sizes)


class Vocabulary:
    """The strings of a run's tables that come back."""

    def __init__(self) -> None:
        self._words = {path: _Words() for path in RECURRING}

    def numbered(self, table: pa.Table) -> tuple[pa.Table, int]:
        """A table with numbers for the strings that come back.

        Returns:
            The table, and the bytes that it has with its strings.
        """
        sizes: list[int] = []

        def leaf(path: str, array: pa.Array) -> pa.Array:
            made, size = self._words[path].numbered(array)
            sizes.append(size)
            return made

        made = _mapped_table(table, _NUMBERS, leaf)
        return made, made.nbytes + sum(sizes)

    def spelled(self, table: pa.Table, schema: pa.Schema) -> tuple[pa.Table, int]:
        """A table of numbers with its strings again, as dictionaries of those that it has.

        Args:
            table: from `numbered`, which is not to be called any more.
            schema: from `with_values`.

        Returns:
            The table, and the bytes that it has where every string is written out.
        """
        sizes: list[int] = []

        def leaf(path: str, array: pa.Array) -> pa.Array:
            made, size = self._words[path].spelled(array)
            sizes.append(size)
            return made

        made = _mapped_table(table, schema, leaf)
        return made, table.nbytes + sum(sizes)


def _known(numbers: pa.Array) -> NDArray[np.int32]:
    found: NDArray[np.int32] = (numbers.drop_null() if numbers.null_count else numbers).to_numpy()
    return found


def _mapped_table(table: pa.Table, schema: pa.Schema, leaf: _Leaf) -> pa.Table:
    columns = [_mapped(_whole(table[field.name]), field.type, field.name, leaf) for field in schema]
    return pa.table(columns, schema=schema)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array that begins where its buffers do."""
    array = column.combine_chunks()
    return array.take(pa.array(np.arange(len(array)))) if array.offset else array


def _mapped(array: pa.Array, target: pa.DataType, path: str, leaf: _Leaf) -> pa.Array:
    """An array with other leaves; what lies above them is not copied."""
    if path in RECURRING:
        return leaf(path, array)
    if array.type == target:
        return array
    size, nulls = len(array), array.null_count
    if pa.types.is_list(target):
        inner = _mapped(array.values, target.value_type, f"{path}.list.element", leaf)
        return pa.Array.from_buffers(
            target, size, array.buffers()[:2], nulls, array.offset, [inner]
        )
    fields = [
        _mapped(array.field(number), field.type, f"{path}.{field.name}", leaf)
        for number, field in enumerate(target)
    ]
    return pa.Array.from_buffers(target, size, array.buffers()[:1], nulls, 0, fields)
