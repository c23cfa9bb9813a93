# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Streets, houses and ZIP codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import load_lexicon
from casewright.filters.phi.name_words import kind_of
from casewright.filters.phi.patterns import alternation, ending_near

__all__ = ["find_addresses"]


_GAP = r"[ \t]"  # an address goes on in the next line in other ways than by a space
_SPOKEN_NUMBER = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|oh"
)


@lru_cache(maxsize=1)
def _street_patterns() -> dict[str, re.Pattern[str]]:
    lex = load_lexicon()
    suffix = "|".join(
        sorted(
            {
                form
                for w in lex.street_suffixes
                if w != "ste"
                for form in (w.capitalize(), w.upper())
            }
        )
    )
    lower_suffix = (
        "street|avenue|ave|road|boulevard|blvd|lane|drive|court|terrace|parkway|crescent|highway"
    )
    states = alternation(tuple(s.title() for s in lex.states))
    codes = "|".join(sorted(lex.state_codes))
    return {
        "street": re.compile(
            rf"(?<![\w/.-])(?:No\.?{_GAP})?[NSEW]?\d{{1,6}}[A-Za-z]?(?:{_GAP}?-{_GAP}?\d{{1,5}})?,?{_GAP}{{1,2}}(?:block{_GAP}of{_GAP})?(?:(?:[NSEW]{{1,2}}\.?|North|South|East|West){_GAP})?"
            rf"(?:(?:[A-Z][A-Za-z'.-]{{0,24}}|\d{{1,3}}(?:st|nd|rd|th)|of|the|de|la){_GAP}{{1,2}}){{1,5}}(?:{suffix})\b"
            rf"(?:,?{_GAP}(?:NW|NE|SW|SE|N|S|E|W|North|South|East|West)\b)?"
            rf"(?:\.?,?{_GAP}(?:(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Lot|Space|Bldg|Building|Box|Trlr|Trailer|#)\.?{_GAP}?#?{_GAP}?[A-Za-z]?\d{{0,5}}[A-Za-z]?|\d{{1,2}}(?:st|nd|rd|th){_GAP}(?:Floor|floor|Fl))\b)?"
        ),
        # "Flat 19, Mistral Court, Selby Road"
        "flat": re.compile(
            rf"\b(?:Flat|Apt\.?|Apartment|Unit|Room|Suite)\s\d{{1,4}}[A-Z]?,\s(?:[A-Z][a-z'-]{{1,20}}\s){{1,3}}(?:House|Court|Mansions|Lodge|Towers?|Buildings?|Point|Heights|Apartments|Place|{suffix})(?:,\s(?:\d{{1,4}}\s)?(?:[A-Z][a-z'-]{{1,20}}\s){{1,3}}(?:{suffix})\b)?"
        ),
        # As transcripts have them: "forty one Dogwood Lane", "on haywood street".
        "street_spoken": re.compile(
            rf"\b(?:(?:{_SPOKEN_NUMBER}|{_SPOKEN_NUMBER.title()})[\s-]){{1,4}}(?:[A-Z][a-z'-]{{1,20}}\s){{1,3}}(?:{suffix})\b"
            rf"|\b(?:on|at|off)\s(?P<s>(?P<w>[a-z]{{4,20}})\s(?:{lower_suffix}))\b"
            rf"|\baddress(?:\sis)?:?\s(?P<s2>\d{{1,5}}\s(?:[a-z]{{2,20}}\s){{1,3}}(?:{lower_suffix}|ter|st|rd|ln|dr|ct|cir|pl|pkwy|way)\b)"
        ),
        "street_end": re.compile(rf"\b(?:{suffix}),?[ \t]*\n"),
        # Before a town and a British code of the post: "Rook Cottage, Back Lane, Hornby LA2 8JX".
        "before_town": re.compile(
            rf"(?P<s>(?:(?:The\s)?(?:[A-Z][a-z'-]{{1,20}}\s){{0,3}}[A-Z][a-z'-]{{1,20}},\s)?(?:[A-Z][a-z'-]{{1,20}}\s){{1,3}}(?:{suffix})),\s(?:[A-Z][a-z'-]{{1,20}}[ -]?){{1,4}},?\s(?=[A-Z]{{1,2}}\d[A-Z\d]?\s?\d[A-Z]{{2}}\b)"
        ),
        # A line of an address, with a code of the post within the next two lines.
        "street_line": re.compile(
            rf"[ \t]*(?P<s>(?:[A-Z][a-z'-]{{1,20}}\s){{1,3}}(?:{suffix})),?[ \t]*\n(?=(?:[^\n]{{0,60}}\n){{0,2}}[^\n]{{0,40}}(?:\b[A-Z]{{1,2}}\d[A-Z\d]?\s\d[A-Z]{{2}}\b|\b[A-Z]{{2}}\s\d{{5}}\b))"
        ),
        "house_and": re.compile(
            r"(?:The[ ](?:[A-Z][a-z'-]{2,15}[ ]?){1,3}|(?:House|Cottage|Barn|Forge|Mill|Lodge|Farm|Villa|Grange|Manor|Hall)|Unit[ ]\d{1,3}[A-Z]?),[ ](?=[A-Z])"
        ),
        # "The Old Forge, Main Street, Hemingbrough": a house with a name, a street without number
        "named_house": re.compile(
            rf"(?<![\w'-])(?P<s>(?:The[ ](?:[A-Z][a-z'-]{{2,15}}[ ]?){{1,3}}|(?:[A-Z][a-z'-]{{2,15}}[ ]){{1,2}}(?:House|Cottage|Barn|Forge|Mill|Lodge|Farm|Villa|Grange|Manor|Hall)|Unit[ ]\d{{1,3}}[A-Z]?),[ ](?:(?:[A-Z][a-z'-]{{1,20}}[ ]){{1,3}}(?:{suffix})|The[ ](?:Arcade|Parade|Square|Precinct|Strand|Mall|Quay|Green|Shambles|Crescent|Broadway|Avenue|Street)))\b"
        ),
        "street_lower": re.compile(
            rf"(?<![\w/.-])\d{{1,5}}\s(?:[nsew]{{1,2}}\.?\s)?(?:[a-z][a-z'-]{{2,20}}\s){{1,3}}(?:{lower_suffix})\b"
        ),
        "street_no_number": re.compile(
            r"\b(?:on|at|off|near|jct|junction(?: of)?|corner of|along|address(?: is)?:?)\s(?P<s>(?:[A-Z][a-z'-]{1,20}\s){1,3}(?:Street|Avenue|Road|Boulevard|Lane|Drive|Court|Terrace|Parkway|Crescent|Highway|Close|Ave|Blvd|Rd|St|Ln|Gardens|Mews|Way|Place|Square|Grove|Row|Walk|Turnpike|Expressway|Freeway|Bypass|Hill(?=[.,;\s])|Bridge|Embankment|Esplanade|Promenade|Parade|Wynd)\b)"
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
            r"\b(?:at|on|near|of|around)\s(?P<s>(?:\d{1,3}(?:st|nd|rd|th)\s(?:and|&)\s(?:[A-Z][a-z'-]{2,20}|\d{1,3}(?:st|nd|rd|th))|[A-Z][a-z'-]{2,20}\s(?:and|&)\s\d{1,3}(?:st|nd|rd|th)"
            r"|(?:Hwy|Highway|Route|Rte?|I|US|SR|FM|A|M)[\s-]?\d{1,4}\s(?:and|&|at)\s(?:[A-Z][a-z'-]{1,20}\s?){1,4}))(?=[.,;\n]|\Z|\s(?:with|by|when|in|near|across|behind|outside|under|opposite)\b)"
            r"|(?<![\w-])(?P<s2>(?:Rt|Rte|Route|Hwy|Highway|I|US|SR|FM|CR)[\s-]?\d{1,4}\s(?:and|&|at|near)\s(?:[A-Z][a-z'-]{1,20}\s?){1,3}(?:Rd|Road|St|Street|Ave|Avenue|Dr|Drive|Ln|Lane|Hwy|Pike|Blvd|Exit)?)(?![\w])"
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
            r"(?<![\w'-])(?:The\s[A-Z][a-z]{2,15}(?:\s[A-Z][a-z]{2,15})?|[A-Z][a-z]{2,15}(?:\s[A-Z][a-z]{2,15})?\s(?:House|Cottage|Lodge|Farm|Barn|Court|Villas?|Vicarage|Rectory|Mill|Hall|Manor|Mansions|Flats)|(?:Unit|Flat|Apt\.?|Apartment|Suite|Lot|Space|Block|Villa|Room)\s#?\w{1,4}|(?:(?<=at\s)|(?<=:\s))[A-Z][a-z]{3,15})"
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
            r"|(?<![\w-])(?:to|in|from|near)\s(?-i:[A-Z][a-z'-]{2,20}(?:\s[A-Z][a-z'-]{2,20})?),?\s(?P<zip3>\d{5})(?=[,.;\n)]|\Z|\s(?:in|with|and|since|as|on)\b)"
            r"|(?<![\w.,/-])(?P<zip2>\d{5}(?:-\d{4})?)\s(?:as\s(?:his|her|their|the)\s)?(?:zip|postal|post)(?:\s?code)?\b",
            re.I,
        ),
        "postcode_lower": re.compile(
            r"\b(?:post\s?code|postal\scode|zip)\W{0,3}(?:is\s|of\s)?(?P<zip>[a-z]{1,2}\d[a-z\d]?\s?\d[a-z]{2})(?!\w)",
            re.I,
        ),
        "zip_plus4": re.compile(r"(?<![\w./-])\d{5}-\d{4}(?![\w-]|\.\d)"),
        # Canada, Ireland, Australia
        "postcode_other": re.compile(
            r"(?<![\w-])(?:(?P<ca>[A-CEGHJ-NPR-TVXY]\d[A-CEGHJ-NPR-TV-Z][ -]?\d[A-CEGHJ-NPR-TV-Z]\d)|(?P<ie>[AC-FHKNPRTV-Y](?:\d{2}|6W)[ ](?=[A-Z0-9]{0,3}\d)(?=[A-Z0-9]{0,3}[A-Z])[0-9AC-FHKNPRTV-Y]{4})|(?:NSW|VIC|Vic|QLD|Qld|TAS|Tas|ACT|WA|SA|NT)[ ](?P<au>\d{4}))(?![\w-])"
        ),
        "postcode_uk": re.compile(
            r"(?<!\w)(?:GIR 0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKPSTUW]|[A-HK-Y]\d[ABEHMNPRVWXY]) ?\d[ABD-HJLNP-UW-Z]{2})(?!\w)"
        ),
    }


