"""The notebooks of this folder, as cells to run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat

FOLDER = Path(__file__).parent
RAISES = "raises-exception"
"""Jupyter's own tag for a cell that is meant to fail."""


@dataclass(frozen=True)
class Cell:
    """A code cell."""

    id: str
    source: str
    fails: bool


@dataclass(frozen=True)
class Book:
    """A notebook's code cells, in order."""

    name: str
    cells: tuple[Cell, ...]

    def earlier_end(self, seed: int) -> int:
        """Return after how many cells to kill, short of the last one: random, but the same for the same seed."""
        return random.Random(f"{seed} {self.name}").randint(2, len(self.cells) - 1)


def names() -> list[str]:
    """Return the names of all notebooks."""
    return sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def read(name: str) -> Book:
    """Read a notebook by name."""
    content = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    cells = [
        Cell(cell.id, str(cell.source), RAISES in cell.metadata.get("tags", ()))
        for cell in content.cells
        if cell.cell_type == "code"
    ]
    return Book(name, tuple(cells))


def chosen(wanted: Sequence[str]) -> list[Book]:
    """Read the notebooks that are asked for; all of them where none is.

    Raises
    ------
    SystemExit
        There is no such notebook.
    """
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        raise SystemExit(f"no notebook {', '.join(unknown)} in {FOLDER}; there are: {', '.join(names())}")
    return [read(name) for name in wanted or names()]
