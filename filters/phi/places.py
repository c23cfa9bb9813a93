# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Places below the state level: streets, ZIP codes, towns, counties."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import Lexicon, load_lexicon
from casewright.filters.phi.name_words import kind_of

__all__ = ["find_places"]


def _alternation(words: Iterator[str] | tuple[str, ...] | frozenset[str]) -> str:
    ordered = sorted(words, key=lambda w: (-len(w), w))
    return "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in ordered)


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    lex = load_lexicon()
    suffix = "|".join(
        sorted(
            {w.capitalize() for w in lex.street_suffixes} | {w.upper() for w in lex.street_suffixes}
        )
    )
    lower_suffix = (
        "street|avenue|ave|road|boulevard|blvd|lane|drive|court|terrace|parkway|crescent|highway"
    )
    states = _alternation(tuple(s.title() for s in lex.states))
    codes = "|".join(sorted(lex.state_codes))
    return {
        "street": re.compile(
            rf"(?<![\w/.-])(?:No\.?\s)?\d{{1,6}}[A-Za-z]?(?:\s?-\s?\d{{1,5}})?,?\s{{1,2}}(?:(?:[NSEW]{{1,2}}\.?|North|South|East|West)\s)?"
            rf"(?:(?:[A-Z][A-Za-z'.-]{{0,24}}|\d{{1,3}}(?:st|nd|rd|th)|of|the|de|la)\s{{1,2}}){{1,5}}(?:{suffix})\b"
            r"(?:,?\s(?:NW|NE|SW|SE|N|S|E|W|North|South|East|West)\b)?"
            r"(?:,?\s(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|#)\.?\s?#?\s?[A-Za-z]?\d{0,5}[A-Za-z]?\b)?"
        ),
        "street_lower": re.compile(
            rf"(?<![\w/.-])\d{{1,5}}\s(?:[nsew]{{1,2}}\.?\s)?(?:[a-z][a-z'-]{{2,20}}\s){{1,3}}(?:{lower_suffix})\b"
        ),
        "street_no_number": re.compile(
            r"\b(?:on|at|off|near|corner of|along|address(?: is)?:?)\s(?P<s>(?:[A-Z][a-z'-]{1,20}\s){1,3}(?:Street|Avenue|Road|Boulevard|Lane|Drive|Court|Terrace|Parkway|Crescent|Highway|Close|Ave|Blvd|Rd|St|Ln|Gardens|Mews|Way|Place|Square|Grove|Row|Walk|Turnpike|Expressway|Freeway|Bypass|Hill(?=[.,;\s])|Bridge|Embankment|Esplanade|Promenade|Parade|Wynd)\b)"
        ),
        # Where an address is announced, or where the first word says street: "12 Heol y Deri".
        "street_cue": re.compile(
            r"\b(?:[Aa]ddress(?:\s+is)?|ADDRESS|[Pp]roperty:?|[Ll]ives?\s+at|[Ll]iving\s+at|[Rr]esid(?:es?|ing)\s+at|[Ll]etters?\s+to|[Pp]ost(?:ed)?\s+to|[Ss]en[dt]\s+to|[Hh]ome\s+is(?:\s+at)?|[Mm]oved\s+to|[Hh]ome(?:\s+visit)?(?:\s+to|:)|[Vv]isit\s+to|[Dd]ischarged?\s+to|[Rr]esidence:?|[Dd]elivered?\s+to|[Cc]ollected?\s+from|[Ff]lat\s+at|[Hh]ouse\s+at|[Ss]hares\s+\w+\s+at|HOME|RESIDENCE|[Aa]ddr\.?)\s{0,2}:?\s{0,3}"
            r"(?P<s>\d{1,5}(?:/\d{1,3})?[A-Za-z]?,?\s(?:(?:[A-Z][a-z'-]{1,20}|of|the|de|del|la|las|los|y|yr)\s){0,4}(?:[A-Z][a-z'-]{2,20}|Road\s\d{1,4}))(?=[.,;\n]|\s(?:with|and|in|alone|on|for|by|until|where)\b|\Z)"
        ),
        # A house that has a name and no number, where somebody's home is told.
        "house_cue": re.compile(
            r"\b(?:[Aa]ddress(?:\s+is)?|ADDRESS|[Ll]ives?\s+(?:at|in)|[Ll]iving\s+at|[Rr]esid(?:es?|ing)\s+at|[Ff]arms\s+at|[Ss]tay(?:s|ing)\s+at|[Ff]ound\s+at|[Cc]ollapsed\s+at|[Hh]ome\s+at|[Hh]ome\s+is(?:\s+at)?|[Mm]oved\s+(?:in)?to|[Hh]ome(?:\s+visit)?(?:\s+to|:)|[Vv]isit\s+to|[Rr]esidence)\s{0,2}:?\s{0,3}"
            rf"(?P<s>(?:The\s[A-Z][a-z]{{2,15}}(?:\s[A-Z][a-z]{{2,15}})?,\s(?:[A-Z][a-z'-]{{1,20}}\s){{1,3}}(?:{suffix})"
            rf"|(?:The\s)?(?:[A-Z][a-z'-]{{1,20}}\s){{1,3}}(?:House|Cottage|Farm|Farmhouse|Barn|Lodge|Villa|Vicarage|Rectory|Mill|Grange|Hall|Manor|Bungalow|Ranch|Court|Towers?|Mansions|Apartments|Buildings|Trailer\sPark|Mobile\sHome\sPark|Caravan\sPark|Estate)(?:,\s(?:[A-Z][a-z'-]{{1,20}}\s){{1,3}}(?:{suffix}))?)\b)"
        ),
        # "the corner of Larch Street and Bellamy Road", "Fulton St and 3rd Ave"
        # "at 48 Lower Marsh", "205 E. Pine": two capitals after a number, or a point of the compass.
        "street_bare": re.compile(
            r"(?:\b[Aa]t\s(?P<s>\d{1,4}[A-Za-z]?\s[A-Z][a-z'-]{2,20}(?:\s[A-Z][a-z'-]{2,20}){1,2})(?=[.,;\n]|\Z)"
            r"|(?<![\w./-])(?P<s2>\d{2,5}\s(?:[NSEW]\.|North|South|East|West)\s[A-Z][a-z'-]{2,20})(?=[.,;\n]|\Z))"
        ),
        "numbered": re.compile(
            r"\b(?:at|on|near|of|around)\s(?P<s>\d{1,3}(?:st|nd|rd|th)\s(?:and|&)\s(?:[A-Z][a-z'-]{2,20}|\d{1,3}(?:st|nd|rd|th)))(?=[.,;\n]|\Z|\s(?:with|by|when|in)\b)"
        ),
        "road": re.compile(
            r"\b(?:[Ll]ives?|[Ll]iving|[Cc]rash|[Cc]ollision|[Aa]ccident|RTC|RTA|MVC|MVA|[Pp]ile-?up|[Bb]roke\sdown|[Ff]ound|[Ww]alking|[Rr]ollover|[Hh]it)\s(?:\w+\s){0,2}(?:on|off|along|near)\s(?:the\s)?"
            r"(?P<s>(?:(?:US|U\.S\.|State|County|Interstate|Rural)\s(?:Route|Highway|Road|Hwy)?\s?|(?:Highway|Route|Hwy|SR|I|M|A)[\s-]?)\d{1,4})\b"
        ),
        "crossing": re.compile(
            rf"\b(?:corner|intersection|junction|crossroads)\sof\s(?P<s>(?:(?:[A-Z][a-z'-]{{1,20}}|\d{{1,3}}(?:st|nd|rd|th))\s?){{1,3}}(?:\s(?:{suffix})\.?)?\s(?:and|&|with)\s(?:(?:[A-Z][a-z'-]{{1,20}}|\d{{1,3}}(?:st|nd|rd|th))(?:\s(?=[A-Z]))?){{1,3}})(?![\w])"
        ),
        "two_streets": re.compile(
            rf"(?:(?:[A-Z][a-z'-]{{1,20}}|\d{{1,3}}(?:st|nd|rd|th))\s){{1,3}}(?:{suffix})\.?\s(?:and|&|at)\s(?:(?:[A-Z][a-z'-]{{1,20}}|\d{{1,3}}(?:st|nd|rd|th))\s){{1,3}}(?:{suffix})(?![\w])"
        ),
        "street_and": re.compile(rf"\b(?:{suffix})\.?\s(?:and|&|at)\s"),
        "street_first": re.compile(
            r"(?<![\w/.-])\d{1,6}[A-Za-z]?,?\s(?:(?:Avenida|[Rr]ue|[Cc]alle|[Vv]iale|[Rr]ua|[Cc]orso|[Pp]iazza|[Aa]venue|[Pp]lace|[Aa]llee|Calle|Camino|Paseo|Plaza|Via|Rue|Heol|Ffordd|Stryd|Lon)\s(?:(?:de|del|la|las|los|y|yr|du|des)\s){0,2}(?:[A-Z][a-z'-]{1,20})(?:\s[A-Z][a-z'-]{1,20})?"
            r"|(?:County|State|Farm|Township|Old|Rural|US|U\.S\.)\s(?:Road|Route|Highway|Rd|Hwy|Rte)\s\d{1,4}"
            r"|(?:(?:[NSEW]\.?|North|South|East|West)\s)?(?:Highway|Hwy|Route|Rte|Interstate|Farm\sto\sMarket\sRoad|FM|RM|County\sRoad|CR|Loop|Avenue|Ave|Street|Road)\.?\s(?:\d{1,4}[A-Z]?|[A-Z])(?:\s(?:North|South|East|West|[NSEW])\b)?)\b"
        ),
        # A town right after a street: "14 Alder Way, Truro".
        "town": re.compile(
            r",?[^\S\n]{0,2}(?:,|\n)\s{0,3}(?P<city>[A-Z][a-z'-]{1,20}(?:[ -](?:(?:on|upon|le|in|the|by|under|super)[ -]){0,2}[A-Z][a-z'-]{1,20}){0,3})"
            r"(?=[ ]{0,2}(?:[.,;\n]|\Z|\d{5}\b|[A-Z]{1,2}\d))(?:,?[ ]{1,2}(?P<zip>\d{5}(?:-\d{4})?)\b)?"
        ),
        # A house with a name before a street: "The Old Vicarage, 3 Church Lane".
        "house": re.compile(
            r"(?<![\w'-])(?:The\s[A-Z][a-z]{2,15}(?:\s[A-Z][a-z]{2,15})?|[A-Z][a-z]{2,15}(?:\s[A-Z][a-z]{2,15})?\s(?:House|Cottage|Lodge|Farm|Barn|Court|Villas?|Vicarage|Rectory|Mill|Hall|Manor|Mansions|Flats)|(?:Unit|Flat|Apt\.?|Apartment|Suite|Lot|Space|Block|Villa)\s#?\w{1,4}|(?:(?<=at\s)|(?<=:\s))[A-Z][a-z]{3,15})"
            r",?\s{1,2}\Z"
        ),
        "highway": re.compile(r"\b(?:Highway|Route|Interstate|Hwy|I)[\s-]\d{1,4}\b"),
        "pobox": re.compile(
            r"\b(?:P\.?\s?O\.?|Post\s?Office|Postal|Locked|Private)\s?(?:Box|Bag)\s{0,2}(?:no\.?\s?|number\s)?#?\d{1,7}\b"
            r"|\b(?:Rural\s(?:Route|Delivery)|R\.?R\.?|R\.?D\.?|HC|PSC|Star\sRoute|General\sDelivery)\s#?\d{1,4},?\sBox\s\d{1,6}[A-Z]?\b",
            re.I,
        ),
        "apartment": re.compile(r"\b(?:Apartment|Apt\.?|Flat|Suite|Ste\.?)\s?#?\d{1,5}[A-Za-z]?\b"),
        "zip_state": re.compile(
            rf"\b(?:{codes}|{states})\.?,?\s{{1,3}}(?P<zip>\d{{5}}(?:-\d{{4}})?)(?![\w-]|\.\d)"
        ),
        "zip_cue": re.compile(
            r"\b(?:zip|zip\s?code|postal\s?code|postcode)\W{0,4}(?:is\s|of\s)?(?P<zip>\d{5}(?:-\d{4})?)(?!\w)",
            re.I,
        ),
        # "Lives in 60614", "the 78704 zip code"
        "zip_place": re.compile(
            r"\b(?:lives?|living|resid(?:es?|ing)|moved|mail(?:ed)?|sent|ship(?:ped)?|post(?:ed)?|based|home)\s(?:in|to|from|out\sof)\s(?:the\s)?(?P<zip>\d{5}(?:-\d{4})?)(?=[,.;\n]|\Z|\s(?:with|area|and|zip|since|as))"
            r"|(?<![\w.,/-])(?P<zip2>\d{5}(?:-\d{4})?)\s(?:as\s(?:his|her|their|the)\s)?(?:zip|postal|post)(?:\s?code)?\b",
            re.I,
        ),
        "postcode_lower": re.compile(
            r"\b(?:post\s?code|postal\scode|zip)\W{0,3}(?:is\s|of\s)?(?P<zip>[a-z]{1,2}\d[a-z\d]?\s?\d[a-z]{2})(?!\w)",
            re.I,
        ),
        "zip_plus4": re.compile(r"(?<![\w./-])\d{5}-\d{4}(?![\w-]|\.\d)"),
        "postcode_uk": re.compile(
            r"(?<!\w)(?:GIR 0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKPSTUW]|[A-HK-Y]\d[ABEHMNPRVWXY]) ?\d[ABD-HJLNP-UW-Z]{2})(?!\w)"
        ),
        "city_state": re.compile(
            rf"\b(?P<city>(?:(?:St|Ft|Mt|San|Los|Las|El|La|Le|New|North|South|East|West|Port|Fort|Saint|Lake)\.?\s)?[A-Z][A-Za-z'-]{{1,20}}(?:\s(?:du\s|de\s|la\s|d')?[A-Z][a-z'-]{{1,20}}){{0,2}}),\s{{0,2}}(?P<state>(?:{codes})\b(?!-)|(?:{states})\b)"
        ),
        "state": re.compile(rf",\s{{0,2}}(?:(?:{codes})\b(?!-)|(?:{states})\b)"),
        "city_cue": re.compile(
            r"\b(?:lives?|living|lived|resides?|residing|resident|born|raised|grew up|moved|traveled|travelled|"
            r"travels|trip|visiting|visited|vacation|works?|home|from|hails|native|based|relocated|driving|drove|flew|clinic|hospital|"
            r"office|center|in|near|outside|around|to|hometown|between|via|through)\s(?:is\s)?(?:in|near|at|from|to|of|outside|around|back to|up in|down in|over in|at)?\s?"
            r"(?:the\s)?(?P<city>(?:(?:St|Ft|Mt)\.\s)?(?:[A-Z][a-z'.]{1,20})(?:[\s-](?:(?:d'|du\s|de\s|la\s|(?:on|upon|le|in|by|under|super)[\s-](?:the[\s-])?)?[A-Z][a-z'-]{1,20})){0,3})"
        ),
        # "Hometown: Eau Claire", "City: Winston-Salem"
        "city_label": re.compile(
            r"(?<![\w-])(?:[Cc]ity|CITY|[Tt]own|TOWN|[Hh]ome\s?town|[Bb]irthplace|[Pp]lace\s+of\s+birth|POB|[Vv]illage|[Dd]istrict|[Ss]uburb|[Nn]eighbou?rhood|[Ll]ocality|[Bb]orn|(?:[Rr]ecent\s)?[Tt]ravel|[Mm]unicipality|[Bb]orough)\s?(?::|=|\sis|-\s)\s{0,3}"
            r"(?P<city>[A-Z][a-z'.]{1,20}(?:[ -](?:(?:on|upon|le|in|the|by|under|super|de|la|du)[ -]){0,2}[A-Z][a-z'-]{1,20}){0,3})"
        ),
        # "lives in baton rouge": as transcripts have it
        "city_lower": re.compile(
            r"\b(?:lives?|living|born|raised|grew\sup|moved|reside[sd]?|from|based|hometown\sis)\s(?:in|to|from|near|outside|back\sto)?\s?(?P<city>[a-z]{3,15}(?:\s[a-z]{3,15}){0,2})"
        ),
        "capital_run": re.compile(
            r"\b[A-Z][a-z']{2,20}(?:-[a-z]{2,5}-[A-Z][a-z']{1,20}|[ -][A-Z][a-z'-]{1,20}){0,3}"
        ),
        "county": re.compile(
            r"\b(?P<c>(?:[A-Z][a-z'-]{2,20}\s){1,2}(?:County|Parish|Borough|Township))\b"
        ),
    }


