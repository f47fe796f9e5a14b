"""Which payloads a store can do without. Pure: no I/O, no clock.

Payloads of the states that are kept stay, and so does whatever their other variables are made again from. Of all other
states the payloads may go: what cells make again is no loss, the rest is, and is said to be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ensession.model import ExecutionId, Graph, VersionId
from ensession.planner.costs import CostModel
from ensession.planner.mincut import plan
from ensession.planner.situation import Situation

_DROPPED = "it was dropped"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of history, and what of it can't be run again here.

    Attributes
    ----------
    graph : Graph
    unrunnable : Mapping[ExecutionId, str]
    kept : frozenset of ExecutionId
        Executions of the line whose states are kept.
    """

    graph: Graph
    unrunnable: Mapping[ExecutionId, str] = field(default_factory=dict)
    kept: frozenset[ExecutionId] = frozenset()


def obtainable(lines: Iterable[Line], dropped: Collection[VersionId] = ()) -> set[VersionId]:
    """Return the versions that can be had, some payloads being gone."""
    gone = dict.fromkeys(dropped, _DROPPED)
    found: set[VersionId] = set()
    for line in lines:
        found |= Situation(line.graph, gone, line.unrunnable).obtainable
    return found


def spare(lines: Sequence[Line], costs: CostModel) -> set[VersionId]:
    """Return the versions with a payload that no kept state needs."""
    stored: set[VersionId] = set()
    needed: set[VersionId] = set()
    for line in lines:
        stored.update(id_ for id_, version in line.graph.versions.items() if version.payload is not None)
        needed |= _needed(line, costs)
    return stored - needed


def without_loss(
    lines: Sequence[Line], candidates: Collection[VersionId], unverifiable: Collection[VersionId]
) -> set[VersionId]:
    """Return those of some payloads that can go, all of them, so that everything can still be had.

    Parameters
    ----------
    lines : sequence of Line
    candidates : collection of VersionId
    unverifiable : collection of VersionId
        Versions that nobody could tell from others if they were made again: to drop them is a loss.
    """
    dropped = set(candidates).difference(unverifiable)
    before = obtainable(lines)
    while dropped:
        lost = before - obtainable(lines, dropped)
        if not lost:
            break
        # The first lost version of a chain has a payload among the dropped: else it would be had as before.
        dropped -= (lost & dropped) or dropped
    return dropped


def _needed(line: Line, costs: CostModel) -> set[VersionId]:
    """Return the versions of the kept states, what these require, what their plans load, and what they fall back on.

    A cell that is run again may give another value than it did. What was made from its value is then made from the
    nearest stored inputs instead: what the plan of today runs again has to stay, too, where it is stored.
    """
    wanted = _with_required(line.graph, _states(line.graph, line.kept))
    unstored = [one for one in wanted if line.graph.versions[one].payload is None]
    chosen = plan(line.graph, None, costs, wanted=unstored, unrunnable=line.unrunnable)
    return wanted.union(chosen.loads, _with_required(line.graph, _nearest_stored(line.graph, unstored)))


def _with_required(graph: Graph, wanted: Collection[VersionId]) -> set[VersionId]:
    """Return some versions with all that they require."""
    found = set(wanted)
    stack = list(found)
    while stack:
        more = {one for one in graph.versions[stack.pop()].requires if one in graph.versions} - found
        found |= more
        stack += more
    return found


def _nearest_stored(graph: Graph, unstored: Iterable[VersionId]) -> set[VersionId]:
    """Return the stored versions that some others are made again from when nothing that a cell makes again is right."""
    reads = {one.id: one.reads for one in graph.executions}
    found: set[VersionId] = set()
    stack = list(unstored)
    seen = set(stack)
    while stack:
        node = graph.versions[stack.pop()]
        for one in {*reads.get(node.execution, ()), *node.requires}.intersection(graph.versions) - seen:
            seen.add(one)
            if graph.versions[one].payload is None:
                stack.append(one)
            else:
                found.add(one)
    return found


def _states(graph: Graph, kept: Collection[ExecutionId]) -> set[VersionId]:
    """Return the versions of all states right after the kept executions."""
    found: set[VersionId] = set()
    state: dict[str, VersionId | None] = {}
    for execution in graph.executions:
        state |= graph.bindings[execution.id]
        if execution.id in kept:
            found.update(version for version in state.values() if version is not None)
    return found
