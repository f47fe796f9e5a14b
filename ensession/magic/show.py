"""Showing tables in a notebook and in a terminal."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import Any

from IPython.display import display

from ensession.display import Table, to_html, to_text

QUIET_S = 0.5
REDRAW_S = 0.1


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
    """One line below the cell that says how far a restore is; nothing for a quick one.

    Parameters
    ----------
    clock : callable
        Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = self._shown = clock()
        self._width = 0

    def __call__(self, done: int, total: int, label: str) -> None:
        """Show the next step; an empty label takes the line away."""
        now = self._clock()
        if label and (now - self._started < QUIET_S or now - self._shown < REDRAW_S):
            return
        self._shown = now
        filled = 20 * done // max(total, 1)
        text = f"[{'█' * filled}{'·' * (20 - filled)}] {done}/{total} {label}"[:100] if label else ""
        if text or self._width:
            sys.stderr.write("\r" + text.ljust(self._width) + ("" if text else "\r"))
            sys.stderr.flush()
        self._width = len(text)
