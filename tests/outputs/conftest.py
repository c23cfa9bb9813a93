"""Fixtures of the outputs' tests; what they are made of is in `row_factory.py`."""

from __future__ import annotations

import sys
from pathlib import Path

# pytest's importlib mode puts no test folder on the path; the helpers beside are modules.
sys.path.insert(0, str(Path(__file__).parent))
