"""A recorded session: start, status, plan, restore, stop."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ensession.capture.hidden import HiddenState
from ensession.capture.hidden.compiling import Futures
from ensession.capture.hidden.displays import SessionDisplays
from ensession.capture.hidden.extensions import Extensions, ShellSettings
from ensession.capture.hidden.handlers import LogHandlers
from ensession.capture.hidden.registered import NumpyCallback, Registered, Registry, ShellCallbacks
from ensession.capture.namespace import UserNamespace
from ensession.config import AT_START, Config
from ensession.display import one_line
from ensession.errors import NotFoundError, StoreAccessError, UsageError
from ensession.model import (
    HIDDEN_PREFIX,
    EnvironmentDifference,
    ExecutionId,
    Fate,
    Graph,
    KernelRun,
    Outcome,
    Plan,
    RestoreReport,
    VersionId,
)
from ensession.planner.costs import CostModel
from ensession.planner.mincut import plan
from ensession.restore import Progress
from ensession.session.cells import Ending
from ensession.session.checks import look_around
from ensession.session.environment import Comparison, environment
from ensession.session.late import LateLooks
from ensession.session.moving import Mover
from ensession.session.naming import Naming
from ensession.session.recorder import Recorder
from ensession.session.restoring import Restorer
from ensession.session.shell import Shell
from ensession.session.speaking import UsersWord
from ensession.session.survival import SurvivalWatch, lost_names
from ensession.store import Store
from ensession.trust import Keyring, own_words

AT_THE_END_S = 2.0
"""How long late looks may keep a kernel from its end: who shuts it down most often waits for 5 s, and then kills it."""


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
        Of the last restore, checkout, undo or redo; of a lazy restore as far as it has come.
    moves : Mover
        Goes to other states.
    naming : Naming
        The branch that work is on.
    late : LateLooks
        Looks at what there was no time for.
    beside : Beside
        Hears of what runs beside the cells.
    awaited : Awaited
        Variables of a lazily restored state that are still to come.
    """

    def __init__(self, path: Path, shell: Shell, config: Config, keyring: Keyring) -> None:
        self.store = Store.create_or_open(_lasting(path), config)
        for sentence in self.store.caveats():
            shell.notify(one_line(f"ensession: {sentence}"))
        self.config = config
        self.last_restore: RestoreReport | None = None
        self._found: ExecutionId | None = None
        self._keyring = keyring
        self._shell = shell
        self._user = UserNamespace(shell.namespace, shell.shell_names)
        registries: tuple[Registry, ...] = (
            shell.magics,
            ShellCallbacks(shell.callbacks, shell.namespace),
            NumpyCallback(),
            LogHandlers(shell.namespace),
            SessionDisplays(shell.formatters),
        )
        registered = (Registered(one, self._user.view) for one in registries)
        self._hidden = HiddenState((Extensions(shell), ShellSettings(shell), Futures(shell.compiler), *registered))
        self.run: KernelRun = self.store.log.begin_run(environment())
        self._recorder = Recorder(self.store, self.run, shell, self._user, self._hidden, config, keyring)
        self.moves = Mover(self.store, self.run, shell, self._user, self._hidden, self._recorder, keyring)
        self.naming = Naming(self.store, self._recorder)
        self.late = LateLooks(self.store, keyring, self._recorder)
        self.beside = self._recorder.beside
        shell.outputs.install()
        self.word = UsersWord(self.store, keyring, self._recorder, self.late, self._hidden)
        self._restorer = Restorer(
            self.store,
            self.run,
            shell,
            self._user,
            self._hidden,
            self._recorder,
            keyring,
            self._note_report,
        )
        self.awaited = self._restorer.awaited
        self._recorder.survival = SurvivalWatch(self.losses, shell.notify, time.monotonic, self._user.has)

    @property
    def head(self) -> ExecutionId | None:
        """The execution whose state is live."""
        return self._recorder.head

    @property
    def earlier(self) -> ExecutionId | None:
        """The last state of the work that the store held when recording began here, if nobody has moved since.

        Where a kernel dies and the next one records into the same file at once, this is what its user wants back.
        """
        return self._found if self.last_restore is None else None

    @property
    def left(self) -> ExecutionId | None:
        """The state that the last restore came from."""
        return self._restorer.left

    @property
    def assumed(self) -> list[str]:
        """Variables that were not looked at, for want of time, and count as changed."""
        return self._recorder.tracker.known.assumed()

    @property
    def absent(self) -> list[str]:
        """Variables that the last restore could not bring back, and that are not there by now."""
        variables = self.last_restore.variables if self.last_restore is not None else ()
        lost = (one.name for one in variables if one.fate is Fate.MISSING and not one.name.startswith(HIDDEN_PREFIX))
        return sorted(name for name in lost if not self._user.has(name))

    def start(self) -> None:
        """Begin a new line of history with what the namespace holds."""
        self._found = self.store.history.latest()
        self._recorder.adopt()

    def keep_quiet(self) -> None:
        """Write nothing below cells of what would not survive a restart: nobody reads along, and it is no output."""
        self._recorder.survival = None

    def begin_cell(self, code: str, cell_id: str | None, python: str | None = None) -> None:
        """Take note that a cell is about to run; ``python`` is what the shell made of it, where that is known."""
        self._recorder.begin(code, cell_id, python)

    def end_cell(self, ending: Ending) -> None:
        """Record the cell that just ran."""
        self._recorder.end(ending)

    def begin_within(self, codes: Iterable[str]) -> None:
        """Record the rest of the cell that recording has just begun in; ``codes``: it, and what runs within it."""
        for code in codes:
            self._recorder.begin(code, None, None)
        if self._recorder.pending is not None:
            self._recorder.pending = replace(self._recorder.pending, only_part="recording began in the middle of it")

    def end_within(self) -> None:
        """Record the running cell as far as it has come, before recording ends in it."""
        if self._recorder.pending is not None:
            self._recorder.pending = replace(self._recorder.pending, only_part="recording ended in the middle of it")
        while self._recorder.pending is not None:  # what runs within it ends as well
            self._recorder.end(Ending(Outcome.OK))

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

    def note_copy(self, path: str) -> None:
        """Take note that a file is another copy of the store: what happens to it is no effect of a cell."""
        self._recorder.copies.add(os.path.abspath(path))

    def flush(self) -> int:
        """Wait until every value that is to be stored is in the file; return how many were waited for."""
        n_waiting = self.store.behind.n_waiting
        self.store.behind.flush()
        return n_waiting

    def values_dropped(self, versions: Iterable[VersionId]) -> None:
        """Hear that the payloads of some versions were taken out of the store: nothing new may count on them."""
        for version in versions:
            self._recorder.rule.lose(version)

    def stop(self) -> None:
        """Stop recording and close the store; the variables stay as they are."""
        try:
            self.store.behind.flush()  # who waits for the kernel's end waits a few seconds only: first what is known
            for problem in self.late.look_at_all(AT_THE_END_S):
                self._shell.warn(f"ensession: {problem}")
        finally:  # whatever interrupts that
            self._close()

    def _close(self) -> None:
        self._recorder.close()
        self._shell.outputs.remove()
        try:
            self.store.log.end_run(self.run.id)
        except StoreAccessError as error:  # no room, say; only the time of the end is missing
            self._shell.warn(f"ensession could not note the end of the session: {error}")
        finally:
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
        found = self.head if self.head is not None else self.store.history.latest()
        if found is None:
            raise NotFoundError(f"{self.store.path} holds no execution yet")
        return found

    def graph(self, execution: ExecutionId | None = None) -> Graph:
        """Return the history of a state."""
        return self.store.history.graph(self.target(execution))

    def plan(self, execution: ExecutionId | None = None) -> tuple[Plan, Graph]:
        """Say how a state would be brought back into a fresh kernel."""
        graph = own_words(self.store, self._keyring, self.graph(execution))
        around = look_around(self.store, graph, self._restorer.check, self._hidden.home)
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
        lost = lost_names(graph, chosen)
        return lost, {name: chosen.advice[graph.state[name]] for name in lost}

    def restore(self, execution: ExecutionId | None, progress: Progress, *, overwrite: bool = False) -> RestoreReport:
        """Bring a state back into the live namespace, and go on recording from there.

        Parameters
        ----------
        execution : ExecutionId, optional
            Default: what the store held before recording began here (:attr:`earlier`), else its last one.
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
        self.last_restore = self._restorer.restore(self._restore_target(execution), progress, overwrite=overwrite)
        return self.last_restore

    def restore_lazily(
        self, execution: ExecutionId | None, progress: Progress, *, overwrite: bool = False
    ) -> RestoreReport:
        """Bring a state back as :meth:`restore` does, but most variables only when a cell may use them.

        Returns
        -------
        RestoreReport
            Of what was done at once; :attr:`last_restore` goes on telling what becomes of the rest.

        Raises
        ------
        TrustError, UsageError, RestoreError
            As for :meth:`restore`.
        """
        target = self._restore_target(execution)
        self.last_restore = self._restorer.restore_lazily(target, progress, overwrite=overwrite)
        return self.last_restore

    def _note_report(self, report: RestoreReport) -> None:
        self.last_restore = report

    def _restore_target(self, execution: ExecutionId | None) -> ExecutionId:
        if execution is not None:
            return self.target(execution)
        found = self.earlier or self.store.history.latest()
        if found is None:
            raise NotFoundError(f"{self.store.path} holds no execution yet: there is nothing to restore")
        return found


def _lasting(path: Path) -> Path:
    """Return the path that means the same file when a cell has changed the working directory."""
    try:
        return path.absolute()
    except OSError as error:
        raise StoreAccessError(f"{path}: the working directory is gone; name the folder, or %cd to another") from error
