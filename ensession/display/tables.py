"""A small table and its two forms: plain text and HTML. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ensession.display.harmless import one_line

_GAP = "  "
_ELLIPSIS = "…"
_NARROWEST = 8


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes
    ----------
    right : bool
        Numbers stand on the right.
    elastic : bool
        May be cut short where the table is too wide.
    """

    name: str
    right: bool = False
    elastic: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """What is to be shown: plain strings, not yet escaped.

    Attributes
    ----------
    title : str
        Empty where there is none.
    notes : tuple[str, ...]
        Sentences below the table.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def to_text(table: Table, width: int | None = None) -> str:
    """Return a table as aligned plain text.

    Parameters
    ----------
    table : Table
    width : int, optional
        In characters; elastic columns are cut to it. By default nothing is cut.
    """
    rows = [[one_line(cell) for cell in row] for row in table.rows]
    widths = _widths(table.columns, rows, width)
    lines = [one_line(table.title)] if table.title else []
    if rows:
        lines.append(_line(table.columns, [column.name for column in table.columns], widths))
        lines += [_line(table.columns, row, widths) for row in rows]
    lines += [one_line(note) for note in table.notes]
    return "\n".join(lines)


def to_html(table: Table) -> str:
    """Return a table as an HTML fragment without scripts or styles; everything in it is escaped."""
    parts = ['<div class="ensession">']
    if table.title:
        parts.append(f"<p><strong>{_escaped(table.title)}</strong></p>")
    if table.rows:
        head = "".join(f"<th{_align(column)}>{_escaped(column.name)}</th>" for column in table.columns)
        parts += ["<table>", f"<thead><tr>{head}</tr></thead>", "<tbody>"]
        parts += [_html_row(table.columns, row) for row in table.rows]
        parts += ["</tbody>", "</table>"]
    parts += [f"<p>{_escaped(note)}</p>" for note in table.notes]
    parts.append("</div>")
    return "\n".join(parts)


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_character_width, text))


def cut(text: str, width: int) -> str:
    """Return a text that takes at most so many columns, with an ellipsis where something is left out."""
    if text_width(text) <= width:
        return text
    taken = 0
    for position, character in enumerate(text):
        taken += _character_width(character)
        if taken > width - 1:
            return text[:position].rstrip() + _ELLIPSIS
    return text


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[int]:
    widths = [max([len(column.name), *(text_width(row[i]) for row in rows)]) for i, column in enumerate(columns)]
    if width is None:
        return widths
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    while excess > 0:
        elastic = [i for i, column in enumerate(columns) if column.elastic and widths[i] > _NARROWEST]
        if not elastic:
            break
        widest = max(elastic, key=lambda i: widths[i])
        widths[widest] -= 1
        excess -= 1
    return widths


def _line(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    parts = []
    for column, cell, width in zip(columns, cells, widths, strict=True):
        shown = cut(cell, width)
        padding = " " * (width - text_width(shown))
        parts.append(padding + shown if column.right else shown + padding)
    return _GAP.join(parts).rstrip()


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _escaped(text: str) -> str:
    return escape(one_line(text), quote=True)


def _align(column: Column) -> str:
    return f' style="text-align: {"right" if column.right else "left"}"'


def _html_row(columns: Sequence[Column], row: Sequence[str]) -> str:
    cells = (f"<td{_align(column)}>{_escaped(cell)}</td>" for column, cell in zip(columns, row, strict=True))
    return f"<tr>{''.join(cells)}</tr>"
