"""What ``ens`` prints: tables for people, JSON for programs, one line for an error."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from typing import Any

import click

from ensession.display import Table, harmless, one_line, to_text


def print_json(value: Any) -> None:
    """Print one JSON document, in ASCII: nothing in it can reach the terminal as a control character."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))


def print_table(table: Table) -> None:
    """Print a table: fitted to a terminal, or in full where the output goes into a file or a pipe."""
    if not sys.stdout.isatty():
        click.echo(to_text(table))
        return
    if table.title:
        print_heading(table.title)
    body = to_text(replace(table, title=""), shutil.get_terminal_size().columns)
    if table.rows:
        head, _, body = body.partition("\n")
        click.echo(click.style(head, underline=True))
    click.echo(body)


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
