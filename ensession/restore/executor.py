"""Brings all versions of a plan into being, in history order."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from types import MappingProxyType

from ensession.capture.pausing import collector_paused
from ensession.errors import IntegrityError, LoadFailedError, TrustError
from ensession.model import (
    HIDDEN_PREFIX,
    ExecutionId,
    Fate,
    Graph,
    GraphExecution,
    Outcome,
    Plan,
    Step,
    StepKind,
    VariableReport,
    Version,
    VersionId,
)
from ensession.planner.failures import LoadFailure, ReplayFailure, SpoiltInput, UnfaithfulReplay
from ensession.planner.situation import lent_inputs, only_lent, to_load_instead
from ensession.restore.bench import Archive, Bench, Made, Progress, Values, place
from ensession.serial.loading import Rebuilder, load


def needed_versions(graph: Graph, plan: Plan) -> frozenset[VersionId]:
    """Return the versions that a plan is made for: those of the target state, and what its steps use."""
    runs = set(plan.runs)
    needed = set(graph.state.values()) - set(plan.missing)
    for execution in graph.executions:
        if execution.id in runs:
            needed.update(execution.reads)
    for version in plan.loads:
        needed.update(graph.versions[version].requires)
    return frozenset(needed)


class Executor:
    """Carries out one plan.

    Parameters
    ----------
    graph : Graph
    archive : Archive
    bench : Bench
    progress : callable
        Called before each step with its number, the number of steps and a label.
    unloadable : collection of VersionId
        Versions whose payload is of no use: a different value is better than none there.
    folders : mapping of ExecutionId to str
        Executions that have to be run in another folder than the one that this process began in.
    live : Mapping of VersionId to values
        Versions that are in the session now. They are lent to cells that read them and do not bind them anew, and
        looked at afterwards.
    """

    def __init__(
        self,
        graph: Graph,
        archive: Archive,
        bench: Bench,
        progress: Progress,
        unloadable: Collection[VersionId] = (),
        folders: Mapping[ExecutionId, str] = MappingProxyType({}),
        live: Mapping[VersionId, Values] = MappingProxyType({}),
    ) -> None:
        self._live = live
        self._unloadable = frozenset(unloadable)
        self._folders = folders
        self._graph = graph
        self._archive = archive
        self._bench = bench
        self._progress = progress
        self._records: dict[VersionId, Version] = {}

    def carry_out(self, plan: Plan) -> Made:
        """Bring all versions of a plan into being, in history order.

        The namespace is the workshop: before each cell it holds exactly the versions that are current there and
        that the plan brings. It is left in an undefined state: call inside :func:`all_or_nothing`.

        Raises
        ------
        LoadFailure, ReplayFailure, UnfaithfulReplay
            Plan again without what failed.
        """
        made = Made()
        steps = _by_execution(plan.steps)
        # What is loaded after its cell ran comes out wrong when run again: that is known, and no news.
        compared = needed_versions(self._graph, plan) - set(plan.loads)
        compared -= only_lent(self._graph, plan.runs, self._live)
        current: dict[str, VersionId] = {}
        done = 0
        for execution in self._graph.executions:
            todo = steps.get(execution.id, ())
            for step in todo:
                self._progress(done, len(plan.steps), self._label(step))
                done += 1
                if step.kind is StepKind.RUN:
                    self._run(execution, current, made, compared)
                elif step.version is not None:
                    self._load(step.version, current, made)
            for name, version in self._graph.bindings.get(execution.id, {}).items():
                if version is None:
                    current.pop(name, None)
                else:
                    current[name] = version
        self._progress(done, len(plan.steps), "")
        return made

    def _label(self, step: Step) -> str:
        if step.version is None:
            return f"running cell {step.execution}"
        return "loading " + ", ".join(self._graph.versions[step.version].names)

    def _load(self, version: VersionId, current: Mapping[str, VersionId], made: Made) -> None:
        node = self._graph.versions[version]
        required = {name: value for one in node.requires for name, value in self._values(one, made).items()}
        if required:  # their code may run now (``__setstate__``): it finds what it uses, as far as that is made
            there = {n: made.values[v][n] for n, v in current.items() if n[:1] != HIDDEN_PREFIX and v in made.values}
            self._bench.namespace.update({**there, **required})
        start = time.perf_counter()
        try:
            rebuilder = Rebuilder(self._bench.namespace, required)
            with collector_paused():  # all that is made stays, and modules are imported: a fifth less time
                values = load(self._archive.open(version), rebuilder)
        except (LoadFailedError, IntegrityError, TrustError) as error:
            # A seal that does not hold in a history whose seal does is damage like any other.
            raise LoadFailure(version, f"{', '.join(node.names)} could not be loaded: {error}") from error
        lost = ", ".join(name for name in node.names if name not in values)
        if lost:  # no text of a store holds half a surrogate pair
            raise LoadFailure(version, f"{lost} could not be loaded: the payload has it under another name")
        made.values[version] = values
        made.fates[version] = (Fate.LOADED, "")
        came = f"{', '.join(node.names)} came back in memory; what is written there does not reach the file"
        made.notes.extend(f"{why}: {came}" for why in rebuilder.without_file)
        if node.payload is not None:
            sizes = (node.payload.n_stream_bytes, node.payload.n_buffer_bytes)
            made.loads.append((*sizes, time.perf_counter() - start))

    def _run(
        self,
        execution: GraphExecution,
        current: Mapping[str, VersionId],
        made: Made,
        compared: frozenset[VersionId],
    ) -> None:
        """Run a cell on exactly the versions that were current, and hold what it made against the record."""
        inputs = {name: made.values[v][name] for name, v in current.items() if v in made.values}
        lent = lent_inputs(execution, self._graph.versions, self._live)
        for version in execution.reads:
            inputs.update(self._live[version] if version in lent else made.values.get(version, {}))
        record = self._archive.execution(execution.id)
        with self._bench.as_usual(self._recorded(execution, current) | inputs.keys()):
            error = self._run_on(inputs, execution.id, record.code)
            live = {**self._bench.variables(), **self._bench.hidden()}
        for version in lent:
            self._require_unspoilt(version, execution)
        if error is not None and record.outcome is Outcome.OK:
            reason = f"cell {execution.id} failed when run again: {type(error).__name__}: {error}"
            raise ReplayFailure(execution.id, reason) from error
        unfaithful = []
        for version in execution.produces:
            names = self._graph.versions[version].names
            if all(name in live for name in names):
                made.values[version] = {name: live[name] for name in names}
                if version in compared:
                    fate = self._verify(version, made.values[version])
                    made.fates[version] = fate
                    if fate[0] is not Fate.RECOMPUTED and self._is_stored(version):
                        unfaithful.append(version)
            elif version in compared:
                lost = ", ".join(name for name in names if name not in live)
                raise ReplayFailure(execution.id, f"cell {execution.id} did not make {lost} when run again")
        if unfaithful:
            names = tuple(name for version in unfaithful for name in self._graph.versions[version].names)
            reason = f"{', '.join(names)} came out different when cell {execution.id} ran again"
            self._mend(execution, UnfaithfulReplay(tuple(unfaithful), reason), current, made, compared)

    def _recorded(self, execution: GraphExecution, current: Mapping[str, VersionId]) -> set[str]:
        """Return the names that had a recorded value when a cell ran, brought or not."""
        versions = self._graph.versions
        return current.keys() | {name for one in execution.reads if one in versions for name in versions[one].names}

    def _run_on(self, inputs: Values, id_: ExecutionId, code: str) -> BaseException | None:
        """Run a cell on some values; return what it raised.

        Raises
        ------
        ReplayFailure
            It would run differently here.
        """
        refused = place(self._bench, inputs)
        decisive = {name: one.reason for name, one in refused.items() if one.is_decisive}
        if decisive:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in decisive.items())
            raise ReplayFailure(id_, f"cell {id_} can't be run here ({reasons})")
        folder = self._folders.get(id_)
        with nullcontext() if folder is None else self._bench.working_in(folder):
            return self._bench.run(code)

    def _mend(
        self,
        execution: GraphExecution,
        failure: UnfaithfulReplay,
        current: Mapping[str, VersionId],
        made: Made,
        compared: frozenset[VersionId],
    ) -> None:
        """Load what came out different, and go on with the plan: all that was brought so far need not be made again.

        Raises
        ------
        UnfaithfulReplay
            Not all of it can be loaded here; or something else may have come out different unseen: a cell that goes
            another way may change what it only read the first time.
        """
        wrong = to_load_instead(self._graph, failure.versions)
        versions = [one for one in wrong if one in compared]
        needed = {one for version in versions for one in self._graph.versions[version].requires}
        is_there = all(one in made.values or one in self._live for one in needed.difference(versions))
        if not is_there or not all(map(self._is_stored, versions)) or not self._has_spared(execution, made):
            raise failure
        for version in wrong:
            made.values.pop(version, None)
        for version in versions:
            self._load(version, current, made)
        made.notes.append(f"{failure}: loaded instead")

    def _has_spared(self, execution: GraphExecution, made: Made) -> bool:
        """Whether what a cell read, and did not bind anew the first time, is what it was."""
        bound = self._graph.bindings.get(execution.id, {})
        for version in made.values.keys() & set(execution.reads):
            names = self._graph.versions[version].names
            if names[0].startswith(HIDDEN_PREFIX) or not bound.keys().isdisjoint(names):
                continue
            recorded = self._record(version).fingerprint
            if recorded is None or not self._bench.agrees(made.values[version], recorded):
                return False
        return True

    def _is_stored(self, version: VersionId) -> bool:
        """Whether there is a payload to load instead, with a fingerprint that it was stored under."""
        record = self._record(version)
        return record.fingerprint is not None and record.payload is not None and version not in self._unloadable

    def _record(self, version: VersionId) -> Version:
        if version not in self._records:  # most often the others of its execution are asked for next
            self._records.update(self._archive.made_with(version))
        return self._records[version]

    def _values(self, version: VersionId, made: Made) -> Values:
        return self._live[version] if version in self._live else made.values[version]

    def _require_unspoilt(self, version: VersionId, execution: GraphExecution) -> None:
        names = self._graph.versions[version].names
        recorded = None if names[0].startswith(HIDDEN_PREFIX) else self._record(version).fingerprint
        if recorded is not None and not self._bench.agrees(self._live[version], recorded):
            reason = f"cell {execution.id} changed {', '.join(names)} when it ran again, unlike the first time"
            raise SpoiltInput(execution.id, version, reason)

    def _verify(self, version: VersionId, values: Values) -> tuple[Fate, str]:
        record = self._record(version)
        if record.fingerprint is None:
            return Fate.UNVERIFIED, record.unstorable or "its type pickles differently from look to look"
        if self._bench.agrees(values, record.fingerprint, version):
            return Fate.RECOMPUTED, ""
        elsewhere = self._archive.why_incomparable(record.execution)
        if elsewhere is not None:
            return Fate.UNVERIFIED, f"not verifiable here: {elsewhere}"
        return Fate.DIFFERENT, f"cell {record.execution} gave another value when run again"


def report_variables(graph: Graph, plan: Plan, made: Made) -> tuple[VariableReport, ...]:
    """Account for every name of the target state (invariant 6)."""
    reports = []
    for name, version in sorted(graph.state.items()):
        fate, reason = made.fates.get(version, (Fate.MISSING, plan.missing.get(version, "")))
        reports.append(VariableReport(name, fate, graph.versions[version].execution, reason))
    return tuple(reports)


def _by_execution(steps: Sequence[Step]) -> dict[ExecutionId, list[Step]]:
    found: dict[ExecutionId, list[Step]] = {}
    for step in steps:
        found.setdefault(step.execution, []).append(step)
    return found
