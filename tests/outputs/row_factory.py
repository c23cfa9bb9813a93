"""Made-up documents with true labels, for the tests of everything that stores and shows rows.

A document is assembled from pieces, so every span is known by construction and no checker
is needed to find it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date

from casewright.outputs.manifest import About, Fingerprint, Source
from casewright.outputs.rows import Row, row_of
from casewright.records import (
    Case,
    CodedDiagnosis,
    Demographics,
    Document,
    Draft,
    Entity,
    Evidence,
    Fact,
    FactStatus,
    Identifier,
    Identity,
    Ledger,
    OffSpec,
    PhiSpan,
    Provenance,
    Reason,
    Span,
    Turn,
    Verdict,
)

KINDS = ("discharge_summary", "clinic_note", "dialogue")
CONDITIONS = (
    ("J18.9", "Pneumonia, unspecified organism", "pneumonia", "inpatient"),
    ("I10", "Essential (primary) hypertension", "hypertension", "outpatient"),
    ("E11.9", "Type 2 diabetes mellitus without complications", "type 2 diabetes", "outpatient"),
    ("K35.80", "Unspecified acute appendicitis", "acute appendicitis", "inpatient"),
    ("N39.0", "Urinary tract infection, site not specified", "urinary infection", "emergency"),
    ("M54.50", "Low back pain, unspecified", "low back pain", "outpatient"),
)
SYMPTOMS = ("cough", "fever", "nausea", "headache", "chest pain", "fatigue", "dizziness")
DRUGS = (("lisinopril", "10", "mg"), ("metformin", "500", "mg"), ("amoxicillin", "875", "mg"))


@dataclass
class Writer:
    """Collects text and remembers where each piece stands."""

    text: str = ""
    spans: dict[str, list[Span]] = field(default_factory=dict)
    entities: list[Entity] = field(default_factory=list)
    phi: list[PhiSpan] = field(default_factory=list)
    off_spec: list[OffSpec] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    def say(self, words: str) -> Span:
        start = len(self.text)
        self.text += words
        return Span(start, len(self.text))

    def fact(self, fact: Fact, words: str) -> None:
        span = self.say(words)
        self.spans.setdefault(fact.fact_id, []).append(span)
        self.entities.append(
            Entity(span.start, span.end, words, fact.type, fact.polarity, fact.code, fact.fact_id)
        )

    def identifier(self, kind: str, words: str) -> None:
        span = self.say(words)
        self.phi.append(PhiSpan(span.start, span.end, kind, words))

    def off(self, words: str, concept: str) -> None:
        span = self.say(words)
        self.off_spec.append(
            OffSpec("concept", span.start, span.end, words, concept, why="not in the case")
        )


def make_case(number: int) -> Case:
    rng = random.Random(number)
    code, title, name, setting = CONDITIONS[number % len(CONDITIONS)]
    present = rng.sample(SYMPTOMS, 4)
    drug, dose, unit = DRUGS[number % len(DRUGS)]
    facts = (
        Fact(
            "f01", "diagnosis", f"icd:{code}", name, code=code,
            attributes=(("role", "principal"),),
        ),
        Fact("f02", "symptom", f"symptom:{present[0]}", present[0]),
        Fact("f03", "symptom", f"symptom:{present[1]}", present[1]),
        Fact("f04", "symptom", f"symptom:{present[2]}", present[2], polarity="denied"),
        Fact(
            "f05", "medication", f"drug:{drug}", drug, value=dose, unit=unit,
            attributes=(("route", "by mouth"), ("frequency", "once daily")),
        ),
        Fact("f06", "symptom", f"symptom:{present[3]}", present[3], polarity="denied"),
    )  # fmt: skip
    name_text = rng.choice(("Amara Okafor", "Zoë Müller", "Li Na", "Santiago Núñez"))
    given, family = name_text.split(" ", 1)
    return Case(
        case_id=f"case-{number:06d}",
        index=number,
        demographics=Demographics(rng.randint(1, 89), rng.choice(("female", "male")), None),
        setting=setting,  # type: ignore[arg-type]
        icd10=(CodedDiagnosis(code, title, "principal"),),
        facts=facts,
        identity=Identity(
            given, family, "test", "Ms.", date(1970, 1, 2), date(2024, 3, 4), None,
            "MRN 00451", "555-0100", "1 Elm St", "Hillside Clinic", "Dr. Ada Bell",
            (Identifier("name", name_text, (name_text,)),),
        ),
        style="terse",
        persona="plain",
    )  # fmt: skip


def make_document(index: int, *, keep: bool = True, contradict: bool = False) -> Document:
    """Document `index`: three kinds per case, so cases repeat over documents."""
    case = make_case(index // len(KINDS))
    kind = KINDS[index % len(KINDS)]
    facts = tuple(replace(f, duty="must_not" if f.fact_id == "f06" else "must") for f in case.facts)
    writer = Writer()
    if kind == "dialogue":
        _dialogue(writer, facts)
    else:
        _note(writer, case, facts, kind)
    statuses = []
    for fact in facts:
        spans = tuple(writer.spans.get(fact.fact_id, ()))
        status = "stated" if spans else "missing"
        if contradict and fact.fact_id == "f04":
            status = "contradicted"
        statuses.append(FactStatus(fact.fact_id, status, spans, f"{fact.name}: {status}"))
    reasons: tuple[Reason, ...] = ()
    if not keep:
        span = writer.spans["f04"][0]
        quoted = writer.text[span.start : span.end]
        evidence = Evidence(span.start, span.end, quoted, "the case denies it")
        reasons = (
            Reason("ledger", "contradicted", "a denied symptom is stated", 1.0, (evidence,)),
        )
    draft = Draft(
        document_id=f"{case.case_id}-{kind}",
        case=case,
        kind=kind,
        text=writer.text,
        facts=facts,
        ledger=Ledger(tuple(statuses), tuple(writer.off_spec), tuple(writer.entities)),
        provenance=Provenance(
            f"{kind}", 1, "abc123", "smollm2-135m", "llamacpp", 0.5, 0.95, 256,
            2**62 + index, 3, 1, round(0.5 + (index % 40) / 100, 2), "g1", "0.1.0",
            (("recall", 1.0),),
        ),
        turns=tuple(writer.turns),
        phi=tuple(writer.phi),
    )  # fmt: skip
    return Document(draft, Verdict(keep, reasons, (("loop", 0.0),)))


def make_row(index: int, *, keep: bool = True, contradict: bool = False) -> Row:
    return row_of(make_document(index, keep=keep, contradict=contradict), index)


def _note(writer: Writer, case: Case, facts: tuple[Fact, ...], kind: str) -> None:
    f = {fact.fact_id: fact for fact in facts}
    writer.say(f"{kind.replace('_', ' ').upper()}\n\nPatient: ")
    writer.identifier("name", case.identity.full_name)
    writer.say("\nMRN: ")
    writer.identifier("mrn", case.identity.mrn)
    writer.say(f"\n\nHistory: A {case.demographics.age_text} {case.demographics.sex} reports ")
    writer.fact(f["f02"], f["f02"].name)
    writer.say(" and ")
    writer.fact(f["f03"], f["f03"].name)
    writer.say("; denies ")
    writer.fact(f["f04"], f["f04"].name)
    writer.say(". Temp 38 °C 😷. Some ")
    writer.off("itching", "symptom:itching")
    writer.say(".\n\nAssessment: ")
    writer.fact(f["f01"], f["f01"].name)
    writer.say(".\n\nPlan: ")
    writer.fact(f["f05"], f"{f['f05'].name} {f['f05'].value} {f['f05'].unit} by mouth once daily")
    writer.say(".\n")


def _dialogue(writer: Writer, facts: tuple[Fact, ...]) -> None:
    f = {fact.fact_id: fact for fact in facts}
    turns = (
        ("doctor", ("What brings you in today?",)),
        ("patient", ("I have ", f["f02"], " and ", f["f03"], ".")),
        ("doctor", ("Any ", f["f04"], "?")),
        ("patient", ("No, nothing like that. 😀",)),
        ("doctor", ("It looks like ", f["f01"], ". Take ", f["f05"], ".")),
    )
    for number, (role, pieces) in enumerate(turns):
        writer.say(("\n" if number else "") + f"{role.upper()}: ")
        start = len(writer.text)
        for piece in pieces:
            if isinstance(piece, str):
                writer.say(piece)
            else:
                writer.fact(piece, piece.name)
        writer.turns.append(Turn(role, writer.text[start:], start, len(writer.text)))  # type: ignore[arg-type]


FINGERPRINT = Fingerprint(
    seed=7,
    casewright="0.1.0",
    graph="g1",
    model="smollm2-135m",
    model_hash="sha256:00",
    prompts={"clinic_note.v1": "abc123", "dialogue.v1": "def456"},
    settings={"sampling.kinds": "clinic_note,dialogue", "filters.ledger.recall": "0.95"},
)
ABOUT = About(
    engine="llama.cpp in process",
    model_licence="Apache-2.0",
    filters=("ledger", "phi", "near_copies", "quality"),
    sources=(
        Source("ICD-10-CM", "public domain (US government)", "FY2026"),
        Source("NAMCS", "public domain (US government)", "2006-2011"),
    ),
    parameters={"temperature": "0.5"},
)
