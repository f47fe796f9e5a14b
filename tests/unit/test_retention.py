"""Which payloads may go: nothing that a kept state needs, and no value without a word."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ensession.model import ExecutionId, Graph, VersionId
from ensession.planner.retention import Line, obtainable, spare, without_loss
from tests.unit.histories import UNIT, Case, cases, history, version


def without(graph: Graph, dropped: set[VersionId]) -> Graph:
    """Return the graph of the same history with some payloads gone."""
    versions = {id_: one._replace(payload=None) if id_ in dropped else one for id_, one in graph.versions.items()}
    return replace(graph, versions=versions)


def states(graph: Graph) -> dict[ExecutionId, set[VersionId]]:
    found, state = {}, dict[str, VersionId | None]()
    for execution in graph.executions:
        state |= graph.bindings[execution.id]
        found[execution.id] = {one for one in state.values() if one is not None}
    return found


@settings(max_examples=300, deadline=None)
@given(cases(), st.data())
def test_what_goes_takes_nothing_from_the_kept_states(case: Case, data: st.DataObject) -> None:
    graph = case.graph
    every = [one.id for one in graph.executions]
    kept = frozenset(data.draw(st.sets(st.sampled_from(every)))) if every else frozenset()
    line = Line(graph, case.unrunnable, kept)
    dropped = spare([line], UNIT)
    before, after = obtainable([line]), obtainable([replace(line, graph=without(graph, dropped))])
    for id_ in kept:
        assert states(graph)[id_] & before <= after
        stored = {one for one in states(graph)[id_] if graph.versions[one].payload is not None}
        assert not stored & dropped


@settings(max_examples=300, deadline=None)
@given(cases(), st.data())
def test_what_goes_without_loss_leaves_everything_obtainable(case: Case, data: st.DataObject) -> None:
    line = Line(case.graph, case.unrunnable)
    stored = sorted(id_ for id_, one in case.graph.versions.items() if one.payload is not None)
    candidates = data.draw(st.sets(st.sampled_from(stored))) if stored else set()
    unverifiable = data.draw(st.sets(st.sampled_from(stored))) if stored else set()
    dropped = without_loss([line], candidates, unverifiable)
    assert dropped <= candidates - unverifiable
    assert obtainable([replace(line, graph=without(case.graph, dropped))]) == obtainable([line])
    # Nothing that could go alone stays for want of looking, where all candidates could go.
    if candidates.isdisjoint(unverifiable) and obtainable([line], candidates) == obtainable([line]):
        assert dropped == candidates


def test_a_value_that_another_is_made_from_stays() -> None:
    graph = history(
        [
            (9, [], [version(1, 1, "data", 3)]),
            (1, [1], [version(2, 2, "total", None)]),
            (1, [], [version(3, 3, "data", 2)]),
        ],
        no_replay={1: "it is gone"},
    )
    assert spare([Line(graph, {}, frozenset([ExecutionId(3)]))], UNIT) == set()
    assert spare([Line(graph, {}, frozenset())], UNIT) == {1, 3}


def test_what_a_cell_may_give_otherwise_stays_as_long_as_a_kept_value_is_made_from_it() -> None:
    graph = history(
        [
            (1, [], [version(1, 1, "key", 9), version(2, 1, "scope", 9)]),  # quicker run again than loaded
            (1, [1], [version(3, 2, "between", None)]),
            (1, [3], [version(4, 3, "long", None)]),
            (1, [], [version(5, 4, "key between", 1), version(6, 4, "scope", 1)]),
        ]
    )
    kept = Line(graph, {}, frozenset([ExecutionId(4)]))
    assert spare([kept], UNIT) == {2}
    needs = {**graph.versions, VersionId(1): graph.versions[VersionId(1)]._replace(requires=(VersionId(2),))}
    assert spare([replace(kept, graph=replace(graph, versions=needs))], UNIT) == set()
