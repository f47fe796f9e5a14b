"""What ``ens`` prints: tables for people, JSON for programs, one line for an error."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from ensession.display import Layout, Table, glyphs_for, graph_text, harmless, one_line, to_text
from ensession.display.progress import Nowhere, Progress, TerminalLine


def print_json(value: Any) -> None:
    """Print one JSON document, in ASCII: nothing in it can reach the terminal as a control character."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))


def print_table(table: Table) -> None:
    """Print a table: in colour and fitted to a terminal, or plain and in full into a file or a pipe."""
    if sys.stdout.isatty():
        from ensession.display.terminal import coloured_table

        click.echo(coloured_table(table, shutil.get_terminal_size().columns))
    else:
        click.echo(to_text(table))


def print_graph(layout: Layout) -> None:
    """Print a history as a drawing: in colour and fitted to a terminal, or plain into a file or a pipe."""
    glyphs = glyphs_for(sys.stdout.encoding)
    if sys.stdout.isatty():
        from ensession.display.terminal import coloured_graph

        click.echo(coloured_graph(layout, shutil.get_terminal_size().columns, glyphs))
    else:
        click.echo(graph_text(layout, glyphs))


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Say on a terminal, while a command takes long, what it does and for how long; yields what hears of its steps."""
    line = TerminalLine(sys.stderr, shutil.get_terminal_size().columns) if sys.stderr.isatty() else Nowhere()
    with Progress(line) as shown:
        shown(0, 0, label)
        yield lambda done, total: shown(done, total, label)


def print_heading(text: str) -> None:
    """Print the title of a section."""
    click.echo(click.style(one_line(text), bold=True) if sys.stdout.isatty() else one_line(text))


def print_block(text: str) -> None:
    """Print lines of code or output, indented."""
    for line in harmless(text).split("\n"):
        click.echo(f"    {line}".rstrip())


def print_error(kind: str, message: str, *, as_json: bool) -> None:
    """Print an error on stderr: one line, or a JSON object."""
    if as_json:
        click.echo(json.dumps({"error": {"kind": kind, "message": message}}), err=True)
    else:
        click.echo(f"ens: {one_line(message)}", err=True)
