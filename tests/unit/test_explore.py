"""Planning on the part of a history that counts is planning on all of it."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given, settings

from ensession.model import ExecutionId, Graph, Plan, VersionId
from ensession.planner import plan
from ensession.planner.explore import Executions, Versions, explore
from tests.unit.histories import UNIT, Case, cases, history, version


class Whole:
    """Hands out a whole graph piece by piece, and remembers what was asked for."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._executions = {c.id: c for c in graph.executions}
        self.visited: set[ExecutionId] = set()

    def versions(self, ids: Iterable[VersionId]) -> Versions:
        return {id_: self._graph.versions[id_] for id_ in ids}

    def executions(self, ids: Iterable[ExecutionId]) -> tuple[Executions, Versions]:
        wanted = set(ids)
        self.visited |= wanted
        versions = {v: node for v, node in self._graph.versions.items() if node.execution in wanted}
        return {id_: self._executions[id_] for id_ in wanted}, versions


def plan_for(case: Case, graph: Graph) -> Plan:
    return plan(
        graph,
        None,
        UNIT,
        wanted=case.wanted,
        unloadable=case.unloadable,
        unrunnable=case.unrunnable,
        live=case.live,
        unfaithful=case.unfaithful,
        done={c.id for c in case.graph.executions},
    )


@settings(max_examples=500, deadline=None)
@given(cases())
def test_the_plan_on_the_part_is_the_plan_on_the_whole(case: Case) -> None:
    part = explore(
        {f"n{v}": v for v in case.wanted},
        Whole(case.graph),
        UNIT,
        live=case.live,
        unloadable=case.unloadable,
        unrunnable=case.unrunnable,
        unfaithful=case.unfaithful,
    )
    whole, found = plan_for(case, case.graph), plan_for(case, part)
    assert (found.steps, found.missing, found.cost_s) == (whole.steps, whole.missing, whole.cost_s)


def test_what_is_loaded_for_less_than_a_run_is_not_followed() -> None:
    chain = [(9.0, [n - 1] if n > 1 else [], [version(n, n, "x", 1)]) for n in range(1, 50)]
    parts = Whole(history(chain))
    explore({"x": VersionId(49)}, parts, UNIT)
    assert parts.visited == {49}


def test_a_live_input_is_not_followed_but_where_the_cell_may_change_it() -> None:
    chain = [
        (1.0, [], [version(1, 1, "x", None)]),
        (1.0, [1], [version(2, 2, "y", None)]),
        (1.0, [1], [version(3, 3, "x", None)]),
    ]
    parts = Whole(history(chain))
    explore({"y": VersionId(2)}, parts, UNIT, live=[VersionId(1)])
    assert parts.visited == {2}
    explore({"x": VersionId(3)}, parts, UNIT, live=[VersionId(1)])
    assert parts.visited == {1, 2, 3}
