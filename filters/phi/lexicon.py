"""The lexicons, loaded once per process, and the questions asked of them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml

__all__ = ["Lexicon", "load_lexicon", "read_groups", "word_set"]


def word_set(text: str) -> frozenset[str]:
    """The words of a string: a long list of words reads better so than one a line."""
    return frozenset(text.split())


def read_groups(name: str) -> dict[str, frozenset[str]]:
    """Read one gzipped lexicon file of this package: `@group` lines, then entries."""
    data = gzip.decompress((files(__package__) / name).read_bytes()).decode()
    groups: dict[str, frozenset[str]] = {}
    for block in ("\n" + data).split("\n@")[1:]:
        head, _, body = block.partition("\n")
        groups[head] = frozenset(body.split("\n")) - {""}
    return groups


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Folded lower-case words by what they can be.

    `given_known` and `family_known` include the common ones. A name in `weak_eponyms` is common as
    a name, too; `phrases` are terms of several words, such as "charles bonnet". `common_words` are
    the English words of SCOWL level 35 and below, `words` all of them.
    """

    given_common: frozenset[str]
    given_known: frozenset[str]
    given_rare: frozenset[str]
    family_common: frozenset[str]
    family_known: frozenset[str]
    family_rare: frozenset[str]
    frequent_words: frozenset[str]
    common_words: frozenset[str]
    words: frozenset[str]
    medical: frozenset[str]
    eponyms: frozenset[str]
    weak_eponyms: frozenset[str]
    phrases: frozenset[str]
    scale_places: frozenset[str]
    abbreviations: frozenset[str]
    eponym_heads: frozenset[str]
    weak_eponym_heads: frozenset[str]
    brands: frozenset[str]
    products: frozenset[str]
    not_names: frozenset[str]
    placeholders: frozenset[str]
    home_cities: frozenset[str]
    world_cities: frozenset[str]
    states: frozenset[str]
    state_codes: frozenset[str]
    street_suffixes: frozenset[str]
    facility_heads: tuple[str, ...]
    weak_heads: frozenset[str]
    firm_ends: frozenset[str]
    facility_generic: frozenset[str]
    facility_common: frozenset[str]
    place_codes: frozenset[str]
    facilities: tuple[str, ...]
    titles: tuple[str, ...]
    weak_titles: tuple[str, ...]
    short_titles: frozenset[str]
    credentials: tuple[str, ...]
    person_labels: tuple[str, ...]
    person_cues: tuple[str, ...]
    person_verbs: frozenset[str]

    @property
    def heads(self) -> frozenset[str]:
        """All words that make the word before them an eponym or a term."""
        return self.eponym_heads | self.weak_eponym_heads

    def is_given(self, word: str) -> bool:
        """Whether the word is a known given name."""
        return word in self.given_known

    def is_family(self, word: str) -> bool:
        """Whether the word is a known family name, rare ones included."""
        return word in self.family_known or word in self.family_rare

    def is_word(self, word: str) -> bool:
        """Whether the word is an English, medical or brand word."""
        return word in self.words or word in self.medical or word in self.brands

    def is_term(self, word: str) -> bool:
        """Whether the word names a thing, a state or a kind of place: no one house or town."""
        return (
            word in self.medical
            or word in self.brands
            or word in self.products
            or word in self.eponyms
            or word in self.facility_generic
            or word in self.states
        )


@lru_cache(maxsize=1)
def load_lexicon() -> Lexicon:
    """Load the lexicons (some 100 ms, once per process)."""
    words = read_groups("words.txt.gz")
    given = read_groups("given.txt.gz")
    family = read_groups("family.txt.gz")
    cities = read_groups("cities.txt.gz")
    medical = read_groups("medical.txt.gz")
    raw = yaml.safe_load((files(__package__) / "context.yaml").read_text(encoding="utf-8"))
    terms = yaml.safe_load((files(__package__) / "terms.yaml").read_text(encoding="utf-8"))

    def listed(value: str) -> tuple[str, ...]:
        return tuple(" ".join(item.split()) for item in value.split(", ") if item.strip())

    def lower(value: str) -> frozenset[str]:
        return frozenset(item.lower() for item in listed(value))

    frequent = words["10"] | words["20"]
    common = frequent | words["35"]
    return Lexicon(
        given_common=given["common"],
        given_known=given["common"] | given["known"],
        given_rare=given["rare"],
        family_common=family["common"],
        family_known=family["common"] | family["known"],
        family_rare=family["rare"],
        frequent_words=frequent,
        common_words=common,
        words=frozenset().union(*words.values()),
        medical=medical["words"] | lower(raw["organisms"]) | medical.get("drugs", frozenset()),
        eponyms=lower(raw["eponyms"]) | medical["capitalised"] | lower(terms["eponyms"]),
        weak_eponyms=lower(terms["weak_eponyms"]) | lower(terms["scale_places"]),
        phrases=lower(terms["phrases"]),
        scale_places=lower(terms["scale_places"]),
        abbreviations=lower(terms["abbreviations"]),
        eponym_heads=lower(raw["eponym_heads"]),
        weak_eponym_heads=lower(raw["weak_eponym_heads"]),
        brands=lower(raw["brands"]),
        products=lower(terms["products"]) | lower(terms["short_words"]),
        not_names=lower(raw["not_names"]),
        placeholders=lower(raw["placeholders"]),
        home_cities=cities["home"],
        world_cities=cities["world"],
        states=lower(raw["states"]),
        state_codes=frozenset(listed(raw["state_codes"])),
        street_suffixes=lower(raw["street_suffixes"]),
        facility_heads=(
            *listed(raw["facility_heads"]["strong"]),
            *listed(raw["facility_heads"]["weak"]),
            *listed(terms["facility_ends"]),
        ),
        weak_heads=lower(raw["facility_heads"]["weak"]) | lower(terms["facility_ends"]),
        firm_ends=lower(terms["firm_ends"]),
        facility_generic=lower(raw["facility_generic"]),
        facility_common=lower(raw["facility_common"]),
        place_codes=frozenset(listed(raw["place_codes"])),
        facilities=(*listed(raw["facilities"]), *listed(terms["facilities"])),
        titles=listed(raw["titles"]["strong"]),
        weak_titles=listed(raw["titles"]["weak"]),
        short_titles=lower(raw["titles"]["short"]),
        credentials=listed(raw["credentials"]),
        person_labels=listed(raw["person_labels"]),
        person_cues=listed(raw["person_cues"]),
        person_verbs=lower(raw["person_verbs"]),
    )
