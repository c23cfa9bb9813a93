"""Write the golden rendering of each template version that has none yet. Not a test.

    python tests/prompts/write_golden.py

A released version never changes, so neither does its golden file: existing ones are left.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))

from rendering import golden  # noqa: E402

from casewright.prompts.library import load_library  # noqa: E402


def main() -> None:
    library = load_library()
    for versions in library.templates.values():
        for template in versions:
            path = HERE / "golden" / f"{template.name}.v{template.version}.txt"
            if not path.exists():
                path.write_text(golden(template, library), "utf-8")
                sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
