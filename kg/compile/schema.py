"""The schema of the hand-written YAML files: one model a file, nothing undeclared let in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

__all__ = [
    "CURATED_FILES",
    "AcuteDrug",
    "AcuteEntry",
    "AcuteFile",
    "AcuteFinding",
    "AcuteLab",
    "AcuteProcedure",
    "AcuteResult",
    "AcuteSymptom",
    "AgeShare",
    "AllergenEntry",
    "ClassEntry",
    "Complication",
    "ConditionEntry",
    "ConditionsFile",
    "Conversion",
    "DoseLimit",
    "DosingEntry",
    "DrugEntry",
    "DrugLink",
    "DrugsFile",
    "FamilyEntry",
    "File",
    "FindingEffect",
    "FindingEntry",
    "FindingsFile",
    "HistoryFile",
    "LabEffect",
    "LabEntry",
    "LabsFile",
    "Occupation",
    "PlanEntry",
    "ProcedureEntry",
    "ProcedureResult",
    "ProceduresFile",
    "Raised",
    "RenalLimit",
    "RiskEntry",
    "Statement",
    "SymptomEntry",
    "SymptomLink",
    "SymptomsFile",
    "Wording",
]

CodePrefix = Annotated[str, StringConstraints(pattern=r"^[A-Z](\d([0-9A-Z](\.[0-9A-Z]{1,4})?)?)?$")]
Probability = Annotated[float, Field(ge=0, le=1)]
Phrase = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Bounds = tuple[float, float]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wording(_Model):
    """What every concept has: an id and the ways to write it."""

    id: str
    name: Phrase
    synonyms: tuple[Phrase, ...] = ()
    abbreviations: tuple[Phrase, ...] = ()
    lay: tuple[Phrase, ...] = ()
    source: str | None = None


class SymptomEntry(Wording):
    """A symptom of symptoms.yaml."""

    system: str
    rfv: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    broader: tuple[str, ...] = ()
    sex: Literal["female", "male"] | None = None
    min_age: float = 0
    max_age: float | None = None
    observable: bool = False


class DosingEntry(_Model):
    """A regimen of a drug."""

    dose: str
    unit: str
    route: Phrase
    frequency: Phrase
    audience: Literal["adult", "child", "any"] = "adult"
    setting: Literal["any", "outpatient", "inpatient"] = "any"
    codes: tuple[CodePrefix, ...] = ()
    ages: tuple[float, float] | None = None
    duration: str | None = None


LimitDose = Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)?(/\d+(\.\d+)?)*$")]


class DoseLimit(_Model):
    """The most on one day, part by part for a combination ("60/4000"), or by weight."""

    dose: LimitDose
    unit: Phrase
    per_kg: bool = False

    def __str__(self) -> str:
        return f"{self.dose} {self.unit}{'/kg' if self.per_kg else ''}"


class RenalLimit(_Model):
    """What an eGFR (mL/min/1.73 m2) below a bound changes: no such drug, or a smaller limit."""

    egfr_below: float = Field(gt=0, le=120)
    avoid: bool = False
    max_daily: DoseLimit | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> RenalLimit:
        if self.avoid == (self.max_daily is not None):
            raise ValueError("give either avoid: true or a max_daily")
        return self


class DrugEntry(Wording):
    """A drug of drugs.yaml."""

    brands: tuple[Phrase, ...] = ()
    drug_class: Phrase = Field(alias="class")
    namcs: tuple[str, ...] = ()
    dosing: tuple[DosingEntry, ...] = Field(min_length=1)
    sex: Literal["female", "male"] | None = None
    min_age: float | None = None
    max_age: float | None = None
    pregnancy_avoid: bool = False
    avoid_codes: tuple[CodePrefix, ...] = ()
    avoid_drugs: tuple[str, ...] = ()
    max_daily: DoseLimit | None = None
    max_daily_child: DoseLimit | None = None
    renal: tuple[RenalLimit, ...] = ()


class ClassEntry(_Model):
    """What a drug class must not, or must only with care, be given with."""

    contraindicated_with: tuple[str, ...] = ()
    interacts_with: tuple[str, ...] = ()
    sources: Mapping[str, str] | str | tuple[str, ...] | None = None


class Conversion(_Model):
    """Other unit: value * factor + offset."""

    unit: str
    factor: float
    offset: float = 0


class LabEntry(Wording):
    """A laboratory test or vital sign of labs.yaml."""

    panel: str
    unit: str
    decimals: int = Field(ge=0, le=4)
    ref_female: Bounds | None = None
    ref_male: Bounds | None = None
    ref_child: Bounds | None = None
    plausible: Bounds | None = None
    conversions: tuple[Conversion, ...] = ()
    namcs: tuple[str, ...] = ()
    sex: Literal["female", "male"] | None = None
    min_age: float | None = None
    max_age: float | None = None


class LabEffect(_Model):
    """What conditions do to a test."""

    codes: tuple[CodePrefix, ...] = Field(min_length=1)
    test: str
    direction: Literal["high", "low"]
    mean: float | None = None
    sd: float | None = Field(default=None, ge=0)
    p: Probability | None = None
    source: str | None = None


class FindingEntry(Wording):
    """A finding of the physical examination."""

    system: str
    normal: Phrase | None = None
    sex: Literal["female", "male"] | None = None
    min_age: float | None = None
    max_age: float | None = None


class FindingEffect(_Model):
    """What conditions show on examination."""

    codes: tuple[CodePrefix, ...] = Field(min_length=1)
    finding: str
    p: Probability | None = None
    text: Phrase | None = None
    source: str | None = None


class ProcedureEntry(Wording):
    """Imaging, another test, or an intervention."""

    kind: Phrase
    normal: Phrase | None = None
    namcs: tuple[str, ...] = ()
    sex: Literal["female", "male"] | None = None
    min_age: float | None = None
    max_age: float | None = None


class ProcedureResult(_Model):
    """What a test shows in conditions, in words."""

    codes: tuple[CodePrefix, ...] = Field(min_length=1)
    procedure: str
    p: Probability | None = None
    text: Phrase | None = None
    source: str | None = None


class SymptomLink(_Model):
    """A symptom of a condition."""

    symptom: str
    p: Probability | None = None


class DrugLink(_Model):
    """A drug of a condition."""

    drug: str
    p: Probability | None = None
    setting: Literal["any", "outpatient", "inpatient"] = "any"


class ConditionEntry(_Model):
    """How a condition is named, presents and is treated.

    With `group` the codes are several conditions that present and are treated alike: each
    keeps the name that its own title gives.
    """

    codes: tuple[CodePrefix, ...] = Field(min_length=1)
    name: Phrase
    group: bool = False
    synonyms: tuple[Phrase, ...] = ()
    abbreviations: tuple[Phrase, ...] = ()
    lay: tuple[Phrase, ...] = ()
    acuity: Literal["outpatient", "either", "inpatient"] | None = None
    symptoms: tuple[SymptomLink, ...] = ()
    drugs: tuple[DrugLink, ...] = ()
    disposition: tuple[Phrase, ...] = ()
    follow_up: tuple[Phrase, ...] = ()
    source: str | None = None


Ages = tuple[float, float]
Severity = Literal["mild", "moderate", "severe"]
Place = Literal["outpatient", "emergency", "inpatient"]


class AcuteSymptom(SymptomLink):
    """A symptom with how it comes and what it is like; a case draws one of each."""

    onset: tuple[Phrase, ...] = ()
    character: tuple[Phrase, ...] = ()
    site: tuple[Phrase, ...] = ()


class AcuteFinding(_Model):
    """A sign on examination; with `severity` only (or chiefly) in such patients."""

    finding: str
    p: Probability
    text: Phrase | None = None
    severity: tuple[Severity, ...] = ()


class AcuteLab(_Model):
    """A laboratory test or vital sign: median and interquartile range of those ill."""

    test: str
    direction: Literal["high", "low"]
    median: float
    iqr: tuple[float, float]
    p: Probability
    severity: tuple[Severity, ...] = ()


class AcuteResult(_Model):
    """Imaging or another test with its result in words."""

    procedure: str
    p: Probability
    text: Phrase
    severity: tuple[Severity, ...] = ()


class AcuteProcedure(_Model):
    """An intervention."""

    procedure: str
    p: Probability
    severity: tuple[Severity, ...] = ()


class AcuteDrug(DrugLink):
    """A drug; its dose stands in drugs.yaml."""

    severity: tuple[Severity, ...] = ()


class Complication(_Model):
    """What can follow in the same encounter, by its code."""

    code: CodePrefix
    p: Probability
    severity: tuple[Severity, ...] = ()


class AgeShare(_Model):
    """The probability in an age band."""

    ages: Ages
    p: Probability


class AcuteEntry(_Model):
    """A condition of ward or emergency department in depth; it goes before all else."""

    codes: tuple[CodePrefix, ...] = Field(min_length=1)
    name: Phrase
    settings: tuple[Place, ...] = Field(min_length=1)
    severity: Mapping[Severity, float] = Field(default_factory=dict)
    ages: tuple[AgeShare, ...] = ()
    female: Probability | None = None
    symptoms: tuple[AcuteSymptom, ...] = ()
    findings: tuple[AcuteFinding, ...] = ()
    labs: tuple[AcuteLab, ...] = ()
    results: tuple[AcuteResult, ...] = ()
    procedures: tuple[AcuteProcedure, ...] = ()
    drugs: tuple[AcuteDrug, ...] = ()
    stay_days: tuple[int, int] | None = None
    course: tuple[Phrase, ...] = ()
    complications: tuple[Complication, ...] = ()
    disposition: tuple[Phrase, ...] = ()
    follow_up: tuple[Phrase, ...] = ()
    source: str


class AllergenEntry(Wording):
    """Something that patients are allergic to."""

    reactions: tuple[Phrase, ...] = Field(min_length=1)
    p: Probability | None = None
    avoid_drugs: tuple[str, ...] = ()
    avoid_classes: tuple[str, ...] = ()


class Raised(_Model):
    """The probability in patients with one of these codes."""

    codes: tuple[CodePrefix, ...] = Field(min_length=1)
    p: Probability
    source: str | None = None


class Statement(_Model):
    """One way to state a risk factor; slots are explained at the head of history.yaml."""

    text: Phrase
    first: Phrase
    forms: tuple[Phrase, ...] = ()
    packs: float | None = None
    years: Ages | None = None
    years_ago: Ages | None = None
    weight: float = Field(default=1, gt=0)
    ages: Ages | None = None
    sex: Literal["female", "male"] | None = None


class RiskEntry(Wording):
    """A statement of the social history."""

    topic: str
    code: CodePrefix | None = None
    ages: Ages | None = None
    sex: Literal["female", "male"] | None = None
    p: Probability | None = None
    p_by_age: tuple[AgeShare, ...] = ()
    weight: float | None = Field(default=None, ge=0)
    rest: bool = False
    raised: tuple[Raised, ...] = ()
    avoid_codes: tuple[CodePrefix, ...] = ()
    statements: tuple[Statement, ...] = Field(min_length=1)


class FamilyEntry(Wording):
    """A disease of relatives."""

    code: CodePrefix
    z_code: CodePrefix
    ages: Ages | None = None
    sex: Literal["female", "male"] | None = None
    p: Probability | None = None
    weight: float | None = Field(default=None, ge=0)
    relatives: Mapping[str, float]
    raised: tuple[Raised, ...] = ()


class PlanEntry(_Model):
    """A disposition or a follow-up instruction."""

    text: Phrase
    forms: tuple[Phrase, ...] = ()
    codes: tuple[CodePrefix, ...] = ()
    settings: tuple[Place, ...] = ()
    severity: tuple[Severity, ...] = ()
    ages: Ages | None = None
    sex: Literal["female", "male"] | None = None
    weight: float = Field(default=1, gt=0)
    requires: tuple[str, ...] = ()


class Occupation(_Model):
    """A job, and the ages that have it."""

    name: Phrase
    ages: Ages
    sex: Literal["female", "male"] | None = None


class File(_Model):
    """What every file begins with."""

    source_note: str
    licence: Literal["CC0-1.0"]


class SymptomsFile(File):
    """symptoms.yaml."""

    symptoms: tuple[SymptomEntry, ...]


class DrugsFile(File):
    """drugs.yaml."""

    classes: Mapping[str, ClassEntry] = Field(default_factory=dict)
    drugs: tuple[DrugEntry, ...]


class LabsFile(File):
    """labs.yaml."""

    labs: tuple[LabEntry, ...]
    vitals: tuple[LabEntry, ...] = ()
    effects: tuple[LabEffect, ...] = ()


class FindingsFile(File):
    """findings.yaml."""

    findings: tuple[FindingEntry, ...]
    effects: tuple[FindingEffect, ...] = ()


class ProceduresFile(File):
    """procedures.yaml."""

    procedures: tuple[ProcedureEntry, ...]
    results: tuple[ProcedureResult, ...] = ()


class ConditionsFile(File):
    """conditions.yaml."""

    conditions: tuple[ConditionEntry, ...]


class AcuteFile(File):
    """acute.yaml."""

    acute: tuple[AcuteEntry, ...]


class HistoryFile(File):
    """history.yaml."""

    allergens: tuple[AllergenEntry, ...]
    risk_factors: tuple[RiskEntry, ...] = ()
    occupations: tuple[Occupation, ...] = ()
    school_grades: Mapping[int, Phrase] = Field(default_factory=dict)
    family_history: tuple[FamilyEntry, ...] = ()
    dispositions: tuple[PlanEntry, ...] = ()
    follow_up: tuple[PlanEntry, ...] = ()


CURATED_FILES: Mapping[str, type[File]] = {
    "symptoms": SymptomsFile,
    "drugs": DrugsFile,
    "labs": LabsFile,
    "findings": FindingsFile,
    "procedures": ProceduresFile,
    "conditions": ConditionsFile,
    "acute": AcuteFile,
    "history": HistoryFile,
}
"""The model of each file, by the stem of its name."""
