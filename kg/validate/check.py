"""Sample cases and check them all: `casewright kg check`."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from casewright.kg.graph import Graph
from casewright.kg.validate import RULES, Validator
from casewright.kg.validate.rules import Violation
from casewright.records import Case

__all__ = ["CheckReport", "check_cases", "render_check"]

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What the validator found over many cases.

    Attributes:
        cases: cases checked. violating: those with a violation.
        by_rule: violations by rule, most first; rules without any are not in it.
        examples: by rule, the first few: case id, index, what, facts, codes, citation.
        cases_per_second: of the validator alone, by the time of one core.
    """

    graph: str
    cases: int
    violating: int
    by_rule: Mapping[str, int]
    examples: Mapping[str, tuple[Mapping[str, object], ...]]
    cases_per_second: float

    @property
    def violations(self) -> int:
        """All violations."""
        return sum(self.by_rule.values())

    def to_json(self) -> str:
        """One JSON object, indented."""
        found = {**asdict(self), "violations": self.violations}
        return json.dumps(found, indent=2, ensure_ascii=False)


def check_cases(graph: Graph, cases: Iterable[Case]) -> CheckReport:
    """Check cases one after the other; memory does not grow with their number."""
    validator = Validator(graph)
    counts: Counter[str] = Counter()
    examples: dict[str, list[Mapping[str, object]]] = {}
    number = violating = 0
    seconds = 0.0
    for case in cases:
        begin = time.process_time()
        found = validator(case)
        seconds += time.process_time() - begin
        number += 1
        violating += bool(found)
        for violation in found:
            counts[violation.rule] += 1
            held = examples.setdefault(violation.rule, [])
            if len(held) < _EXAMPLES:
                held.append(_example(case, violation))
    return CheckReport(
        graph=graph.version,
        cases=number,
        violating=violating,
        by_rule=dict(counts.most_common()),
        examples={rule: tuple(held) for rule, held in examples.items()},
        cases_per_second=round(number / seconds, 1) if seconds else 0.0,
    )


def _example(case: Case, violation: Violation) -> Mapping[str, object]:
    return {
        "case_id": case.case_id,
        "index": case.index,
        "principal": case.principal.code,
        "what": violation.what,
        "facts": violation.facts,
        "codes": violation.codes,
        "citation": violation.citation or RULES[violation.rule].citation,
    }


def render_check(report: CheckReport) -> RenderableType:
    """Counts and an example of each rule, for a terminal."""
    head = Text(
        f"{report.cases:,} cases, {report.violations:,} violations in {report.violating:,} of them"
        f" ({report.cases_per_second:,.0f} cases/s)",
        style="green" if not report.violations else "red",
    )
    if not report.violations:
        return head
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("rule", no_wrap=True, style="cyan")
    table.add_column("n", justify="right")
    table.add_column("for example", overflow="fold")
    for rule, count in report.by_rule.items():
        first = report.examples[rule][0]
        table.add_row(
            rule, f"{count:,}",
            f"{first['case_id']} ({first['principal']}): {first['what']}\n{first['citation']}",
        )  # fmt: skip
    return Group(head, "", table)