# Where each of these can begin is found in one pass.
_GATED = (
    *("street", "street_lower", "pobox", "street_cue", "street_first", "house_cue", "crossing"),
    *("street_no_number", "apartment", "postcode_lower", "zip_plus4", "street_bare", "numbered"),
    *(
        "road",
        "street_and",
        "postcode_uk",
        "flat",
        "street_spoken",
        "street_end",
        "postcode_other",
        "house_and",
    ),
)

_STREET_WIDTH = 80  # of a street's name: three words and its suffix

_GATE = Gate(lambda: [_street_patterns()[name] for name in _GATED])

_POWER = re.compile(r"[ ]?[+-]\d")
_CLOCK_TO = re.compile(r"[0-2]\d[0-5]\d,?[ ].*\b(?:TO|BY|FROM)[ ]DR\Z")
_ZIP_AFTER = re.compile(r",[ ](\d{5}(?:-\d{4})?)\b")
_FIVE_DIGITS = re.compile(r"\d{5}")


def find_addresses(text: str) -> Iterator[Candidate]:
    """Candidates of types street and zip, and city right after a street."""
    p = _street_patterns()
    found = dict(zip(_GATED, _GATE.find(text), strict=True))
    for name, score in (("street", 0.95), ("street_lower", 0.75), ("pobox", 0.95)):
        for m in found[name]:
            if _CLOCK_TO.match(m[0]):
                continue  # "0421, SHOWN TO DR YOUNG"
            house = p["house"].search(text, max(0, m.start() - 48), m.start())
            start = house.start() if house is not None else m.start()
            yield Candidate("street", start, m.end(), score, "street address")
            if name == "street":
                yield from _town(text, m.end(), p["town"])
                code = _ZIP_AFTER.match(text, m.end())
                if code is not None:
                    yield Candidate(
                        "zip", code.start(1), code.end(1), 0.85, "ZIP code after a street"
                    )
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
            group = "s2" if name == "numbered" and m["s2"] else "s"
            yield Candidate(
                "street", m.start(group), m.end(group), 0.77, "road where something happened"
            )
    for m in found["crossing"]:
        yield Candidate("street", m.start("s"), m.end("s"), 0.87, "crossing of two streets")
    for place in found["street_and"]:
        start = max(0, place.start() - _STREET_WIDTH)
        for m in p["two_streets"].finditer(text, start, place.end() + _STREET_WIDTH):
            yield Candidate("street", m.start(), m.end(), 0.87, "crossing of two streets")
    for m in found["street_no_number"]:
        yield Candidate("street", m.start("s"), m.end("s"), 0.75, "street after a preposition")
    houses = [m.start() for m in found["house_and"]]
    for m in ending_near(p["named_house"], text, houses, before=48, after=64):
        yield Candidate("street", m.start("s"), m.end("s"), 0.86, "house in a street")
        yield from _town(text, m.end("s"), p["town"])
    for m in found["flat"]:
        yield Candidate("street", m.start(), m.end(), 0.97, "flat in a house")
    for end in found["street_end"]:
        line = p["street_line"].match(text, text.rfind("\n", 0, end.start()) + 1)
        if line is not None:
            yield Candidate("street", line.start("s"), line.end("s"), 0.8, "line of an address")
    for m in found["street_spoken"]:
        if m["w"] and kind_of(m["w"]).word > 1:
            continue  # "on the street", "at main street"
        group = "s" if m["s"] else "s2" if m["s2"] else 0
        yield Candidate("street", m.start(group), m.end(group), 0.7, "street, as spoken")
        yield from _town(text, m.end(group), p["town"])
    for m in found["apartment"]:
        yield Candidate("street", m.start(), m.end(), 0.6, "part of an address")
    yield from _codes_of_the_post(text, found, p)


