"""Plan, carry out, plan again without what failed: until a plan holds."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field

from ensession.model import ExecutionId, Fate, Graph, Plan, RestoreReport, VersionId
from ensession.planner.costs import CostModel
from ensession.planner.mincut import plan
from ensession.restore import (
    Archive,
    Bench,
    Executor,
    LoadFailure,
    Made,
    Progress,
    ReplayFailure,
    UnfaithfulReplay,
    all_or_nothing,
    place,
    report_variables,
)


@dataclass
class Bans:
    """What turned out not to work here, and why."""

    unloadable: dict[VersionId, str] = field(default_factory=dict)
    unrunnable: dict[ExecutionId, str] = field(default_factory=dict)
    unfaithful: set[VersionId] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)
    costs: CostModel = field(default_factory=CostModel)

    def note(self, graph: Graph, failure: LoadFailure | ReplayFailure | UnfaithfulReplay) -> None:
        """Ban what failed.

        Raises
        ------
        LoadFailure, ReplayFailure, UnfaithfulReplay
            It was banned already: planning again would never come to an end.
        """
        before = self._count()
        self._ban(graph, failure)
        if self._count() <= before:
            raise failure
        self.reasons.append(str(failure))

    def _count(self) -> int:
        # A version that can't be loaded leaves the unfaithful ones: it counts twice, so that the count only grows.
        return 2 * len(self.unloadable) + len(self.unrunnable) + len(self.unfaithful)

    def _ban(self, graph: Graph, failure: LoadFailure | ReplayFailure | UnfaithfulReplay) -> None:
        if isinstance(failure, LoadFailure):
            self.unloadable[failure.version] = str(failure)
            self.unfaithful.discard(failure.version)  # then a different value is the best there is
        elif isinstance(failure, ReplayFailure):
            self.unrunnable[failure.execution] = str(failure)
        else:
            self.unfaithful |= _with_dependents(graph, failure.versions)

    def plan(self, graph: Graph, target: ExecutionId | None, wanted: Collection[VersionId] | None = None) -> Plan:
        """Make the cheapest plan that does without what is banned."""
        return plan(
            graph,
            target,
            self.costs,
            wanted=wanted,
            unloadable=self.unloadable,
            unrunnable=self.unrunnable,
            unfaithful=self.unfaithful,
        )


def _with_dependents(graph: Graph, versions: tuple[VersionId, ...]) -> set[VersionId]:
    """Return versions of one execution and those of the same execution that refer to them.

    A class that is loaded and instances that come from running the cell again would not belong together.
    """
    found = set(versions)
    execution = graph.versions[versions[0]].execution
    siblings = [v for v, node in graph.versions.items() if node.execution == execution]
    while True:
        more = {v for v in siblings if not found.isdisjoint(graph.versions[v].requires)} - found
        if not more:
            return found
        found |= more


def bring_back(
    graph: Graph, target: ExecutionId, archive: Archive, bench: Bench, progress: Progress, costs: CostModel
) -> RestoreReport:
    """Bring a recorded state into a namespace.

    Returns
    -------
    RestoreReport
        The namespace and the hidden state are those of the target state, less what is reported missing.

    Raises
    ------
    RestoreError, TrustError
        The namespace is as it was.
    """
    start = time.perf_counter()
    bans = Bans(costs=costs)
    with all_or_nothing(bench):
        made, chosen = _settle(graph, target, archive, bench, progress, bans)
        refused = place(bench, {name: made.values[v][name] for name, v in graph.state.items() if v in made.values})
        made.fates.update({graph.state[name]: (Fate.MISSING, one.reason) for name, one in refused.items()})
    variables = report_variables(graph, chosen, made)
    return RestoreReport(target, chosen, variables, time.perf_counter() - start, tuple(bans.reasons), tuple(made.loads))


def _settle(
    graph: Graph, target: ExecutionId, archive: Archive, bench: Bench, progress: Progress, bans: Bans
) -> tuple[Made, Plan]:
    while True:
        chosen = bans.plan(graph, target)
        try:
            return Executor(graph, archive, bench, progress, bans.unloadable).carry_out(chosen), chosen
        except (LoadFailure, ReplayFailure, UnfaithfulReplay) as failure:
            bans.note(graph, failure)
