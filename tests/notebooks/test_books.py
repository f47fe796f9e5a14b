"""The notebooks of benchmarks/notebooks: recorded, killed, restored elsewhere, nothing lost that was not announced."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from benchmarks.notebooks.books import RAISES, names, read
from benchmarks.notebooks.trial import Outcome, record, restore

QUICK = ("monte_carlo", "digits_clustering")  # with the libraries of the demo
SEED = zlib.crc32(Path(__file__).read_bytes())
"""Decides after which cell the earlier kills are; a change of this file moves them."""

needs_libraries = pytest.mark.skipif(
    any(__import__("importlib.util").util.find_spec(name) is None for name in ("statsmodels", "skimage", "torch")),
    reason="the notebooks' libraries are not installed: pip install -e '.[notebooks]'",
)


def trial(name: str, n_cells: int, tmp_path: Path, home: Path) -> Outcome:
    cells = read(name).cells[:n_cells]
    recording = record(tmp_path / "here", home, cells)
    return Outcome(name, n_cells, recording, restore(tmp_path / "somewhere else", home, recording.store))


@pytest.mark.parametrize("name", QUICK)
def test_a_notebook_killed_somewhere_in_its_first_half_comes_back_whole(name: str, tmp_path: Path, home: Path) -> None:
    end = 2 + SEED % (len(read(name).cells) // 2)
    outcome = trial(name, end, tmp_path, home)
    assert not outcome.problems, f"killed after cell {end}"
    assert outcome.count("loaded") + outcome.count("recomputed") > 0


@pytest.mark.slow
@needs_libraries
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("is_early", [True, False], ids=["earlier", "at its end"])
def test_a_notebook_comes_back_whole(name: str, is_early: bool, tmp_path: Path, home: Path) -> None:
    book = read(name)
    end = book.earlier_end(SEED) if is_early else len(book.cells)
    assert not trial(name, end, tmp_path, home).problems, f"killed after cell {end}, seed {SEED}"


@pytest.mark.parametrize("name", names())
def test_notebooks_are_as_messy_as_promised(name: str) -> None:
    book = read(name)
    assert len(book.cells) >= 15
    assert any(cell.fails for cell in book.cells), f"one cell is meant to fail, tagged {RAISES}"