# Where each of these can begin is found in one pass.
_GATED = (
    *("street", "street_lower", "pobox", "street_cue", "street_first", "house_cue", "crossing"),
    *("street_no_number", "apartment", "postcode_lower", "zip_plus4", "street_bare", "numbered"),
    *("road", "street_and", "postcode_uk"),
)
_STREET_WIDTH = 80  # of a street's name: three words and its suffix


_GATE = Gate(lambda: [_patterns()[name] for name in _GATED])


def find_places(text: str) -> Iterator[Candidate]:
    """Candidates of types street, city and zip."""
    lex = load_lexicon()
    p = _patterns()
    yield from _addresses(text, p)
    yield from _cities(text, p, lex)


_FIVE_DIGITS = re.compile(r"\d{5}")


def _ending_near(pattern: re.Pattern[str], text: str, places: list[int]) -> Iterator[re.Match[str]]:
    """Matches of a slow pattern that ends at one of a few places."""
    done = 0
    for place in places:
        for m in pattern.finditer(text, max(done, place - 48), place + 16):
            done = m.end()
            yield m


def _addresses(text: str, p: dict[str, re.Pattern[str]]) -> Iterator[Candidate]:
    found = dict(zip(_GATED, _GATE.find(text), strict=True))
    for name, score in (("street", 0.95), ("street_lower", 0.75), ("pobox", 0.95)):
        for m in found[name]:
            house = p["house"].search(text, max(0, m.start() - 48), m.start())
            start = house.start() if house is not None else m.start()
            yield Candidate("street", start, m.end(), score, "street address")
            if name == "street":
                yield from _town(text, m.end(), p["town"])
    for name, group in (("street_cue", "s"), ("street_first", 0)):
        for m in found[name]:
            yield Candidate("street", m.start(group), m.end(group), 0.85, "street address")
            yield from _town(text, m.end(group), p["town"])
    for m in found["house_cue"]:
        yield Candidate("street", m.start("s"), m.end("s"), 0.86, "house where somebody lives")
        yield from _town(text, m.end("s"), p["town"])
    for m in found["street_bare"]:
        group = "s" if m["s"] else "s2"
        lex = load_lexicon()
        low = re.findall(r"[a-z']+", m[group].lower())
        if not any(
            w in lex.medical or w in lex.not_names or w in lex.facility_generic for w in low
        ):
            yield Candidate("street", m.start(group), m.end(group), 0.7, "number and two capitals")
    for name in ("numbered", "road"):
        for m in found[name]:
            yield Candidate(
                "street", m.start("s"), m.end("s"), 0.75, "road where something happened"
            )
    for m in found["crossing"]:
        yield Candidate("street", m.start("s"), m.end("s"), 0.87, "crossing of two streets")
    for place in found["street_and"]:
        start = max(0, place.start() - _STREET_WIDTH)
        for m in p["two_streets"].finditer(text, start, place.end() + _STREET_WIDTH):
            yield Candidate("street", m.start(), m.end(), 0.87, "crossing of two streets")
    for m in found["street_no_number"]:
        yield Candidate("street", m.start("s"), m.end("s"), 0.75, "street after a preposition")
    for m in found["apartment"]:
        yield Candidate("street", m.start(), m.end(), 0.6, "part of an address")
    digits = [m.start() for m in _FIVE_DIGITS.finditer(text)]
    for name in ("zip_state", "zip_cue"):
        for m in _ending_near(p[name], text, digits):
            yield Candidate("zip", m.start("zip"), m.end("zip"), 0.95, "ZIP code")
    for m in _ending_near(p["zip_place"], text, digits):
        group = "zip" if m["zip"] else "zip2"
        yield Candidate("zip", m.start(group), m.end(group), 0.85, "ZIP code")
    for m in found["postcode_lower"]:
        yield Candidate("zip", m.start("zip"), m.end("zip"), 0.85, "UK postcode after its label")
    for m in found["zip_plus4"]:
        yield Candidate("zip", m.start(), m.end(), 0.6, "ZIP+4")
    for m in found["postcode_uk"]:
        # Vertebrae and cancer stages ("T1 2NM") do not occur with this exact shape; doses do: "B12 5MG".
        if m[0].endswith(("MG", "ML", "MM")):
            continue
        yield Candidate("zip", m.start(), m.end(), 0.8, "UK postcode")


