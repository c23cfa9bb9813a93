"""The records that pass between the stages.

All are frozen and slotted. Spans are half-open character offsets into the
document's text (Python `str` indices, not bytes): `text[start:end]` is the
recorded text, always.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

__all__ = [
    "Case",
    "Check",
    "CodeSupport",
    "CodedDiagnosis",
    "Demographics",
    "Disclosed",
    "Document",
    "Draft",
    "Duty",
    "Entity",
    "ErrorClass",
    "Evidence",
    "Fact",
    "FactStatus",
    "FactType",
    "Identifier",
    "Identity",
    "Ledger",
    "OffSpec",
    "PhiSpan",
    "Polarity",
    "Provenance",
    "Reason",
    "RejectedDraft",
    "Relation",
    "Role",
    "Setting",
    "Sex",
    "Slip",
    "Span",
    "Status",
    "Telling",
    "Turn",
    "Verdict",
]

Polarity = Literal["present", "denied", "historical", "family", "hypothetical"]
Duty = Literal["must", "may", "must_not"]
Status = Literal["stated", "contradicted", "missing", "forbidden"]
ErrorClass = Literal[
    "missing",  # a fact is not stated
    "contradicted",  # a fact is stated otherwise
    "forbidden",  # what must not be mentioned is
    "off_case",  # something that the case does not hold
    "vocabulary",  # a word that no fact and no list of joining words has
    "sex",  # the patient is of the other sex
    "topic",  # a question about something else
    "form",  # no sentence, doubled words, markup
    "cut",  # not ended by the model itself, or empty
]
Sex = Literal["female", "male"]
Setting = Literal["outpatient", "emergency", "inpatient"]
Role = Literal["doctor", "patient", "caregiver", "interpreter", "nurse"]
Telling = Literal["told", "minimised", "misnamed", "forgotten", "withheld", "not_asked"]
FactType = Literal[
    "diagnosis",  # the principal diagnosis
    "comorbidity",
    "symptom",
    "finding",  # of the physical examination
    "vital",
    "lab",
    "test",  # imaging and other tests with a result in words
    "procedure",
    "medication",
    "allergy",
    "social",
    "family_history",
    "course",  # how a stay went
    "disposition",
    "follow_up",
    "score",  # an item or the total of a questionnaire
]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` (inclusive) to `end` (exclusive) of a text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One clinical statement of a case.

    Attributes:
        fact_id: unique within the case ("f03"); the same in every document of it.
        type: what kind of statement it is.
        concept: id of the graph node ("symptom:fever", "drug:lisinopril", "icd:J18.9").
        name: the preferred clinical wording ("fever").
        polarity: present, denied, historical, family or hypothetical.
        duty: must, may or must_not be mentioned in the document at hand.
        code: ICD-10-CM code where the concept has one.
        value: the number or word as it is to be written ("38.6", "148/92"); None without one.
        unit: unit of `value` ("C", "mmHg", "mg").
        attributes: further parts of the statement, by name, in a fixed order. Names in use:
            role (principal, secondary, complication), route, frequency, course (of a drug: home,
            new, inpatient; of a symptom at a later encounter: persisting, resolved), duration,
            onset, severity, character, site, laterality, flag (high, low, normal),
            result (a test's finding in words), relative (father, mother ...); of a score:
            instrument, item, often (how often, in words), asks (safety), band (of a total).
    """

    fact_id: str
    type: FactType
    concept: str
    name: str
    polarity: Polarity = "present"
    duty: Duty = "may"
    code: str | None = None
    value: str | None = None
    unit: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()

    def attribute(self, name: str) -> str | None:
        """Return the attribute of that name, or None."""
        for key, value in self.attributes:
            if key == name:
                return value
        return None


@dataclass(frozen=True, slots=True)
class CodedDiagnosis:
    """An ICD-10-CM code of a case. `role` is "principal" or "secondary"."""

    code: str
    title: str
    role: Literal["principal", "secondary"]


@dataclass(frozen=True, slots=True)
class Demographics:
    """Who the patient is, as far as medicine needs it.

    `age_years` is whole completed years; below two years `age_months` tells more
    and is what a note says.
    """

    age_years: int
    sex: Sex
    age_months: int | None = None

    @property
    def age_text(self) -> str:
        """Age as a note writes it: "54-year-old", "7-month-old", "9-day-old" never."""
        if self.age_years < 2 and self.age_months is not None:
            return f"{max(self.age_months, 1)}-month-old"
        return f"{self.age_years}-year-old"

    @property
    def is_child(self) -> bool:
        """Whether the patient is under 18."""
        return self.age_years < 18


