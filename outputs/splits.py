"""Train, validation and test, so that nothing of one side gives away the other.

Documents of a case, kept or rejected, stand on one side, and so do the encounters of a patient,
the two cases of a contrast pair, and near-duplicates of whatever case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from casewright.errors import CasewrightError
from casewright.outputs.clusters import Signatures, components
from casewright.outputs.stored import stored_tables
from casewright.seeds import derive_seed

__all__ = ["SPLITS", "Divider", "Division", "Split", "SplitBy", "SplitPlan", "divide"]

Split: TypeAlias = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
SplitBy: TypeAlias = Literal["case", "code", "template"]

_COLUMNS = ["case_id", "patient_id", "partner_case_id", "icd10", "style", "text"]


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """Which share of the cases goes where.

    By case, a group's side is a hash of its first case's id: it stays when the corpus grows. In
    a small corpus the shares come out roughly, and a side may stay empty. By code or template
    whole codes or templates are held out, the largest group first to the side that lacks most.

    Attributes:
        train, validation, test: shares that add up to 1.
        salt: another word gives another division.
        by: what must not stand on two sides beside the case: "code" the category of the
            principal diagnosis ("J18"), "template" the style in which documents are laid out.
    """

    train: float = 0.8
    validation: float = 0.1
    test: float = 0.1
    salt: str = "casewright-split-1"
    by: SplitBy = "case"

    def __post_init__(self) -> None:
        shares = (self.train, self.validation, self.test)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            raise ValueError(f"shares of a split must be positive and add up to 1, not {shares}")

    @property
    def shares(self) -> tuple[float, float, float]:
        """The three shares in the order of `SPLITS`."""
        return self.train, self.validation, self.test

    def side(self, case_id: str) -> Split:
        """The side of a case that hangs together with no other."""
        place = derive_seed(self.salt, case_id) / 2**63
        bounds = accumulate((self.train, self.validation))
        index = next((i for i, bound in enumerate(bounds) if place < bound), 2)
        return SPLITS[index]


@dataclass(frozen=True, slots=True)
class Division:
    """The sides of a run's cases.

    Attributes:
        cases: ids of all cases, kept or not, in order of first appearance.
        sides: per case, an index into `SPLITS`.
        kept: per kept document in stored order, its place in `cases`.
        groups: how many groups of cases hang together.
        exported: per kept document in stored order, whether it goes into the export.
    """

    cases: pa.Array
    sides: NDArray[np.int8]
    kept: NDArray[np.int64]
    groups: int
    exported: NDArray[np.bool_]
    _places: Mapping[str, int] = field(repr=False)

    def side(self, case_id: str) -> Split:
        """The side of one case. Raises KeyError for a case that the run lacks."""
        return SPLITS[int(self.sides[self._places[case_id]])]

    def sizes(self) -> dict[Split, int]:
        """Kept documents of every side that has any."""
        counted = np.bincount(self.sides[self.kept[self.exported]], minlength=len(SPLITS))
        return {s: int(n) for s, n in zip(SPLITS, counted, strict=True) if n}


class Divider:
    """Takes in a run's documents table by table, in stored order, and divides its cases."""

    def __init__(self, plan: SplitPlan) -> None:
        self.plan = plan
        self._places: dict[str, int] = {}
        self._of_row: list[NDArray[np.int64]] = []
        self._kept: list[NDArray[np.bool_]] = []
        self._patients: list[pa.Array] = []
        self._partners: list[pa.Array] = []
        self._held: list[pa.Array] = []
        self._signatures = Signatures()

    @property
    def columns(self) -> list[str]:
        """What of the documents it reads."""
        unused = {"case": {"icd10", "style"}, "code": {"style"}, "template": {"icd10"}}
        return [name for name in _COLUMNS if name not in unused[self.plan.by]]

    def cases_of(self, table: pa.Table) -> NDArray[np.int64]:
        """The number of each document's case, in order of first appearance."""
        places = self._places
        names = table["case_id"].to_pylist()
        return np.array([places.setdefault(name, len(places)) for name in names], dtype=np.int64)

    def add(self, kept: bool, table: pa.Table, cases: NDArray[np.int64]) -> None:
        """Take in the next documents; `cases` are their numbers by `cases_of`."""
        self._of_row.append(cases)
        self._kept.append(np.full(table.num_rows, kept))
        self._patients.append(table["patient_id"].combine_chunks())
        self._partners.append(table["partner_case_id"].combine_chunks())
        if self.plan.by != "case":
            self._held.append(_held_out(table, self.plan))
        self._signatures.add(table["text"])

    def division(self, run: Path, left_out: NDArray[np.bool_] | None = None) -> Division:
        """Decide on which side each case stands.

        Raises:
            CasewrightError: by code or template, everything hangs together.
        """
        names = pa.array(list(self._places), pa.string())
        of_row = np.concatenate([*self._of_row, np.zeros(0, np.int64)])
        a, b = self._signatures.links()
        links = [(of_row[a], of_row[b])]
        links += _joined(self._patients, of_row)
        links += _joined(self._held, of_row) if self._held else []
        links.append(_named(self._partners, names, of_row))
        root = components(
            len(names), np.concatenate([x for x, _ in links]), np.concatenate([y for _, y in links])
        )
        which = np.concatenate([*self._kept, np.zeros(0, bool)])
        group_of_root, group = np.unique(root, return_inverse=True)
        if self.plan.by == "case":
            sides = _hashed(names, group, len(group_of_root), self.plan)
        else:
            rows = np.bincount(group[of_row[which]], minlength=len(group_of_root))
            sides = _balanced(rows, self.plan, run)
        kept_rows = of_row[which]
        exported = np.ones(len(kept_rows), bool) if left_out is None else ~left_out
        return Division(names, sides[group], kept_rows, len(group_of_root), exported, self._places)


