"""From the ICD-9-CM diagnoses of NAMCS to today's ICD-10-CM leaves.

The CMS General Equivalence Mappings are read both ways: backward (what an ICD-10-CM code
was in ICD-9-CM) is the closer statement, forward adds targets that it misses. The mappings
are of 2018; a target retired since is repaired to the leaves that replaced it. A code with
no profile of its own takes the pooled profile of its nearest relatives.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from casewright.kg.compile.likeness import about
from casewright.kg.compile.sources import Measured, Profile
from casewright.kg.compile.spine import Spine, dotted, package_file

__all__ = ["Crosswalk", "Joined", "load_crosswalk"]


@dataclass(frozen=True, slots=True)
class Joined:
    """The profile that a code gets, and how sure the join is (0 to 1).

    `inherited` is True when it comes from relatives, not from the code itself.
    """

    profile: Profile
    confidence: float
    inherited: bool


class Crosswalk:
    """See the module.

    Args:
        spine: today's codes.
        profiles: by ICD-9-CM code without dot.
        backward: ICD-9-CM codes by ICD-10-CM code. forward: the other way round.
        combined: like backward, where only several ICD-9-CM codes together say the same.

    Attributes:
        unplaced: profiles that no code of today stands for.
        join: the profile for a billable code, from itself or from its nearest relatives.
    """

    def __init__(
        self,
        spine: Spine,
        profiles: Mapping[str, Profile],
        backward: Mapping[str, Sequence[str]],
        forward: Mapping[str, Sequence[str]],
        combined: Mapping[str, Sequence[str]],
    ) -> None:
        self._spine = spine
        self._profiles = profiles
        self._backward = backward
        self.unplaced: list[str] = []
        self._direct: dict[str, tuple[tuple[Profile, float], ...]] = {}
        reached: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for old, news in backward.items():
            # A leaf's own ICD-9-CM code; a broader profile (fewer digits) is less sure.
            for icd9 in news:
                for size, confidence in ((len(icd9), 0.75), (4, 0.6), (3, 0.5)):
                    key = icd9[:size]
                    if key in profiles and size <= len(icd9):
                        for leaf in self.leaves(old):
                            reached[leaf].setdefault(key, confidence)
                        break
        for old, parts in combined.items():
            for key in parts:
                if key in profiles and old not in backward:
                    for leaf in self.leaves(old):
                        reached[leaf].setdefault(key, 0.65)
        self._forward = forward = _with_split_codes(profiles, forward)
        for icd9 in profiles:
            targets = [leaf for new in forward.get(icd9, ()) for leaf in self.leaves(new)]
            for leaf in targets:
                reached[leaf].setdefault(icd9, 0.7)
            if not targets and not any(icd9 in found for found in reached.values()):
                self.unplaced.append(icd9)
        for leaf, found in reached.items():
            best = max(found.values())
            self._direct[leaf] = tuple(
                (profiles[key], confidence)
                for key, confidence in found.items()
                if confidence >= best
            )
        self._shares = self._visit_shares(forward)
        self._pooled = cache(self._pool_below)
        self.join = cache(self._join)

    def leaves(self, code: str) -> tuple[str, ...]:
        """Today's billable codes for a code of 2018: itself, what it was split into, or nothing."""
        known = self._spine.codes.get(code)
        if known is None:
            return ()
        if known.billable:
            return (code,)
        found: list[str] = []
        for child in self._spine.children.get(code, ()):
            found.extend(self.leaves(child))
        # A split by encounter or fetus keeps the initial encounter only.
        initial = [leaf for leaf in found if len(leaf) < 8 or leaf[7] in "A0"]
        return tuple(initial or found)

    def default_leaf(self, code: str) -> str | None:
        """The one leaf that stands for a code: the unspecified one, else the first."""
        leaves = self.leaves(code)
        for leaf in leaves:
            if "unspecified" in self._spine.codes[leaf].title.lower():
                return leaf
        return leaves[0] if leaves else None

    def leaf_of_icd9(self, icd9: str) -> str | None:
        """The one leaf that stands for an ICD-9-CM code, by the forward mapping."""
        for code in self._forward.get(icd9, ()):
            leaf = self.default_leaf(code)
            if leaf:
                return leaf
        return None

    def icd9_categories(self, code: str) -> frozenset[str]:
        """The three-digit ICD-9-CM categories of a code (five characters for E and V codes)."""
        return frozenset(icd9[:3] for icd9 in self._backward.get(code, ()))

    def visit_share(self, code: str) -> float:
        """Share of office visits with this code first."""
        return self._shares.get(code, 0.0)

    def _join(self, code: str) -> Joined | None:
        """The profile for a billable code, from itself or from its nearest relatives."""
        own = self._direct.get(code)
        if own:
            profile = _pool([profile for profile, _ in own])
            return Joined(profile, min(confidence for _, confidence in own), inherited=False)
        own_words = about(self._spine.codes[code].title)
        for confidence, above in zip((0.5, 0.45, 0.4, 0.4), self._spine.above(code), strict=False):
            # Relatives of a mixed category ("other disorders of ...") are not alike: what the
            # code is about must stand in the title that it inherits under.
            if not own_words & about(self._spine.codes[above].title):
                continue
            pooled = self._pooled(above)
            if pooled is not None:
                return Joined(pooled, confidence, inherited=True)
        return None

    def _pool_below(self, above: str) -> Profile | None:
        found: dict[str, Profile] = {}
        for leaf in self.leaves(above):
            for profile, _ in self._direct.get(leaf, ()):
                found[profile.icd9] = profile
        return _pool(list(found.values())) if found else None

    def _visit_shares(self, forward: Mapping[str, Sequence[str]]) -> dict[str, float]:
        """Each profile's share, divided among the leaves that it stands for."""
        backward: defaultdict[str, list[str]] = defaultdict(list)
        for leaf, found in self._direct.items():
            for profile, _ in found:
                backward[profile.icd9].append(leaf)
        shares: defaultdict[str, float] = defaultdict(float)
        for icd9, profile in self._profiles.items():
            new = [leaf for code in forward.get(icd9, ()) for leaf in self.leaves(code)]
            targets = sorted(set(new)) or sorted(backward.get(icd9, ()))
            for leaf in targets:
                shares[leaf] += profile.visit_share / len(targets)
        return dict(shares)