def _town(text: str, start: int, pattern: re.Pattern[str]) -> Iterator[Candidate]:
    """The town after a street, on its line or the next, and the ZIP code after that."""
    m = pattern.match(text, start)
    if m is None or m["city"].lower() in load_lexicon().states:
        return
    lex = load_lexicon()
    words = re.findall(r"[a-z']+", m["city"].lower())
    # On the next line there may be anything: there it has to be a town that is known, or nothing.
    if "\n" in text[start : m.start("city")] and (
        any(w in lex.medical or w in lex.not_names for w in words)
        or not (m["zip"] or words[0] in lex.home_cities or not lex.is_word(words[0]))
    ):
        return
    yield Candidate("city", m.start("city"), m.end("city"), 0.8, "town after a street")
    if m["zip"]:
        yield Candidate("zip", m.start("zip"), m.end("zip"), 0.9, "ZIP code after a town")


_WORD_CODES = frozenset(
    ("OR", "IN", "ME", "HI", "OK", "PA", "MD", "CO", "MA", "LA", "DE", "ID", "AL", "MS")
)
_IN = re.compile(r"(?:\b(?:in|from|at|to|of|near|lives|outside|around)\s|\d\s?|[,\n]\s?)\Z", re.I)


# As wide as what can stand before a state: three words with what joins them.
_CITY_WIDTH = 120


