"""Spanish read by the same rules: what a sentence states, denies and contradicts."""

from __future__ import annotations

import pytest

from casewright.errors import CasewrightError
from casewright.filters.ledger.check import Checker
from casewright.filters.ledger.language import load_language
from casewright.filters.ledger.normalise import tokenise
from casewright.kg.graph import Graph
from casewright.kg.language import NamedConcepts, Names, load_names
from casewright.records import Demographics, Fact, FactType, Polarity

WOMAN = Demographics(54, "female")


@pytest.fixture(scope="module")
def names() -> Names:
    return load_names("es")


@pytest.fixture(scope="module")
def spanish(graph: Graph, names: Names) -> Checker:
    return Checker(NamedConcepts(graph, names), language="es")


def fact(
    names: Names,
    kind: FactType,
    concept: str,
    polarity: Polarity = "present",
    *,
    value: str | None = None,
    unit: str | None = None,
    **attributes: str,
) -> Fact:
    name = names.concepts.get(concept, (concept,))[0]
    code = concept.removeprefix("icd:") if concept.startswith("icd:") else None
    return Fact(
        "f1", kind, concept, name, polarity, "must", code, value, unit, tuple(attributes.items())
    )


FEVER, COUGH, DYSPNEA = "symptom:fever", "symptom:cough", "symptom:shortness_of_breath"
SENTENCES: list[tuple[str, str, Polarity, str]] = [
    ("Refiere tos y fiebre.", FEVER, "present", "stated"),
    ("Acude por fiebre desde hace tres días.", FEVER, "present", "stated"),
    ("Presenta calentura.", FEVER, "present", "stated"),
    ("Niega tos, fiebre o disnea.", FEVER, "denied", "stated"),
    ("Niega tos, fiebre o disnea.", DYSPNEA, "denied", "stated"),
    ("Niega tos, fiebre o disnea.", FEVER, "present", "contradicted"),
    ("Refiere fiebre.", FEVER, "denied", "contradicted"),
    ("No presenta fiebre ni tos.", COUGH, "denied", "stated"),
    ("No ha tenido fiebre.", FEVER, "denied", "stated"),
    ("No hay fiebre.", FEVER, "denied", "stated"),
    ("Sin fiebre, pero con tos.", FEVER, "denied", "stated"),
    ("Sin fiebre, pero con tos.", COUGH, "present", "stated"),
    ("Sin fiebre, pero con tos.", COUGH, "denied", "contradicted"),
    ("Afebril.", FEVER, "denied", "stated"),
    ("Afebril.", FEVER, "present", "contradicted"),
    ("Regresar si presenta fiebre.", FEVER, "present", "missing"),
    ("Tiene falta de aire.", DYSPNEA, "present", "stated"),
    ("Niega dificultad para respirar.", DYSPNEA, "denied", "stated"),
    ("Refiere cansancio.", FEVER, "present", "missing"),
    ("Su madre tuvo fiebre.", FEVER, "present", "missing"),
    ("Niega haber tenido náuseas o vómitos.", "symptom:vomiting", "denied", "stated"),
    ("Ausencia de ronquera.", "symptom:hoarseness", "denied", "stated"),
    ("Nunca ha tenido palpitaciones.", "symptom:palpitations", "denied", "stated"),
]


@pytest.mark.parametrize(("text", "concept", "polarity", "status"), SENTENCES)
def test_a_symptom_is_stated_denied_or_contradicted(
    text: str, concept: str, polarity: Polarity, status: str, spanish: Checker, names: Names
) -> None:
    found = spanish(text, [fact(names, "symptom", concept, polarity)], WOMAN).facts[0]
    assert found.status == status, found.why


def test_diagnoses_histories_and_possibilities(spanish: Checker, names: Names) -> None:
    for text, concept, status in (
        ("Antecedentes de hipertensión arterial.", "icd:I10", "stated"),
        ("Padece HTA.", "icd:I10", "stated"),
        ("Niega hipertensión.", "icd:I10", "contradicted"),
        ("Diagnóstico: neumonía adquirida en la comunidad.", "icd:J18.9", "stated"),
        ("Posible neumonía.", "icd:J18.9", "missing"),
        ("Se descarta neumonía.", "icd:J18.9", "contradicted"),
        ("Celulitis de la pierna izquierda.", "icd:L03.116", "stated"),
        ("Celulitis de la pierna derecha.", "icd:L03.116", "contradicted"),
    ):
        found = spanish(text, [fact(names, "diagnosis", concept)], WOMAN).facts[0]
        assert found.status == status, (text, found.why)


def test_whose_illness_it_is(spanish: Checker, names: Names) -> None:
    cancer = fact(names, "family_history", "family:breast_cancer", "family", relative="madre")
    aunt = fact(names, "family_history", "family:breast_cancer", "family", relative="tía materna")
    for text, told, status in (
        ("Su madre tuvo cáncer de mama.", cancer, "stated"),
        ("Antecedentes familiares de cáncer de mama en su madre.", cancer, "stated"),
        ("Su padre tuvo cáncer de mama.", cancer, "contradicted"),
        ("Tiene cáncer de mama.", cancer, "missing"),
        ("Su tía materna tuvo cáncer de mama.", aunt, "stated"),
    ):
        found = spanish(text, [told], WOMAN).facts[0]
        assert found.status == status, (text, found.why)


