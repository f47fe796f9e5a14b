"""What all views of a store share: the open store, the user's keys, and short cuts into its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ensession.display.views import is_hidden
from ensession.errors import NotFoundError, NoVariableError
from ensession.model import Binding, Execution, ExecutionId, Graph, VersionId
from ensession.planner import CostModel, plan
from ensession.session.checks import InputCheck, look_around
from ensession.store import Store
from ensession.trust import Keyring

_MAX_DIGITS = 18
"""Of a number that fits into SQLite."""
_MAX_NAMES = 20
NO_GRAPH = Graph((), {}, {}, {})
StateName = int | str | None
"""A state: its number, ``"@12"``, the name of a tag or branch; None is the latest."""


class Source:
    """An open store and what is asked of it again and again.

    Parameters
    ----------
    store : Store
    keys : callable
        Returns the user's keyring; called only where trust has to be checked.
    """

    def __init__(self, store: Store, keys: Callable[[], Keyring]) -> None:
        self.store = store
        self.keys = keys
        self._check = InputCheck()

    def resolve(self, state: StateName) -> ExecutionId | None:
        """Return the execution that made a state; None is state 0, the empty one.

        Raises
        ------
        NotFoundError, UsageError
            There is no such state.
        """
        if state is None:
            return self.store.history.latest()
        text = str(state)
        digits = text.removeprefix("@")
        if digits.isdecimal() and len(digits) > _MAX_DIGITS:
            raise NotFoundError(f"{self.store.path}: there is no execution with so high a number; ens log lists them")
        if digits.isdecimal() and int(digits) == 0:
            return None
        return self.store.refs.resolve(text)

    def graph(self, target: ExecutionId | None) -> Graph:
        """Return the history of a state."""
        return NO_GRAPH if target is None else self.store.history.graph(target)

    def bindings(self, target: ExecutionId | None) -> Mapping[str, Binding]:
        """Return what each name is bound to in a state."""
        return {} if target is None else self.store.history.state(target)

    def version_at(self, name: str, target: ExecutionId | None) -> VersionId:
        """Return the version that a name has in a state.

        Raises
        ------
        NotFoundError
        """
        return self.binding(name, target).version.id

    def binding(self, name: str, target: ExecutionId | None) -> Binding:
        """Return what a name is bound to in a state.

        Raises
        ------
        NotFoundError
        """
        bindings = self.bindings(target)
        if name not in bindings:
            raise self.no_variable(name, target, [one for one in bindings if not is_hidden(one)])
        return bindings[name]

    def no_variable(self, name: str, target: ExecutionId | None, there: Sequence[str]) -> NoVariableError:
        """Return the error for a name that a state does not have; it says which ones there are."""
        names = ", ".join(there[:_MAX_NAMES]) + (", …" if there[_MAX_NAMES:] else "")
        state = f"state {target or 0} of {self.store.path}"
        return NoVariableError(f"{state} has no variable {name!r}; there are: {names or 'none'}")

    def executions(self, ids: frozenset[ExecutionId]) -> list[Execution]:
        """Return some executions in history order."""
        return [self.store.history.execution(id_) for id_ in sorted(ids)]

    def all_missing(self, target: ExecutionId | None) -> Mapping[VersionId, str]:
        """Return why versions of a state can't come back; those that can are not in it."""
        graph = self.graph(target)
        return plan(graph, target, CostModel(), unrunnable=self._unrunnable(graph)).missing

    def missing(self, target: ExecutionId, version: VersionId) -> Mapping[VersionId, str]:
        """Return why a version of a state can't come back; empty where it can."""
        graph = self.graph(target)
        narrowed = replace(graph, state={name: one for name, one in graph.state.items() if one == version})
        return plan(narrowed, target, CostModel(), wanted=[version], unrunnable=self._unrunnable(graph)).missing

    def _unrunnable(self, graph: Graph) -> Mapping[ExecutionId, str]:
        """Return what can't run again here as things are now: inputs may be gone, or have changed."""
        return look_around(self.store, graph, self._check).unrunnable