def _before_state(
    text: str, states: Iterable[re.Match[str]], p: dict[str, re.Pattern[str]]
) -> Iterator[re.Match[str]]:
    """Towns before a state: looked for where a comma and a state are."""
    done = 0
    for state in states:
        if state.start() < done:
            continue
        start = max(done, state.start() - _CITY_WIDTH)
        for m in p["city_state"].finditer(text, start, state.end() + 1):
            done = m.end()
            yield m


def _cities(text: str, p: dict[str, re.Pattern[str]], lex: Lexicon) -> Iterator[Candidate]:
    in_cue, states, counties, *told = _CITY_GATE.find(text)
    yield from _towns_of_a_state(text, states, p, lex)
    for m in _ending_near(p["county"], text, [place.start() for place in counties]):
        words = m["c"].split()
        if any(
            w.lower() not in lex.frequent_words and w.lower() not in lex.not_names
            for w in words[:-1]
        ):
            yield Candidate("city", m.start("c"), m.end("c"), 0.7, "county")
    for m in in_cue:
        city = _longest_city(m["city"].rstrip("."))
        if city is None:
            continue
        length, word_like = city
        name = m["city"][:length]
        if name.lower().rstrip(".") in lex.states and name.lower() not in (
            "new york",
            "washington",
        ):
            continue
        after = text[m.start("city") + length : m.start("city") + length + 48]
        if _is_term(name, after, lex):
            continue
        word_like = word_like and not _either(text, m.start("city"), name.lower(), lex)
        if word_like and not _lives(text, m.start("city"), name, after, lex):
            continue
        if name.lower() == "new york" and not re.match(r"\s(?:City|clinic|hospital|office)", after):
            # The state has the same name.
            yield Candidate("city", m.start("city"), m.start("city") + length, 0.5, "city or state")
            continue
        yield Candidate(
            "city", m.start("city"), m.start("city") + length, 0.75, "city after a preposition"
        )
    yield from _towns_told(text, told, lex)
    for m in p["capital_run"].finditer(text):
        city = _longest_city(m[0])
        if city is None or city[1]:
            continue
        name = m[0][: city[0]]
        low = name.lower()
        # Single words need to be large and unlike a person's name; more words speak for themselves.
        if low in lex.states or ("-" not in low and " " not in low and low not in _BIG_CITIES):
            continue
        if " " in low and low.split()[0] in lex.given_known and low not in _BIG_CITIES:
            continue
        if (
            " " in low
            and all(w in lex.common_words for w in low.split())
            and low not in _BIG_CITIES
        ):
            continue
        if _is_term(name, text[m.start() + city[0] : m.start() + city[0] + 48], lex):
            continue
        yield Candidate("city", m.start(), m.start() + city[0], 0.6, "city")


