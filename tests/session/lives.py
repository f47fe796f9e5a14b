"""One store, lived in again and again: what the tests of lazy restores share."""

from __future__ import annotations

from pathlib import Path

from ensession.model import Fate
from tests.notebook import Notebook


class Lives:
    """One store, lived in again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notebook = Notebook(path)

    def record(self, *cells: str) -> Notebook:
        self.notebook.start("--all")
        self.notebook.run(*cells)
        return self.notebook

    def lazily(self, words: str = "") -> Notebook:
        self.notebook = self.notebook.reborn()
        self.notebook.shell.InteractiveTB.set_mode("Minimal")
        self.notebook.restore(f"--lazy {words}")
        return self.notebook


def awaited(notebook: Notebook) -> set[str]:
    return set(notebook.session.awaited.names())


def fates(notebook: Notebook) -> dict[str, Fate]:
    report = notebook.session.last_restore
    assert report is not None
    return {one.name: one.fate for one in report.variables if not one.name.startswith("<")}
