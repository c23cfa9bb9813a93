"""Further detectors that vote beside the rules: a token classifier, or a local model.

Off unless the user names one. What any of them finds counts; none can acquit. Nothing leaves the
machine: the classifier is loaded from a folder, the model is asked at the endpoint named.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import httpx

from casewright.errors import CasewrightError
from casewright.filters.phi.hits import Hit

__all__ = ["Voter", "classifier_voter", "endpoint_voter", "with_votes"]

Voter: TypeAlias = Callable[[str], Iterable[Hit]]
"""Finds identifiers in a text."""

# Labels of the usual tag sets, by what they begin with once B- and I- are gone.
_LABELS = {
    "PER": "name", "NAME": "name", "PATIENT": "name", "STAFF": "name", "DOCTOR": "name",
    "HCW": "name", "LOC": "city", "GPE": "city", "CITY": "city", "STREET": "street",
    "ZIP": "zip", "ORG": "facility", "HOSP": "facility", "VENDOR": "facility", "DATE": "date",
    "AGE": "age", "PHONE": "phone", "FAX": "fax", "EMAIL": "email", "URL": "url", "IP": "ip",
    "ID": "other_id", "SSN": "ssn", "MED": "mrn", "MRN": "mrn", "ACC": "account",
}  # fmt: skip


def _type_of(label: str) -> str | None:
    plain = re.sub(r"^[BIESLU]-", "", label.upper())
    return next((t for start, t in _LABELS.items() if plain.startswith(start)), None)


def classifier_voter(
    folder: Path, *, threshold: float = 0.9, classes: Sequence[str] = ("name",)
) -> Voter:
    """A token classifier of the Hugging Face kind in a local folder.

    Args:
        folder: model and tokenizer. threshold: surer finds count.
        classes: which of `HIT_TYPES` it may vote for.

    Raises:
        CasewrightError: no model there, or transformers is not installed.
    """
    try:
        transformers = importlib.import_module("transformers")
    except ImportError as error:
        raise CasewrightError(
            "a token classifier needs transformers",
            where="filters.phi.classifier",
            fix="pip install 'casewright[train]' torch, or leave the key out",
        ) from error
    try:
        pipe = transformers.pipeline(
            "token-classification",
            model=str(folder),
            tokenizer=str(folder),
            aggregation_strategy="simple",
            local_files_only=True,
        )
    except (OSError, ValueError, TypeError) as error:
        raise CasewrightError(
            f"no token classifier that can be loaded: {str(error).splitlines()[0]}",
            where=folder,
            valid="a folder with config.json, weights and tokenizer",
        ) from error

    def vote(text: str) -> Iterable[Hit]:
        for start in range(0, len(text), _WINDOW - _OVERLAP):
            for found in pipe(text[start : start + _WINDOW]):
                kind = _type_of(str(found["entity_group"]))
                a, b = start + int(found["start"]), start + int(found["end"])
                if (
                    kind is not None
                    and kind in classes
                    and float(found["score"]) >= threshold
                    and text[a:b].strip()
                ):
                    yield Hit(kind, a, b, text[a:b], float(found["score"]), "token classifier")

    return vote


# Characters that a classifier reads at once, and that two readings share.
_WINDOW, _OVERLAP = 1200, 200

_ASK = (
    "List every identifier of a person or place in the text: names of people, hospitals, cities, "
    "streets, dates, telephone, record and account numbers, e-mail addresses. Answer with a JSON "
    'list of {"type": ..., "text": ...} objects, text copied exactly, and [] if there is none.'
)


def endpoint_voter(url: str, model: str, *, timeout_s: float = 60.0) -> Voter:
    """A model behind an OpenAI-compatible endpoint, asked for what it would take out.

    Only what it copies exactly from the text counts, so it cannot make anything up.

    Args:
        url: as `engine.url`, ending in /v1. model: its name there.
    """

    def vote(text: str) -> Iterable[Hit]:
        body = {
            "model": model,
            "temperature": 0,
            "messages": [
                {"role": "system", "content": _ASK},
                {"role": "user", "content": text},
            ],
        }
        try:
            answer = httpx.post(f"{url.rstrip('/')}/chat/completions", json=body, timeout=timeout_s)
            answer.raise_for_status()
            content = str(answer.json()["choices"][0]["message"]["content"])
        except (httpx.HTTPError, ValueError, KeyError, IndexError, TypeError) as error:
            raise CasewrightError(
                f"the model that votes on identifiers did not answer: {error}",
                where=url,
                fix="start the server, or leave filters.phi.endpoint out",
            ) from error
        yield from _listed(content, text)

    return vote


def _listed(content: str, text: str) -> Iterable[Hit]:
    try:
        items = json.loads(content[content.index("[") : content.rindex("]") + 1])
    except ValueError:
        return
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, dict) or not isinstance(item.get("text"), str):
            continue
        said = item["text"].strip()
        kind = _type_of(str(item.get("type", ""))) or "other_id"
        if len(said) < 2:
            continue
        for match in re.finditer(rf"(?<!\w){re.escape(said)}(?!\w)", text):
            yield Hit(kind, match.start(), match.end(), match[0], 0.6, "the model's vote")


def with_votes(text: str, hits: Sequence[Hit], voters: Sequence[Voter]) -> list[Hit]:
    """Hits of the rules, and those of the voters where no rule found anything; in text order."""
    if not voters:
        return list(hits)
    kept = list(hits)
    for voter in voters:
        for hit in voter(text):
            if not any(h.start < hit.end and hit.start < h.end for h in kept):
                kept.append(hit)
    return sorted(kept, key=lambda h: h.start)