def divide(run: Path, plan: SplitPlan, left_out: NDArray[np.bool_] | None = None) -> Division:
    """Decide on which side each case of a run stands.

    Args:
        run: a sealed run.
        plan: the shares, and what is held apart.
        left_out: per kept document in stored order, whether it does not go into the export.

    Raises:
        CasewrightError: by code or template, everything hangs together.
    """
    divider = Divider(plan)
    for side, table in stored_tables(run, divider.columns, batch=4096):
        divider.add(side == "kept", table, divider.cases_of(table))
    return divider.division(run, left_out)


def _held_out(table: pa.Table, plan: SplitPlan) -> pa.Array:
    if plan.by == "template":
        return table["style"].combine_chunks()
    if plan.by == "code":
        codes = table["icd10"].combine_chunks()
        first = pc.list_element(
            pc.if_else(pc.greater(pc.list_value_length(codes), 0), codes, None), 0
        )
        return pc.utf8_slice_codeunits(pc.struct_field(first, "code"), 0, 3)
    return pa.nulls(table.num_rows, pa.string())


def _joined(
    column: Sequence[pa.Array], of_row: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Links between cases that have a value in common; null and "" are no value."""
    values = pa.chunked_array(column, pa.string()).combine_chunks()
    known = pc.fill_null(pc.not_equal(values, ""), False).to_numpy(False)
    if not known.any():
        return []
    places = np.flatnonzero(known)
    codes = values.take(pa.array(places)).dictionary_encode().indices.to_numpy(False)
    order = np.argsort(codes, kind="stable")
    codes, places = codes[order], places[order]
    same = np.flatnonzero(codes[:-1] == codes[1:])
    return [(of_row[places[same]], of_row[places[same + 1]])]


def _named(
    column: Sequence[pa.Array], names: pa.Array, of_row: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Links from each case to the one that it names, where the run has that."""
    values = pa.chunked_array(column, pa.string()).combine_chunks()
    found = pc.fill_null(pc.index_in(values, names), -1).to_numpy(False).astype(np.int64)
    places = np.flatnonzero((found >= 0) & ~pc.is_null(values).to_numpy(False))
    return of_row[places], found[places]


def _hashed(
    names: pa.Array, group: NDArray[np.int64], groups: int, plan: SplitPlan
) -> NDArray[np.int8]:
    order = pc.array_sort_indices(names).to_numpy(False)
    first = np.full(groups, len(names), dtype=np.int64)
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    np.minimum.at(first, group, rank)
    # One hash a group, not a row: the groups are what there is to decide.
    heads = names.take(pa.array(order[first])).to_pylist()
    return np.array([SPLITS.index(plan.side(head)) for head in heads], dtype=np.int8)


def _balanced(rows: NDArray[np.int64], plan: SplitPlan, run: Path) -> NDArray[np.int8]:
    wanted = [share * int(rows.sum()) for share in plan.shares]
    if len(rows) < sum(share > 0 for share in plan.shares):
        raise CasewrightError(
            f"the cases cannot be divided by {plan.by}: all hang together",
            where=run,
            fix="divide by case, or build a run with more of them",
        )
    sides = np.zeros(len(rows), dtype=np.int8)
    for place in np.argsort(-rows, kind="stable"):
        side = max(range(len(SPLITS)), key=lambda s: (wanted[s], -s))
        sides[place] = side
        wanted[side] -= int(rows[place])
    for side in (s for s, share in enumerate(plan.shares) if share > 0):
        if not (sides == side).any():  # few large groups: no side that is asked for stays empty
            counted = np.bincount(sides, minlength=len(SPLITS))
            spare = np.flatnonzero(counted[sides] > 1)
            sides[spare[np.argmin(rows[spare])]] = side
    return sides
