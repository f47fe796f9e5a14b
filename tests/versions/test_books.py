"""Notebooks recorded under one Python and restored under another."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.notebooks.books import read
from benchmarks.notebooks.trial import Interpreter, Outcome, record, restore

NAMES = ("monte_carlo", "diabetes_regression", "digits_clustering", "wine_classification", "co2_series", "penguins")
PORTABLE = "examine_portably"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_comes_back_under_another_python(
    name: str, pythons: tuple[str, str], tmp_path: Path, home: Path
) -> None:
    there, here = (Interpreter(python, PORTABLE) for python in pythons)
    cells = read(name).cells
    recording = record(tmp_path / "here", home, cells, there)
    back = restore(tmp_path / "somewhere else", home, recording.store, here)
    outcome = Outcome(name, len(cells), recording, back)
    assert not outcome.problems
    assert "This environment is not the one that was recorded" in back.report
    assert outcome.count("loaded") > outcome.count("recomputed, not verifiable")
