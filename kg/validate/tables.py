"""The tables of the rules: YAML beside this file, read and compiled once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from re import IGNORECASE, Pattern
from re import compile as pattern
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from casewright.records import Setting, Sex

__all__ = [
    "CodeGate", "CodeValue", "CombinationTable", "DiseaseRule", "DrugTable", "GateTable",
    "Interaction", "Pair", "PeopleRule", "ValueTable", "combination_table", "drug_table",
    "gate_table", "value_table",
]  # fmt: skip


def _compiled(text: object) -> object:
    return pattern(text, IGNORECASE) if isinstance(text, str) else text


Words = Annotated[Pattern[str], BeforeValidator(_compiled)]
Prefixes = tuple[str, ...]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class CodeGate(_Table):
    """Who can have the codes; ages in years, inclusive."""

    codes: Prefixes
    says: str
    citation: str
    sex: Sex | None = None
    min: float | None = None
    max: float | None = None


class FamilyGate(_Table):
    """A disease that relatives of one sex do not have."""

    codes: Prefixes
    not_: Sex = Field(alias="not")
    citation: str


class PeopleRule(_Table):
    """A statement of the social history, and the ages that it goes with."""

    says: Words
    what: str
    citation: str
    unless: Words | None = None
    min: float | None = None
    max: float | None = None
    codes: Prefixes = ()


class GateTable(_Table):
    """gates.yaml."""

    source: str
    codes: tuple[CodeGate, ...]
    words: Mapping[Sex, tuple[Words, ...]]
    words_citation: str
    family: tuple[FamilyGate, ...]
    relatives: Mapping[Sex, tuple[str, ...]]
    social: tuple[PeopleRule, ...]
    social_codes: tuple[PeopleRule, ...]


Becomes = str | None | Mapping[str, str | None]


class Pair(_Table):
    """Two codes that another code replaces: see the head of combinations.yaml."""

    a: Prefixes
    b: Prefixes
    use: str
    citation: str
    not_a: Prefixes = ()
    not_b: Prefixes = ()
    becomes: Mapping[Literal["a", "b"], Becomes] = Field(default_factory=dict)


class Barred(_Table):
    """Codes and why they are barred."""

    codes: Prefixes
    citation: str


class OnlyFirst(_Table):
    """Codes that come first or not at all."""

    codes: Prefixes
    except_: Prefixes = Field(alias="except")
    citation: str


class CombinationTable(_Table):
    """combinations.yaml."""

    pairs: tuple[Pair, ...]
    never_first: tuple[Barred, ...]
    only_first: OnlyFirst
    signs: Mapping[str, str]
    signs_citation: str


class Interaction(_Table):
    """Drugs that do not go together; `with` where only beside a diagnosis."""

    a: tuple[str, ...]
    b: tuple[str, ...]
    why: str
    citation: str
    only_a: tuple[str, ...] = ()
    with_: Prefixes = Field(default=(), alias="with")
    unless_setting: Setting | None = None


class DiseaseRule(_Table):
    """Drugs that a diagnosis rules out."""

    drugs: tuple[str, ...]
    codes: Prefixes
    why: str
    citation: str
    except_: tuple[str, ...] = Field(default=(), alias="except")


class PregnancyRule(_Table):
    """Drugs to avoid, and the codes of a pregnancy that lasts."""

    drugs: tuple[str, ...]
    codes: Prefixes
    except_: Prefixes = Field(alias="except")
    except_titles: Words
    citation: str


class AllergyRule(_Table):
    """An allergen by its words, and the drugs that it bars."""

    words: Words
    drugs: tuple[str, ...]


class AgeRule(_Table):
    """Drugs for which a patient is too young."""

    drugs: tuple[str, ...]
    under: float
    citation: str
    codes: Prefixes = ()
    except_: tuple[str, ...] = Field(default=(), alias="except")


class DrugTable(_Table):
    """drug_rules.yaml."""

    sets: Mapping[str, tuple[str, ...]]
    interactions: tuple[Interaction, ...]
    diseases: tuple[DiseaseRule, ...]
    pregnancy: PregnancyRule
    allergies: tuple[AllergyRule, ...]
    allergy_citation: str
    ages: tuple[AgeRule, ...]
    home_only_citation: str
    per_day: Mapping[str, float]


class Bounds(_Table):
    """Bounds of a number."""

    low: float
    high: float
    citation: str


class CodeValue(_Table):
    """What a code says of a number."""

    codes: Prefixes
    value: str
    citation: str
    least: float | None = None
    most: float | None = None


class CodeResult(_Table):
    """A result in words that codes cannot have; `title` is a word that their titles hold."""

    codes: Prefixes
    not_: Words = Field(alias="not")
    citation: str
    test: str | None = None
    title: str | None = None


class FindingValue(_Table):
    """What the words of a finding say of a number."""

    name: Words
    value: str
    least: float | None = None
    most: float | None = None
    adult: bool = False


class Fever(_Table):
    """Where fever begins, in degrees Celsius."""

    from_: float = Field(alias="from")
    afebrile_to: float
    citation: str


class Pulse(_Table):
    """The least difference of systolic and diastolic pressure."""

    least: float
    citation: str


class Cited(_Table):
    """A reference alone."""

    citation: str


class WardOnly(_Table):
    """Care that only a ward gives."""

    drugs: tuple[str, ...]
    procedures: tuple[str, ...]
    citation: str


ByAge = Mapping[str, str | tuple[tuple[float, float, float], ...]]


class ValueTable(_Table):
    """value_rules.yaml."""

    vitals: Mapping[str, Bounds]
    rates: ByAge
    normal_rates: ByAge
    pulse_pressure: Pulse
    fever: Fever
    codes: tuple[CodeValue, ...]
    code_results: tuple[CodeResult, ...]
    findings: tuple[FindingValue, ...]
    results: tuple[FindingValue, ...]
    findings_citation: str
    opposites: tuple[tuple[Words, Words], ...]
    contrary_results: tuple[tuple[Words, Words], ...]
    opposites_citation: str
    duration: Cited
    ward_only: WardOnly


class TitleEntry(_Table):
    """What words of a title exclude, or say to be there."""

    title: Words
    citation: str
    unless: Words | None = None
    codes: Prefixes = ()
    not_: Words | None = Field(default=None, alias="not")
    denied: tuple[str, ...] = ()


class Regions(_Table):
    """Words of the limbs, and the codes whose titles name one."""

    codes: Prefixes
    words: Mapping[Literal["arm", "leg"], Words]
    citation: str


class TitleTable(_Table):
    """titles.yaml."""

    entries: tuple[TitleEntry, ...]
    regions: Regions


_T = TypeVar("_T", bound=_Table)


def _load(name: str, model: type[_T]) -> _T:
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = Path(__file__).with_name(name).read_text("utf-8")
    return model.model_validate(yaml.load(text, Loader=loader))


@lru_cache(maxsize=1)
def gate_table() -> GateTable:
    """Ages and sexes."""
    return _load("gates.yaml", GateTable)


@lru_cache(maxsize=1)
def combination_table() -> CombinationTable:
    """Codes side by side."""
    return _load("combinations.yaml", CombinationTable)


@lru_cache(maxsize=1)
def drug_table() -> DrugTable:
    """Drugs, with the sets in their selectors written out."""
    raw = _load("drug_rules.yaml", DrugTable)

    def out(selectors: Sequence[str]) -> tuple[str, ...]:
        return tuple(s for name in selectors for s in raw.sets.get(name, (name,)))

    return raw.model_copy(
        update={
            "interactions": tuple(
                i.model_copy(update={"a": out(i.only_a or i.a), "b": out(i.b)})
                for i in raw.interactions
            ),
            "diseases": tuple(
                d.model_copy(update={"drugs": out(d.drugs), "except_": out(d.except_)})
                for d in raw.diseases
            ),
            "pregnancy": raw.pregnancy.model_copy(update={"drugs": out(raw.pregnancy.drugs)}),
            "allergies": tuple(a.model_copy(update={"drugs": out(a.drugs)}) for a in raw.allergies),
            "ages": tuple(
                a.model_copy(update={"drugs": out(a.drugs), "except_": out(a.except_)})
                for a in raw.ages
            ),
        }
    )


@lru_cache(maxsize=1)
def value_table() -> ValueTable:
    """Numbers."""
    return _load("value_rules.yaml", ValueTable)


@lru_cache(maxsize=1)
def title_table() -> TitleTable:
    """What titles exclude."""
    return _load("titles.yaml", TitleTable)
