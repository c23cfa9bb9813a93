"""What a compilation did, and what it left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from casewright.errors import Problem

__all__ = ["CompileReport"]


@dataclass(frozen=True, slots=True)
class CompileReport:
    """The outcome of `compile_graph`.

    Attributes:
        version: of the graph written. bytes: size of its files together.
        counts: nodes by type, edges, principals.
        edges_by_relation: how many.
        missing_files: curated files that are not there yet.
        unmatched: names of the sources without a curated concept, by kind, with how often
            they came up; commonest first. They are left out of the graph.
        unresolved: references inside the curated layer to what does not exist.
        unplaced_profiles: NAMCS diagnoses without a code of today.
        refused: why billable codes are not principals, with counts.
        licences: licences of the edges written.
        undosed: drugs of acute illness that have no regimen for the code and setting.
        normal: values said to be abnormal that lie within the reference range; left out.
    """

    version: str
    bytes: int
    counts: Mapping[str, int]
    edges_by_relation: Mapping[str, int]
    missing_files: tuple[str, ...]
    unmatched: Mapping[str, Sequence[tuple[str, int]]]
    unresolved: tuple[Problem, ...]
    unplaced_profiles: tuple[str, ...]
    refused: Mapping[str, int]
    licences: tuple[str, ...]
    undosed: tuple[str, ...] = ()
    normal: tuple[str, ...] = ()

    def __str__(self) -> str:
        """A page of text."""
        lines = [f"graph {self.version}, {self.bytes / 1e6:.2f} MB"]
        lines += [f"  {name}: {count:,}" for name, count in self.counts.items()]
        lines.append("edges")
        lines += [f"  {name}: {count:,}" for name, count in self.edges_by_relation.items()]
        lines.append("licences: " + ", ".join(self.licences))
        if self.missing_files:
            lines.append("curated files missing: " + ", ".join(self.missing_files))
        lines.append("billable codes that cannot come first")
        lines += [f"  {name}: {count:,}" for name, count in self.refused.items()]
        for kind, names in self.unmatched.items():
            shown = ", ".join(f"{name} ({count})" for name, count in names[:12])
            lines.append(f"{kind} without a concept: {len(names)}; most often {shown}")
        if self.unplaced_profiles:
            lines.append("NAMCS diagnoses not placed: " + ", ".join(self.unplaced_profiles))
        if self.undosed:
            lines.append(f"drugs of acute illness without a regimen there: {len(self.undosed)}")
            lines += [f"  {text}" for text in self.undosed[:40]]
        if self.normal:
            lines.append(f"values said to be abnormal that are normal: {len(self.normal)}")
            lines += [f"  {text}" for text in self.normal[:40]]
        if self.unresolved:
            lines.append(f"unresolved references: {len(self.unresolved)}")
            lines += [f"  {problem.where}:{problem.line}: {problem.what}"
                      for problem in self.unresolved[:40]]  # fmt: skip
        return "\n".join(lines)
