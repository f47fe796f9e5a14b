"""A plan as HTML: arcs from what is brought to the cells that read it, beside one row for each step. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from ensession.display.harmless import first_line
from ensession.display.plan_layout import Arc, PlanKind, PlanLayout, PlanRow
from ensession.display.style import ROW_PX, escaped, escaped_block, fragment
from ensession.display.units import duration, size
from ensession.model import ExecutionId, Plan

LANE_PX = 10
_MARGIN = 8
_BAR_PX = 240
_TONES = {PlanKind.LOAD: "branch", PlanKind.RUN: "warn", PlanKind.KEEP: "good", PlanKind.MISSING: "bad"}


def plan_html(layout: PlanLayout, plan: Plan, codes: Mapping[ExecutionId, str], notes: tuple[str, ...]) -> str:
    """Return a plan as an HTML fragment with an inline SVG; hovering over a cell to run shows its code.

    Parameters
    ----------
    layout : PlanLayout
    plan : Plan
    codes : mapping of ExecutionId to str
        Code of the executions to run.
    notes : tuple of str
        Sentences below the drawing.
    """
    rows = "\n".join(_row(row, codes) for row in layout.rows)
    drawing = ['<div class="ens-beside">', plan_svg(layout, codes), f'<div class="ens-rows">\n{rows}\n</div></div>']
    return fragment(
        f'<p class="ens-title">Plan for state {plan.target or 0}</p>',
        *(drawing if layout.rows else []),
        *_prices(plan),
        *(f'<p class="ens-note">{escaped(note)}</p>' for note in notes),
    )


def plan_svg(layout: PlanLayout, codes: Mapping[ExecutionId, str]) -> str:
    """Return nodes and arcs alone, as an SVG element."""
    x = _MARGIN + LANE_PX * layout.n_lanes
    width, height = x + _MARGIN, ROW_PX * len(layout.rows)
    return "\n".join(
        (
            f'<svg class="ens-plan" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"'
            ' aria-label="Plan">',
            *(_arc(arc, reader, x) for arc in layout.arcs for reader in arc.readers),
            *(_node(row, index, x, codes) for index, row in enumerate(layout.rows)),
            "</svg>",
        )
    )


def _y(index: int) -> int:
    return ROW_PX * index + ROW_PX // 2


def _arc(arc: Arc, reader: int, x: int) -> str:
    lane = x - LANE_PX * (arc.lane + 1)
    top, bottom = _y(arc.source), _y(reader)
    return (
        f'<path class="ens-edge" d="M{x} {top}Q{lane} {top} {lane} {top + 8}V{bottom - 8}'
        f'Q{lane} {bottom} {x - 5} {bottom}m-4 -3l4 3l-4 3"/>'
    )


def _node(row: PlanRow, index: int, x: int, codes: Mapping[ExecutionId, str]) -> str:
    y = _y(index)
    shapes = {
        PlanKind.RUN: f'<circle class="ens-dot" cx="{x}" cy="{y}" r="4.5"/>',
        PlanKind.LOAD: f'<rect class="ens-dot ens-on" x="{x - 4}" y="{y - 4}" width="8" height="8"/>',
        PlanKind.KEEP: f'<rect class="ens-hollow" x="{x - 4}" y="{y - 4}" width="8" height="8"/>',
        PlanKind.MISSING: f'<path class="ens-cross" d="M{x - 4} {y - 4}l8 8m0 -8l-8 8"/>',
    }
    return f"<g><title>{escaped_block(_hover(row, codes))}</title>{shapes[row.kind]}</g>"


def _hover(row: PlanRow, codes: Mapping[ExecutionId, str]) -> str:
    if row.kind is PlanKind.RUN:
        return f"Run cell {row.execution} again: it makes {', '.join(row.names)}\n\n{codes.get(row.execution, '')}"
    reason = f": {row.reason}" if row.reason else ""
    return f"{row.kind.value} {', '.join(row.names)}, made by cell {row.execution}{reason}"


def _row(row: PlanRow, codes: Mapping[ExecutionId, str]) -> str:
    names = ", ".join(row.names)
    what = names if row.kind is not PlanKind.RUN else first_line(codes.get(row.execution, ""))
    more = [f"makes {names}"] if row.kind is PlanKind.RUN and names else []
    more += [size(row.n_bytes)] if row.n_bytes else []
    more += [duration(row.cost_s)] if row.cost_s is not None else []
    more += [row.reason] if row.reason else []
    return (
        f'<div class="ens-row" title="{escaped_block(_hover(row, codes))}">'
        f'<span class="ens-badge ens-{_TONES[row.kind]}">{row.kind.value}</span>'
        f'<span class="ens-number">{row.execution}</span><span class="ens-code">{escaped(what)}</span>'
        f'<span class="ens-quiet">{escaped(", ".join(more))}</span></div>'
    )


def _prices(plan: Plan) -> list[str]:
    """Draw what the plan and the plain alternatives cost, to one scale."""
    prices = {"this plan": plan.cost_s, "load everything": plan.load_all_s, "run everything": plan.run_all_s}
    prices = {label: cost for label, cost in prices.items() if isfinite(cost)}
    if len(prices) == 1 or not plan.steps:  # nothing to compare with
        return []
    longest = max(prices.values()) or 1
    rows = []
    for label, cost in prices.items():
        width = max(round(_BAR_PX * cost / longest), 1)
        bar = f'<span class="ens-bar" style="width: {width}px"></span>'
        words = f'<span class="ens-price">{label}</span>{bar}<span class="ens-quiet">{duration(cost)}</span>'
        rows.append(f'<div class="ens-row">{words}</div>')
    return ['<div class="ens-prices">', *rows, "</div>"]
