"""What can be brought back at all, and why not where it can't. Pure: no I/O, no clock.

One pass in history order: an execution can be run when nothing forbids it and all it reads can be had; a version
can be had when it can be loaded or its execution can be run, and all it requires can be had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from ensession.model import HIDDEN_PREFIX, ExecutionId, Graph, GraphExecution, GraphVersion, VersionId, Word


@dataclass(frozen=True)
class Situation:
    """A history graph and what is known about loading and running here and now.

    Attributes
    ----------
    graph : Graph
    unloadable : Mapping[VersionId, str]
        Versions whose payload is of no use, and why.
    unrunnable : Mapping[ExecutionId, str]
        Executions that can't be run again here, and why, besides what the history itself says.
    live : frozenset[VersionId]
        Versions whose value is in the session now.
    unfaithful : frozenset[VersionId]
        Versions that come out wrong when their execution is run again.
    done : frozenset[ExecutionId]
        Executions whose work is done in this process: those that must always run need not run once more.
    only_loaded : frozenset[VersionId]
        Those among the unfaithful ones of which nobody has seen that they come out wrong (:func:`only_loaded`).
    forced : set[ExecutionId]
        Executions that are part of every plan: the user said so, and they can be run.
    omitted : dict[ExecutionId, str]
        Executions that would be, but can't be run, and why.
    """

    graph: Graph
    unloadable: Mapping[VersionId, str] = field(default_factory=dict)
    unrunnable: Mapping[ExecutionId, str] = field(default_factory=dict)
    live: frozenset[VersionId] = frozenset()
    unfaithful: frozenset[VersionId] = frozenset()
    done: frozenset[ExecutionId] = frozenset()
    only_loaded: frozenset[VersionId] = frozenset()
    loadable: set[VersionId] = field(init=False, default_factory=set)
    runnable: set[ExecutionId] = field(init=False, default_factory=set)
    obtainable: set[VersionId] = field(init=False, default_factory=set)
    forced: set[ExecutionId] = field(init=False, default_factory=set)
    omitted: dict[ExecutionId, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Find what can be had."""
        for execution in self.graph.executions:
            if self.forbidden(execution) is None and all(u in self.obtainable for u in self.inputs(execution)):
                self.runnable.add(execution.id)
            if Word.ALWAYS in execution.words and execution.id not in self.done:
                self._insist(execution)
            self._admit(execution)

    def inputs(self, execution: GraphExecution) -> Iterable[VersionId]:
        """Versions that have to be made fresh for running this execution again.

        A live version is handed over as it is, unless the execution bound its names anew: then it may have
        changed the value in place, and would do so to the user's own object.
        """
        return fresh_inputs(execution, self.graph.versions, self.live) if self.live else execution.reads

    def requirements(self, version: VersionId) -> Iterable[VersionId]:
        """Versions that have to be made fresh when this one is."""
        requires = self.graph.versions[version].requires
        return tuple(d for d in requires if d not in self.live) if self.live else requires

    def forbidden(self, execution: GraphExecution) -> str | None:
        """Why this execution itself, whatever it reads, can't be run again."""
        return execution.forbidden or self.unrunnable.get(execution.id)

    def why_missing(self, version: VersionId) -> str:
        """Say why a version can't be had, for the user's eyes."""
        root = self._root_cause(version)
        reason = self._own_reason(version)
        if root == version:
            return reason
        return f"{reason}, which can't be brought back: {self._own_reason(root)}"

    def root_cause(self, version: VersionId) -> VersionId:
        """Return the version that is lost for reasons of its own, because of which this one is."""
        return self._root_cause(version)

    def _insist(self, execution: GraphExecution) -> None:
        if execution.id in self.runnable:
            self.forced.add(execution.id)
            return
        reason = self.forbidden(execution)
        lost = [u for u in self.inputs(execution) if u not in self.obtainable]
        self.omitted[execution.id] = reason or f"it needs {self._label(self._root_cause(lost[0]))}"

    def _admit(self, execution: GraphExecution) -> None:
        """Add what can be had of an execution's versions."""
        runs = execution.id in self.runnable
        versions = [self.graph.versions[v] for v in execution.produces]
        candidates = {v.id for v in versions if self._has_payload(v) or (runs and v.id not in self.unfaithful)}
        known = self.obtainable
        while True:
            lost = {v for v in candidates if any(d not in known and d not in candidates for d in self.requirements(v))}
            if not lost:
                break
            candidates -= lost
        self.obtainable.update(candidates)
        self.loadable.update(v.id for v in versions if v.id in candidates and self._has_payload(v))

    def _has_payload(self, version: GraphVersion) -> bool:
        return is_stored(version, self.unloadable)

    def _lost_inputs(self, version: GraphVersion) -> list[VersionId]:
        """Versions whose absence is to blame: what its execution reads, or what it requires."""
        lost = [d for d in self.requirements(version.id) if d not in self.obtainable]
        execution = self._execution(version.execution)
        if execution is not None and self.forbidden(execution) is None and version.id not in self.unfaithful:
            lost += [u for u in self.inputs(execution) if u not in self.obtainable]
        return lost

    def _root_cause(self, version: VersionId) -> VersionId:
        """Follow the absent inputs back to a version that is lost for reasons of its own."""
        seen: set[VersionId] = set()
        while version in self.graph.versions and version not in seen:
            seen.add(version)
            lost = self._lost_inputs(self.graph.versions[version])
            if not lost:
                break
            version = lost[0]
        return version

    def _own_reason(self, version: VersionId) -> str:
        if version not in self.graph.versions:
            return "not part of this history"
        node = self.graph.versions[version]
        return f"{self._why_not_loaded(node)}; {self._why_not_run(node)}"

    def _why_not_loaded(self, version: GraphVersion) -> str:
        if version.id in self.unloadable:
            return f"can't be loaded: {self.unloadable[version.id]}"
        if version.unstorable is not None:
            return f"unstorable: {version.unstorable}"
        if version.payload is None:
            return "not stored"
        root = self._root_cause(version.id)
        return f"can't be loaded without {self._label(root)}"

    def _why_not_run(self, version: GraphVersion) -> str:
        cell = f"cell {version.execution}"
        execution = self._execution(version.execution)
        forbidden = self.forbidden(execution) if execution is not None else "not part of this history"
        if forbidden is not None:
            return f"{cell} can't be run again: {forbidden}"
        if version.id in self.unfaithful:
            return f"{cell} makes another value when it is run again"
        return f"{cell} can't be run again without {self._label(self._root_cause(version.id))}"

    def _label(self, version: VersionId) -> str:
        node = self.graph.versions.get(version)
        return f"{', '.join(node.names)} of cell {node.execution}" if node else f"version {version}"

    def _execution(self, execution: ExecutionId) -> GraphExecution | None:
        return next((c for c in self.graph.executions if c.id == execution), None)