@dataclass(frozen=True, slots=True)
class Identifier:
    """One planned fake identifier.

    Attributes:
        type: HIPAA Safe Harbor class in short: name, date, mrn, phone, address, city, zip,
            facility, clinician, email, account.
        text: the form that templates use.
        forms: every form a document may carry (surname alone, other date formats ...),
            `text` included.
    """

    type: str
    text: str
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """The planned fictional identity: the only identity the case's documents may carry.

    Attributes:
        given, family: the patient's names. origin: name pool they were drawn from.
        title: "Ms.", "Mr." or "" for a child.
        birth_date, encounter_date, discharge_date: dates that agree with age and stay;
            `discharge_date` only for inpatient encounters.
        mrn, phone, facility, address: as written. clinician: "Dr. Amara Okafor".
        identifiers: all of the above with their forms, for the identifier filter.
    """

    given: str
    family: str
    origin: str
    title: str
    birth_date: date
    encounter_date: date
    discharge_date: date | None
    mrn: str
    phone: str
    address: str
    facility: str
    clinician: str
    identifiers: tuple[Identifier, ...]

    @property
    def full_name(self) -> str:
        """Given and family name."""
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True)
class Case:
    """One fictional patient at one encounter: a pure function of (graph, config, seed, index).

    `facts` carry the duty "may"; a document plan sets the duties of its kind.

    Attributes:
        patient_id: the same for all cases of one patient ("p000004").
        encounter: number of the encounter among the patient's, from 1.
        previous_case_id: the case of the patient's encounter before this one.
        partner_case_id: the other case of a contrast pair.
        tells_apart: ids of the facts that tell this case from its partner's diagnosis.
    """

    case_id: str
    index: int
    demographics: Demographics
    setting: Setting
    icd10: tuple[CodedDiagnosis, ...]
    facts: tuple[Fact, ...]
    identity: Identity
    style: str
    persona: str
    severity: Literal["mild", "moderate", "severe"] = "moderate"
    patient_id: str = ""
    encounter: int = 1
    previous_case_id: str | None = None
    partner_case_id: str | None = None
    tells_apart: tuple[str, ...] = ()

    @property
    def principal(self) -> CodedDiagnosis:
        """The principal diagnosis."""
        return self.icd10[0]

    def facts_of(self, *types: FactType) -> tuple[Fact, ...]:
        """Facts of the given types, in case order."""
        return tuple(f for f in self.facts if f.type in types)


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a dialogue: `document.text[start:end] == text` (without the speaker tag)."""

    role: Role
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What came of one fact when the patient was to tell it.

    Attributes:
        outcome: told; minimised (as less than it is); misnamed (described, not named);
            forgotten; withheld (asked and not answered); not_asked.
        said: the words for it, "" where nothing of it was said.
        by: who tells it: the patient, or the caregiver who helps out.
    """

    fact_id: str
    outcome: Telling
    said: str = ""
    by: Role = "patient"