def _with_split_codes(
    profiles: Iterable[str], forward: Mapping[str, Sequence[str]]
) -> Mapping[str, Sequence[str]]:
    """Targets for the ICD-9-CM codes of older years that were split before the mappings."""
    full = {icd9: list(targets) for icd9, targets in forward.items()}
    for icd9 in profiles:
        if icd9 not in forward and len(icd9) >= 4:
            split = [new for old, news in forward.items() if old.startswith(icd9) for new in news]
            if split:
                full[icd9] = sorted(set(split))
    return full


def _pool(profiles: Sequence[Profile]) -> Profile:
    """One profile from several, weighted by their visits."""
    if len(profiles) == 1:
        return profiles[0]
    profiles = sorted(profiles, key=lambda profile: profile.icd9)
    total = sum(profile.n for profile in profiles)
    return Profile(
        icd9="+".join(profile.icd9 for profile in profiles),
        label=profiles[0].label,
        n=total,
        visit_share=sum(profile.visit_share for profile in profiles),
        female=sum(profile.female * profile.n for profile in profiles) / total,
        ages=tuple(
            sum(profile.ages[band] * profile.n for profile in profiles) / total
            for band in range(len(profiles[0].ages))
        ),
        symptom_n=sum(profile.symptom_n for profile in profiles),
        symptoms=_mean((p.symptoms, p.symptom_n) for p in profiles),
        drug_n=sum(profile.drug_n for profile in profiles),
        drugs=_mean((p.drugs, p.drug_n) for p in profiles),
        tests=_mean((p.tests, p.n) for p in profiles),
    )


def _mean(parts: Iterable[tuple[Sequence[Measured], int]]) -> tuple[Measured, ...]:
    """Weighted p and lift; what a profile does not list counts as absent there."""
    p: defaultdict[str, float] = defaultdict(float)
    lift: defaultdict[str, float] = defaultdict(float)
    label: dict[str, str] = {}
    total = 0
    for items, weight in parts:
        total += weight
        for item in items:
            p[item.name] += item.p * weight
            lift[item.name] += item.lift * weight
            label[item.name] = item.label
    if not total:
        return ()
    pooled = [Measured(name, p[name] / total, lift[name] / total, label[name]) for name in p]
    return tuple(sorted(pooled, key=lambda item: (-item.p, item.name)))


def load_crosswalk(spine: Spine, profiles: Mapping[str, Profile]) -> Crosswalk:
    """Read the mappings and join the profiles."""
    backward: defaultdict[str, list[str]] = defaultdict(list)
    combined: defaultdict[str, list[str]] = defaultdict(list)
    for row in csv.DictReader(package_file("icd10cmtoicd9gem.csv").splitlines()):
        if row["no_map"] == "0":
            part = combined if row["combination"] == "1" else backward
            part[dotted(row["icd10cm"])].append(row["icd9cm"])
    forward: defaultdict[str, list[str]] = defaultdict(list)
    for row in csv.DictReader(package_file("icd9toicd10cmgem.csv").splitlines()):
        if row["no_map"] == "0" and row["combination"] == "0":
            forward[row["icd9cm"]].append(dotted(row["icd10cm"]))
    return Crosswalk(spine, profiles, backward, forward, combined)