def _either(text: str, start: int, low: str, lex: Lexicon) -> bool:
    """Whether a word after "in" is a town or a person, "in Madison": either one identifies."""
    word = low in lex.common_words or low in lex.medical or low in lex.brands or low in lex.eponyms
    return (
        not word
        and low not in lex.not_names
        and _IN_FROM.search(text, max(0, start - 6), start) is not None
    )


_IN_FROM = re.compile(r"\b(?:in|from|near)\s\Z")
_LIVES_BETWEEN = re.compile(
    r"\b(?:[Ll]ives?|[Ll]iving|[Cc]ommutes|[Tt]ravels|[Dd]rives|time|[Dd]rove|[Ff]lew)\sbetween\s(?P<a>[A-Z][a-z'-]{2,20}(?:\s[A-Z][a-z'-]{2,20})?)\sand\s(?P<b>[A-Z][a-z'-]{2,20}(?:\s[A-Z][a-z'-]{2,20})?)"
)
# A place that no list has, where only a place can stand. Countries are in the list of states.
_UNKNOWN_TOWN = re.compile(
    r"\b(?:(?:[Ll]ives?|[Ll]iving|[Rr]esid(?:es?|ing)|[Bb]orn|[Rr]aised|[Gg]rew\sup|[Rr]etired|[Bb]ased|[Hh]omeless|[Hh]oliday|[Ss]tudying|[Mm]arried|[Ee]mployed)\s(?:and\s\w+\s)?(?:in|near|outside)|[Mm]oved\s(?:here\s|back\s)?(?:to|from)|[Oo]riginally\sfrom|[Rr]esident\sof|(?:town|village|city|suburb)\sof|[Cc]ommutes\s(?:to|from)|[Cc]ame\s(?:over\s|here\s)?from|[Ff]light\s(?:from|to)|[Ee]vacuated\sfrom|[Ff]led|[Dd]eported\sfrom|[Hh]ails\sfrom|[Vv]isiting\sfrom|[Tt]ravell?ed\s(?:to|from)|[Tt]rip\sto|[Ff]lew\s(?:back\s)?(?:to|from)|(?:[Ss]hop|[Tt]eaches|[Ww]orks|[Oo]ffice|[Ff]amily|[Ss]tudies)\sin)\s"
    r"(?P<city>[A-Z][a-z'-]{2,20}(?:[ -][A-Z][a-z'-]{2,20}){0,2})(?=[.,;\n]|\Z|\s(?:with|and|in|for|as|since|last|alone|on|by|where|as|when|until)\b)"
)


