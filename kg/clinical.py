"""What is found in the patient: symptoms, signs, results and treatment, from the graph's edges."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from casewright.kg.graph import Concept, Condition, Dosing, Edge, Graph, Lab, Medication
from casewright.records import Demographics, Setting

__all__ = [
    "child_rate",
    "choose_dosing",
    "contradicts",
    "deniable_symptoms",
    "draw_value",
    "far_from_child_range",
    "normal_vitals",
    "sample_edges",
    "suitable",
    "taken_by_patient",
    "tolerates",
    "treatment_weight",
]

SELF_REPORT_AGE = 4
"""Below it only what an observer sees is reported: a convention of ours, since no younger
child's complaint is written down as its own."""

PREGNANCY_CHAPTER = 15


def suitable(concept: Concept, demographics: Demographics) -> bool:
    """Whether the patient can have and report the concept, by sex and age."""
    age = demographics.age_years
    if concept.sex is not None and concept.sex != demographics.sex:
        return False
    if concept.max_age is not None and age > concept.max_age:
        return False
    if concept.min_age is not None and age < concept.min_age:
        return False
    if concept.type == "Symptom" and age < SELF_REPORT_AGE:
        return "true" in concept.values("observable")
    return True


@lru_cache(maxsize=4096)
def _words(name: str) -> frozenset[str]:
    return frozenset(w for w in name.lower().replace("-", " ").split() if len(w) > 3)


def clashes(concept: Concept, held: Iterable[Concept]) -> bool:
    """Whether a concept repeats, widens or narrows one that is held already."""
    for other in held:
        if other.id == concept.id:
            return True
        if other.id in concept.values("broader") or concept.id in other.values("broader"):
            return True
        if _words(other.name) & _words(concept.name):
            return True
    return False


def sample_edges(
    graph: Graph,
    edges: Sequence[Edge],
    demographics: Demographics,
    rng: random.Random,
    *,
    at_least: int,
    at_most: int,
    default_p: float = 0.3,
) -> list[tuple[Edge, Concept]]:
    """Draw targets of edges, each by its own probability.

    Where fewer than `at_least` come up, the likeliest remaining ones are added, so that a
    case is never without what makes its diagnosis plausible.
    """
    candidates = [(e, graph.concept(e.target)) for e in edges]
    candidates = [(e, c) for e, c in candidates if suitable(c, demographics)]
    drawn: list[tuple[Edge, Concept]] = []
    passed: list[tuple[Edge, Concept]] = []
    for edge, concept in candidates:
        p = edge.p if edge.p is not None else default_p
        if clashes(concept, (c for _, c in drawn)):
            continue
        if len(drawn) < at_most and rng.random() < p:
            drawn.append((edge, concept))
        else:
            passed.append((edge, concept))
    for edge, concept in passed:
        if len(drawn) >= at_least:
            break
        if not clashes(concept, (c for _, c in drawn)):
            drawn.append((edge, concept))
    return drawn


def deniable_symptoms(
    graph: Graph,
    principal: Condition,
    present: Sequence[Concept],
    related: Sequence[Condition],
    demographics: Demographics,
    rng: random.Random,
    *,
    at_most: int,
) -> list[Concept]:
    """Pertinent negatives: symptoms of the same body systems that the patient does not have.

    They are what a clinician asks about: of the systems involved, or constitutional, known
    for some condition of the graph, and improbable (p < 0.15) in this one and its company.
    """
    own = {e.target: e.p or 0.3 for e in graph.edges(principal.id, "has_symptom")}
    for other in related:
        for edge in graph.edges(other.id, "has_symptom"):
            own[edge.target] = max(own.get(edge.target, 0.0), edge.p or 0.3)
    involved = {c.group for c in present}
    named = {w for held in (principal, *related) for w in _words(held.name)}
    systems = involved | {"constitutional"}
    candidates = [
        c
        for c in _symptoms(graph)
        if c.group in systems
        and c.id not in _TOO_WIDE
        and not c.name.startswith(_ALREADY_NEGATIVE)
        and not _words(c.name) & named
        and own.get(c.id, 0.0) < 0.15
        and suitable(c, demographics)
        and not clashes(c, present)
    ]
    # What many conditions of the graph share is what a clinician asks first.
    weighed = sorted(
        candidates,
        key=lambda c: -(_demand(graph, c) ** 0.5) * (1 + (c.group in involved)) * rng.random(),
    )
    chosen: list[Concept] = []
    for concept in weighed:
        if len(chosen) >= at_most:
            break
        if not clashes(concept, chosen):
            chosen.append(concept)
    return chosen


_ALREADY_NEGATIVE = ("reduced", "decreased", "inability", "loss of", "lack of", "poor", "absent")
"""Names whose denial is a double negative that nobody says ("no inability to walk")."""

