"""Tables as HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ensession.display.style import escaped, fragment
from ensession.display.tables import Column, Fold, Table, text_width

MANY = 40
"""More rows than these are folded, down to a few."""
FEW = 25
_WIDEST_CH = 48
_NAME_CH = 16
_SHORT_CH = 32
"""Text that stays on one line."""


def to_html(table: Table) -> str:
    """Return a table as an HTML fragment without scripts; everything in it is escaped, long tables are folded."""
    return fragment(*table_parts(table))


def table_parts(table: Table) -> list[str]:
    """Return what a table consists of, for a fragment that holds more."""
    parts = [f'<p class="ens-title">{escaped(table.title)}</p>'] if table.title else []
    if table.rows:
        parts += _body(table)
    parts += [f'<p class="ens-note">{escaped(note)}</p>' for note in table.notes]
    return parts


def _body(table: Table) -> list[str]:
    if len(table.rows) <= MANY:
        return [_table(table, table.rows)]
    n_hidden = len(table.rows) - FEW
    if table.fold is Fold.FIRST:
        return [_details(table, table.rows[:n_hidden], "earlier ones"), _table(table, table.rows[n_hidden:])]
    return [_table(table, table.rows[:FEW]), _details(table, table.rows[FEW:], "more")]


def _details(table: Table, rows: Sequence[Sequence[str]], what: str) -> str:
    return f"<details><summary>{len(rows):,} {what}</summary>{_table(table, rows)}</details>"


def _table(table: Table, rows: Sequence[Sequence[str]]) -> str:
    """Return the element for some of the rows; columns are as wide as all rows need them."""
    parts = ['<table class="ens">']
    if any(column.name for column in table.columns):
        head = "".join(
            f"<th{_classes(column, '')}{_width(table, index)}>{escaped(column.name)}</th>"
            for index, column in enumerate(table.columns)
        )
        parts.append(f"<thead><tr>{head}</tr></thead>")
    parts.append("<tbody>")
    for row in rows:
        cells = "".join(_cell(column, cell) for column, cell in zip(table.columns, row, strict=True))
        parts.append(f"<tr>{cells}</tr>")
    return "\n".join([*parts, "</tbody>", "</table>"])


def _width(table: Table, index: int) -> str:
    """Keep the two parts of a folded table in step."""
    if len(table.rows) <= MANY:
        return ""
    widest = max(text_width(row[index]) for row in table.rows)
    return f' style="min-width: {min(widest, _WIDEST_CH)}ch"'


def _cell(column: Column, cell: str) -> str:
    if column.elastic and cell:  # as wide as there is room for; the rest shows on hovering
        text = escaped(cell)
        return f'<td{_classes(column, cell)} title="{text}"><div><div>{text}</div></div></td>'
    text = escaped(cell)
    if column.mono:  # long names are broken where their words end
        text = text.replace("_", "_<wbr>")
    return f"<td{_classes(column, cell)}>{text}</td>"


def _classes(column: Column, cell: str) -> str:
    tone = column.tone(cell) if cell else None
    names = [
        "ens-right" * column.right,
        "ens-mono" * (column.mono and bool(cell)),
        "ens-cut" * (column.elastic and bool(cell)),
        "ens-short" * (not column.elastic and 0 < text_width(cell) <= (_NAME_CH if column.mono else _SHORT_CH)),
        f"ens-{tone}" if tone else "",
    ]
    found = " ".join(name for name in names if name)
    return f' class="{found}"' if found else ""
