"""The drawing of a plan: what is brought, what is run again, and from where each cell gets what it reads."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ensession.display import plan_picture
from ensession.display.plan_html import LANE_PX, plan_svg
from ensession.display.plan_layout import PlanKind, PlanLayout, lay_out_plan
from ensession.display.style import ROW_PX
from ensession.model import ExecutionId, Graph
from ensession.planner import plan
from tests.unit.histories import UNIT, cases, history, version
from tests.unit.markup import Markup
from tests.unit.test_display import HOSTILE


def graphs() -> st.SearchStrategy[Graph]:
    return cases().map(lambda case: case.graph)


def drawn(graph: Graph) -> PlanLayout:
    target = graph.executions[-1].id if graph.executions else None
    return lay_out_plan(plan(graph, target, UNIT), graph)


@settings(deadline=None)
@given(graphs())
def test_every_step_and_every_loss_has_a_row(graph: Graph) -> None:
    target = graph.executions[-1].id if graph.executions else None
    made = plan(graph, target, UNIT)
    rows = lay_out_plan(made, graph).rows
    assert [row.kind for row in rows if row.cost_s is not None] == [step.kind.value for step in made.steps]
    assert sum(row.kind is PlanKind.MISSING for row in rows) == len(made.missing)
    assert [row for row in rows if row.kind is PlanKind.KEEP] == []  # a fresh kernel has nothing to keep


@settings(deadline=None)
@given(graphs())
def test_every_read_of_a_cell_that_is_run_has_one_arc(graph: Graph) -> None:
    layout = drawn(graph)
    reads = {execution.id: execution.reads for execution in graph.executions}
    joined = {(arc.source, reader) for arc in layout.arcs for reader in arc.readers}
    assert len(joined) == sum(len(arc.readers) for arc in layout.arcs)
    assert all(source < reader and layout.rows[reader].kind is PlanKind.RUN for source, reader in joined)
    for index, row in enumerate(layout.rows):
        if row.kind is PlanKind.RUN:
            needed = {graph.versions[v].names for v in reads[row.execution]}
            sources = [layout.rows[source] for source, reader in joined if reader == index]
            assert all(any(set(names) <= set(row.names) for row in sources) for names in needed)


@settings(deadline=None)
@given(graphs())
def test_arcs_in_one_lane_do_not_overlap(graph: Graph) -> None:
    layout = drawn(graph)
    for lane in range(layout.n_lanes):
        spans = sorted((arc.source, max(arc.readers)) for arc in layout.arcs if arc.lane == lane)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_the_picture() -> None:
    graph = history(
        [
            (4, [], [version(1, 1, "data", 2)]),
            (1, [1], [version(2, 2, "fit", None)]),
            (60, [], [version(3, 3, "gen", None, unstorable=HOSTILE)]),
        ],
        {3: "it sent mail"},
    )
    made = plan(graph, ExecutionId(3), UNIT)
    layout = lay_out_plan(made, graph)
    assert [row.kind.value for row in layout.rows] == ["load", "run", "missing"]
    markup = Markup(plan_picture(made, graph, {ExecutionId(2): HOSTILE}))
    assert len(markup.of("rect")) == len(markup.of("path", "ens-cross")) == 1
    assert len(markup.of("span", "ens-bar")) == 2  # what is impossible has no length
    (arc,) = Markup(plan_svg(layout, {})).of("path", "ens-edge")
    start = re.match(r"M(\d+) (\d+)Q(\d+) \d+ \d+ \d+V(\d+)Q", arc.attributes["d"])
    assert start is not None
    assert int(start[1]) - int(start[3]) == LANE_PX
    assert (int(start[2]), int(start[4])) == (ROW_PX // 2, ROW_PX + ROW_PX // 2 - 8)


def test_what_lives_is_kept() -> None:
    graph = history([(4, [], [version(1, 1, "data", 2)]), (1, [1], [version(2, 2, "fit", 1)])])
    made = plan(graph, ExecutionId(2), UNIT, wanted=[])
    assert [row.kind for row in lay_out_plan(made, graph).rows] == [PlanKind.KEEP, PlanKind.KEEP]