_TOO_WIDE = frozenset({"symptom:pain", "symptom:swelling", "symptom:generalized_weakness"})
"""Symptoms that hardly anyone who is ill can be said to be free of."""


@lru_cache(maxsize=4)
def _symptoms(graph: Graph) -> Sequence[Concept]:
    """All symptoms in id order, sorted once and not for every case."""
    return graph.concepts("Symptom")


def _demand(graph: Graph, concept: Concept) -> float:
    """How many conditions present with a symptom, as far as the graph says."""
    return 1.0 + symptom_demand(graph).get(concept.id, 0)


@lru_cache(maxsize=4)
def symptom_demand(graph: Graph) -> dict[str, int]:
    """Number of principal diagnoses that each symptom is an edge of, by symptom id."""
    counts: Counter[str] = Counter()
    for condition in graph.principals:
        counts.update(e.target for e in graph.edges(condition.id, "has_symptom"))
    return dict(counts)


def draw_value(
    lab: Lab, edge: Edge | None, demographics: Demographics, rng: random.Random
) -> tuple[str, str]:
    """Draw a value and its flag ("high", "low", "normal"); the value is on the edge's side.

    Without an edge (or without numbers on it) a value inside the reference range is drawn,
    or one beyond it by a tenth to a half of its width.
    """
    low, high = reference_range(lab, demographics)
    floor, ceiling = lab.plausible or (0.0, max(high * 4, high + 1))
    width = max(high - low, 10**-lab.decimals)
    step = 10**-lab.decimals
    if edge is None or edge.direction is None:
        middle = (low + high) / 2
        value = min(max(rng.gauss(middle, width / 6), low), high)
        return _written(value, lab.decimals), "normal"
    if edge.mean is not None:
        spread = edge.sd if edge.sd else abs(edge.mean) * 0.1
        value = rng.gauss(edge.mean, spread)
    elif edge.direction == "high":
        value = high + width * rng.uniform(0.1, 0.5)
    else:
        value = low - width * rng.uniform(0.1, 0.5)
    if edge.direction == "high":
        value = min(max(value, high + max(step, width * 0.02)), ceiling)
    else:
        value = max(min(value, low - max(step, width * 0.02)), floor)
    return _written(value, lab.decimals), edge.direction


def far_from_child_range(lab: Lab, edge: Edge, demographics: Demographics) -> bool:
    """Whether an adult effect lies well on the wrong side of a child's range, and says nothing."""
    if not demographics.is_child or edge.mean is None or lab.ref_child is None:
        return False
    low, high = lab.ref_child
    if edge.direction == "high":
        return edge.mean < high
    return edge.mean > low


def reference_range(lab: Lab, demographics: Demographics) -> tuple[float, float]:
    """The reference range for the patient, in the test's unit."""
    by_sex = lab.ref_female if demographics.sex == "female" else lab.ref_male
    chosen = lab.ref_child if demographics.is_child and lab.ref_child else by_sex
    return chosen or lab.ref_female or lab.ref_male or lab.ref_child or (0.0, 1.0)


def _written(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}"


# Normal vital signs by age in completed years: (up to age, heart rate, respiratory rate,
# systolic). Rounded from the interquartile ranges of Fleming et al., Lancet 2011;377:1011 for
# heart and respiratory rate; blood pressure around the 50th percentiles of the AAP 2017
# guideline (Pediatrics 2017;140:e20171904), adults normal by ACC/AHA 2017.
_VITALS_BY_AGE: tuple[tuple[int, tuple[int, int], tuple[int, int], tuple[int, int]], ...] = (
    (0, (120, 145), (32, 42), (80, 95)),
    (1, (108, 130), (26, 34), (86, 100)),
    (4, (92, 115), (21, 27), (90, 104)),
    (7, (82, 102), (19, 24), (94, 108)),
    (11, (74, 95), (17, 22), (98, 112)),
    (17, (66, 88), (14, 19), (104, 120)),
    (200, (62, 88), (12, 18), (110, 128)),
)


def _rates(demographics: Demographics) -> tuple[tuple[int, int], ...]:
    """Normal ranges for the age: heart rate, respiratory rate, systolic pressure."""
    return next(
        tuple(ranges) for up_to, *ranges in _VITALS_BY_AGE if demographics.age_years <= up_to
    )


def child_rate(vital: Lab, direction: str, demographics: Demographics, rng: random.Random) -> int:
    """A heart or respiratory rate beyond the normal range of the child's age.

    Curated means are those of adults; a tenth to a third beyond the range is fast (or slow)
    at any age. It is beyond the graph's one range for all children, too.
    """
    heart, breath, _ = _rates(demographics)
    low, high = heart if vital.id == "vital:heart_rate" else breath
    beyond = rng.uniform(0.1, 0.33)
    ref_low, ref_high = vital.ref_child or (low, high)
    if direction == "high":
        return max(round(high * (1 + beyond)), int(ref_high) + 1)
    return min(round(low * (1 - beyond)), int(ref_low) - 1)


