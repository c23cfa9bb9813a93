"""The realiser: plain sentences from facts, with no model.

The baseline of every evaluation, the last resort of repair, and an engine of its own.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from casewright.generators.examples import frames_of
from casewright.generators.wording import Item, Subject, fill, fill_question, usable_frames
from casewright.prompts.library import Frame, GroupText

__all__ = ["realise", "realise_question"]


def realise(text: GroupText, items: Sequence[Item], subject: Subject, rng: random.Random) -> str:
    """State the items in one of the group's frames, drawn by `rng`."""
    if text.realise:
        frame = Frame(text=rng.choice(text.realise))
    else:
        plain = [f for f in frames_of(text, subject) if not f.lay]
        frame = rng.choice(usable_frames(plain, len(items)))
    return fill(frame, text, items, subject)


def realise_question(text: GroupText, topic: str, subject: Subject, rng: random.Random) -> str:
    """One of the group's questions, about the topic."""
    return fill_question(rng.choice(text.ask), topic, subject)
