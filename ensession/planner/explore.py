"""The part of a history that a plan can be about, found backwards from what is wanted.

Pure: no I/O of its own, what it needs to know is handed in piece by piece.

A history of 10,000 executions is long, but a move to a near state concerns few of them. An execution is followed
upstream only where running it may pay; a version that is live is followed only where a fresh copy may be needed.
The cheapest plan on this part is the cheapest plan of all: what is left out can't be in one.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from ensession.model import ExecutionId, Graph, GraphExecution, GraphVersion, VersionId
from ensession.planner.costs import CostModel
from ensession.planner.mincut import nanoseconds
from ensession.planner.situation import fresh_inputs

Executions = Mapping[ExecutionId, GraphExecution]
Versions = Mapping[VersionId, GraphVersion]


class Parts(Protocol):
    """Where the nodes of the graph come from."""

    def versions(self, ids: Iterable[VersionId], /) -> Versions:
        """Return versions."""

    def executions(self, ids: Iterable[ExecutionId], /) -> tuple[Executions, Versions]:
        """Return executions with all versions that they made."""


def explore(
    wanted: Mapping[str, VersionId],
    parts: Parts,
    costs: CostModel,
    *,
    live: Collection[VersionId] = (),
    unloadable: Collection[VersionId] = (),
    unrunnable: Collection[ExecutionId] = (),
    unfaithful: Collection[VersionId] = (),
) -> Graph:
    """Return as much of a history as it takes to plan for some versions.

    Parameters
    ----------
    wanted : Mapping[str, VersionId]
        The names to bring and their versions; becomes the graph's state.
    parts : Parts
    costs : CostModel
    live, unloadable, unrunnable, unfaithful
        As for :func:`ensession.planner.mincut.plan`, which has to be given the same.

    Returns
    -------
    Graph
        Without the bindings of its executions.
    """
    search = _Search(parts, costs, frozenset(live), frozenset(unloadable), frozenset(unrunnable), frozenset(unfaithful))
    search.demand(set(wanted.values()) - search.live)
    search.run()
    executions = tuple(search.executions[id_] for id_ in sorted(search.demanded))
    return Graph(executions, search.versions, wanted, {})


class _Search:
    """Visits executions from the latest back; when its turn comes, all that may be needed of one is known."""

    def __init__(
        self,
        parts: Parts,
        costs: CostModel,
        live: frozenset[VersionId],
        unloadable: frozenset[VersionId],
        unrunnable: frozenset[ExecutionId],
        unfaithful: frozenset[VersionId],
    ) -> None:
        self._parts = parts
        self._costs = costs
        self.live = live
        self._unloadable = unloadable
        self._unrunnable = unrunnable
        self._unfaithful = unfaithful
        self.versions: dict[VersionId, GraphVersion] = {}
        self.executions: dict[ExecutionId, GraphExecution] = {}
        self.demanded: dict[ExecutionId, set[VersionId]] = {}
        self._open: list[int] = []

    def demand(self, ids: Collection[VersionId]) -> None:
        """Say that these versions may be needed."""
        self._learn(ids)
        for id_ in ids:
            execution = self.versions[id_].execution
            if execution not in self.demanded:
                self.demanded[execution] = set()
                heapq.heappush(self._open, -execution)
            self.demanded[execution].add(id_)

    def run(self) -> None:
        """Follow what is demanded."""
        while self._open:
            execution = self._execution(ExecutionId(-heapq.heappop(self._open)))
            own = self.demanded[execution.id]
            stack = list(own)
            while stack:
                needed = set(self.versions[stack.pop()].requires) - self.live
                more = needed.intersection(execution.produces) - own
                own |= more
                stack += more
                self.demand(needed.difference(execution.produces))
            if self._may_run(execution, own):
                self._learn(execution.reads)
                self.demand(set(fresh_inputs(execution, self.versions, self.live)))

    def _learn(self, ids: Iterable[VersionId]) -> None:
        unknown = [id_ for id_ in ids if id_ not in self.versions]
        if unknown:
            self.versions.update(self._parts.versions(unknown))

    def _execution(self, id_: ExecutionId) -> GraphExecution:
        if id_ not in self.executions:
            waiting = {id_, *(ExecutionId(-key) for key in self._open)} - self.executions.keys()
            executions, versions = self._parts.executions(waiting)
            self.executions.update(executions)
            self.versions.update(versions)
        return self.executions[id_]

    def _may_run(self, execution: GraphExecution, own: Collection[VersionId]) -> bool:
        if execution.forbidden is not None or execution.id in self._unrunnable:
            return False
        load_ns = 0
        for id_ in own:
            payload = self.versions[id_].payload
            if id_ in self._unfaithful:
                continue
            if payload is None or id_ in self._unloadable:
                return True
            load_ns += nanoseconds(self._costs.load_cost_s(payload))
        return load_ns > nanoseconds(self._costs.run_cost_s(execution.runtime_s))
