"""The real default model, got the way a user gets it, once for a test session."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from casewright.models import DEFAULT_MODEL, get_model, models_home


@cache
def _home(fallback: Path) -> Path:
    """The user's own folder where the model is in it already, else `fallback`, filled now."""
    own = models_home()
    home = own if (own / DEFAULT_MODEL.file_name).is_file() else fallback
    get_model("default", home)
    return home


@pytest.fixture(scope="session")
def real_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the default model in it. To use it: `from real_model import real_models`."""
    return _home(tmp_path_factory.getbasetemp() / "models")