def _towns_of_a_state(
    text: str, states: Iterable[re.Match[str]], p: dict[str, re.Pattern[str]], lex: Lexicon
) -> Iterator[Candidate]:
    """Towns before a state or its code: "Columbus, Ohio"."""
    for m in _before_state(text, states, p):
        words = m["city"].lower().split()
        last = " ".join(words[-3:])
        known = any(" ".join(words[i:]) in lex.home_cities for i in range(len(words)))
        state = m["state"]
        if not known and state in _WORD_CODES:
            continue
        if (
            ("-" in last and not known)
            or (last in lex.states and last != "new york")
            or words[0] in lex.not_names
            or (words[-1] in lex.eponyms and not known)
        ):
            continue
        # "Betty Ross, MD" is a person: a code that is a credential or a word needs a preposition.
        if state in _WORD_CODES and not _IN.search(text, max(0, m.start() - 12), m.start()):
            continue
        if known:
            start = m.start("city") + _known_start(m["city"], lex)
            yield Candidate("city", start, m.end("city"), 0.9, "city before a state")
        elif not lex.is_word(words[-1]) or len(state) > 2:
            yield Candidate("city", m.start("city"), m.end("city"), 0.65, "name before a state")


_COUNTY = re.compile(r"\b(?:County|Parish|Borough|Township)\b")
_CITY_GATE = Gate(
    lambda: (
        *(_patterns()[name] for name in ("city_cue", "state")),
        _COUNTY,
        *(_patterns()[name] for name in ("city_label", "city_lower")),
        *(_LIVES_BETWEEN, _UNKNOWN_TOWN),
    )
)


