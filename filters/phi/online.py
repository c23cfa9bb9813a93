"""Addresses of mail, of sites and of machines.

Every pattern is written so that a failed match costs a bounded number of steps:
no nested repeats, and every repeat has an upper bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from casewright.filters.phi.digit_windows import PUBLIC_BEFORE, before
from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate

__all__ = ["find_online"]

_TLD = (
    "com|org|net|edu|gov|mil|int|info|biz|io|co|us|uk|ca|au|nz|ie|de|fr|es|it|nl|eu|in|health|"
    "care|clinic|hospital|doctor|med|app|dev|me|tv|online|site|nhs|example|test|invalid|blog|page|link|club|shop|store|tech|xyz|name|family|live|social|cloud|ac|no|se|dk|fi|pl|pt|ch|be|at|br|mx|za|ng|ke|jp|kr|cn|sg|hk|ae|pk|nz"
)

EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9_][\w.+'%-]{0,63}\s?(?:@|\(at\)|\[at\]|\{at\}| AT )\s?"
    r"(?:[A-Za-z0-9-]{1,63}(?:\.|\s?[(\[{]dot[)\]}]\s?| DOT )){1,5}[A-Za-z]{2,12}\b"
)

EMAIL_WORDS = re.compile(
    r"\b[a-z0-9_]{2,30}(?:\s?(?:dot|\.)\s?[a-z0-9_]{1,30}){0,2} at [a-z0-9-]{2,30} dot "
    rf"(?:{_TLD})\b",
    re.I,
)

URL = re.compile(
    r"\b(?:https?|ftp|sftp|file|hxxps?)\s?:\s?//[^\s<>\"')\]]{2,300}|\bwww\s?\.\s?[^\s<>\"')\]]{3,300}",
    re.I,
)

BARE_DOMAIN = re.compile(
    rf"(?<![\w@.-])(?:[A-Za-z0-9][A-Za-z0-9-]{{1,40}}\.){{1,4}}(?:{_TLD})(?![\w.-])"
    r"(?:/[^\s<>\"')\]]{0,200})?",
    re.I,
)

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"

IPV4 = re.compile(rf"(?<![\d.])(?:{_OCTET}\.){{3}}{_OCTET}(?![\d]|\.\d)")

IPV6 = re.compile(
    r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![\w:])"
    r"|(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}(?![\w:])"
)

MAC = re.compile(r"(?<![\w:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![\w:-])")

# Of a name somewhere else: "on Instagram as @tupou_sione".
HANDLE = re.compile(r"(?<![\w@./])@[A-Za-z_](?=[\w.]{0,28}[\d_])[\w.]{3,29}(?!\w|@)")

_HANDLE_CUE = re.compile(
    r"\b(?:instagram|insta|ig|twitter|tiktok|snapchat|facebook|fb|handle|username|telegram|threads|mastodon|linkedin|follow|youtube|x)\b[^\n]{0,24}\Z",
    re.I,
)

HANDLE_CUED = re.compile(r"(?<![\w@./])@[A-Za-z_][\w.]{2,29}(?!\w|@)")


def find_online(text: str) -> Iterator[Candidate]:
    """Candidates of types email, url and ip, and of hardware addresses (device)."""
    if "@" in text or "at)" in text or "at]" in text or "at}" in text or " DOT " in text:
        for m in EMAIL.finditer(text):
            yield Candidate("email", m.start(), m.end(), 1.0, "address with @")
    if " dot " in text.lower():
        for m in EMAIL_WORDS.finditer(text):
            yield Candidate("email", m.start(), m.end(), 0.9, "address spelled out")
    yield from _urls(text)
    if "@" in text:
        for pattern in (HANDLE, HANDLE_CUED):
            for m in pattern.finditer(text):
                if pattern is HANDLE or _HANDLE_CUE.search(before(text, m.start())):
                    yield Candidate("url", m.start(), m.end(), 0.7, "name of an account")
    for m in IPV4.finditer(text) if _DOTTED.search(text) else ():
        if not PUBLIC_BEFORE.search(before(text, m.start(), 16)):
            yield Candidate("ip", m.start(), m.end(), 0.95, "IPv4 address")


# Top-level domains that are also words or abbreviations.
_WORD_TLD = frozenset(
    (
        *("in", "it", "me", "co", "us", "de", "es", "test", "care", "health", "med", "int"),
        *("no", "at", "be", "page", "link", "club", "shop", "store", "name", "family", "live"),
        *("social", "ac", "se", "pt", "ch", "cloud", "tech", "blog"),
        *("clinic", "hospital", "doctor", "online", "site", "info", "io", "eu", "nl"),
    )
)

# Where everybody reads about health: the address of such a site, or of a topic there, is nobody's.
_PUBLIC_SITE = re.compile(
    r"(?:https?://)?(?:www\.)?(?:patient\.(?:co\.uk|info)|nhs\.uk|nice\.org\.uk|cks\.nice\.org\.uk|"
    r"cdc\.gov|nih\.gov|medlineplus\.gov|fda\.gov|hhs\.gov|who\.int|uptodate\.com|webmd\.com|"
    r"mayoclinic\.org|cancer\.org|heart\.org|diabetes\.org(?:\.uk)?|bnf\.nice\.org\.uk)"
    r"(?:/[A-Za-z-]{0,40}){0,4}",
    re.I,
)

_HEX_PAIR = re.compile(r"[:-][0-9A-Fa-f]{2}[:-]")

_TWO_COLONS = re.compile(r"[0-9A-Fa-f]?:[0-9A-Fa-f]{0,4}:")

_DOMAIN_END = re.compile(rf"\.(?:{_TLD})(?![\w.-])", re.I)

_DOMAIN_GATE = Gate(lambda: (_DOMAIN_END,))

_DOMAIN_WIDTH, _PATH_WIDTH = 168, 202  # of what can stand before the last part, and after it


def _domains(text: str) -> Iterator[re.Match[str]]:
    """Matches of `BARE_DOMAIN`, looked for where one can end."""
    done = 0
    for end in _DOMAIN_GATE.find(text)[0]:
        if end.start() >= done:
            start = max(done, end.start() - _DOMAIN_WIDTH)
            for m in BARE_DOMAIN.finditer(text, start, end.end() + _PATH_WIDTH):
                done = m.end()
                yield m


def _urls(text: str) -> Iterator[Candidate]:
    for m in URL.finditer(text) if "//" in text or "www" in text.lower() else ():
        end = m.start() + len(m[0].rstrip(".,;:!?"))
        if not _PUBLIC_SITE.fullmatch(text, m.start(), end):
            yield Candidate("url", m.start(), end, 1.0, "web address")
    for m in _domains(text):
        end = m.start() + len(m[0].rstrip(".,;:!?"))
        body = m[0].split("/")[0]
        # "e.g.in", "pt.co": a missing space after a full stop is no domain.
        word_like = body.count(".") == 1 and body.split(".")[1].lower() in _WORD_TLD
        if (word_like and "/" not in m[0]) or _PUBLIC_SITE.fullmatch(text, m.start(), end):
            continue
        yield Candidate("url", m.start(), end, 0.8, "domain name")
    if ":" in text:
        for m in MAC.finditer(text) if _HEX_PAIR.search(text) else ():
            yield Candidate("device", m.start(), m.end(), 0.9, "hardware address")
        for m in IPV6.finditer(text) if _TWO_COLONS.search(text) else ():
            if any(c in "abcdefABCDEF" for c in m[0]) or m[0].count(":") > 3:
                yield Candidate("ip", m.start(), m.end(), 0.9, "IPv6 address")


_DOTTED = re.compile(r"\.\d{1,3}\.")
