"""Tables and histories in colour, fitted to a terminal. Pure; imports rich, which nothing else does.

What has to be read in full (reasons, names) is broken into lines; code and previews are cut to the width.
"""

from __future__ import annotations

from io import StringIO

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from ensession.display.graph_text import UNICODE, Glyphs, cut_spans, graph_lines
from ensession.display.harmless import one_line
from ensession.display.layout import Layout
from ensession.display.tables import Column, Table, Tone

_GAP = 2
_NARROWEST = 8
_TONES = {Tone.GOOD: "green", Tone.WARN: "yellow", Tone.BAD: "bold red", Tone.QUIET: "bright_black"}
_ROLES = {
    "line": "bright_black",
    "number": "cyan",
    "current": "bold cyan",
    "branch": "bold green",
    "tag": "bold yellow",
    "failed": "bold red",
    "code": "",
    "quiet": "bright_black",
}


def coloured_table(table: Table, width: int) -> str:
    """Return a table with the terminal's colours, at most ``width`` columns wide."""
    parts: list[RenderableType] = [Text(one_line(table.title), style="bold")] if table.title else []
    if table.rows:
        parts.append(_rich_table(table, width))
    parts += [Text(one_line(note)) for note in table.notes]
    return _drawn(Group(*parts), width)


def coloured_graph(layout: Layout, width: int, glyphs: Glyphs = UNICODE) -> str:
    """Return a history with the terminal's colours, each line cut to ``width`` columns."""
    lines = [
        Text.assemble(*((span.text, _ROLES[span.role]) for span in cut_spans(spans, width)), no_wrap=True)
        for spans in graph_lines(layout, glyphs)
    ]
    return _drawn(Group(*lines), width)


def _rich_table(table: Table, width: int) -> RichTable:
    has_head = any(column.name for column in table.columns)
    made = RichTable(
        box=box.SIMPLE_HEAD if has_head else None,
        show_header=has_head,
        show_edge=False,
        pad_edge=False,
        padding=(0, _GAP - 1 if has_head else _GAP, 0, 0),  # the box brings one of its own
    )
    for column, column_width in zip(table.columns, _widths(table, width), strict=True):
        made.add_column(
            Text(column.name),
            justify="right" if column.right else "left",
            no_wrap=column.elastic,
            overflow="ellipsis" if column.elastic else "fold",
            width=column_width,
        )
    for row in table.rows:
        made.add_row(*(_cell(column, cell) for column, cell in zip(table.columns, row, strict=True)))
    return made


def _widths(table: Table, width: int) -> list[int]:
    """Make the widest elastic columns narrower until all fits, then those that can be broken into lines."""
    cells = [[one_line(cell) for cell in row] for row in table.rows]
    widths = [max([cell_len(c.name), *(cell_len(row[i]) for row in cells)]) for i, c in enumerate(table.columns)]
    excess = sum(widths) + _GAP * (len(widths) - 1) - width
    for narrowest, may_shrink in (
        (_NARROWEST, [i for i, column in enumerate(table.columns) if column.elastic]),
        (_NARROWEST, [i for i, column in enumerate(table.columns) if not column.elastic and not column.right]),
        (1, range(len(widths))),
    ):
        while excess > 0 and (found := [i for i in may_shrink if widths[i] > narrowest]):
            widest = max(found, key=lambda i: widths[i])
            widths[widest] -= 1
            excess -= 1
    return widths


def _cell(column: Column, cell: str) -> Text:
    tone = column.tone(cell) if cell else None
    return Text(one_line(cell), style=_TONES[tone] if tone else "")


def _drawn(what: RenderableType, width: int) -> str:
    target = StringIO()
    console = Console(
        file=target, width=width, force_terminal=True, color_system="standard", highlight=False, emoji=False
    )
    console.print(what)
    return "\n".join(line.rstrip() for line in target.getvalue().splitlines())
