"""Bringing a recorded state into a fresh kernel: all of it at once, or most of it later."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ensession.capture.hidden import HiddenState
from ensession.capture.namespace import UserNamespace
from ensession.capture.pausing import collector_paused
from ensession.errors import UsageError
from ensession.model import (
    HIDDEN_PREFIX,
    ExecutionId,
    Fate,
    Graph,
    GraphVersion,
    KernelRun,
    RestoreReport,
    VersionId,
)
from ensession.planner.costs import CostModel
from ensession.planner.policy import StorageRule
from ensession.restore import Progress
from ensession.serial.look import ASSUMED
from ensession.session.awaiting import Awaited
from ensession.session.before import Before
from ensession.session.bench import LiveBench, StoreArchive
from ensession.session.checks import InputCheck, Surroundings, look_around
from ensession.session.interrupts import uninterrupted
from ensession.session.lazily import deferrable
from ensession.session.needs import Needs
from ensession.session.recorder import Recorder
from ensession.session.reports import plain
from ensession.session.returning import Bans, bring_back
from ensession.session.shell import Shell
from ensession.session.survival import lost_names
from ensession.session.workshop import Workshop
from ensession.store import Store
from ensession.trust import Keyring, OwnParts, own_words, require_history

_NOT_AS_RECORDED = frozenset({Fate.DIFFERENT, Fate.RENEWED, Fate.MISSING, Fate.IGNORED, Fate.AWAITED})
_NAMED = 8
"""Names that a message lists before it counts the rest."""


@dataclass(frozen=True, slots=True)
class _Journal:
    """What was known when a restore began."""

    target: ExecutionId
    graph: Graph
    around: Surroundings
    started_at: float


class Restorer:
    """Brings states of one store into one kernel.

    Parameters
    ----------
    store : Store
    run : KernelRun
    shell : Shell
    user : UserNamespace
    hidden : HiddenState
    recorder : Recorder
        Goes on from the restored state.
    keyring : Keyring
    told : callable
        Hears of every variable that a lazy restore left for later and that came.

    Attributes
    ----------
    awaited : Awaited
        Those that did not come yet.
    left : ExecutionId or None
        The state that the last restore came from.
    check : InputCheck
        Remembers the contents of files that it looked at.
    """

    def __init__(
        self,
        store: Store,
        run: KernelRun,
        shell: Shell,
        user: UserNamespace,
        hidden: HiddenState,
        recorder: Recorder,
        keyring: Keyring,
        told: Callable[[RestoreReport], None],
    ) -> None:
        self._store = store
        self._run = run
        self._shell = shell
        self._user = user
        self._hidden = hidden
        self._recorder = recorder
        self._keyring = keyring
        self.check = InputCheck()
        self._bench = LiveBench(shell, user, hidden, recorder.tracker)
        self._told = told
        self._n_noted = 0
        self.left: ExecutionId | None = None
        workshop = Workshop(StoreArchive.sealed(store, keyring), self._bench, user, hidden)
        needs = Needs(store, recorder.tracker, shell.transform)
        self.awaited = Awaited(store, OwnParts(store, keyring), user, hidden, recorder, workshop, needs, self._note)

    def restore(self, target: ExecutionId, progress: Progress, *, overwrite: bool) -> RestoreReport:
        """Bring a state back, all of it (:meth:`ensession.session.session.Session.restore`)."""
        journal = self._begin(target)
        ignored = dict.fromkeys(self._recorder.spoken.ignored, Fate.IGNORED)
        return self._bring(journal, ignored, progress, lambda _: self.awaited.forget(), overwrite=overwrite)

    def restore_lazily(self, target: ExecutionId, progress: Progress, *, overwrite: bool) -> RestoreReport:
        """Bring back at once what has to be, and await the rest."""
        journal = self._begin(target)
        ignored = self._recorder.spoken.ignored
        bans = Bans(unrunnable=dict(journal.around.unrunnable), costs=self._costs())
        later = deferrable(journal.graph, target, bans, ignored)
        left_out = dict.fromkeys(ignored, Fate.IGNORED) | dict.fromkeys(later, Fate.AWAITED)
        await_rest = partial(self.awaited.begin, target, journal.graph)
        return self._bring(journal, left_out, progress, await_rest, overwrite=overwrite)

    def _begin(self, target: ExecutionId) -> _Journal:
        started_at = time.time()
        if self._recorder.head is not None:  # what is there now can be gone back to, all of it
            self._recorder.catch_up({})
        with collector_paused():  # a long history is many objects
            require_history(self._store, self._keyring, target)
            graph = own_words(self._store, self._keyring, self._store.history.graph(target))
        around = look_around(self._store, graph, self.check, self._hidden.home)
        for note in around.notes:  # before anything runs
            self._shell.notify(f"ensession: {note}")
        return _Journal(target, graph, around, started_at)

    def _bring(
        self,
        journal: _Journal,
        left_out: Mapping[str, Fate],
        progress: Progress,
        await_rest: Callable[[RestoreReport], None],
        *,
        overwrite: bool,
    ) -> RestoreReport:
        recorder, graph = self._recorder, journal.graph
        kept = self._unrecorded(graph, overwrite=overwrite)
        before, await_again = Before.of(self._user, self._hidden, recorder), self.awaited.freeze()
        archive = StoreArchive.sealed(self._store, self._keyring)
        recorder.paused = True
        is_done = False
        try:
            report = bring_back(
                graph, journal.target, archive, self._bench, progress, self._costs(), journal.around, left_out
            )
            for name in recorder.spoken.ignored.intersection(self._user.live):
                del self._user.live[name]  # a cell that ran again may have needed an older value
            self._user.live.update({**before.scene.untouched, **kept})
            with collector_paused():
                self._learn(graph, report)
            with uninterrupted():
                self._go_on_from(journal, report)
                await_rest(report)
                self._record(journal.started_at, report)
            is_done = True  # an interrupt that was held back has come by now
            self.left = before.head
        finally:
            with uninterrupted():
                recorder.paused = False
                self._bench.looks.clear()
                if not is_done:
                    before.put_back(self._user, self._hidden, recorder)
                    await_again()
        self._n_noted = len(report.loads)
        return report

    def _note(self, report: RestoreReport) -> None:
        """Hear how far a lazy restore has come; its end is recorded, with what was loaded since its beginning."""
        self._told(report)
        if not report.count(Fate.AWAITED):
            self._record(time.time() - report.duration_s, replace(report, loads=report.loads[self._n_noted :]))

    def _costs(self) -> CostModel:
        return CostModel().learned(self._store.history.measured_loads())

    def _record(self, started_at: float, report: RestoreReport) -> None:
        assert report.target is not None  # noqa: S101  (a restore has one)
        self._store.log.record_restore(
            report.target, started_at, report.duration_s, plain(report.plan), plain(report), self._run.id
        )

    def _unrecorded(self, graph: Graph, *, overwrite: bool) -> dict[str, Any]:
        """Return the variables that a restore leaves alone: those that only this kernel has."""
        if self._recorder.head is not None:
            return {}
        variables = self._user.variables()
        clashing = [n for n in variables if n in graph.state and not _is_module(variables[n])]
        if clashing and not overwrite:
            more = len(clashing) - _NAMED
            names = ", ".join(clashing[:_NAMED]) + (f" and {more} more" if more > 0 else "")
            verb = "are" if clashing[1:] else "is"
            raise UsageError(
                f"{names} would be overwritten and {verb} not recorded in {self._store.path}: "
                "restart the kernel first, or say %ens restore --force"
            )
        return {name: value for name, value in variables.items() if name not in graph.state}

    def _learn(self, graph: Graph, report: RestoreReport) -> None:
        """Make the restored values what the tracker knows."""
        tracker, variables = self._recorder.tracker, {**self._user.variables(), **self._hidden.read()}
        fates = {variable.name: variable.fate for variable in report.variables}
        former = [name for name in tracker.known if name.startswith(HIDDEN_PREFIX) and name not in graph.state]
        tracker.forget()
        for version, names in _names_by_version(graph).items():
            kinds = {fates[name] for name in names}
            if kinds <= {Fate.MISSING, Fate.IGNORED}:
                tracker.miss(names, version)
            elif kinds.isdisjoint(_NOT_AS_RECORDED) or _stands_in(kinds, graph.versions[version]):
                # Else it is found new before the next cell.
                present = {name: variables[name] for name in names if name in variables}
                seen = self._bench.looks.get(version) if kinds == {Fate.RECOMPUTED} else None
                tracker.learn(tuple(present), present, version, graph.versions[version].unstorable, seen)
        self._hidden.arrive(former, graph.state)
        self._hidden.doubt(name for name, fate in fates.items() if fate is Fate.MISSING)

    def _go_on_from(self, journal: _Journal, report: RestoreReport) -> None:
        """Make the restored state the one that recording goes on from."""
        recorder, graph = self._recorder, journal.graph
        recorder.rule = StorageRule.from_graph(recorder.rule.policy, self._costs(), graph)
        recorder.go_on_from(journal.target)
        if recorder.survival is not None:
            is_whole = {Fate.AWAITED, Fate.IGNORED}.isdisjoint(one.fate for one in report.variables)
            # Of a part its plan says nothing.
            recorder.survival.restart(lost_names(graph, report.plan) if is_whole else None)
        recorder.branch = self._store.refs.branch_for(journal.target, recorder.branch)


def _stands_in(kinds: Collection[Fate], version: GraphVersion) -> bool:
    """Whether a cell that always runs made what takes a version's place at every restore: nothing of it is stored.

    Were it news of this kernel, no cell could make it again, and the next restore would do without it.
    """
    return kinds == {Fate.RENEWED} and version.unstorable not in (None, ASSUMED)


def _names_by_version(graph: Graph) -> dict[VersionId, tuple[str, ...]]:
    found: dict[VersionId, tuple[str, ...]] = {}
    for name, version in sorted(graph.state.items()):
        found[version] = (*found.get(version, ()), name)
    return found


def _is_module(value: Any) -> bool:
    return type(value).__name__ == "module"