@dataclass(frozen=True, slots=True)
class FactStatus:
    """What a text does with one fact. `why` is an explanation for a reader."""

    fact_id: str
    status: Status
    spans: tuple[Span, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class OffSpec:
    """Something in the text that the case does not hold.

    `kind` is concept (a clinical concept the case lacks), number, sex, age, laterality or date
    (dates that contradict each other or the age).
    """

    kind: str
    start: int
    end: int
    text: str
    concept: str | None = None
    polarity: Polarity = "present"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """A labelled clinical mention, `text == document.text[start:end]`."""

    start: int
    end: int
    text: str
    label: str
    assertion: Polarity
    code: str | None = None
    fact_id: str | None = None


@dataclass(frozen=True, slots=True)
class PhiSpan:
    """A mention of a planned identifier, `text == document.text[start:end]`."""

    start: int
    end: int
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A part of a statement that belongs to an entity, `text == document.text[start:end]`.

    `type` is dose, frequency or route (of a drug), value (of a lab or vital sign), site (of a
    sign or symptom) or result (of a test); `of_start` and `of_end` are the entity's span.
    """

    type: str
    start: int
    end: int
    text: str
    of_start: int
    of_end: int


@dataclass(frozen=True, slots=True)
class CodeSupport:
    """Whether a document supports a code of its case, and the spans that do."""

    code: str
    supported: bool
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a checker found: a status for every fact, in fact order, and what is off the case."""

    facts: tuple[FactStatus, ...]
    off_spec: tuple[OffSpec, ...] = ()
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()

    def status_of(self, fact_id: str) -> FactStatus:
        """The status of one fact. Raises KeyError for an id that was not checked."""
        for status in self.facts:
            if status.fact_id == fact_id:
                return status
        raise KeyError(fact_id)


Check: TypeAlias = Callable[
    [str, Sequence[Fact], Demographics | None, Sequence[Turn]],
    Ledger,
]
"""Checks a text against facts: (text, facts, demographics, turns) -> Ledger.

`generators` is handed such a function and so needs no import of `filters`.
"""


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a document came to be.

    `model_written` is the model's share of its words (0 to 1); `granularity` what the model was
    given at a time (group, section, document), and `decoding` how its words were bound.
    """

    prompt_name: str
    prompt_version: int
    prompt_hash: str
    model: str
    engine: str
    temperature: float
    top_p: float
    max_tokens: int
    request_seed: int
    attempts: int
    repairs: int
    model_written: float
    graph_version: str
    casewright_version: str
    scores: tuple[tuple[str, float], ...] = ()
    granularity: str = "group"
    decoding: str = "free"


@dataclass(frozen=True, slots=True)
class RejectedDraft:
    """What the model wrote first for a piece, and what stands in the document instead.

    Attributes:
        piece_id: the piece of the plan. error_class: what was wrong first of all.
        problem: the same for a reader.
        text: the piece as first drafted. kept: the piece as it was taken in the end.
    """

    piece_id: str
    error_class: ErrorClass
    problem: str
    text: str
    kept: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A document that no filter has judged yet.

    Attributes:
        facts: the case's facts with the duties of this kind of document.
        ledger: what the checker found in `text`.
        phi: where the planned identifiers stand in `text`.
        truncated: a piece ended for another reason than the model's own stop.
        variant_of: the document that this one says once more in another hand.
        disclosure: what the patient told of each fact that only they could tell; empty where
            the document is written from the whole truth.
        first_draft: the document with every piece as the model first wrote it, before any was
            drawn again, mended or realised; empty where nothing was.
        rejected_drafts: the pieces in which `first_draft` differs, each with its fault.
    """

    document_id: str
    case: Case
    kind: str
    text: str
    facts: tuple[Fact, ...]
    ledger: Ledger
    provenance: Provenance
    turns: tuple[Turn, ...] = ()
    phi: tuple[PhiSpan, ...] = ()
    truncated: bool = False
    variant_of: str | None = None
    disclosure: tuple[Disclosed, ...] = ()
    first_draft: str = ""
    rejected_drafts: tuple[RejectedDraft, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where in the text a reason stands. `text` may be empty where evidence is not a span."""

    start: int
    end: int
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a filter turned a document down.

    `filter` is ledger, phi, near_copies or quality; `label` says what it caught
    ("contradicted", "name", "self_copy", "loop" ...); `score` is the filter's measure.
    """

    filter: str
    label: str
    message: str
    score: float = 0.0
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Keep or not, and every reason against."""

    keep: bool
    reasons: tuple[Reason, ...] = ()
    scores: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Slip:
    """One fault that noise put into a text, and what stood there before.

    `text == document.text[start:end]` and `clean_text == clean[clean_start:clean_end]`; either
    is empty where something was only added or only lost.

    Attributes:
        kind: typo, homophone, punctuation, misheard, spoken_number, laterality, unit or
            copy_forward.
        fact_id: the fact whose statement it touches, if any.
        untrue: whether the text now says what does not hold.
        source: the document that a passage was carried on from.
    """

    kind: str
    start: int
    end: int
    text: str
    clean_start: int
    clean_end: int
    clean_text: str
    fact_id: str | None = None
    untrue: bool = False
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A draft with its verdict; where noise was added, `clean_text` is what was judged."""

    draft: Draft
    verdict: Verdict
    tags: tuple[str, ...] = field(default=())
    clean_text: str = ""
    noise: tuple[Slip, ...] = ()
