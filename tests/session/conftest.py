"""Notebooks for the tests of recording and restoring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ensession.serial import budget
from tests.notebook import Notebook
from tests.session.lives import Lives


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    """Return a notebook that records."""
    made = Notebook(tmp_path / "session.ens").start()
    yield made
    made.kill()


@pytest.fixture
def hurried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """Return a notebook with no time for what is larger than 1,000 bytes."""
    monkeypatch.setattr(budget, "FREE_STREAM_BYTES", 1000)
    monkeypatch.setattr(budget, "FREE_BUFFER_BYTES", 1000)
    monkeypatch.setattr(budget, "ALLOWANCE_S", 0.0)
    made = Notebook(tmp_path / "s.ens")
    made.ens("config budget=0%")
    made.start()
    yield made
    made.kill()


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    """Return a store to live in."""
    made = Lives(tmp_path / "session.ens")
    yield made
    made.notebook.kill()
