"""The history as HTML: an SVG of the lanes beside one row of text for each execution. Pure."""

from __future__ import annotations

from ensession.display.graph_text import failure_words, hidden_words
from ensession.display.layout import Layout, Marks, Row, RowKind
from ensession.display.style import ROW_PX, escaped, escaped_block, fragment
from ensession.display.units import duration, point_in_time
from ensession.display.views import code_words
from ensession.model import Execution, Outcome

LANE_PX = 18
_MARGIN = 10
_CORNER = 8


def graph_html(layout: Layout, notes: tuple[str, ...] = ()) -> str:
    """Return a drawing as an HTML fragment with an inline SVG; hovering over a row or its node shows the code.

    Parameters
    ----------
    layout : Layout
    notes : tuple of str
        Sentences below the drawing.
    """
    rows = "\n".join(_row(row, layout.marks, _digits(layout)) for row in layout.rows)
    return fragment(
        '<div class="ens-beside">',
        graph_svg(layout),
        f'<div class="ens-rows">\n{rows}\n</div></div>',
        *(f'<p class="ens-note">{escaped(note)}</p>' for note in notes),
    )


def graph_svg(layout: Layout) -> str:
    """Return the lanes alone, as an SVG element; every edge is one path, drawn before the nodes."""
    width, height = _x(layout.n_lanes - 1) + _MARGIN, ROW_PX * len(layout.rows)
    label = f"History of {layout.n_executions} executions"
    # The line to the current state lies on top.
    edges = sorted(range(1, len(layout.rows)), key=lambda index: layout.rows[index].on_line)
    return "\n".join(
        (
            f'<svg class="ens-graph" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"'
            f' aria-label="{label}">',
            *(_edge(layout, index) for index in edges),
            *(_node(row, index, layout.marks) for index, row in enumerate(layout.rows)),
            "</svg>",
        )
    )


def _digits(layout: Layout) -> int:
    return max((len(str(row.execution.id)) for row in layout.rows if row.execution), default=1)


def _x(lane: int) -> int:
    return _MARGIN + LANE_PX * lane


def _y(index: int) -> int:
    return ROW_PX * index + ROW_PX // 2


def _edge(layout: Layout, index: int) -> str:
    row = layout.rows[index]
    above = layout.rows[row.above or 0]
    x, y, start = _x(row.lane), _y(index), f"M{_x(above.lane)} {_y(row.above or 0)}"
    if row.is_side:
        bend = _x(above.lane)
        path = f"{start}V{y - _CORNER}Q{bend} {y} {bend + _CORNER} {y}H{x}"
    else:
        path = f"{start}V{y}"
    away = not {row.kind, above.kind}.isdisjoint({RowKind.GAP, RowKind.FOLD})
    classes = f"ens-edge{' ens-on' if row.on_line else ''}{' ens-away' if away else ''}"
    return f'<path class="{classes}" d="{path}"/>'


def _node(row: Row, index: int, marks: Marks) -> str:
    x, y = _x(row.lane), _y(index)
    on = " ens-on" if row.on_line else ""
    if row.kind is RowKind.EMPTY:
        ring = f'<circle class="ens-ring" cx="{x}" cy="{y}" r="8"/>' if marks.head is None else ""
        return f'<g><title>State 0, empty</title><circle class="ens-hollow" cx="{x}" cy="{y}" r="4"/>{ring}</g>'
    execution = row.execution
    if execution is None:
        steps = [(0, -5), (0, 0), (0, 5)] if row.kind is RowKind.GAP else [(-5, 0), (0, 0), (5, 0)]
        dots = "".join(f'<circle class="ens-dot{on}" cx="{x + dx}" cy="{y + dy}" r="1.5"/>' for dx, dy in steps)
        return f"<g><title>{hidden_words(row)} left out</title>{dots}</g>"
    shape = f'<circle class="ens-dot{on}" cx="{x}" cy="{y}" r="4.5"/>'
    if execution.outcome is not Outcome.OK:
        shape = f'<path class="ens-cross" d="M{x - 4} {y - 4}l8 8m0 -8l-8 8"/>'
    if execution.id == marks.head:
        shape += f'<circle class="ens-ring" cx="{x}" cy="{y}" r="8"/>'
    hit = f'<circle class="ens-hit" cx="{x}" cy="{y}" r="9"/>'
    return f"<g><title>{escaped_block(title(execution))}</title>{shape}{hit}</g>"


def title(execution: Execution) -> str:
    """Return what hovering over an execution shows: when, how long, how it ended, and the code."""
    when = f"Execution {execution.id}, {point_in_time(execution.started_at)}, {duration(execution.runtime_s)}"
    failed = f"\n{execution.error or execution.outcome.value}" if execution.outcome is not Outcome.OK else ""
    return f"{when}{failed}\n\n{execution.code or code_words(execution)}"


def _row(row: Row, marks: Marks, digits: int) -> str:
    execution = row.execution
    if execution is None:
        number, text = ("0", "empty") if row.kind is RowKind.EMPTY else ("", hidden_words(row))
        return f'<div class="ens-row">{_number(number, digits)}<span class="ens-quiet">{text}</span></div>'
    id_ = execution.id
    badges = ['<span class="ens-badge ens-now">now</span>'] if id_ == marks.head else []
    badges += [f'<span class="ens-badge ens-branch">{escaped(name)}</span>' for name in marks.branches_at(id_)]
    badges += [f'<span class="ens-badge ens-tag">tag {escaped(name)}</span>' for name in marks.tags_at(id_)]
    failure = failure_words(execution)
    if failure:
        badges.append(f'<span class="ens-bad">{escaped(failure)}</span>')
    code = f'<span class="ens-code">{escaped(code_words(execution))}</span>'
    took = f'<span class="ens-quiet">{duration(execution.runtime_s)}</span>'
    hover = escaped_block(title(execution))
    return f'<div class="ens-row" title="{hover}">{_number(str(id_), digits)}{"".join(badges)}{code}{took}</div>'


def _number(text: str, digits: int) -> str:
    return f'<span class="ens-number" style="min-width: {digits}ch">{text}</span>'
