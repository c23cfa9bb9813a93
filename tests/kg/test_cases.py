"""Sampled cases: pure, coherent with the graph, and of nobody who exists."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from casewright.errors import CasewrightError
from casewright.kg.cases import CaseSampler
from casewright.kg.clinical import reference_range, suitable
from casewright.kg.graph import Condition, Edge, Graph, Lab, Medication, Relation
from casewright.kg.history import kept_in_hospital
from casewright.kg.patient import Sampling, fits
from casewright.kg.ties import Ties
from casewright.records import Case, Fact, Setting

SETTINGS: tuple[tuple[Setting, float], ...] = (
    ("outpatient", 0.5),
    ("emergency", 0.2),
    ("inpatient", 0.3),
)
MANY = 1200
STYLES = (("narrative", 3.0), ("brisk", 1.0))
PERSONAS = (("plain", 1.0), ("terse", 1.0))


def sampler_of(graph: Graph, seed: int = 11, **sampling: object) -> CaseSampler:
    options = {"settings": SETTINGS, **sampling}
    return CaseSampler(
        graph,
        Sampling(**options),
        seed,
        styles=STYLES,
        personas=PERSONAS,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def sampler(graph: Graph) -> CaseSampler:
    return sampler_of(graph)


@pytest.fixture(scope="module")
def cases(sampler: CaseSampler) -> Sequence[Case]:
    """Common conditions and rare ones, in every setting."""
    started = time.perf_counter()
    found = [sampler.case(i) for i in range(MANY)]
    seconds = time.perf_counter() - started
    print(f"\nsampled {MANY} cases in {seconds:.1f} s: {MANY / seconds:.0f} a second")  # noqa: T201
    return found


@pytest.fixture(scope="module")
def rare(graph: Graph) -> Sequence[Case]:
    """Every principal diagnosis as likely as the other."""
    return list(sampler_of(graph, 12, conditions="uniform").cases(range(MANY)))


@pytest.fixture(scope="module")
def everyone(cases: Sequence[Case], rare: Sequence[Case]) -> Sequence[Case]:
    return [*cases, *rare]


def conditions_of(graph: Graph, case: Case) -> list[Condition]:
    return [graph.condition(d.code) for d in case.icd10]


def codes_of(case: Case) -> list[str]:
    return [d.code for d in case.icd10]


def complications_of(case: Case) -> list[str]:
    return [
        str(f.code) for f in case.facts_of("comorbidity") if f.attribute("role") == "complication"
    ]


def drugs_of(graph: Graph, case: Case, *courses: str) -> list[Medication]:
    found = []
    for fact in case.facts_of("medication"):
        if not courses or fact.attribute("course") in courses:
            drug = graph.concept(fact.concept)
            assert isinstance(drug, Medication)
            found.append(drug)
    return found


def edges_to(graph: Graph, source: str, relation: Relation, target: str) -> Iterator[Edge]:
    return (e for e in graph.edges(source, relation) if e.target == target)


def told(problems: Sequence[object]) -> str:
    return f"{len(problems)} of them, the first: " + "; ".join(str(p) for p in problems[:5])


# ------------------------------------------------------------------ a pure function


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), indices=st.lists(st.integers(0, 10**6), min_size=1, max_size=3))
def test_a_case_is_a_function_of_seed_and_index_in_any_order(
    graph: Graph, seed: int, indices: list[int]
) -> None:
    there = {i: sampler_of(graph, seed).case(i) for i in indices}
    again = sampler_of(graph, seed)
    for i in reversed(indices):
        assert again.case(i) == there[i]
        assert again.setting(i) == there[i].setting


def test_order_and_company_change_no_case(graph: Graph, cases: Sequence[Case]) -> None:
    order = random.Random(5).sample(range(MANY), 60)
    fresh = sampler_of(graph)
    assert [fresh.case(i) for i in order] == [cases[i] for i in order]


def test_global_randomness_changes_no_case(sampler: CaseSampler, cases: Sequence[Case]) -> None:
    random.seed(99)
    assert sampler.case(3) == cases[3]


def test_seed_and_index_name_different_patients(graph: Graph, cases: Sequence[Case]) -> None:
    assert len({c.identity.mrn for c in cases}) == MANY
    assert sampler_of(graph, 12).case(0) != cases[0]
    assert [c.case_id for c in cases[:3]] == ["c000000", "c000001", "c000002"]


# ------------------------------------------------------------------ what the graph says


def test_every_fact_of_a_diagnosis_stands_on_an_edge_of_the_graph(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    relations: dict[str, Relation] = {
        "symptom": "has_symptom", "finding": "has_finding", "lab": "changes_lab",
        "test": "tested_with", "procedure": "tested_with",
    }  # fmt: skip
    problems = []
    for case in everyone:
        principal = f"icd:{case.principal.code}"
        for fact in case.facts:
            relation = relations.get(fact.type)
            if relation is None or fact.polarity != "present":
                continue
            edges = list(edges_to(graph, principal, relation, fact.concept))
            if fact.type == "finding":
                name = graph.concept(fact.concept).name
                edges = [e for e in edges if fact.name == f"{name} {e.text or ''}".strip()]
            if fact.type == "lab" and fact.attribute("flag") != "normal":
                sided = [e for e in edges if e.direction == fact.attribute("flag")]
                # A complication can turn a value round: hypokalemia in ketoacidosis.
                turned = not sided and fact.concept in Ties(graph).bounds(codes_of(case))
                edges = edges if turned else sided
            if fact.type == "test":
                edges = [e for e in edges if e.text == fact.attribute("result")]
            if not edges:
                problems.append((case.case_id, principal, fact))
    assert not problems, told(problems)


def test_every_abnormal_vital_sign_stands_on_an_edge(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    problems = []
    for case in everyone:
        for fact in case.facts_of("vital"):
            flag = fact.attribute("flag")
            wanted = [fact.concept]
            if fact.concept == "vital:blood_pressure":
                wanted = ["vital:systolic_bp", "vital:diastolic_bp"]
            edges = [
                e
                for code in (case.principal.code, *complications_of(case))
                for e in graph.edges(f"icd:{code}", "changes_vital")
                if e.target in wanted and e.direction == flag
            ]
            if flag != "normal" and not edges and not Ties(graph).bounds(codes_of(case)):
                problems.append((case.case_id, case.principal.code, fact))
    assert not problems, told(problems)


def test_every_drug_treats_a_condition_of_the_case(graph: Graph, everyone: Sequence[Case]) -> None:
    problems = []
    for case in everyone:
        secondary = {f"icd:{d.code}" for d in case.icd10[1:]}
        for fact in case.facts_of("medication"):
            home = fact.attribute("course") == "home"
            sources = secondary if home else {f"icd:{case.principal.code}"}
            if not any(list(edges_to(graph, s, "treated_with", fact.concept)) for s in sources):
                problems.append((case.case_id, case.principal.code, fact))
    assert not problems, told(problems)


def test_every_comorbidity_is_chronic_and_goes_with_the_principal_diagnosis(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    for case in everyone:
        principal, *others = conditions_of(graph, case)
        assert [f.concept for f in case.facts_of("comorbidity")] == [o.id for o in others]
        complications = complications_of(case)
        assert len(others) - len(complications) <= 3
        for other in others:
            if other.code in complications:
                assert list(edges_to(graph, principal.id, "complicated_by", other.id))
                continue
            assert other.chronic
            assert list(edges_to(graph, principal.id, "comorbid_with", other.id))
        assert len({c.code[:3] for c in (principal, *others)}) == 1 + len(others)
        assert len({c.name for c in (principal, *others)}) == 1 + len(others)


def test_the_diagnosis_is_stated_once_under_its_code(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    for case in everyone:
        (fact,) = case.facts_of("diagnosis")
        condition = graph.condition(case.principal.code)
        assert (fact.concept, fact.code, fact.name) == (
            condition.id, condition.code, condition.name,
        )  # fmt: skip
        assert case.principal.title == condition.title
        assert [d.role for d in case.icd10] == ["principal"] + ["secondary"] * (len(case.icd10) - 1)


# ------------------------------------------------------------------ principal diagnoses


def test_no_external_cause_manifestation_or_sequela_is_a_principal_diagnosis(
    graph: Graph,
) -> None:
    """All that can be drawn, not only what was."""
    assert len(graph.principals) >= 2000
    problems = []
    for condition in graph.principals:
        title = condition.title.lower()
        barred = (
            condition.code[0] in "VWXY"
            or condition.chapter == 20
            or "in diseases classified elsewhere" in title
            or "sequela" in title
            or (condition.code[0] in "ST" and condition.code.endswith("S"))
            or not condition.billable
        )
        if barred:
            problems.append((condition.code, condition.title))
    assert not problems, told(problems)


def test_only_principal_conditions_are_drawn_and_in_a_setting_that_sees_them(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    for case in everyone:
        condition = graph.condition(case.principal.code)
        assert condition.principal
        if condition.values("setting"):
            assert case.setting in condition.values("setting")
        elif condition.acuity != "either":
            assert (condition.acuity == "inpatient") == (case.setting == "inpatient")


def test_no_case_holds_two_codes_that_exclude_each_other(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    problems = []
    for case in everyone:
        codes = [d.code for d in case.icd10]
        problems += [
            (case.case_id, a, b)
            for n, a in enumerate(codes)
            for b in codes[n + 1 :]
            if graph.excludes1(a, b) or graph.excludes1(b, a)
        ]
    assert not problems, told(problems)


# ------------------------------------------------------------------ sex, age


def test_age_and_sex_fit_every_condition_and_concept(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    problems: list[object] = []
    for case in everyone:
        who = case.demographics
        problems += [
            (case.case_id, c.code, c.title, who)
            for c in conditions_of(graph, case)
            if not fits(c, who)
        ]
        for fact in case.facts_of("symptom", "finding", "procedure", "test", "lab"):
            concept = graph.concept(fact.concept)
            if not suitable(concept, who):
                problems.append((case.case_id, fact.name, who))
    assert not problems, told(problems)


def test_ages_are_told_in_months_below_two_years_only(everyone: Sequence[Case]) -> None:
    for case in everyone:
        who = case.demographics
        assert 0 <= who.age_years <= 99
        assert (who.age_months is not None) == (who.age_years < 2)
        if who.age_months is not None:
            assert who.age_months // 12 == who.age_years


def test_children_and_both_sexes_are_met(everyone: Sequence[Case]) -> None:
    assert sum(c.demographics.is_child for c in everyone) > len(everyone) / 50
    assert sum(c.demographics.age_years < 4 for c in everyone) > 5
    share = sum(c.demographics.sex == "female" for c in everyone) / len(everyone)
    assert 0.4 < share < 0.7


# ------------------------------------------------------------------ symptoms, findings, results


def test_no_symptom_is_both_present_and_denied(graph: Graph, everyone: Sequence[Case]) -> None:
    problems = []
    for case in everyone:
        present = [f for f in case.facts_of("symptom") if f.polarity == "present"]
        denied = [f for f in case.facts_of("symptom") if f.polarity == "denied"]
        assert len({f.concept for f in (*present, *denied)}) == len(present) + len(denied)
        for a in present:
            forms = {s.text.lower() for s in graph.concept(a.concept).forms}
            for b in denied:
                shared = forms & {s.text.lower() for s in graph.concept(b.concept).forms}
                if shared:
                    problems.append((case.case_id, a.name, b.name, shared))
    assert not problems, told(problems)


def test_no_denied_symptom_is_a_sign_of_a_condition_of_the_case(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    for case in everyone:
        likely = {
            e.target
            for c in conditions_of(graph, case)
            for e in graph.edges(c.id, "has_symptom")
            if (e.p or 0.3) >= 0.15
        }
        denied = {f.concept for f in case.facts_of("symptom") if f.polarity == "denied"}
        assert not likely & denied


def number(fact: Fact) -> float:
    assert fact.value is not None
    return float(fact.value)


def test_lab_values_are_on_their_side_of_the_reference_range_and_plausible(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    problems = []
    seen: Counter[str | None] = Counter()
    for case in everyone:
        for fact in case.facts_of("lab"):
            lab = graph.concept(fact.concept)
            assert isinstance(lab, Lab)
            low, high = reference_range(lab, case.demographics)
            flag, value = fact.attribute("flag"), number(fact)
            seen[flag] += 1
            right = {"high": value > high, "low": value < low, "normal": low <= value <= high}
            plausible = lab.plausible is None or lab.plausible[0] <= value <= lab.plausible[1]
            written = f"{value:.{lab.decimals}f}" == fact.value and fact.unit == (lab.unit or None)
            if not (right[str(flag)] and plausible and written):
                problems.append((case.case_id, fact, (low, high), lab.plausible))
    assert not problems, told(problems)
    assert seen["high"] > 100 and seen["low"] > 100


def test_vital_signs_are_plausible_and_on_their_side_of_normal(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    problems = []
    for case in everyone:
        vitals = {f.concept: f for f in case.facts_of("vital")}
        for concept, fact in vitals.items():
            if concept == "vital:blood_pressure":
                top, bottom = (int(v) for v in str(fact.value).split("/"))
                if not (top - bottom >= 15 and bottom >= 40 and top <= 260):
                    problems.append((case.case_id, fact))
                continue
            lab = graph.concept(concept)
            assert isinstance(lab, Lab)
            assert lab.plausible is not None
            if not lab.plausible[0] <= number(fact) <= lab.plausible[1]:
                problems.append((case.case_id, fact))
            low, high = reference_range(lab, case.demographics)
            flag = fact.attribute("flag")
            # What is normal for a child is in the sampler's own table, by age.
            if flag == "normal" and case.demographics.age_years >= 18:
                right = low <= number(fact) <= high
            else:
                right = flag == "normal" or (
                    number(fact) > high if flag == "high" else number(fact) < low
                )
            if not right:
                problems.append((case.case_id, case.demographics, fact, (low, high)))
        if case.demographics.age_years < 3:
            assert "vital:blood_pressure" not in vitals
    assert not problems, told(problems)


# ------------------------------------------------------------------ drugs


def test_nobody_takes_two_drugs_of_one_class_at_a_time(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    """Home with new, and home with hospital drugs; a stay's infusion may go home as a tablet."""
    problems = []
    for case in everyone:
        for courses in (("home", "new"), ("home", "inpatient")):
            drugs = drugs_of(graph, case, *courses)
            classes = Counter(d.group for d in drugs)
            if max(classes.values(), default=0) > 1:
                problems.append((case.case_id, [(d.name, d.group) for d in drugs]))
    assert not problems, told(problems)


