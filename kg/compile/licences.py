"""LICENSES.md of the graph, written from the edges that are in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from casewright.kg.tables import Provenance

__all__ = ["render_licences"]

_HEAD = """\
# Licences of the graph's data

Written by `casewright kg compile` from the edges of the compiled graph: one row for each
source that an edge comes from. The code is under Apache-2.0 (see LICENSE). The compiled
tables join these sources; each edge names its own in the columns origin, version and licence.

| source | version | licence | edges | how to cite |
|---|---|---|---:|---|
"""

_TAIL = """
The hand-written layer (`kg/curated`) is dedicated to the public domain under CC0-1.0; its
entries cite the label, guideline or textbook that they follow, and copy no text from them.

CC BY 4.0 asks that the source be named: https://creativecommons.org/licenses/by/4.0/.
Build without it by `casewright kg compile --licences public-domain,CC0-1.0,MIT`.
"""

_MIT = """
## MIT notice

Permission is hereby granted, free of charge, to any person obtaining a copy of this software
and associated documentation files (the "Software"), to deal in the Software without
restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions: The above copyright
notice and this permission notice shall be included in all copies or substantial portions of
the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A
PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE
LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER
DEALINGS IN THE SOFTWARE.
"""


def render_licences(
    provenance: Sequence[Provenance],
    edges: Mapping[int, int],
    sources: Mapping[str, Provenance],
    gates: Sequence[Provenance] = (),
) -> str:
    """The file's text.

    Args:
        provenance: rows of the graph. edges: count by row number.
        sources: the sources as such, for citations (rows may cite single entries).
        gates: sources that shaped age and sex gates without being an edge's origin.
    """
    general = {(source.origin, source.version): source for source in sources.values()}
    counts: Counter[tuple[str, str]] = Counter()
    for number, row in enumerate(provenance):
        counts[(row.origin, row.version)] += edges.get(number, 0)
    used = [general[key] for key in counts if counts[key]]
    lines = [
        f"| {s.origin} | {s.version} | {s.licence} | {counts[(s.origin, s.version)]} "
        f"| {s.citation} |"
        for s in sorted(used, key=lambda s: s.origin.lower())
    ]
    text = _HEAD + "\n".join(lines) + "\n"
    if gates:
        text += "\nAge and sex gates also draw on:\n\n"
        text += "".join(f"- {s.origin} {s.version} ({s.licence}): {s.citation}\n" for s in gates)
    notices = [s for s in {*used, *gates} if s.notice]
    if notices:
        text += "\n## Notices\n\n"
        text += "".join(
            f"- {s.origin}: {s.notice}\n" for s in sorted(notices, key=lambda s: s.origin)
        )
    text += _TAIL
    if any(s.licence == "MIT" for s in (*used, *gates)):
        text += _MIT
    return text
