"""Notebooks for the tests of recording and restoring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebook import Notebook
from tests.session.lives import Lives


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    """Return a notebook that records."""
    made = Notebook(tmp_path / "session.ens").start()
    yield made
    made.kill()


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    """Return a store to live in."""
    made = Lives(tmp_path / "session.ens")
    yield made
    made.notebook.kill()
