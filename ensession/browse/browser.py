"""One store, opened for browsing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ensession.browse.cells import Cells, cells_for, path_to
from ensession.browse.differing import Difference, diff_states, diff_states_deep
from ensession.browse.graphs import dependents, lineage
from ensession.browse.results import Hits, Rows
from ensession.browse.source import Source, StateName
from ensession.browse.views import PastExecution, State, Variable
from ensession.config import Config
from ensession.display import one_line, size
from ensession.errors import UsageError
from ensession.model import ExecutionId, KernelRun, Ref
from ensession.store import Store
from ensession.store.query import DEFAULT_TIMEOUT_S, Parameters
from ensession.trust import Keyring, has_own_history

if TYPE_CHECKING:
    import networkx


class Browser:
    """A store, opened for browsing; a context manager.

    Everything but ``load`` and ``deep_diff`` reads plain columns: nothing from the store is unpickled or run
    (invariant 5). What it tells is text that anybody may have written; the tables that the objects show are harmless,
    their attributes are as recorded.

    Where a method takes a state, that is a number, ``"@12"``, or the name of a tag or branch; the default is the
    latest.

    Parameters
    ----------
    path : Path
    config : Config
    keys : callable, optional
        Returns the keyring that trust is checked with. Default: the user's own, read when it is needed.
    """

    def __init__(self, path: Path, config: Config | None = None, keys: Callable[[], Keyring] = Keyring.present) -> None:
        self._store = Store.open_read_only(path, config or Config())
        self._source = Source(self._store, keys)

    @property
    def path(self) -> Path:
        """The store file."""
        return self._store.path

    def runs(self) -> list[KernelRun]:
        """Return the kernel runs, oldest first."""
        return self._store.history.runs()

    def refs(self) -> list[Ref]:
        """Return tags and branches: ``name``, ``kind``, ``execution``, by name."""
        return self._store.refs.all()

    def executions(self, limit: int | None = None) -> list[PastExecution]:
        """Return the executions of all branches, oldest first; with a limit the last ones."""
        return [PastExecution(one, self._source) for one in self._store.history.executions(limit)]

    def execution(self, state: StateName) -> PastExecution:
        """Return one execution.

        Raises
        ------
        NotFoundError
        """
        number = self._source.resolve(state) or ExecutionId(0)
        return PastExecution(self._store.history.execution(number), self._source)

    def state(self, state: StateName = None) -> State:
        """Return a state: a mapping of names to variables.

        Raises
        ------
        NotFoundError
        """
        return State.at(self._source, self._source.resolve(state))

    def states(self) -> list[State]:
        """Return the states at the ends of all branches."""
        return [State.at(self._source, head) for head in self._store.history.heads()]

    def versions(self, name: str) -> list[Variable]:
        """Return everything that a name was ever bound to, on all branches, oldest first."""
        found = self._store.history.versions_of(name)
        return [Variable(name, one.execution, one, self._source) for one in found]

    def lineage(self, name: str, state: StateName = None) -> networkx.DiGraph:
        """Return the executions that a variable comes from: which cells made it.

        Returns
        -------
        networkx.DiGraph
            Nodes are numbers of executions, with ``code``, ``kind``, ``outcome`` and ``runtime_s``. An edge leads from
            an execution to one that used what it made, with the ``names``.

        Raises
        ------
        NotFoundError
        """
        target = self._source.resolve(state)
        version = self._source.version_at(name, target)
        return lineage(self._source, target or ExecutionId(0), version)

    def dependents(self, state: StateName) -> networkx.DiGraph:
        """Return an execution and all that depends on it, on every branch, as a graph like :meth:`lineage`."""
        return dependents(self._source, self.execution(state).number)

    def search(self, words: str, limit: int = 50) -> Hits:
        """Search code and outputs.

        The full-text index is brought up to date first; in the store where that is the user's own and may be written,
        else in a temporary place.

        Parameters
        ----------
        words : str
            Must all be there. ``"several words"`` as they stand, ``begin*`` any word that begins so.
        limit : int
            Number of hits at most.
        """
        own = has_own_history(self._store, self._source.keys)
        search = self._store.search if own else self._store.search_aside
        return Hits(words, tuple(search(words, limit)))

    def sql(self, query: str, parameters: Parameters = (), timeout_s: float = DEFAULT_TIMEOUT_S) -> Rows:
        """Run an SQL query that reads; the views ``v_execution``, ``v_version``, … are made for that.

        Parameters
        ----------
        query : str
            One statement; anything that would write is refused.
        parameters : sequence or mapping
            For its question marks or names.
        timeout_s : float
            Seconds after which it is stopped.

        Raises
        ------
        UsageError
        """
        return Rows(self._store.query(query, parameters, timeout_s))

    def diff(self, before: StateName, after: StateName = None) -> Difference:
        """Compare two states by what is recorded of them: type, shape, size, fingerprint, shared pieces, code."""
        source = self._source
        return Difference(diff_states(source, source.resolve(before), source.resolve(after)))

    def deep_diff(self, before: StateName, after: StateName = None) -> Difference:
        """Compare two states and the values of what changed, which are loaded after a trust check.

        Raises
        ------
        TrustError
        """
        source = self._source
        return Difference(diff_states_deep(source, source.resolve(before), source.resolve(after)))

    def path_to(self, state: StateName = None) -> Cells:
        """Return the cells on the way to a state, to be exported: ``store.path_to(12).save("history.ipynb")``."""
        return path_to(self._source, self._source.resolve(state))

    def cells_for(self, *names: str, state: StateName = None) -> Cells:
        """Return only the cells that some variables need; run alone, they make them again.

        Raises
        ------
        NotFoundError
        UsageError
            No variable is named.
        """
        if not names:
            raise UsageError("name the variables whose cells are wanted; path_to() returns all cells")
        return cells_for(self._source, self._source.resolve(state), names)

    def load(self, name: str, state: StateName = None) -> Any:
        """Return the value of a variable; short for ``store.state(state)[name].load()``."""
        return self.state(state)[name].load()

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        n_executions = len(self._store.history.executions())
        return one_line(f"<store {self.path}: {n_executions} executions, {size(self._store.n_file_bytes())}>")