def test_numbers_units_and_directions(spanish: Checker, names: Names) -> None:
    warm = fact(names, "vital", "vital:temperature", value="38.2", unit="°C")
    pulse = fact(names, "vital", "vital:heart_rate", value="88", unit="lpm")
    breath = fact(names, "vital", "vital:respiratory_rate", value="18", unit="rpm")
    pressure = fact(names, "vital", "vital:blood_pressure", value="120/80", unit="mmHg")
    crp = fact(names, "lab", "lab:crp", value="45", unit="mg/L", flag="high")
    for text, told, status in (
        ("Temperatura de 38.2 °C.", warm, "stated"),
        ("Temperatura de 38,2 grados.", warm, "stated"),
        ("Temperatura de 37.2 °C.", warm, "contradicted"),
        ("Frecuencia cardíaca de 88 lpm.", pulse, "stated"),
        ("FC 98 lpm.", pulse, "contradicted"),
        ("Frecuencia respiratoria de 18 respiraciones por minuto.", breath, "stated"),
        ("Presión arterial de 120/80 mmHg.", pressure, "stated"),
        ("TA 130/80.", pressure, "contradicted"),
        ("Proteína C reactiva de 45 mg/L (valor alto).", crp, "stated"),
        ("La proteína C reactiva fue baja, de 45 mg/L.", crp, "contradicted"),
    ):
        found = spanish(text, [told], WOMAN).facts[0]
        assert found.status == status, (text, found.why)


def test_drugs_with_dose_route_and_frequency(spanish: Checker, names: Names) -> None:
    told = fact(
        names, "medication", "drug:metformin", value="500", unit="mg",
        route="por vía oral", frequency="dos veces al día",
    )  # fmt: skip
    for text, status in (
        ("Toma metformina 500 mg por vía oral dos veces al día.", "stated"),
        ("Toma metformina 500 mg vía oral cada 12 horas.", "stated"),
        ("Toma metformina 850 mg por vía oral dos veces al día.", "contradicted"),
        ("Toma metformina 500 mg por vía oral tres veces al día.", "contradicted"),
        ("Toma metformina 500 mg por vía intravenosa dos veces al día.", "contradicted"),
        ("Toma losartán.", "missing"),
    ):
        found = spanish(text, [told], WOMAN).facts[0]
        assert found.status == status, (text, found.why)


def test_allergies(spanish: Checker, names: Names) -> None:
    none = fact(names, "allergy", "allergen:none", "denied")
    penicillin = fact(names, "allergy", "allergen:penicillin")
    for text, told, status in (
        ("Sin alergias conocidas.", none, "stated"),
        ("Niega alergias medicamentosas conocidas.", none, "stated"),
        ("Es alérgica a la penicilina.", penicillin, "stated"),
        ("No es alérgica a la penicilina.", penicillin, "contradicted"),
    ):
        found = spanish(text, [told], WOMAN).facts[0]
        assert found.status == status, (text, found.why)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Hombre de 54 años con tos.", {"sex"}),
        ("Mujer de 45 años con tos.", {"age"}),
        ("Mujer de 54 años con tos.", set()),
        ("Paciente femenina de 54 años con tos.", set()),
        ("Mujer de 54 años con tos y palpitaciones.", {"concept"}),
        ("Mujer de 54 años con tos. Sodio de 120 mmol/L.", {"number", "concept"}),
    ],
)
def test_what_is_beside_the_case(
    text: str, kinds: set[str], spanish: Checker, names: Names
) -> None:
    off = spanish(text, [fact(names, "symptom", COUGH)], WOMAN).off_spec
    assert {o.kind for o in off} == kinds


def test_spans_are_of_the_text_as_it_is_written(spanish: Checker, names: Names) -> None:
    text = "Paciente con  NÁUSEAS y disnea de esfuerzo; niega dolor de oído."
    told = [
        fact(names, "symptom", "symptom:nausea"),
        fact(names, "symptom", "symptom:ear_pain", "denied"),
    ]
    told[1] = Fact(**{**_plain(told[1]), "fact_id": "f2"})
    ledger = spanish(text, told, WOMAN)
    found = [text[s.start : s.end] for status in ledger.facts for s in status.spans]
    assert found == ["NÁUSEAS", "dolor de oído"]
    assert all(text[e.start : e.end] == e.text for e in ledger.entities)


def _plain(told: Fact) -> dict[str, object]:
    return {name: getattr(told, name) for name in Fact.__slots__}


def test_english_is_read_as_before(checker: Checker) -> None:
    english = load_language("en")
    tokens = tokenise("She denies fever y tos.")
    assert english.tokens(tokens) is tokens and english.text("sin fiebre") == "sin fiebre"
    told = Fact("f1", "symptom", FEVER, "fever", "denied", "must")
    assert checker("She denies fever.", [told]).facts[0].status == "stated"
    assert checker("Niega fiebre.", [told]).facts[0].status == "missing"


def test_a_language_that_is_not_there_is_told(names: Names) -> None:
    with pytest.raises(CasewrightError, match="'xx'") as err:
        load_language("xx")
    assert err.value.problems[0].valid == "en, es"
    with pytest.raises(CasewrightError, match="'xx'"):
        load_names("xx")