def normal_vitals(demographics: Demographics, rng: random.Random) -> dict[str, float]:
    """Normal vital signs for the age: temperature in C, rates per minute, mmHg, percent."""
    heart, breath, systolic = _rates(demographics)
    top = rng.randint(*systolic)
    return {
        "vital:temperature": round(rng.gauss(36.8, 0.2), 1),
        "vital:heart_rate": rng.randint(*heart),
        "vital:respiratory_rate": rng.randint(*breath),
        "vital:systolic_bp": top,
        "vital:diastolic_bp": round(top * rng.uniform(0.60, 0.66)),
        "vital:oxygen_saturation": rng.randint(96, 99),
    }


def choose_dosing(
    drug: Medication,
    codes: Sequence[str],
    demographics: Demographics,
    setting: Setting,
    rng: random.Random,
) -> Dosing | None:
    """A regimen that fits diagnosis, age and setting, or None.

    Regimens limited to the diagnosis come first, then those without a limit.
    """
    age = demographics.age_years
    if (drug.min_age is not None and age < drug.min_age) or not suitable(drug, demographics):
        return None
    here = "inpatient" if setting == "inpatient" else "outpatient"
    fitting = [d for d in drug.dosing if d.setting in ("any", here)]
    audience = [d for d in fitting if _for_age(d, age)]
    if not audience and demographics.is_child:
        has_child = any(d.audience == "child" for d in drug.dosing)
        if drug.min_age is not None and (not has_child or age >= 12):
            audience = [d for d in fitting if d.audience == "adult"]
    named = [d for d in audience if d.codes and any(c.startswith(tuple(d.codes)) for c in codes)]
    free = [d for d in audience if not d.codes]
    # What is written for this place goes first: a ward gives morphine into the vein.
    for regimens in (named, free):
        here_only = [d for d in regimens if d.setting == here]
        chosen = here_only or regimens
        if chosen:
            return chosen[0] if rng.random() < 0.7 else rng.choice(chosen)
    return None


def _for_age(dosing: Dosing, age: int) -> bool:
    if dosing.audience == "child":
        if age >= 18:
            return False
        return dosing.ages is None or dosing.ages[0] <= age <= dosing.ages[1]
    return dosing.audience == "any" or age >= 18


def tolerates(
    graph: Graph,
    drug: Medication,
    conditions: Sequence[Condition],
    held: Sequence[Medication],
    *,
    pregnant: bool,
    allergies: Sequence[Concept] = (),
) -> bool:
    """Whether nothing in the patient rules the drug out: class, pregnancy, disease, allergy."""
    if any(d.group == drug.group or d.id == drug.id for d in held):
        return False
    if pregnant and drug.pregnancy_avoid:
        return False
    if drug.avoid_codes and any(c.code.startswith(drug.avoid_codes) for c in conditions):
        return False
    barred = {e.target for d in held for e in graph.edges(d.id, "contraindicated_with")}
    barred |= {e.source for d in held for e in graph.edges(d.id, "contraindicated_with")}
    mine = {e.target for e in graph.edges(drug.id, "contraindicated_with")}
    if drug.id in barred - {d.id for d in held} or mine & {d.id for d in held}:
        return False
    return not any(
        drug.id in a.values("avoid_drug") or drug.group in a.values("avoid_class")
        for a in allergies
    )


_TREATS = 2.5
"""Lift below which a drug of the survey is company, not treatment: a choice of ours, above
the 1.5 at which the graph keeps the edge. Drugs of comorbid patients lie between the two."""


def treatment_weight(edge: Edge) -> float:
    """How much a drug is a treatment of the condition, rather than company to it.

    A survey lists every drug of the visit, so a statin stands beside every cardiac
    diagnosis: lift over the base rate tells treatment from company. Curated edges and
    labelled indications need no such correction.
    """
    p = edge.p if edge.p is not None else 0.05
    if edge.lift is None:
        return p * 20
    if edge.lift < _TREATS:
        return 0.0
    return float(p * min(edge.lift, 30.0) ** 1.5 / 8)


_BY_OTHERS = ("intraven", "infiltration", "intravitreal", "intramuscular", "epidural", "articular",
              "intrathecal", "local ", "nerve block", "spinal")  # fmt: skip


def taken_by_patient(dosing: Dosing) -> bool:
    """Whether a patient takes it at home, rather than having it given."""
    return not any(part in dosing.route for part in _BY_OTHERS)


def contradicts(result: str, diagnosis: str) -> bool:
    """Whether a result in words denies the diagnosis ("no fracture" of a fracture)."""
    words = result.lower().split()
    if not words or words[0] not in {"no", "without"}:
        return False
    return bool(_words(result) & _words(diagnosis))
