"""ICD-10-CM chapters, for counting documents by field of medicine.

Ranges and titles: CDC/NCHS, ICD-10-CM Tabular List of Diseases and Injuries, FY2026
(public domain). The short titles are ours.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

__all__ = ["CHAPTERS", "Chapter", "chapter_of"]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter: its number, its first and last category, and a short title."""

    number: int
    first: str
    last: str
    title: str


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(1, "A00", "B99", "Infections"),
    Chapter(2, "C00", "D49", "Neoplasms"),
    Chapter(3, "D50", "D89", "Blood and immunity"),
    Chapter(4, "E00", "E89", "Endocrine and metabolic"),
    Chapter(5, "F01", "F99", "Mental and behavioural"),
    Chapter(6, "G00", "G99", "Nervous system"),
    Chapter(7, "H00", "H59", "Eye"),
    Chapter(8, "H60", "H95", "Ear"),
    Chapter(9, "I00", "I99", "Circulatory"),
    Chapter(10, "J00", "J99", "Respiratory"),
    Chapter(11, "K00", "K95", "Digestive"),
    Chapter(12, "L00", "L99", "Skin"),
    Chapter(13, "M00", "M99", "Musculoskeletal"),
    Chapter(14, "N00", "N99", "Genitourinary"),
    Chapter(15, "O00", "O9A", "Pregnancy and childbirth"),
    Chapter(16, "P00", "P96", "Perinatal"),
    Chapter(17, "Q00", "Q99", "Congenital"),
    Chapter(18, "R00", "R99", "Symptoms and signs"),
    Chapter(19, "S00", "T88", "Injury and poisoning"),
    Chapter(20, "V00", "Y99", "External causes"),
    Chapter(21, "Z00", "Z99", "Factors and contacts"),
    Chapter(22, "U00", "U85", "Special purposes"),
)

_BY_START = sorted(CHAPTERS, key=lambda chapter: chapter.first)
_STARTS = [chapter.first for chapter in _BY_START]


def chapter_of(code: str) -> Chapter | None:
    """The chapter of a code, dotted or not; None for what is no ICD-10-CM code."""
    category = code.strip().upper()[:3]
    place = bisect_right(_STARTS, category) - 1
    if len(category) < 3 or place < 0:
        return None
    chapter = _BY_START[place]
    return chapter if category <= chapter.last else None