def _codes_of_the_post(
    text: str, found: Mapping[str, Iterator[re.Match[str]]], p: dict[str, re.Pattern[str]]
) -> Iterator[Candidate]:
    """ZIP codes and those of other countries, and streets before them."""
    digits = [m.start() for m in _FIVE_DIGITS.finditer(text)]
    for name in ("zip_state", "zip_cue"):
        for m in ending_near(p[name], text, digits):
            yield Candidate("zip", m.start("zip"), m.end("zip"), 0.95, "ZIP code")
    for m in ending_near(p["zip_place"], text, digits):
        group = "zip" if m["zip"] else "zip3" if m["zip3"] else "zip2"
        yield Candidate("zip", m.start(group), m.end(group), 0.85, "ZIP code")
    for m in found["postcode_lower"]:
        yield Candidate("zip", m.start("zip"), m.end("zip"), 0.85, "UK postcode after its label")
    for m in found["zip_plus4"]:
        yield Candidate("zip", m.start(), m.end(), 0.6, "ZIP+4")
    for m in found["postcode_other"]:
        group = next(g for g in ("ca", "ie", "au") if m[g])
        yield Candidate("zip", m.start(group), m.end(group), 0.8, "postal code")
    posts: list[int] = []
    for m in found["postcode_uk"]:
        # Vertebrae and cancer stages ("T1 2NM") do not occur with this exact shape; doses do: "B12 5MG".
        if m[0].endswith(("MG", "ML", "MM")) or _POWER.match(text, m.end()):
            continue  # "SY60WF +23.5 D" is a lens
        yield Candidate("zip", m.start(), m.end(), 0.8, "UK postcode")
        posts.append(m.start())
    for m in ending_near(p["before_town"], text, posts, before=120):
        yield Candidate("street", m.start("s"), m.end("s"), 0.8, "street before a town")


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
