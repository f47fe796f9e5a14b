"""The drawing of a history: every edge once, no two nodes in one place, few lanes, nothing lost."""

from __future__ import annotations

import re
from dataclasses import replace
from math import log2

from hypothesis import given, settings
from hypothesis import strategies as st

from ensession.display import Layout, Marks, graph_html, graph_svg, graph_text, lay_out
from ensession.display.graph_html import LANE_PX
from ensession.display.graph_text import ASCII, glyphs_for
from ensession.display.layout import RowKind
from ensession.display.style import ROW_PX
from ensession.display.tables import text_width
from ensession.display.terminal import coloured_graph
from ensession.history import History
from ensession.model import Execution, ExecutionId, Outcome
from tests.unit.markup import Markup
from tests.unit.test_display import HOSTILE
from tests.unit.test_history import execution


@st.composite
def histories(draw: st.DrawFn, max_size: int = 60) -> list[Execution]:
    """Mostly straight histories with jumps back, as checkouts make them."""
    made: list[Execution] = []
    here: int | None = None
    for number in range(1, draw(st.integers(0, max_size)) + 1):
        if draw(st.integers(0, 3)) == 0:
            here = draw(st.none() | st.integers(1, number - 1)) if number > 1 else None
        made.append(execution(number, here, code=f"x = {number}"))
        here = number
    return made


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[Execution], Layout]:
    made = draw(histories())
    ids = st.sampled_from([e.id for e in made]) if made else st.nothing()
    head = draw(ids) if made and draw(st.booleans()) else None
    names = st.dictionaries(st.text("abc", min_size=1, max_size=3), ids, max_size=3) if made else st.just({})
    marks = Marks(head, branches=draw(names), tags=draw(names))
    return made, lay_out(made, marks, draw(st.integers(1, 70)))


@settings(deadline=None)
@given(layouts())
def test_every_execution_is_shown_or_counted_once(drawn: tuple[list[Execution], Layout]) -> None:
    made, layout = drawn
    shown = [row.execution.id for row in layout.rows if row.execution]
    assert len(shown) == len(set(shown))
    assert len(shown) + sum(row.n_hidden for row in layout.rows) == len(made)
    assert layout.marks.head is None or layout.marks.head in shown


@settings(deadline=None)
@given(layouts())
def test_edges_lead_from_the_parent_to_the_execution(drawn: tuple[list[Execution], Layout]) -> None:
    made, layout = drawn
    history = History(made)
    rows = layout.rows
    assert [row.above is None for row in rows] == [True] + [False] * (len(rows) - 1)
    for index, row in enumerate(rows[1:], start=1):
        above = rows[row.above or 0]
        assert (row.above or 0) < index
        assert row.lane - above.lane == row.is_side
        if row.execution is None:
            continue
        if above.kind is RowKind.GAP:
            before = rows[above.above or 0].execution
            assert history.is_ancestor(before.id if before else None, row.execution.id)
            assert history.parent(row.execution.id) != (before.id if before else None)
        else:
            assert history.parent(row.execution.id) == (above.execution.id if above.execution else None)


@settings(deadline=None)
@given(layouts())
def test_lines_never_cross_a_node(drawn: tuple[list[Execution], Layout]) -> None:
    """Between two rows that an edge joins, every row lies further to the right than the lane it runs down."""
    rows = drawn[1].rows
    for index, row in enumerate(rows[1:], start=1):
        lane = rows[row.above or 0].lane
        assert all(between.lane > lane for between in rows[(row.above or 0) + 1 : index])


@settings(deadline=None)
@given(layouts())
def test_lanes_and_rows_are_few(drawn: tuple[list[Execution], Layout]) -> None:
    made, layout = drawn
    assert layout.n_lanes <= 2 + log2(max(len(made), 1))
    assert len(layout.rows) <= 1 + len(made) * 2


def caterpillar(n_executions: int) -> list[Execution]:
    """One line, and an attempt that led nowhere after every third execution."""
    made, here = [], None
    for number in range(1, n_executions + 1):
        made.append(execution(number, here))
        if number % 3:
            here = number
    return made


def test_ten_thousand_executions_stay_readable() -> None:
    for made in ([execution(n, n - 1 or None) for n in range(1, 10_001)], caterpillar(10_000)):
        for budget in (10, 30, 60, 200):
            marks = Marks(ExecutionId(10_000), branches={"old": ExecutionId(17)}, tags={"v1": ExecutionId(5_000)})
            layout = lay_out(made, marks, budget)
            shown = {row.execution.id for row in layout.rows if row.execution}
            assert {17, 5_000, 10_000} <= shown or budget == 10
            assert len(layout.rows) <= 2 * budget
            assert layout.n_lanes <= 4


