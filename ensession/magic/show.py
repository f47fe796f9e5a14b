"""Showing tables in a notebook and in a terminal."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from IPython.display import display

from ensession.display import Table, to_html, to_text


class Shown:
    """A table that is text in a terminal and HTML in a notebook."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __repr__(self) -> str:
        return to_text(self._table, shutil.get_terminal_size((100, 24)).columns)

    def _repr_html_(self) -> str:
        return to_html(self._table)


def show(table: Table) -> None:
    """Display a table."""
    publish: Any = display
    publish(Shown(table))


class ProgressLine:
    """One line on the terminal or below the cell that says how far a restore is."""

    def __init__(self, stream: Any = None) -> None:
        self._stream = stream or sys.stderr
        self._width = 0

    def __call__(self, done: int, total: int, label: str) -> None:
        """Show the next step; an empty label takes the line away."""
        filled = 20 * done // max(total, 1)
        text = f"[{'█' * filled}{'·' * (20 - filled)}] {done}/{total} {label}"[:100] if label else ""
        self._stream.write("\r" + text.ljust(self._width) + ("" if label else "\r"))
        self._stream.flush()
        self._width = len(text)
