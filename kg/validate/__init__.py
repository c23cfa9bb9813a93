"""The validator: an instrument that knows nothing of how cases are sampled.

`violations(graph, case)` says what is wrong with a case: rule, sentence, facts, codes and the
reference. The rules stand in RULES, their tables in the YAML files beside this one. What is
worked out for a code, a pair of codes or a drug is kept for the graph, so that many cases
are checked at speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from casewright.kg.graph import Graph
from casewright.kg.validate.coding import Coding, allowed_together, combined
from casewright.kg.validate.medication import Drugs
from casewright.kg.validate.people import People
from casewright.kg.validate.rules import RULES, Rule, Violation
from casewright.kg.validate.statements import Statements
from casewright.kg.validate.titles import Titles
from casewright.kg.validate.values import Values
from casewright.kg.validate.view import view_of
from casewright.records import Case

__all__ = ["RULES", "Rule", "Validator", "Violation", "allowed_together", "combined", "violations"]


class Validator:
    """All rules over one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._parts = (
            People(graph), Coding(graph), Drugs(graph), Values(graph), Statements(graph),
            Titles(graph),
        )  # fmt: skip

    def __call__(self, case: Case) -> Sequence[Violation]:
        """Everything that is wrong with a case, in the order of the rules' groups."""
        view = view_of(self._graph, case)
        return [violation for part in self._parts for violation in part(view)]


@lru_cache(maxsize=2)
def _validator(graph: Graph) -> Validator:
    return Validator(graph)


def violations(graph: Graph, case: Case) -> Sequence[Violation]:
    """Everything that is wrong with a case. What a graph needs is prepared once and kept."""
    return _validator(graph)(case)
