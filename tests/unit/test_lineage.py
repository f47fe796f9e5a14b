"""Closures over random histories, held against what running the cells says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ensession.lineage import dependent_executions, needed_executions, uses
from ensession.model import ExecutionId, ExecutionKind, Graph, GraphExecution, GraphVersion, Outcome, VersionId

NAMES = "abcd"


@st.composite
def programs(draw: st.DrawFn) -> list[tuple[list[str], list[str]]]:
    """Return cells: the names that each reads and binds."""
    names = st.lists(st.sampled_from(NAMES), max_size=3, unique=True)
    return draw(st.lists(st.tuples(names, names), min_size=1, max_size=8))


def graph_of(program: list[tuple[list[str], list[str]]]) -> Graph:
    current: dict[str, VersionId] = {}
    executions, versions, bindings = [], {}, {}
    for number, (reads, binds) in enumerate(program, start=1):
        used = tuple(sorted({current[name] for name in reads if name in current}))
        made = []
        for name in binds:
            id_ = VersionId(len(versions) + 1)
            versions[id_] = GraphVersion(id_, ExecutionId(number), (name,), 0, None, None, ())
            made.append(id_)
        current |= dict(zip(binds, made, strict=True))
        bindings[ExecutionId(number)] = dict(zip(binds, made, strict=True))
        executions.append(
            GraphExecution(ExecutionId(number), ExecutionKind.CELL, 0, Outcome.OK, None, used, tuple(made))
        )
    return Graph(tuple(executions), versions, current, bindings)


def run(program: list[tuple[list[str], list[str]]], among: set[int]) -> dict[str, object]:
    """Run some cells: what a cell binds tells the cell and all that it read."""
    values: dict[str, object] = {}
    for number, (reads, binds) in enumerate(program, start=1):
        if number in among:
            made = (number, tuple(values.get(name) for name in sorted(reads)))
            values |= {name: (name, made) for name in binds}
    return values


@given(programs(), st.sampled_from(NAMES))
def test_what_is_needed_is_enough_and_nothing_of_it_can_be_left_out(
    program: list[tuple[list[str], list[str]]], name: str
) -> None:
    graph = graph_of(program)
    if name not in graph.state:
        return
    needed = set(map(int, needed_executions(graph, [graph.state[name]])))
    everything = set(range(1, len(program) + 1))
    assert run(program, needed)[name] == run(program, everything)[name]
    for left_out in needed:
        assert run(program, needed - {left_out}).get(name) != run(program, everything)[name]


@given(programs(), st.data())
def test_what_depends_on_a_cell_is_what_needs_it(
    program: list[tuple[list[str], list[str]]], data: st.DataObject
) -> None:
    graph = graph_of(program)
    execution = ExecutionId(data.draw(st.integers(1, len(program))))
    dependent = dependent_executions(graph, execution)
    for one in graph.executions:
        needs = execution in needed_executions(graph, one.reads)
        assert (one.id in dependent) is (needs and one.id != execution)


def test_who_used_what_of_whom() -> None:
    graph = graph_of([([], ["a", "b"]), (["a", "b"], ["c"]), (["c"], ["d"])])
    told = [(use.maker, use.user, use.names) for use in uses(graph, {1, 2, 3})]
    assert told == [(1, 2, ("a", "b")), (2, 3, ("c",))]
    assert uses(graph, {1, 3}) == []
