"""Strings as numbers, and back."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from row_factory import make_row
from strategies import rows

from casewright.outputs.row import Row
from casewright.outputs.rows import DOCUMENTS_SCHEMA, plain, table_of
from casewright.outputs.vocabulary import RECURRING, STRINGS, Vocabulary, with_values

SCHEMA = with_values(DOCUMENTS_SCHEMA)


def table(*found: Row) -> pa.Table:
    return table_of([plain(row) for row in found], DOCUMENTS_SCHEMA)


@given(st.lists(rows(), min_size=1, max_size=5), st.booleans())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_table_comes_back_with_its_strings(found: list[Row], as_values: bool) -> None:
    first = table(*found)
    vocabulary = Vocabulary()
    numbered, size = vocabulary.numbered(first.cast(SCHEMA) if as_values else first)
    spelled, again = vocabulary.spelled(numbered, SCHEMA)
    assert spelled.to_pylist() == first.to_pylist()
    assert spelled.schema == SCHEMA
    assert size == again
    # Arrow has a word more for each column of strings than for one of numbers.
    assert abs(size - first.nbytes) <= 16 * len(STRINGS)


def test_tables_share_their_numbers_and_take_any_order() -> None:
    kinds = [["clinic_note", "dialogue"], ["dialogue", "portal_reply"]]
    vocabulary = Vocabulary()
    numbered = [
        vocabulary.numbered(
            table(*(replace(make_row(n), kind=kind) for n, kind in enumerate(part)))
        )
        for part in kinds
    ]
    whole = pa.concat_tables([made for made, _ in numbered])
    assert whole["kind"].to_pylist() == [0, 1, 1, 2]
    chosen, _ = vocabulary.spelled(whole.take([3, 1]), SCHEMA)
    assert chosen["kind"].to_pylist() == ["portal_reply", "dialogue"]
    # What is written holds no words but its own.
    assert set(chosen["kind"].combine_chunks().dictionary.to_pylist()) == set(kinds[1])


def test_what_a_document_has_of_its_own_keeps_its_strings() -> None:
    own = set(STRINGS) - RECURRING
    assert {"document_id", "text", "phi.list.element.text"} <= own
    numbered, _ = Vocabulary().numbered(table(make_row(1)))
    assert numbered["text"].to_pylist() == [make_row(1).text]
    assert numbered.schema.field("kind").type == pa.int32()
