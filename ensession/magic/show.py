"""Showing tables, drawings and progress in a notebook and in a terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import uuid4

from IPython.core.getipython import get_ipython
from IPython.display import display

from ensession.display import Layout, Table, graph_html, graph_text, plan_picture, plan_table, to_html, to_text
from ensession.display.progress import Nowhere, Position, Progress, Surface, TerminalLine, bar_html, bar_text
from ensession.model import ExecutionId, Graph, Plan, VersionId

Bundle = dict[str, str]


class Shown:
    """Something with a plain form and a form for notebooks, which show the richest one they can.

    Parameters
    ----------
    plain, html : callable
        Make the two forms when they are asked for.
    """

    def __init__(self, plain: Callable[[], str], html: Callable[[], str]) -> None:
        self._plain = plain
        self._html = html

    def __repr__(self) -> str:
        return self._plain()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        """Return both forms, as IPython's protocol asks."""
        del include, exclude
        return {"text/plain": self._plain(), "text/html": self._html()}


def show(table: Table) -> None:
    """Show a table: in colour on a terminal, as HTML in a notebook, as plain text anywhere else."""
    if sys.stdout.isatty():
        from ensession.display.terminal import coloured_table

        print(coloured_table(table, terminal_width()))
    else:
        _publish(Shown(lambda: to_text(table), lambda: to_html(table)))


def show_graph(layout: Layout, notes: tuple[str, ...] = ()) -> None:
    """Show a history as a drawing, with sentences below it."""
    if sys.stdout.isatty():
        from ensession.display.terminal import coloured_graph

        print("\n".join((coloured_graph(layout, terminal_width()), *notes)))
    else:
        _publish(Shown(lambda: "\n".join((graph_text(layout), *notes)), lambda: graph_html(layout, notes)))


def show_plan(plan: Plan, graph: Graph, codes: Mapping[ExecutionId, str], modules: Collection[VersionId] = ()) -> None:
    """Show a plan: as a drawing in a notebook, elsewhere as a table."""
    table = plan_table(plan, graph, codes, modules)
    if sys.stdout.isatty():
        show(table)
    else:
        _publish(Shown(lambda: to_text(table), lambda: plan_picture(plan, graph, codes, modules)))


def progress() -> Progress:
    """Return something that shows how far a task is, below the cell."""
    return Progress(_surface())


def terminal_width() -> int:
    """Return how many columns there are."""
    return shutil.get_terminal_size((100, 24)).columns


class NotebookBar:
    """One output of the cell, updated in place (:class:`~ensession.display.progress.Surface`).

    Keeps the shell's own publisher: while a cell is run again, outputs are captured, and this one must not be.
    """

    def __init__(self, publisher: Any) -> None:
        self._publish = publisher.publish
        self._transient = {"display_id": uuid4().hex}
        self._is_there = False

    def draw(self, position: Position) -> None:
        """Show a bar."""
        self._put({"text/plain": bar_text(position), "text/html": bar_html(position)})

    def clear(self) -> None:
        """Leave an output without content: a notebook has no way to take one back."""
        self._put({"text/plain": "", "text/html": ""})

    def _put(self, bundle: Bundle) -> None:
        self._publish(data=bundle, metadata={}, transient=self._transient, update=self._is_there)
        self._is_there = True


def _surface() -> Surface:
    shell: Any = get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        return NotebookBar(shell.display_pub)
    return TerminalLine(sys.stderr, terminal_width()) if sys.stderr.isatty() else Nowhere()


def _publish(shown: Shown) -> None:
    publish: Any = display
    publish(shown)
