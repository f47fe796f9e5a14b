"""A recorded store for the tests of browsing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import ensession
from ensession.browse import Browser
from tests.notebook import Notebook

Record = Callable[..., Browser]


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """Record cells and open the store: ``record("x = 1", "y = x")``; a cell may fail. Execution 1 is what was there."""
    with ExitStack() as stack:

        def recorded(*cells: str, options: str = "") -> Browser:
            notebook = Notebook(tmp_path / "session.ens").start(options)
            for cell in cells:
                notebook.attempt(cell)
            notebook.kill()
            return stack.enter_context(ensession.open(notebook.store))

        yield recorded
