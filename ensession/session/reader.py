"""The read API: browse a store from Python, without a kernel and without unpickling."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ensession.config import Config
from ensession.errors import NotFoundError, UnreachableVariableError
from ensession.model import Binding, Execution, ExecutionId, KernelRun, Output, VersionId
from ensession.restore import Executor, LoadFailure, ReplayFailure
from ensession.session.bench import ScratchBench, StoreArchive
from ensession.session.returning import Bans
from ensession.store import Store
from ensession.trust import Keyring, require_history

_NO_SHELL = "no cell is run outside a notebook"


class Reader:
    """A store, opened for browsing.

    Everything but :meth:`load` reads plain columns: nothing from the store is unpickled or run (invariant 5).

    Parameters
    ----------
    path : Path
    config : Config
    keyring : Keyring, optional
        Default: the user's own, read when it is needed.
    """

    def __init__(self, path: Path, config: Config | None = None, keyring: Keyring | None = None) -> None:
        self._store = Store.open_read_only(path, config or Config())
        self._keyring = keyring

    @property
    def path(self) -> Path:
        """The store file."""
        return self._store.path

    def runs(self) -> list[KernelRun]:
        """Return the kernel runs, oldest first."""
        return self._store.history.runs()

    def executions(self, limit: int | None = None) -> list[Execution]:
        """Return the executions, oldest first; with a limit the last ones."""
        return self._store.history.executions(limit)

    def execution(self, number: int) -> Execution:
        """Return one execution.

        Raises
        ------
        NotFoundError
        """
        return self._store.history.execution(ExecutionId(number))

    def outputs(self, number: int) -> tuple[Output, ...]:
        """Return what an execution put out."""
        return self._store.history.outputs(ExecutionId(number))

    def state(self, number: int | None = None) -> dict[str, Binding]:
        """Return what each name was bound to after an execution: type, shape, preview, size, origin.

        Parameters
        ----------
        number : int, optional
            Default: the last execution.

        Raises
        ------
        NotFoundError
        """
        return self._store.history.state(self._target(number))

    def versions(self, name: str) -> list[Binding]:
        """Return all versions that a name was ever bound to, oldest first."""
        return self._store.history.versions_of(name)

    def load(self, name: str, number: int | None = None) -> Any:
        """Return the value of a variable. Unpickles: runs code from the store, after a trust check.

        Parameters
        ----------
        name : str
        number : int, optional
            The state; default: the last.

        Raises
        ------
        NotFoundError
            There was no such variable.
        TrustError
            The store was not recorded by this user on this machine.
        UnreachableVariableError
            The value is not stored: only a notebook can recompute it.
        """
        target = self._target(number)
        graph = self._store.history.graph(target)
        if name not in graph.state:
            raise NotFoundError(f"state {target} of {self.path} has no variable {name!r}")
        keyring = self._keyring or Keyring.load()
        require_history(self._store, keyring, target)
        wanted: list[VersionId] = [graph.state[name]]
        bans = Bans(unrunnable={execution.id: _NO_SHELL for execution in graph.executions})
        archive, bench = StoreArchive.sealed(self._store, keyring), ScratchBench()
        while True:
            chosen = bans.plan(graph, target, wanted)
            if chosen.missing:
                reason = "; ".join(chosen.missing.values())
                raise UnreachableVariableError(f"{name} of state {target} can't be loaded: {reason}")
            try:
                made = Executor(graph, archive, bench, _silent).carry_out(chosen)
            except (LoadFailure, ReplayFailure) as failure:
                bans.note(graph, failure)
            else:
                return made.values[wanted[0]][name]

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def _target(self, number: int | None) -> ExecutionId:
        if number is not None:
            return self._store.history.execution(ExecutionId(number)).id
        head = self._store.history.head()
        if head is None:
            raise NotFoundError(f"{self.path} holds no execution yet")
        return head


def _silent(done: int, total: int, label: str) -> None:
    """Say nothing."""
    del done, total, label
