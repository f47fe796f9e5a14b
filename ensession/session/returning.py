"""Plan, carry out, plan again without what failed: until a plan holds."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ensession.capture.pausing import collector_paused
from ensession.errors import HiddenStateError
from ensession.model import ExecutionId, Fate, Graph, Plan, RestoreReport, VariableReport, VersionId
from ensession.planner.costs import CostModel
from ensession.planner.failures import LoadFailure, ReplayFailure, SpoiltInput, UnfaithfulReplay
from ensession.planner.mincut import plan
from ensession.planner.situation import with_dependents
from ensession.restore import (
    Archive,
    Bench,
    Executor,
    Made,
    Progress,
    all_or_nothing,
    place,
    report_variables,
)
from ensession.session.checks import Surroundings

UNCHANGED = Surroundings()

Failure = LoadFailure | ReplayFailure | UnfaithfulReplay | SpoiltInput
FAILURES = (LoadFailure, ReplayFailure, UnfaithfulReplay, SpoiltInput)
"""What a plan may run into, and another plan may do without."""


@dataclass
class Bans:
    """What turned out not to work here, and why."""

    unloadable: dict[VersionId, str] = field(default_factory=dict)
    unrunnable: dict[ExecutionId, str] = field(default_factory=dict)
    unfaithful: set[VersionId] = field(default_factory=set)
    spoilt: set[VersionId] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)
    costs: CostModel = field(default_factory=CostModel)

    def note(self, graph: Graph, failure: Failure) -> None:
        """Ban what failed.

        Raises
        ------
        LoadFailure, ReplayFailure, UnfaithfulReplay, SpoiltInput
            It was banned already: planning again would never come to an end.
        """
        before = self._count()
        self._ban(graph, failure)
        if self._count() <= before:
            raise failure
        self.reasons.append(str(failure))

    def _count(self) -> int:
        # A version that can't be loaded leaves the unfaithful ones: it counts twice, so that the count only grows.
        return 2 * len(self.unloadable) + len(self.unrunnable) + len(self.unfaithful) + len(self.spoilt)

    def _ban(self, graph: Graph, failure: Failure) -> None:
        if isinstance(failure, LoadFailure):
            self.unloadable[failure.version] = str(failure)
            self.unfaithful.discard(failure.version)  # then a different value is the best there is
        elif isinstance(failure, ReplayFailure):
            self.unrunnable[failure.execution] = str(failure)
        elif isinstance(failure, SpoiltInput):
            self.spoilt.add(failure.version)
            self.unrunnable[failure.execution] = str(failure)
        else:
            self.unfaithful |= with_dependents(graph, failure.versions)

    def plan(
        self,
        graph: Graph,
        target: ExecutionId | None,
        wanted: Collection[VersionId] | None = None,
        *,
        live: Collection[VersionId] = (),
        to_load: Collection[VersionId] = (),
        done: Collection[ExecutionId] = (),
    ) -> Plan:
        """Make the cheapest plan that does without what is banned; versions ``to_load`` must not come from a run."""
        return plan(
            graph,
            target,
            self.costs,
            wanted=wanted,
            unloadable=self.unloadable,
            unrunnable=self.unrunnable,
            live=live,
            unfaithful=self.unfaithful.union(to_load),
            done=done,
        )


def bring_back(
    graph: Graph,
    target: ExecutionId,
    archive: Archive,
    bench: Bench,
    progress: Progress,
    costs: CostModel,
    around: Surroundings = UNCHANGED,
    left_out: Mapping[str, Fate] = MappingProxyType({}),
) -> RestoreReport:
    """Bring a recorded state into a namespace.

    Parameters
    ----------
    graph, target, archive, bench, progress
        See :class:`ensession.restore.Executor`.
    around : Surroundings
        What is not here, or not as it was.
    left_out : Mapping[str, Fate]
        Names to leave alone, and whether for good or for now (*ignored*, *awaited*).

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
    bans = Bans(unrunnable=dict(around.unrunnable), costs=costs)
    state = {name: version for name, version in graph.state.items() if name not in left_out}
    task = Task(graph, target, frozenset(state.values()), around.folders)
    with all_or_nothing(bench):
        made, chosen = _settle(task, archive, bench, progress, bans)
        _renew(graph, chosen, made)
        refused = place(bench, {name: made.values[v][name] for name, v in state.items() if v in made.values})
        made.fates.update({graph.state[name]: (Fate.MISSING, one.reason) for name, one in refused.items()})
    variables = [one for one in report_variables(graph, chosen, made) if one.name not in left_out]
    variables += [_without(graph, target, name, fate) for name, fate in sorted(left_out.items())]
    omitted = (f"cell {cell}, which should always run, can't be run: {why}" for cell, why in chosen.omitted.items())
    return RestoreReport(
        target=target,
        plan=chosen,
        variables=tuple(variables),
        duration_s=time.perf_counter() - start,
        replans=tuple(bans.reasons),
        loads=tuple(made.loads),
        notes=(*around.notes, *omitted, *made.notes),
    )


def _without(graph: Graph, target: ExecutionId, name: str, fate: Fate) -> VariableReport:
    if fate is Fate.AWAITED:
        made_by = graph.versions[graph.state[name]].execution
        return VariableReport(name, fate, made_by, "comes before the first cell that may use it")
    return VariableReport(name, fate, target, "you said so (%ens ignore)")


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be brought back, and where cells have to run."""

    graph: Graph
    target: ExecutionId
    wanted: frozenset[VersionId]
    folders: Mapping[ExecutionId, str]


def _settle(task: Task, archive: Archive, bench: Bench, progress: Progress, bans: Bans) -> tuple[Made, Plan]:
    before = bench.hidden()
    while True:
        with collector_paused():
            chosen = bans.plan(task.graph, task.target, task.wanted)
        try:
            executor = Executor(task.graph, archive, bench, progress, bans.unloadable, task.folders)
            return executor.carry_out(chosen), chosen
        except FAILURES as failure:
            bans.note(task.graph, failure)
            _put_hidden_back(task.graph, bench, before)


def _put_hidden_back(graph: Graph, bench: Bench, before: Mapping[str, Any]) -> None:
    """Take back what a plan that came to nothing set of the history's hidden state: the next one begins as it did.

    All else is left alone. What a library sets when it is loaded, say, it does not set a second time.
    """
    present = bench.hidden()
    recorded = {name for version in graph.versions.values() for name in version.names}
    for name in recorded & before.keys():
        if present.get(name) != before[name]:
            with suppress(OSError, ImportError, HiddenStateError):  # a cell that has to have it will say so
                bench.set_hidden(name, before[name])


def _renew(graph: Graph, chosen: Plan, made: Made) -> None:
    """Put what a cell made anew in the place of what can't be brought back."""
    for version, instead in chosen.renewed.items():
        if instead in made.values:
            names, cell = graph.versions[version].names, graph.versions[instead].execution
            made.values[version] = {name: made.values[instead][name] for name in names}
            reason = f"by cell {cell}, which always runs; what later cells did to it is not in it"
            made.fates[version] = (Fate.RENEWED, reason)
