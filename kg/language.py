"""Cases in another language: the facts whose concepts and wordings a table of names has.

A language is a file, `names.<code>.yaml`. What it does not name is left out of a case, and a
condition that it does not name cannot be the reason for one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from casewright.errors import CasewrightError
from casewright.kg.cases import CaseSampler
from casewright.kg.graph import Concept, Condition, Graph, NodeType, SurfaceForm
from casewright.kg.patient import Sampling
from casewright.records import Case, Fact, FactType, Sex

__all__ = [
    "ENGLISH",
    "NamedCaseSampler",
    "NamedConcepts",
    "Names",
    "languages",
    "load_names",
    "words_of_language",
]

ENGLISH = "en"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Facts that are told in words of their own rather than by the name of a concept.
_IN_WORDS: frozenset[FactType] = frozenset({"social", "disposition", "follow_up", "course"})
# Without one of these a statement of its type would be half of one.
_NEEDED: Mapping[FactType, tuple[str, ...]] = {
    "medication": ("route", "frequency"),
    "test": ("result",),
    "family_history": ("relative",),
}
# For the program, not for a reader: the same in every language.
_NEUTRAL = frozenset({"role", "course", "flag"})


_BY_SEX = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")


def words_of_language(texts: Iterable[str]) -> frozenset[str]:
    """The words of some texts, lower case, with their accents and without."""
    found = {w for text in texts for w in re.findall(r"[^\W\d_]+", text.lower())}
    bare = {"".join(c for c in unicodedata.normalize("NFKD", w) if c.isalpha()) for w in found}
    return frozenset(found | bare)


def languages() -> tuple[str, ...]:
    """Codes of the languages that there are names for, English first."""
    found = sorted(p.name.split(".")[1] for p in Path(__file__).parent.glob("names.*.yaml"))
    return (ENGLISH, *found)


@dataclass(frozen=True, eq=False)
class Names:
    """One language's names.

    Attributes:
        concepts: graph id -> the name and further wordings. phrases: English wording -> its own.
        units: a fact's unit -> as it is written.
    """

    language: str
    concepts: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, str]
    units: Mapping[str, str]

    def forms(self, concept_id: str) -> tuple[SurfaceForm, ...]:
        """The wordings of a concept, the name first; none for what has no name."""
        return tuple(
            SurfaceForm(n, "abbreviation" if n.isupper() else "synonym")
            for n in self.concepts.get(concept_id, ())
        )

    def case(self, case: Case) -> Case:
        """The case with the facts that have a name, in the language."""
        sex = case.demographics.sex
        facts = tuple(f for fact in case.facts if (f := self.fact(fact, sex)) is not None)
        codes = {f.code for f in facts}
        icd10 = tuple(d for d in case.icd10 if d.role == "principal" or d.code in codes)
        told = {f.fact_id for f in facts}
        return replace(
            case,
            facts=facts,
            icd10=icd10,
            tells_apart=tuple(i for i in case.tells_apart if i in told),
        )

    def words(self) -> frozenset[str]:
        """Every word of it, lower case, with its accents and without."""
        texts = [*self.phrases.values(), *(n for names in self.concepts.values() for n in names)]
        return words_of_language(texts)

    def fact(self, fact: Fact, sex: Sex = "female") -> Fact | None:
        """The fact in the language; None where a part that it needs has no name.

        "{dada|dado} de alta" has a form for a woman and one for a man.
        """
        names = self.concepts.get(fact.concept)
        name = self.phrases.get(fact.name) if fact.type in _IN_WORDS else names and names[0]
        if not name:
            return None
        name = _BY_SEX.sub(lambda m: m[1 if sex == "female" else 2], name)
        attributes = {k: v for k, v in fact.attributes if k in _NEUTRAL}
        attributes |= {
            k: self.phrases[v]
            for k, v in fact.attributes
            if k not in _NEUTRAL and v in self.phrases and k != "first"
        }
        given = {k for k, _ in fact.attributes}
        if any(k in given and k not in attributes for k in _NEEDED.get(fact.type, ())):
            return None
        unit = self.units.get(fact.unit, fact.unit) if fact.unit else fact.unit
        order = [k for k, _ in fact.attributes if k in attributes]
        return replace(
            fact, name=name, unit=unit, attributes=tuple((k, attributes[k]) for k in order)
        )


class NamedCaseSampler(CaseSampler):
    """Samples cases in a language; the principal diagnoses are those that it names."""

    def __init__(
        self,
        graph: Graph,
        sampling: Sampling,
        seed: int,
        names: Names,
        *,
        styles: Sequence[tuple[str, float]],
        personas: Sequence[tuple[str, float]],
    ) -> None:
        named = tuple(
            c.code
            for c in graph.principals
            if c.id in names.concepts
            and (not sampling.codes or any(_under(c.code, p) for p in sampling.codes))
        )
        if not named:
            raise CasewrightError(
                f"the language {names.language} names none of the conditions asked for",
                where="sampling.codes",
                valid=", ".join(
                    sorted(i.removeprefix("icd:") for i in names.concepts if i.startswith("icd:"))
                ),
                fix=f"ask for some of these, or name more in kg/names.{names.language}.yaml",
            )
        super().__init__(
            graph, replace(sampling, codes=named), seed, styles=styles, personas=personas
        )
        self._names = names

    def case(self, index: int) -> Case:
        """Case `index`, in the language."""
        return self._names.case(super().case(index))


def _under(code: str, prefix: str) -> bool:
    return code.replace(".", "").startswith(prefix.upper().replace(".", ""))


class NamedConcepts:
    """The concepts of a graph that a language names, by its names: what a checker reads."""

    def __init__(self, graph: Graph, names: Names) -> None:
        self._graph = graph
        self._names = names

    def concepts(self, *types: NodeType) -> Sequence[Concept]:
        """All nodes of the given types that have a name."""
        return list(self._named(self._graph.concepts(*types)))

    def parents(self, code: str) -> Sequence[str]:
        """Codes above an ICD-10-CM code, nearest first."""
        return self._graph.parents(code)

    def _named(self, concepts: Sequence[Concept]) -> Iterator[Concept]:
        for concept in concepts:
            forms = self._names.forms(concept.id)
            if not forms:
                continue
            named = replace(concept, name=forms[0].text, forms=forms, normal=None)
            yield replace(named, title="") if isinstance(named, Condition) else named


@lru_cache(maxsize=8)
def load_names(language: str) -> Names:
    """The names of a language.

    Raises:
        CasewrightError: there are none.
    """
    path = Path(__file__).with_name(f"names.{language}.yaml")
    if not path.is_file():
        raise CasewrightError(
            f"there are no names of concepts in the language {language!r}",
            valid=", ".join(languages()),
            fix=f"write kg/{path.name}",
        )
    raw = yaml.load(path.read_text("utf-8"), Loader=_LOADER)
    return Names(
        language=language,
        concepts={k: tuple(map(str, v)) for k, v in raw["concepts"].items()},
        phrases={str(k): str(v) for k, v in raw["phrases"].items()},
        units={str(k): str(v) for k, v in raw["units"].items()},
    )
