"""A symptom in the patient's own words: how the words are built, and what sentence they make.

"my chest hurts" is a sentence, "throwing up" needs a verb, "a scratchy throat" is a thing that
one has. Wordings of no clear build are left to models; the realiser takes none of them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml

from casewright.generators.wording import Subject, fill
from casewright.prompts.library import Frame, GroupText, PromptLibrary

__all__ = ["Shape", "everyday_name", "lay_sentence", "shape_of"]

Shape = Literal["clause", "gerund", "cannot", "phrase"]

_CLAUSE = re.compile(
    r"(?:my|it|the|everything)\b.*\b(?:hurts?|is|are|aches?|burns?|stings?|itch(?:es)?|keeps?|"
    r"feels?|bothers|won't|goes|go)\b"
)
_GERUND = re.compile(
    r"(?:feeling|throwing|coughing|sneezing|waking|peeing|losing|getting|falling|forgetting|"
    r"sweating|shivering|putting|dropping|bleeding|spotting|burping|wheezing|crying|pacing|"
    r"walking|slurring|leaking|wetting|straining|hobbling|staggering|bumping|puking|dozing|"
    r"nodding|blowing|flying|breaking|bursting|zoning|spacing|soaking|itching|scratching|"
    r"snoring|favoring)\b"
)
_PHRASE = re.compile(r"(?:an?|some|trouble|pain|pins|pressure) ")
_CANNOT = re.compile(r"can't ")
# Verbs in a phrase make it a clause of another subject ("an arm or leg falling asleep" is none).
_WHAT_I_DO = re.compile(r"\b(?:they|them|themselves)\b")


@lru_cache(maxsize=1)
def _everyday_names() -> Mapping[str, str]:
    """Names of plain.yaml."""
    loaded = yaml.safe_load(Path(__file__).with_name("plain.yaml").read_text("utf-8"))
    return {str(name): str(said) for name, said in loaded["names"].items()}


def everyday_name(name: str) -> str:
    """What people call a symptom of a clinical name; the name itself where they use it too."""
    return _everyday_names().get(name, name)


def shape_of(wording: str) -> Shape | None:
    """How a lay wording is built; None where no frame fits it for certain."""
    if _WHAT_I_DO.search(wording):
        return None
    if _CANNOT.match(wording):
        return "cannot"
    if _CLAUSE.match(wording):
        return "clause"
    if _GERUND.match(wording):
        return "gerund"
    if _PHRASE.match(wording):
        return "phrase"
    return None


def lay_sentence(
    wording: str,
    group: GroupText,
    subject: Subject,
    library: PromptLibrary,
    rng: random.Random,
    *,
    asked: bool,
) -> str | None:
    """The wording as an answer, or None for one of no clear build.

    Args:
        asked: the doctor asked for the symptom, so that the answer is a yes.
    """
    shape = shape_of(wording)
    if shape is None:
        return None
    frames = library.says(f"lay.{shape}.too" if asked else f"lay.{shape}")
    return fill(
        Frame(text=rng.choice(frames), item="{lay}"), group, [{"lay": wording}],
        subject,
    )  # fmt: skip
