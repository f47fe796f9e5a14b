"""What is run: the realistic notebooks and the synthetic ones, in full or quick."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.notebooks.books import Cell, names, read
from benchmarks.rivals.contest import Course
from benchmarks.synthetic.workloads import WORKLOADS

QUICK_BOOKS = ("penguins", "annealing_bayes", "karate_graphs")
QUICK_SCALE = 0.02
REALISTIC, SYNTHETIC = "realistic", "synthetic"


def book(name: str) -> Course:
    """Return a realistic notebook."""
    return Course(name, REALISTIC, read(name).cells)


def synthetic(name: str, scale: float) -> Course:
    """Return a synthetic notebook at a scale."""
    workload = WORKLOADS[name](scale)
    sources = [*workload.setting, *workload.cells]
    cells = tuple(Cell(f"cell-{number}", source, fails=False) for number, source in enumerate(sources))
    return Course(name, workload.question, cells)


def known() -> list[str]:
    """Return the names of all that can be run."""
    return [*names(), *WORKLOADS]


def chosen(wanted: Sequence[str], scale: float) -> list[Course]:
    """Return courses by name; all of them where none is named."""
    return [book(name) if name in names() else synthetic(name, scale) for name in wanted or known()]
