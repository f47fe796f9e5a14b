"""Notebooks for the tests of recording and restoring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebook import Notebook


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    """Return a notebook that records."""
    made = Notebook(tmp_path / "session.ens").start()
    yield made
    made.kill()
