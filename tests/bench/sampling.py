"""How fast cases are sampled and how near they come to the graph: `python tests/bench/sampling.py`.

Divergences are Jensen-Shannon, in bits, over the survey's age bands and both sexes. "gated" is
against the profiles inside the conditions' gates, "raw" against the profiles as the survey has
them. A sample of n from k cells is some (k - 1) / (8 n ln 2) bits away from its own distribution
by chance alone.
"""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from math import log2

from casewright.kg.cases import CaseSampler
from casewright.kg.graph import AGE_BANDS, Graph, load_graph
from casewright.kg.patient import Sampling, age_sex_weights, over_bands, profile_of
from casewright.records import Case

CASES = 50_000
ENOUGH = 1000
"""Cases of a condition from which its symptoms are compared; its profile from 400."""

_CELLS = 2 * len(AGE_BANDS)


def divergence(p: Sequence[float], q: Sequence[float]) -> float:
    """Jensen-Shannon divergence in bits."""
    p, q = [x / sum(p) for x in p], [x / sum(q) for x in q]
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return sum(
        x * log2(x / m) / 2 for side in (p, q) for x, m in zip(side, middle, strict=True) if x
    )


def _cell(case: Case) -> int:
    age = case.demographics.age_years
    band = next(n for n, (first, last) in enumerate(AGE_BANDS) if first <= age <= last)
    return 2 * band + (case.demographics.sex == "male")


def _print(what: str, figure: str) -> None:
    sys.stdout.write(f"{what:<58}{figure}\n")
    sys.stdout.flush()


def speed(graph: Graph, cases: int) -> None:
    """Cases a second of processor time, of a new sampler and of one that knows the conditions."""
    for how in ("prevalence", "tempered", "uniform"):
        sampler = CaseSampler(graph, Sampling(conditions=how), 7)  # type: ignore[arg-type]
        for state in ("new", "known"):
            began = time.process_time()
            for _ in sampler.cases(range(cases)):
                pass
            rate = cases / (time.process_time() - began)
            _print(f"sample {cases:,} cases, {how}, conditions {state}", f"{rate:,.0f} a second")


def fidelity(graph: Graph, sampling: Sampling, cases: int) -> None:
    """Ages, sexes and symptoms of sampled cases against the graph."""
    sampler = CaseSampler(graph, sampling, 11)
    drawn: dict[str, list[float]] = defaultdict(lambda: [0.0] * _CELLS)
    seen: Counter[str] = Counter()
    had: Counter[tuple[str, str]] = Counter()
    could: Counter[tuple[str, str]] = Counter()
    without = 0
    for case in sampler.cases(range(cases)):
        code, who = case.principal.code, case.demographics
        seen[code] += 1
        drawn[code][_cell(case)] += 1
        symptoms = [f.concept for f in case.facts_of("symptom") if f.polarity == "present"]
        without += not symptoms
        had.update((code, s) for s in symptoms)
        for group in sampler.plans.of(graph.condition(code)).symptoms:
            for s in group:
                if s.suits(who.age_years, who.sex):
                    could[code, s.concept.id] += 1
    raw, gated, total = [0.0] * _CELLS, [0.0] * _CELLS, [0.0] * _CELLS
    worst: list[tuple[float, str]] = []
    for code, n in seen.items():
        condition = graph.condition(code)
        as_is = over_bands(profile_of(condition))
        inside = over_bands(age_sex_weights(condition, rules=sampler.plans.ties.gates(condition)))
        for cell in range(_CELLS):
            raw[cell] += n * as_is[cell] / sum(as_is)
            gated[cell] += n * inside[cell] / sum(inside)
            total[cell] += drawn[code][cell]
        if n >= 400:
            worst.append((divergence(drawn[code], inside), code))
    _print("  ages and sexes, all cases: gated", f"{divergence(total, gated):.5f}")
    _print("  ages and sexes, all cases: raw", f"{divergence(total, raw):.5f}")
    if sampling.conditions == "prevalence":
        survey = [0.0] * _CELLS
        for condition in graph.principals:
            bands = over_bands(profile_of(condition))
            for cell in range(_CELLS):
                survey[cell] += condition.visit_share * bands[cell] / sum(bands)
        _print("  against all visits of the survey", f"{divergence(total, survey):.5f}")
    if worst:
        far, code = max(worst)
        _print(f"  the furthest of {len(worst)} conditions ({code}), gated", f"{far:.5f}")
    apart: list[tuple[float, str, str]] = []
    for (code, symptom), n in could.items():
        if n >= ENOUGH:
            edges = graph.edges(f"icd:{code}", "has_symptom")
            p = next(e.p for e in edges if e.target == symptom) or 0.0
            apart.append((abs(had[code, symptom] / n - p), code, symptom))
    if apart:
        most, code, symptom = max(apart)
        over = sum(a > 0.03 for a, _, _ in apart)
        _print(f"  symptoms of {len(apart)} pairs: furthest ({code}, {symptom})", f"{most:.4f}")
        _print("  of these more than 3 points off", str(over))
    _print("  cases without a complaint", f"{without / cases:.4f}")


def main() -> None:
    """Measure and print; the number of cases can be given."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    graph = load_graph()
    speed(graph, cases // 5)
    clinic = (("outpatient", 1.0),)
    for how in ("prevalence", "tempered"):
        _print(f"{cases:,} visits, conditions {how}", "")
        fidelity(graph, Sampling(conditions=how, settings=clinic), cases)  # type: ignore[arg-type]
    codes = ("J18.9", "K35.80", "N39.0", "E11.9", "M54.50", "J06.9", "A41.9", "I21.4")
    _print(f"{cases:,} cases of {len(codes)} codes, everywhere", "")
    everywhere = (("outpatient", 0.4), ("emergency", 0.3), ("inpatient", 0.3))
    fidelity(graph, Sampling(conditions="uniform", codes=codes, settings=everywhere), cases)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