def test_no_drug_is_given_twice(everyone: Sequence[Case]) -> None:
    for case in everyone:
        concepts = [f.concept for f in case.facts_of("medication")]
        assert len(set(concepts)) == len(concepts), case.case_id


def test_no_drug_is_ruled_out_by_the_cases_conditions_or_allergies(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    problems: list[object] = []
    allergic = 0
    for case in everyone:
        codes = [d.code for d in case.icd10]
        allergens = [
            graph.concept(f.concept) for f in case.facts_of("allergy") if f.polarity == "present"
        ]
        for drug in drugs_of(graph, case):
            if drug.avoid_codes and any(c.startswith(drug.avoid_codes) for c in codes):
                problems.append((case.case_id, drug.name, codes))
            for allergen in allergens:
                allergic += 1
                if drug.id in allergen.values("avoid_drug") or drug.group in allergen.values(
                    "avoid_class"
                ):
                    problems.append((case.case_id, drug.name, allergen.name))
    assert not problems, told(problems)
    assert allergic > 100


def test_no_drug_goes_with_one_that_must_not_be_taken_with_it(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    problems = []
    for case in everyone:
        for courses in (("home", "new"), ("home", "inpatient")):
            held = {d.id for d in drugs_of(graph, case, *courses)}
            problems += [
                (case.case_id, e.source, e.target)
                for d in held
                for e in graph.edges(d, "contraindicated_with")
                if e.target in held
            ]
    assert not problems, told(problems)


def test_no_drug_to_avoid_in_pregnancy_is_given_in_one(graph: Graph) -> None:
    pregnant = sampler_of(graph, 3, codes=("O",), settings=(("outpatient", 1.0),))
    given_ = 0
    for case in pregnant.cases(range(120)):
        assert case.demographics.sex == "female"
        if case.principal.code < "O09":
            continue  # not pregnant any more: methotrexate is what a mole is treated with
        for drug in drugs_of(graph, case):
            given_ += 1
            assert not drug.pregnancy_avoid, (case.case_id, case.principal, drug.name)
    assert given_ > 50


def test_regimens_are_the_drugs_own_and_for_the_patients_age(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    problems = []
    for case in everyone:
        age = case.demographics.age_years
        for fact in case.facts_of("medication"):
            drug = graph.concept(fact.concept)
            assert isinstance(drug, Medication)
            fitting = [
                d
                for d in drug.dosing
                if (d.dose, d.unit, d.route, d.frequency)
                == (fact.value, fact.unit, fact.attribute("route"), fact.attribute("frequency"))
                and (not d.codes or any(c.code.startswith(d.codes) for c in case.icd10))
                and (d.ages is None or d.ages[0] <= age <= d.ages[1])
                and (d.audience != "child" or age < 18)
            ]
            if not fitting or (drug.min_age is not None and age < drug.min_age):
                problems.append((case.case_id, case.demographics, fact))
    assert not problems, told(problems)


# ------------------------------------------------------------------ identity


def completed_years(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def test_dates_agree_with_age_and_stay(graph: Graph, everyone: Sequence[Case]) -> None:
    for case in everyone:
        who = case.identity
        assert completed_years(who.birth_date, who.encounter_date) == case.demographics.age_years
        assert (who.discharge_date is not None) == (case.setting == "inpatient")
        if who.discharge_date is not None:
            days = (who.discharge_date - who.encounter_date).days
            own = graph.condition(case.principal.code).values("stay_days")
            shortest, longest = (int(d) for d in own[0].split("-")) if own else (1, 12)
            assert shortest <= days <= longest


def test_babies_are_as_many_months_old_as_their_birth_date_says(
    graph: Graph, everyone: Sequence[Case]
) -> None:
    babies = [c for c in everyone if c.demographics.age_months is not None]
    assert babies
    for case in babies:
        born, seen = case.identity.birth_date, case.identity.encounter_date
        months = (seen.year - born.year) * 12 + seen.month - born.month - (seen.day < born.day)
        assert months == case.demographics.age_months, (case.case_id, born, seen)


# ------------------------------------------------------------------ the case as a whole


def test_facts_are_numbered_named_and_without_a_duty(everyone: Sequence[Case]) -> None:
    for case in everyone:
        assert [f.fact_id for f in case.facts] == [
            f"f{n:02d}" for n in range(1, len(case.facts) + 1)
        ]
        for fact in case.facts:
            assert fact.duty == "may"
            assert fact.name.strip() == fact.name != ""
            measured = fact.type in {"vital", "lab", "medication", "score"}
            assert (fact.value is not None) == measured
            wanted = {"family_history": "family"}.get(fact.type, "present")
            # A plan of suicide is asked for after item 9 of the PHQ-9, and denied.
            if fact.type in {"symptom", "allergy"} or fact.attribute("asks") == "safety":
                assert fact.polarity in {"present", "denied"}
            else:
                assert fact.polarity == wanted


def test_every_case_has_a_result_and_mostly_symptoms_and_a_treatment(
    everyone: Sequence[Case],
) -> None:
    treated = complaining = ill = 0
    for case in everyone:
        ill += case.principal.code[0] != "Z"
        complaining += case.principal.code[0] != "Z" and any(
            f.polarity == "present" for f in case.facts_of("symptom")
        )
        assert case.facts_of("vital")
        assert len(case.facts_of("allergy")) == 1
        to_a_ward = case.setting == "emergency" and any(
            kept_in_hospital(f.name) for f in case.facts_of("disposition")
        )
        assert bool(case.facts_of("follow_up")) != to_a_ward
        assert bool(case.facts_of("disposition")) == (case.setting != "outpatient")
        treated += bool(case.facts_of("medication"))
    assert treated > 0.9 * len(everyone)
    assert complaining > 0.9 * ill


def test_styles_and_personas_are_drawn_by_weight(cases: Sequence[Case]) -> None:
    styles = Counter(c.style for c in cases)
    assert 0.68 < styles["narrative"] / MANY < 0.82
    assert 0.43 < sum(c.persona == "terse" for c in cases) / MANY < 0.57


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    bounds=st.fixed_dictionaries(
        {
            "max_comorbidities": st.integers(0, 5),
            "max_symptoms": st.integers(1, 6),
            "max_denied": st.integers(0, 5),
            "max_labs": st.integers(0, 4),
        }
    ),
    index=st.integers(0, 10**4),
)
@example(
    bounds={"max_comorbidities": 0, "max_symptoms": 1, "max_denied": 0, "max_labs": 1}, index=370
)
def test_bounds_are_kept(graph: Graph, bounds: dict[str, int], index: int) -> None:
    """Ketoacidosis (the example) shows four results at once, whatever the bound: all certain."""
    case = sampler_of(graph, 5, **bounds).case(index)
    symptoms = Counter(f.polarity for f in case.facts_of("symptom"))
    beside = [f for f in case.facts_of("comorbidity") if f.attribute("role") == "secondary"]
    assert len(beside) <= bounds["max_comorbidities"]
    assert symptoms["present"] <= bounds["max_symptoms"]
    assert symptoms["denied"] <= bounds["max_denied"]
    labs = [f.concept for f in case.facts_of("lab")]
    most = max(bounds["max_labs"], 1)
    if len(labs) > most:
        assert bounds["max_labs"], "not even what is certain goes over a bound of none"
        principal = f"icd:{case.principal.code}"
        sure = {e.target for e in graph.edges(principal, "changes_lab") if (e.p or 0) >= 0.9}
        assert set(labs) <= sure, "only what nine in ten patients have goes over the bound"


# ------------------------------------------------------------------ what is asked for


def test_codes_limit_the_principal_diagnosis_dotted_or_not(graph: Graph) -> None:
    for codes in (("J18",), ("j189", "E11.9"), ("K",)):
        limited = sampler_of(graph, 1, codes=codes, settings=(("outpatient", 1.0),))
        plain = tuple(c.upper().replace(".", "") for c in codes)
        for case in limited.cases(range(20)):
            assert case.principal.code.replace(".", "").startswith(plain)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (("J99.99",), "there is no ICD-10-CM code 'J99.99'"),
        (("E11.9", "QQQ"), "there is no ICD-10-CM code 'QQQ'"),
        (("W19.XXXA",), "W19.XXXA (Unspecified fall, initial encounter) cannot be a principal"),
    ],
)
def test_codes_that_cannot_be_sampled_are_explained(
    graph: Graph, codes: tuple[str, ...], message: str
) -> None:
    with pytest.raises(CasewrightError) as caught:
        sampler_of(graph, 1, codes=codes)
    assert message in str(caught.value)
    assert "valid: " in str(caught.value)


def test_settings_in_which_nothing_is_seen_are_left_out_or_refused(graph: Graph) -> None:
    outpatient = next(c for c in graph.principals if c.acuity == "outpatient").code
    mixed: tuple[tuple[Setting, float], ...] = (("outpatient", 0.1), ("inpatient", 0.9))
    for case in sampler_of(graph, 1, codes=(outpatient,), settings=mixed).cases(range(10)):
        assert case.setting == "outpatient"
    with pytest.raises(CasewrightError, match="no condition of sampling"):
        sampler_of(graph, 1, codes=(outpatient,), settings=(("inpatient", 1.0),))


def test_settings_are_drawn_by_weight(cases: Sequence[Case]) -> None:
    drawn = Counter(c.setting for c in cases)
    for setting, weight in SETTINGS:
        assert abs(drawn[setting] / MANY - weight) < 0.05


def test_prevalence_makes_common_conditions_common(graph: Graph, rare: Sequence[Case]) -> None:
    common = sampler_of(graph, 4, conditions="prevalence").cases(range(150))

    def share(found: Sequence[Case]) -> float:
        return sum(graph.condition(c.principal.code).visit_share for c in found) / len(found)

    assert share(list(common)) > 3 * share(rare)
