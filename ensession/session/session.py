"""A recorded session: start, status, plan, restore, stop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ensession.capture.hidden import HiddenState
from ensession.capture.hidden.compiling import Futures
from ensession.capture.hidden.extensions import Extensions
from ensession.capture.namespace import UserNamespace
from ensession.config import AT_START, Config
from ensession.errors import NotFoundError, UsageError
from ensession.model import (
    HIDDEN_PREFIX,
    EnvironmentDifference,
    ExecutionId,
    Fate,
    Graph,
    KernelRun,
    Plan,
    RestoreReport,
    VersionId,
)
from ensession.planner.costs import CostModel
from ensession.planner.mincut import plan
from ensession.planner.policy import StorageRule
from ensession.restore import Progress
from ensession.session.bench import LiveBench, StoreArchive
from ensession.session.cells import Ending
from ensession.session.checks import InputCheck, look_around
from ensession.session.environment import Comparison, environment
from ensession.session.moving import Mover
from ensession.session.naming import Naming
from ensession.session.recorder import Recorder
from ensession.session.reports import plain
from ensession.session.returning import bring_back
from ensession.session.shell import Shell
from ensession.session.speaking import UsersWord
from ensession.session.survival import SurvivalWatch
from ensession.store import Store
from ensession.trust import Keyring, own_words, require_history

_NOT_AS_RECORDED = frozenset({Fate.DIFFERENT, Fate.RENEWED, Fate.MISSING, Fate.IGNORED})
_NAMED = 8
"""Names that a message lists before it counts the rest."""


class Session:
    """One kernel run attached to one store.

    Parameters
    ----------
    path : Path
        The store; made if there is none.
    shell : Shell
    config : Config
    keyring : Keyring

    Attributes
    ----------
    last_restore : RestoreReport or None
        Of the last restore, checkout, undo or redo.
    moves : Mover
        Goes to other states.
    naming : Naming
        The branch that work is on.
    """

    def __init__(self, path: Path, shell: Shell, config: Config, keyring: Keyring) -> None:
        self.store = Store.create_or_open(path, config)
        self.config = config
        self.last_restore: RestoreReport | None = None
        self._keyring = keyring
        self._shell = shell
        self._user = UserNamespace(shell.namespace, shell.shell_names)
        self._hidden = HiddenState((Extensions(shell), Futures(shell.compiler)))
        self.run: KernelRun = self.store.log.begin_run(environment())
        self._recorder = Recorder(self.store, self.run, shell, self._user, self._hidden, config, keyring)
        self.moves = Mover(self.store, self.run, shell, self._user, self._hidden, self._recorder, keyring)
        self.naming = Naming(self.store, self._recorder)
        shell.outputs.install()
        self.word = UsersWord(self.store, keyring, self._recorder)
        self._check = InputCheck()
        self._recorder.survival = SurvivalWatch(self.losses, shell.notify, time.monotonic)

    @property
    def head(self) -> ExecutionId | None:
        """The execution whose state is live."""
        return self._recorder.head

    def start(self) -> None:
        """Begin a new line of history with what the namespace holds."""
        self._recorder.adopt()

    def keep_quiet(self) -> None:
        """Write nothing below cells of what would not survive a restart: nobody reads along, and it is no output."""
        self._recorder.survival = None

    def note_callbacks(self) -> None:
        """Take note that callbacks of widgets ran while no cell did."""
        self._recorder.note_callbacks()

    def begin_cell(self, code: str, cell_id: str | None) -> None:
        """Take note that a cell is about to run."""
        self._recorder.begin(code, cell_id)

    def end_cell(self, ending: Ending) -> None:
        """Record the cell that just ran."""
        self._recorder.end(ending)

    def configure(self, config: Config) -> None:
        """Go on recording under other settings.

        Raises
        ------
        UsageError
            One of them counts from the start on only.
        """
        late = [name for name in sorted(AT_START) if getattr(config, name) != getattr(self.config, name)]
        if late:
            raise UsageError(f"{', '.join(late)} can't change while recording: %ens stop, set it, and start again")
        self.config = config
        self._recorder.configure(config)

    def flush(self) -> int:
        """Wait until every value that is to be stored is in the file; return how many were waited for."""
        n_waiting = self.store.behind.n_waiting
        self.store.behind.flush()
        return n_waiting

    def stop(self) -> None:
        """Stop recording and close the store; the variables stay as they are."""
        self._recorder.close()
        self._shell.outputs.remove()
        self.store.log.end_run(self.run.id)
        self.store.close()

    def target(self, execution: ExecutionId | None) -> ExecutionId:
        """Return the execution that is meant: the one given, the live state, or the last one of the store.

        Raises
        ------
        NotFoundError
            The store is empty, or has no such execution.
        """
        if execution is not None:
            return self.store.history.execution(execution).id
        found = self.head if self.head is not None else self.store.history.head()
        if found is None:
            raise NotFoundError(f"{self.store.path} holds no execution yet")
        return found

    def graph(self, execution: ExecutionId | None = None) -> Graph:
        """Return the history of a state."""
        return self.store.history.graph(self.target(execution))

    def plan(self, execution: ExecutionId | None = None) -> tuple[Plan, Graph]:
        """Say how a state would be brought back into a fresh kernel."""
        graph = own_words(self.store, self._keyring, self.graph(execution))
        around = look_around(self.store, graph, self._check)
        return plan(graph, self.target(execution), self.costs(), unrunnable=around.unrunnable), graph

    def costs(self) -> CostModel:
        """Return the prices of loading as this store's restores measured them."""
        return CostModel().learned(self.store.history.measured_loads())

    def environment_differences(self, execution: ExecutionId | None) -> tuple[EnvironmentDifference, ...]:
        """Return in what this process differs from the one that a state was recorded in."""
        return Comparison(self.store).with_execution(self._restore_target(execution))

    def losses(self) -> dict[str, str]:
        """Return the variables that would not survive a restart, and why (invariant 7)."""
        return self.outlook()[0]

    def outlook(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the variables that would not survive a restart: why, and what the user can do (invariant 7)."""
        if self.head is None:
            return {}, {}
        chosen, graph = self.plan(self.head)
        lost = {
            name: version
            for name, version in graph.state.items()
            if version in chosen.missing and not name.startswith(HIDDEN_PREFIX)
        }
        return (
            {name: chosen.missing[version] for name, version in lost.items()},
            {name: chosen.advice[version] for name, version in lost.items()},
        )

    def restore(self, execution: ExecutionId | None, progress: Progress, *, overwrite: bool = False) -> RestoreReport:
        """Bring a state back into the live namespace, and go on recording from there.

        Parameters
        ----------
        execution : ExecutionId, optional
            Default: the last one of the store.
        progress : callable
        overwrite : bool
            Give up variables that are not recorded in this store and that the state would replace.

        Raises
        ------
        TrustError
            The store may not run code here.
        UsageError
            Unrecorded variables would be lost.
        RestoreError
            The namespace is as it was.
        """
        target = self._restore_target(execution)
        require_history(self.store, self._keyring, target)
        graph = own_words(self.store, self._keyring, self.store.history.graph(target))
        around = look_around(self.store, graph, self._check)
        for note in around.notes:  # before anything runs
            self._shell.notify(f"ensession: {note}")
        kept = self._unrecorded(graph, overwrite=overwrite)
        ignored = self._recorder.spoken.ignored
        untouched = {name: self._user.live[name] for name in ignored if name in self._user.live}
        archive = StoreArchive.sealed(self.store, self._keyring)
        bench = LiveBench(self._shell, self._user, self._hidden, self._recorder.tracker)
        started_at = time.time()
        self._recorder.paused = True
        try:
            report = bring_back(graph, target, archive, bench, progress, self.costs(), around, ignored)
        finally:
            self._recorder.paused = False
            for name in ignored.intersection(self._user.live):  # a cell that ran again may have needed an older value
                del self._user.live[name]
            self._user.live.update(untouched)
        self._take_up(graph, report)
        self._user.live.update(kept)
        self.last_restore = report
        self.store.log.record_restore(
            target, started_at, report.duration_s, plain(report.plan), plain(report), self.run.id
        )
        return report

    def _restore_target(self, execution: ExecutionId | None) -> ExecutionId:
        if execution is not None:
            return self.target(execution)
        found = self.store.history.head()
        if found is None:
            raise NotFoundError(f"{self.store.path} holds no execution yet: there is nothing to restore")
        return found

    def _unrecorded(self, graph: Graph, *, overwrite: bool) -> dict[str, Any]:
        """Return the variables that a restore leaves alone: those that only this kernel has."""
        if self.head is not None:
            return {}
        variables = self._user.variables()
        clashing = [n for n in variables if n in graph.state and not _is_module(variables[n])]
        if clashing and not overwrite:
            more = len(clashing) - _NAMED
            names = ", ".join(clashing[:_NAMED]) + (f" and {more} more" if more > 0 else "")
            raise UsageError(
                f"{names} would be overwritten and is not recorded in {self.store.path}: "
                "restart the kernel first, or say %ens restore --force"
            )
        return {name: value for name, value in variables.items() if name not in graph.state}

    def _take_up(self, graph: Graph, report: RestoreReport) -> None:
        """Make the restored state the one that recording goes on from."""
        recorder, variables = self._recorder, {**self._user.variables(), **self._hidden.read()}
        fates = {variable.name: variable.fate for variable in report.variables}
        recorder.tracker.forget()
        for version, names in _names_by_version(graph).items():
            kinds = {fates[name] for name in names}
            if kinds <= {Fate.MISSING, Fate.IGNORED}:
                recorder.tracker.miss(names, version)
            elif kinds.isdisjoint(_NOT_AS_RECORDED):  # else it is found new before the next cell
                present = {name: variables[name] for name in names if name in variables}
                recorder.tracker.learn(tuple(present), present, version)
        self._hidden.changed()
        self._hidden.doubt(name for name, fate in fates.items() if fate is Fate.MISSING)
        recorder.rule = StorageRule.from_graph(self.config.policy, self.costs(), graph)
        recorder.head = report.target
        if recorder.survival is not None:
            recorder.survival.restart()
        recorder.branch = self.store.refs.branch_for(report.target, recorder.branch)


def _names_by_version(graph: Graph) -> dict[VersionId, tuple[str, ...]]:
    found: dict[VersionId, tuple[str, ...]] = {}
    for name, version in sorted(graph.state.items()):
        found[version] = (*found.get(version, ()), name)
    return found


def _is_module(value: Any) -> bool:
    return type(value).__name__ == "module"
