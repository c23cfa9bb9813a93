"""The realiser: plain sentences from facts, with no model.

The baseline of every evaluation, the last resort of repair, and an engine of its own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from casewright.generators.examples import frames_of
from casewright.generators.wording import (
    Item,
    Subject,
    allowing,
    fill,
    fill_question,
    usable_frames,
    vary,
)
from casewright.prompts.library import GroupText

__all__ = ["realise", "realise_question"]


_GOES_ON = re.compile(
    r"(?i)\b(?:start\w*|begin|begun|continue\w*|maintained|put|current\w*|take|takes|on \{list)"
).search

_THERE = re.compile(r"There |\{S\} \[?ha[ds]|\{List\}\.").match


def realise(
    text: GroupText,
    items: Sequence[Item],
    subject: Subject,
    order: random.Random,
    turn: int = 0,
    rng: random.Random | None = None,
    *,
    banned: re.Pattern[str] | None = None,
) -> str:
    """State the items in one of the group's frames.

    `order` puts the frames in an order, and `turn` says which is next: with one order for the
    pieces of a group, none sounds like the one before it. `rng` draws among the wordings of the
    frame, `order` where there is none. `banned` are words that none of them may hold, as far as
    there is another.
    """
    rng = rng or order
    if text.realise:
        frames = usable_frames(text.realise, len(items), items)
    else:
        plain = [f for f in frames_of(text, subject) if not f.lay]
        frames = usable_frames(plain, len(items), items)
        if any("on examination" in item["name"] for item in items):  # said once is enough
            frames = [f for f in frames if "xam" not in f.text] or frames
        if any(
            "examination" in item["name"] for item in items
        ):  # "examination shows an examination"
            frames = [f for f in frames if _THERE(f.text)] or frames
        if any(item.get("frequency") == "once" for item in items):  # given, and not gone on with
            frames = [f for f in frames if not _GOES_ON(f.text)] or frames
    if banned is not None:
        frames = [f for f in (allowing(f, banned) for f in frames) if f is not None] or frames
    order.shuffle(frames)
    return fill(vary(frames[turn % len(frames)], rng), text, items, subject)


def realise_question(text: GroupText, topic: str, subject: Subject, rng: random.Random) -> str:
    """One of the group's questions, about the topic."""
    return fill_question(rng.choice(text.ask), topic, subject)
