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


def realise(
    text: GroupText,
    items: Sequence[Item],
    subject: Subject,
    rng: random.Random,
    turn: int = 0,
) -> str:
    """State the items in one of the group's frames.

    `rng` puts the frames in an order, and `turn` says which is next: with one `rng` for the
    pieces of a group, none sounds like the one before it.
    """
    if text.realise:
        frames = [Frame(text=t) for t in text.realise]
    else:
        plain = [f for f in frames_of(text, subject) if not f.lay]
        frames = usable_frames(plain, len(items))
        if any("on examination" in item["name"] for item in items):  # said once is enough
            frames = [f for f in frames if "xam" not in f.text] or frames
    rng.shuffle(frames)
    return fill(frames[turn % len(frames)], text, items, subject)


def realise_question(text: GroupText, topic: str, subject: Subject, rng: random.Random) -> str:
    """One of the group's questions, about the topic."""
    return fill_question(rng.choice(text.ask), topic, subject)