def _towns_told(
    text: str, found: list[Iterator[re.Match[str]]], lex: Lexicon
) -> Iterator[Candidate]:
    """Towns after their label, without a capital, or unknown, where somebody lives."""
    labelled, lower, between, unknown = found
    for m in labelled:
        if (
            m["city"].lower() not in lex.states
            and m["city"].split()[0].lower() not in lex.not_names
        ):
            yield Candidate("city", m.start("city"), m.end("city"), 0.85, "town after its label")
    for m in lower:
        parts = m["city"].split()
        for count in range(len(parts), 0, -1):
            name = " ".join(parts[:count])
            known = name in _BIG_CITIES or (count > 1 and name in lex.home_cities)
            if (
                known
                and name not in lex.states
                and not all(w in lex.common_words for w in parts[:count])
            ):
                start = m.start("city")
                yield Candidate("city", start, start + len(name), 0.6, "town without a capital")
                break
    for m in between:
        yield Candidate("city", m.start("a"), m.end("a"), 0.7, "town where somebody lives")
        yield Candidate("city", m.start("b"), m.end("b"), 0.7, "town where somebody lives")
    for m in unknown:
        kind = kind_of(m["city"].split()[0])
        after = text[m.end() : m.end() + 48]
        if (
            (kind.unknown or (kind.family and not kind.word))
            and not kind.eponym
            and not _is_term(m["city"], after, lex)
        ):
            yield Candidate(
                "city", m.start("city"), m.end("city"), 0.6, "unknown place where somebody lives"
            )


_LIVING = re.compile(
    r"\b(?:lives?|living|lived|resides?|residing|born|raised|grew up|moved|relocated|transferred|travell?ed|drove|flew|"
    r"family|home|driver|teacher|farmer|clerk|worker|works?)\s(?:here\s|back\s)?(?:in|near|from|to|outside|around)\s\Z",
    re.I,
)


def _lives(text: str, start: int, name: str, after: str, lex: Lexicon) -> bool:
    """Whether a town whose name is a word stands where only a place can: "lives near Bend"."""
    low = name.lower()
    return (
        low not in lex.not_names
        and low not in lex.brands
        and not re.match(r"\s[A-Z]", after)
        and _LIVING.search(text, max(0, start - 32), start) is not None
    )


def _known_start(city: str, lex: Lexicon) -> int:
    """Offset of the longest known city at the end of the words."""
    offset = 0
    words = city.split(" ")
    for i, word in enumerate(words):
        if " ".join(words[i:]).lower() in lex.home_cities:
            return offset
        offset += len(word) + 1
    return 0


_PIECE = re.compile(r"[^\s]+")
_SAINT = re.compile(r"\bst\.?\s")


