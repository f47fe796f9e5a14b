"""Moving among states in the live session: checkout, undo, redo. All or nothing (invariant 4).

What is the same in both states stays as it is, the same objects, and is not looked at. The rest is loaded or made
again in the namespace as a workshop, which then is put back; only when everything is there does the namespace change.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ensession.capture.hidden import HiddenState
from ensession.capture.namespace import UserNamespace
from ensession.display.units import counted
from ensession.errors import UsageError
from ensession.model import (
    HIDDEN_PREFIX,
    ExecutionId,
    Fate,
    KernelRun,
    Plan,
    RefKind,
    RestoreReport,
    VariableReport,
    VersionId,
)
from ensession.planner.costs import CostModel
from ensession.restore import Made, Progress, place
from ensession.session.before import Before
from ensession.session.bench import LiveBench, StoreArchive
from ensession.session.checks import InputCheck, Lookout
from ensession.session.interrupts import uninterrupted
from ensession.session.living import Living
from ensession.session.nearby import Journey
from ensession.session.recorder import Recorder
from ensession.session.reports import plain
from ensession.session.returning import Bans
from ensession.session.shell import Shell
from ensession.session.workshop import Workshop
from ensession.store import Store
from ensession.trust import Keyring, OwnParts, is_own, require_history

_LEFT = "its earlier state can't be brought back; left as it is"
State = Mapping[str, tuple[VersionId, ExecutionId]]


class Mover:
    """Moves one session among the states of its store.

    Parameters
    ----------
    store : Store
    run : KernelRun
    shell : Shell
    user : UserNamespace
    hidden : HiddenState
    recorder : Recorder
    keyring : Keyring
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
    ) -> None:
        self._store = store
        self._run = run
        self._user = user
        self._hidden = hidden
        self._recorder = recorder
        self._keyring = keyring
        self._bench = LiveBench(shell, user, hidden, recorder.tracker)
        self._workshop = Workshop(StoreArchive.sealed(store, keyring), self._bench, user, hidden)
        self._check = InputCheck()
        self._undone: list[tuple[ExecutionId, ExecutionId]] = []
        self._aside: dict[str, int | None] = {}
        self._left: dict[str, int] = {}
        self._vouched: set[ExecutionId] = set()

    def checkout(self, word: str, progress: Progress) -> RestoreReport:
        """Go to a state.

        Parameters
        ----------
        word : str
            ``12``, ``@12``, or the name of a tag or a branch. Work goes on in the branch that is named, or is there;
            where none is, it grows a new one.
        progress : callable

        Raises
        ------
        NotFoundError, UsageError
            There is no such state.
        TrustError, RestoreError
            Everything is as it was.
        """
        self._recorder.catch_up(self._aside)
        target = self._store.refs.resolve(word)
        named = self._store.refs.find(word.removeprefix("@"))
        is_branch = named is not None and named.kind is RefKind.BRANCH
        return self._move(target, progress, word.removeprefix("@") if is_branch else self._recorder.branch)

    def undo(self, count: int, progress: Progress) -> RestoreReport:
        """Go back to the state before the last cells.

        Parameters
        ----------
        count : int
            How many cells.
        progress : callable

        Raises
        ------
        UsageError
            There are not so many.
        TrustError, RestoreError
            Everything is as it was.
        """
        self._recorder.catch_up(self._aside)
        at = self._recorder.head
        cells = [] if at is None else self._store.parts.cells_before(at, count)
        states = [parent for _, parent in cells if parent is not None]
        if at is None or len(states) < count or count < 1:
            number = counted(count, "cell")
            raise UsageError(f"{number} can't be undone: {len(states)} before this state; %ens log lists them")
        report = self._move(states[-1], progress, self._recorder.branch)
        self._undone += [(back, forth) for forth, back in zip([at, *states], states, strict=False)]
        return report

    def redo(self, count: int, progress: Progress) -> RestoreReport:
        """Go forth again after an undo; cells that changed nothing since then are no hindrance.

        Raises
        ------
        UsageError
            Nothing was undone here.
        TrustError, RestoreError
            Everything is as it was.
        """
        self._recorder.catch_up(self._aside)
        left, target = self._undone, self._recorder.head
        for _ in range(count):
            place = self._undone_at(left, target)
            if place is None:
                raise UsageError(
                    f"{counted(count, 'cell')} can't be redone: not so many were undone, or work went on since then; "
                    "%ens log --graph shows all states, %ens checkout @N goes to one"
                )
            left, target = left[:place], left[place][1]
        if target is None or count < 1:
            raise UsageError("say how many cells to redo: %ens redo [K]")
        report = self._move(target, progress, self._recorder.branch)
        self._undone = left
        return report

    def _undone_at(self, undone: Sequence[tuple[ExecutionId, ExecutionId]], at: ExecutionId | None) -> int | None:
        """Return the last undone move that led to this very state; else to one with the same variables."""
        places = range(len(undone) - 1, -1, -1)
        exact = next((place for place in places if undone[place][0] == at), None)
        if exact is not None or at is None:
            return exact
        here = self._versions(at)
        return next((place for place in places if self._versions(undone[place][0]) == here), None)

    def _versions(self, state: ExecutionId) -> dict[str, VersionId]:
        return {name: version for name, (version, _) in self._store.parts.state(state).items()}

    def _move(self, target: ExecutionId, progress: Progress, branch: str) -> RestoreReport:
        started_at, started = time.time(), time.perf_counter()
        self._require_trust(target)
        ignored = self._recorder.spoken.ignored
        state = {name: one for name, one in self._store.parts.state(target).items() if name not in ignored}
        living = Living.of(self._recorder.tracker.known, self._user.variables(), self._hidden.read())
        wanted = {name: version for name, (version, _) in state.items()}
        lookout = Lookout(self._store, target, self._check, self._hidden.home)
        journey = Journey(OwnParts(self._store, self._keyring), target, wanted, living, lookout)
        before, aside = Before.of(self._user, self._hidden, self._recorder), self._aside
        self._recorder.paused = True
        is_done = False
        try:
            made, chosen, bans = self._bring(journey, before, progress)
            with uninterrupted():
                reasons = self._switch(state, made, journey, before)
            report = RestoreReport(
                target,
                chosen,
                self._account(state, made, chosen, reasons),
                time.perf_counter() - started,
                tuple(bans.reasons),
                tuple(made.loads),
                (*(lookout.notes(state) if chosen.runs else ()), *made.notes),
            )
            self._learn(report, state, made, journey)
            branch = self._store.refs.branch_for(target, branch)
            with uninterrupted():
                self._store.log.record_restore(
                    target, started_at, report.duration_s, plain(chosen), plain(report), self._run.id
                )
                self._recorder.go_on_from(target)
                self._recorder.branch = branch
            is_done = True  # an interrupt that was held back has come by now
        finally:
            with uninterrupted():
                self._recorder.paused = False
                if not is_done:
                    before.put_back(self._user, self._hidden, self._recorder)
                    self._aside = aside
                    self._recorder.tracker.owe(journey.spoilt_names())
        return report

    def _require_trust(self, target: ExecutionId) -> None:
        """Check the line to a state, once; of what this kernel run recorded itself, only that the user sealed it.

        Anybody who has a copy can name this run in it, and its executions come here with the next sync.
        """
        if target in self._vouched:
            return
        if self._store.history.execution(target).run == self._run.id and is_own(self._store, self._keyring, target):
            return
        require_history(self._store, self._keyring, target)
        self._vouched.add(target)

    def _bring(self, journey: Journey, before: Before, progress: Progress) -> tuple[Made, Plan, Bans]:
        """Load and make again what does not live, and leave the namespace as it was."""
        bans = Bans(costs=CostModel().learned(self._store.history.measured_loads()))
        brought = self._workshop.bring(journey, before.scene, bans, progress)
        made = brought.made
        made.values.update({version: dict(value) for version, value in brought.live.items()})
        made.fates.update(dict.fromkeys(brought.live, (Fate.KEPT, "")))
        return made, brought.plan, bans

    def _switch(self, state: State, made: Made, journey: Journey, before: Before) -> dict[str, str]:
        """Make the target state live; return hidden state that can't be put back here, and why."""
        values = {name: made.values[version][name] for name, (version, _) in state.items() if version in made.values}
        values.update(self._left_alone(state, made, before))
        same = {name for name, (version, _) in state.items() if version in journey.kept} - self._hidden.bound
        refused = place(
            self._bench,
            {name: value for name, value in values.items() if not (name.startswith(HIDDEN_PREFIX) and name in same)},
        )
        for name, one in refused.items():
            made.fates[state[name][0]] = (Fate.MISSING, one.reason)
        return {name: one.reason for name, one in refused.items()}

    def _left_alone(self, state: State, made: Made, before: Before) -> dict[str, Any]:
        """Return live values that have no recorded form, in place of earlier ones that can't be brought back.

        Going back must not cost the user an open connection, of which the store only knows that it was touched.
        """
        known, found = before.memory.known, {}
        for name, (version, _) in state.items():
            entry = known.get(name)
            if version in made.values or name not in before.variables:
                continue
            # What the last move left alone is not known until the next cell: two of them in a row must not lose it.
            ids = self._left if entry is None else entry.ids if entry.fingerprint is None else {}
            if ids.get(name) == id(before.variables[name]):
                found[name] = before.variables[name]
                made.fates[version] = (Fate.DIFFERENT, _LEFT)
        return found

    def _account(
        self, state: State, made: Made, chosen: Plan, refused: Mapping[str, str]
    ) -> tuple[VariableReport, ...]:
        reports = []
        for name, (version, execution) in state.items():
            fate, reason = made.fates.get(version, (Fate.MISSING, chosen.missing.get(version, "")))
            reports.append(VariableReport(name, fate, execution, refused.get(name, reason)))
        return tuple(reports)

    def _learn(self, report: RestoreReport, state: State, made: Made, journey: Journey) -> None:
        """Make the target state what the tracker knows; of what was kept it knows all there is."""
        tracker = self._recorder.tracker
        variables, hidden = self._user.variables(), self._hidden.read()
        fates = {one.name: one.fate for one in report.variables}
        reasons = {one.name: one.reason for one in report.variables}
        former = [name for name in tracker.known if name.startswith(HIDDEN_PREFIX) and name not in state]
        self._hidden.changed()
        self._hidden.leave(former)
        self._hidden.doubt(name for name, fate in fates.items() if fate is Fate.MISSING)
        tracker.forget()
        self._aside = {}
        self._left = {name: id(variables[name]) for name, reason in reasons.items() if reason == _LEFT}
        for version, names in _names_by_version(state).items():
            fate = fates[names[0]]
            if fate is Fate.KEPT:
                tracker.known.update(dict.fromkeys(names, journey.living.tracked[version]))
            elif fate is Fate.MISSING:
                tracker.miss(names, version)
                self._aside.update(dict.fromkeys(name for name in names if not name.startswith(HIDDEN_PREFIX)))
            elif fate is Fate.DIFFERENT or not made.is_whole(version, names):
                # Found new before the next cell; moving on does not make it news.
                self._aside.update({name: id(variables[name]) for name in names if name in variables})
            else:
                values = {name: {**hidden, **variables}[name] for name in names}
                tracker.learn(names, values, version, reasons[names[0]])


def _names_by_version(state: State) -> dict[VersionId, tuple[str, ...]]:
    found: dict[VersionId, tuple[str, ...]] = {}
    for name, (version, _) in sorted(state.items()):
        found[version] = (*found.get(version, ()), name)
    return found
