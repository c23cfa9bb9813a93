"""`python -m casewright.kg.compile SOURCES`: compile into the package's own data folder."""

from __future__ import annotations

import argparse
import sys
from importlib.resources import files
from pathlib import Path

from casewright.errors import CasewrightError
from casewright.kg.compile.build import compile_graph
from casewright.kg.compile.provenance import LICENCES
from casewright.kg.tables import packaged_data


def main() -> int:
    """Parse, call one function, write its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", type=Path, help="folder of the open data sources")
    parser.add_argument("--out", type=Path, help="where to write (the package's data folder)")
    parser.add_argument("--licences", help="comma-separated; all of " + ",".join(LICENCES))
    parser.add_argument("--lenient", action="store_true", help="report unresolved ids, go on")
    options = parser.parse_args()
    out = options.out or packaged_data()
    own = out == packaged_data()
    try:
        report = compile_graph(
            options.sources,
            out,
            set(options.licences.split(",")) if options.licences else None,
            lenient=options.lenient,
            progress=_say,
            licences_file=Path(str(files("casewright.kg"))) / "LICENSES.md" if own else None,
        )
    except CasewrightError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{report}\n")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