def only_loaded(graph: Graph, unloadable: Collection[VersionId] = ()) -> frozenset[VersionId]:
    """Return the versions that are never made again while they can be loaded.

    Payloads that came late: there is no fingerprint to hold what their cells would make against. Those that refer to
    them come along; where one of these can't be loaded, all have to come from the cell. And hidden state of which
    nothing was there before: a generator that nobody seeded starts elsewhere in each process.
    """
    stored = [v for v in graph.versions.values() if is_stored(v, unloadable)]
    late = [v for v in stored if v.unstorable is not None]
    hidden = {v.id for v in stored if v.names[0].startswith(HIDDEN_PREFIX)}
    found = hidden - _going_on(graph, hidden)
    for version in late:
        together = with_dependents(graph, {version.id})
        if all(is_stored(graph.versions[id_], unloadable) for id_ in together):
            found |= together
    return frozenset(found)


def _going_on(graph: Graph, hidden: set[VersionId]) -> set[VersionId]:
    """Return those versions of hidden state that their execution made from an earlier one."""
    found: set[VersionId] = set()
    for execution in graph.executions if hidden else ():
        own = hidden & set(execution.produces)
        if own:
            before = {graph.versions[v].names for v in execution.reads if v in graph.versions}
            found.update(v for v in own if graph.versions[v].names in before)
    return found


def is_stored(version: GraphVersion, unloadable: Collection[VersionId]) -> bool:
    """Whether a version has a payload that can be loaded."""
    return version.payload is not None and version.id not in unloadable


def with_dependents(graph: Graph, versions: Collection[VersionId]) -> set[VersionId]:
    """Return versions of one execution and those of the same execution that refer to them.

    A class that is loaded and instances that come from running the cell again would not belong together.
    """
    found = set(versions)
    execution = graph.versions[next(iter(found))].execution
    siblings = [v for v, node in graph.versions.items() if node.execution == execution]
    while True:
        more = {v for v in siblings if not found.isdisjoint(graph.versions[v].requires)} - found
        if not more:
            return found
        found |= more


def to_load_instead(graph: Graph, versions: Collection[VersionId]) -> list[VersionId]:
    """Return what has to be loaded in the place of versions of one execution: they, and then what refers to them."""
    found = sorted(with_dependents(graph, versions))
    needs = {one: [other for other in graph.versions[one].requires if other in found] for one in found}
    return list(TopologicalSorter(needs).static_order())


def fresh_inputs(
    execution: GraphExecution, versions: Mapping[VersionId, GraphVersion], live: Collection[VersionId]
) -> tuple[VersionId, ...]:
    """Return which of an execution's reads have to be made fresh for running it again.

    Those that are not live, and those that it may change in place: a name of theirs is bound anew by it.
    """
    made = {name for v in execution.produces for name in versions[v].names}
    return tuple(
        u for u in execution.reads if u not in live or u not in versions or not made.isdisjoint(versions[u].names)
    )


def lent_inputs(
    execution: GraphExecution, versions: Mapping[VersionId, GraphVersion], live: Collection[VersionId]
) -> tuple[VersionId, ...]:
    """Return which of an execution's reads it gets as they live, when it is run again."""
    fresh = fresh_inputs(execution, versions, live)
    return tuple(version for version in execution.reads if version not in fresh)


def only_lent(graph: Graph, runs: Collection[ExecutionId], live: Collection[VersionId]) -> frozenset[VersionId]:
    """Return the live versions of which no fresh copy is needed when these executions run."""
    again = (execution for execution in graph.executions if execution.id in runs)
    fresh = {version for execution in again for version in fresh_inputs(execution, graph.versions, live)}
    return frozenset(live) - fresh
