"""A small table and its plain text. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ensession.display.harmless import one_line

_GAP = "  "
_ELLIPSIS = "…"


class Tone(StrEnum):
    """What a cell's colour says, where there are colours; the words say it too."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    QUIET = "quiet"


class Fold(StrEnum):
    """Which rows of a long table a notebook folds away."""

    LAST = "last"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes
    ----------
    right : bool
        Numbers stand on the right.
    elastic : bool
        May be cut short where the table is too wide. Other columns are broken into lines: reasons are never cut.
    mono : bool
        Code, shown in a font of fixed width.
    tones : tuple of (str, Tone)
        Cells that begin with such a text have that tone; the first that fits.
    """

    name: str
    right: bool = False
    elastic: bool = False
    mono: bool = False
    tones: tuple[tuple[str, Tone], ...] = ()

    def tone(self, cell: str) -> Tone | None:
        """Return the tone of a cell of this column."""
        return next((tone for start, tone in self.tones if cell.startswith(start)), None)


@dataclass(frozen=True, slots=True)
class Table:
    """What is to be shown: plain strings, not yet escaped.

    Attributes
    ----------
    title : str
        Empty where there is none.
    notes : tuple[str, ...]
        Sentences below the table.
    fold : Fold
        What matters less where there are many rows.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    fold: Fold = Fold.LAST

    def without_empty(self) -> Table:
        """Return the table without columns in which nothing stands."""
        full = [i for i in range(len(self.columns)) if any(row[i] for row in self.rows)]
        rows = tuple(tuple(row[i] for i in full) for row in self.rows)
        return replace(self, columns=tuple(self.columns[i] for i in full), rows=rows)


def to_text(table: Table) -> str:
    """Return a table as aligned plain text, complete: for pipes, files and the plain form of a notebook's output."""
    rows = [[one_line(cell) for cell in row] for row in table.rows]
    lines = [one_line(table.title)] if table.title else []
    if rows:
        widths = [max([len(c.name), *(text_width(row[i]) for row in rows)]) for i, c in enumerate(table.columns)]
        if any(column.name for column in table.columns):
            lines.append(_line(table.columns, [column.name for column in table.columns], widths))
        lines += [_line(table.columns, row, widths) for row in rows]
    lines += [one_line(note) for note in table.notes]
    return "\n".join(lines)


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


def _line(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    parts = []
    for column, cell, width in zip(columns, cells, widths, strict=True):
        padding = " " * (width - text_width(cell))
        parts.append(padding + cell if column.right else cell + padding)
    return _GAP.join(parts).rstrip()


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
