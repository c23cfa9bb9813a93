"""Shared fixtures: the packaged graph and its checker, loaded once; where the sources are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent
# pytest's importlib mode puts no test folder on the path; what tests share are modules there.
sys.path.insert(0, str(TESTS / "support"))

from casewright.filters.ledger.check import Checker  # noqa: E402
from casewright.kg.graph import Graph, load_graph  # noqa: E402
from casewright.prompts.library import PromptLibrary, load_library  # noqa: E402

# A property is no benchmark: on a busy machine a case of milliseconds takes longer than any bound.
settings.register_profile("casewright", deadline=None)
settings.load_profile("casewright")


def _sources() -> Path | None:
    """The tree that the package was built from: the checkout, or what CI says it was."""
    named = os.environ.get("CASEWRIGHT_SOURCES")
    root = Path(named) if named else TESTS.parent
    return root if (root / "src" / "casewright").is_dir() else None


@pytest.fixture(scope="session")
def sources() -> Path:
    """The source tree; the test is skipped where only the wheel and the tests are."""
    root = _sources()
    if root is None:
        pytest.skip("no source tree here, and CASEWRIGHT_SOURCES names none")
    return root


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The development data beside the checkout; the test is skipped where it is absent."""
    folder = TESTS.parent.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no development data (../shared) here")
    return folder


@pytest.fixture(scope="session")
def graph() -> Graph:
    """The packaged graph."""
    return load_graph()


@pytest.fixture(scope="session")
def checker(graph: Graph) -> Checker:
    """The checker over the packaged graph."""
    return Checker(graph)


@pytest.fixture(scope="session")
def library() -> PromptLibrary:
    """The packaged prompts."""
    return load_library()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the development data where there is none."""
    if (TESTS.parent.parent / "shared").is_dir():
        return
    skip = pytest.mark.skip(reason="no development data (../shared) here")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(skip)


@pytest.fixture
def warm(graph: Graph, checker: Checker) -> Iterator[None]:
    """Commands called in the test find graph and checker loaded."""
    import command_line

    with command_line.warm(graph, checker):
        yield