@lru_cache(maxsize=65536)
def _longest_city(words: str) -> tuple[int, bool] | None:
    """Length of the longest known city at the start of `words`, and whether it reads as a word."""
    lex = load_lexicon()
    low = words.lower()
    saint = "st" in low
    for end in reversed([m.end() for m in _PIECE.finditer(words)]):
        name = low[:end].rstrip(".")
        if saint:
            name = _SAINT.sub("saint ", name)
        if name in lex.states and name not in ("new york", "washington"):
            return None
        if name in lex.home_cities or name in lex.world_cities or name in _BIG_CITIES:
            single = " " not in name
            word_like = single and (
                name in lex.common_words
                or name in lex.medical
                or name in lex.not_names
                or name in lex.brands
            )
            # A word that is also a name of a person is left to the name rules, unless it is a large city.
            if single and not word_like and name not in _BIG_CITIES and name in lex.given_known:
                word_like = True
            return end, word_like
    return None


_RULE_WORDS = frozenset(
    (
        "rule",
        "rules",
        "criteria",
        "score",
        "scale",
        "classification",
        "index",
        "guidelines",
        "protocol",
    )
)


def _is_term(name: str, after: str, lex: Lexicon) -> bool:
    """Whether the place is part of a term: "Boston criteria", "Glasgow Coma Scale"."""
    words = re.findall(r"[A-Za-z]+", after)[:4]
    if words and after[:1] in (" ", "-", "'") and words[0].lower() in ("s",):
        words = words[1:]
    if any(w.lower() in lex.heads for w in words[:1]):
        return True
    # "Ottawa ankle rules"
    if any(w.lower() in _RULE_WORDS for w in words[1:3]) and after[:1] == " ":
        return True
    capitals = [w for w in words if w[0].isupper()]
    return any(w.lower() in lex.heads for w in capitals) and after[:1] == " "


_BIG_CITIES = frozenset(
    """new york city,los angeles,chicago,houston,phoenix,philadelphia,san antonio,san diego,dallas,austin,
jacksonville,fort worth,columbus,indianapolis,charlotte,san francisco,seattle,denver,nashville,oklahoma city,boston,
el paso,detroit,memphis,portland,las vegas,louisville,baltimore,milwaukee,albuquerque,tucson,fresno,sacramento,
kansas city,atlanta,omaha,colorado springs,raleigh,miami,long beach,oakland,minneapolis,tulsa,tampa,arlington,
new orleans,wichita,cleveland,bakersfield,honolulu,anaheim,santa ana,corpus christi,riverside,lexington,st. louis,
stockton,pittsburgh,cincinnati,anchorage,greensboro,plano,newark,toledo,orlando,chula vista,jersey city,
fort wayne,buffalo,durham,laredo,lubbock,scottsdale,reno,baton rouge,richmond,boise,spokane,des moines,tacoma,
birmingham,rochester,salt lake city,little rock,knoxville,chattanooga,providence,hartford,santa fe,fayetteville,
london,manchester,leeds,glasgow,sheffield,liverpool,bristol,edinburgh,cardiff,belfast,nottingham,leicester,
newcastle,brighton,plymouth,southampton,portsmouth,oxford,cambridge,aberdeen,dundee,swansea,dublin,cork,galway,
toronto,montreal,vancouver,calgary,ottawa,sydney,melbourne,brisbane,perth,auckland,paris,berlin,munich,madrid,
barcelona,rome,milan,lagos,nairobi,mumbai,delhi,karachi,lahore,dhaka,manila,bangkok,hanoi,beijing,shanghai,tokyo,seoul,
palo alto,santa cruz,santa clara,santa barbara,gig harbor,ann arbor,st. paul,savannah,charleston,tallahassee,
gainesville,madison,cheyenne,bremerton,topeka,lincoln,sioux falls,fargo,billings,missoula,bozeman,eugene,
salem,worcester,springfield,bridgeport,stamford,new haven,syracuse,albany,ithaca,yonkers,trenton,camden,
wilmington,annapolis,bethesda,roanoke,norfolk,virginia beach,winston-salem,asheville,macon,mobile,montgomery,
huntsville,shreveport,lafayette,galveston,waco,amarillo,tempe,mesa,glendale,henderson,modesto,oxnard,fremont,
hayward,berkeley,pasadena,burbank,irvine,torrance,pomona,fontana,boulder,pueblo,provo,ogden,duluth,evanston,
peoria,rockford,naperville,akron,dayton,youngstown,flint,lansing,grand rapids,kalamazoo,green bay,dubuque,
cedar rapids,davenport,iowa city,st. petersburg,clearwater,sarasota,fort lauderdale,hialeah,west palm beach,nyc,bronx,brooklyn,queens,manhattan,staten island,harlem""".replace(
        "\n", ""
    ).split(",")
)