def test_every_fork_to_the_right_needs_only_a_logarithm_of_lanes() -> None:
    """Each state's second child goes on: what a lane per branch, in order of time, would turn into a staircase."""
    made = [execution(n, None if n == 1 else (n - 1) // 2 * 2 - 1 if n > 2 else 1) for n in range(1, 2_000)]
    assert lay_out(made, Marks(), 5_000).n_lanes <= 3


@settings(deadline=None)
@given(histories())
def test_going_on_moves_nothing(made: list[Execution]) -> None:
    head = made[-1].id if made else None
    before = lay_out(made, Marks(head))
    number = len(made) + 1
    after = lay_out([*made, execution(number, head)], Marks(ExecutionId(number)))
    if number <= 60:
        assert [(row.execution, row.lane) for row in after.rows[:-1]] == [(r.execution, r.lane) for r in before.rows]


def test_text() -> None:
    made = [execution(n, p, code=f"x = {n}\ny") for n, p in [(1, None), (2, 1), (3, 2), (4, 1), (5, 4), (6, 4)]]
    marks = Marks(ExecutionId(5), branches={"main": ExecutionId(5), "try": ExecutionId(3)}, tags={"v1": ExecutionId(1)})
    assert graph_text(lay_out(made, marks)).splitlines() == [
        "○   0  (empty)",
        "●   1  (tag v1) x = 1 …",
        "├─● 2  x = 2 …",
        "│ ● 3  (try) x = 3 …",
        "●   4  x = 4 …",
        "├─● 6  x = 6 …",
        "◉   5  (now, main) x = 5 …",
    ]
    assert graph_text(lay_out(made, marks), ASCII).isascii() is False  # only the code's ellipsis is left
    assert graph_text(lay_out(made[:1], marks), glyphs_for("latin-1")).startswith("o 0  (empty)\n* 1  ")
    assert graph_text(lay_out([], Marks())) == "○ 0  (empty)"


def test_what_is_left_out_is_counted() -> None:
    layout = lay_out(caterpillar(1_000), Marks(ExecutionId(1_000)), 12)
    counted = [line.split() for line in graph_text(layout).splitlines() if re.search("[┊┄]", line)]
    assert len(counted) > 1
    assert all("execution" in " ".join(words) for words in counted)


@settings(deadline=None)
@given(layouts())
def test_the_svg_draws_every_edge_once_and_no_two_nodes_in_one_place(drawn: tuple[list[Execution], Layout]) -> None:
    _, layout = drawn
    markup = Markup(graph_svg(layout))
    place = {(10 + LANE_PX * row.lane, ROW_PX * index + ROW_PX // 2): index for index, row in enumerate(layout.rows)}
    assert len(place) == len(layout.rows)
    edges = []
    for path in markup.of("path", "ens-edge"):
        x, y = re.match(r"M(\d+) (\d+)", path.attributes["d"]).groups()
        last = re.search(r"(?:Q\S+ (\d+) .*H(\d+)|V(\d+))$", path.attributes["d"])
        end = (int(last[2]), int(last[1])) if last[2] else (int(x), int(last[3]))
        edges.append((place[int(x), int(y)], place[end]))
    assert sorted(edges) == sorted((row.above, index) for index, row in enumerate(layout.rows[1:], start=1))
    assert len(markup.of("title")) == len(layout.rows)


def test_hostile_code_and_names_are_harmless() -> None:
    failed = replace(execution(1, code=HOSTILE), outcome=Outcome.ERROR, error=HOSTILE)
    named = {HOSTILE: ExecutionId(1)}
    layout = lay_out([failed], Marks(ExecutionId(1), branches=named, tags=named))
    markup = Markup(graph_html(layout, (HOSTILE,)))
    assert len(markup.of("path", "ens-cross")) == 1
    for text in (graph_text(layout), re.sub(r"\x1b\[[0-9;]*m", "", coloured_graph(layout, 80))):
        assert "\x1b" not in text
        assert len(text.splitlines()) == 2


def test_on_a_terminal_lines_fit() -> None:
    layout = lay_out([execution(1, code="日本" * 100), execution(2, 1, code="y" * 500)], Marks())
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured_graph(layout, 40))
    assert [text_width(line) <= 40 for line in plain.splitlines()] == [True] * 3


def test_an_execution_whose_parent_is_not_there_hangs_on_state_0() -> None:
    layout = lay_out([execution(5, 4), execution(6, 5), execution(7, 7), execution(8, 9)], Marks(ExecutionId(6)))
    hanging = [row.execution.id for row in layout.rows if row.execution and row.above == 0]
    assert sorted(hanging) == [5, 7, 8]
