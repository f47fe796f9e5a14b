"""The history of a store as a tree of executions. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ensession.errors import NotFoundError
from ensession.model import Execution, ExecutionId


class History:
    """Executions joined by parenthood.

    State 0, the empty one, is None here; it is the parent of every root. An execution whose parent was not handed
    in (a log that was cut off) counts as a root.

    Parameters
    ----------
    executions : iterable of Execution
        In any order; iteration gives them by number.
    """

    def __init__(self, executions: Iterable[Execution]) -> None:
        self._executions = {e.id: e for e in sorted(executions, key=lambda e: e.id)}
        self._children: dict[ExecutionId | None, list[ExecutionId]] = {}
        for execution in self._executions.values():
            self._children.setdefault(self.parent(execution.id), []).append(execution.id)

    def __len__(self) -> int:
        return len(self._executions)

    def __iter__(self) -> Iterator[Execution]:
        return iter(self._executions.values())

    def __contains__(self, execution: object) -> bool:
        return execution in self._executions

    def __getitem__(self, execution: ExecutionId) -> Execution:
        try:
            return self._executions[execution]
        except KeyError:
            raise NotFoundError(f"there is no execution {execution}") from None

    def parent(self, execution: ExecutionId) -> ExecutionId | None:
        """Return the execution whose state this one started from."""
        parent = self[execution].parent
        return parent if parent in self._executions else None

    def children(self, execution: ExecutionId | None) -> tuple[ExecutionId, ...]:
        """Return the executions that started from this one's state, by number; of None: the roots."""
        return tuple(self._children.get(execution, ()))

    def path(self, execution: ExecutionId | None) -> tuple[ExecutionId, ...]:
        """Return the line of history that leads to a state, root first, this execution last."""
        line = list(self._up(execution))
        line.reverse()
        return tuple(line)

    def heads(self) -> tuple[ExecutionId, ...]:
        """Return the executions that nothing started from, by number."""
        return tuple(e for e in self._executions if e not in self._children)

    def is_ancestor(self, older: ExecutionId | None, newer: ExecutionId | None) -> bool:
        """Say whether a state lies on the line to another one; each state lies on its own."""
        return older is None or any(e == older for e in self._up(newer))

    def common_ancestor(self, left: ExecutionId | None, right: ExecutionId | None) -> ExecutionId | None:
        """Return the last state that two lines of history share."""
        line = set(self._up(left))
        return next((e for e in self._up(right) if e in line), None)

    def branches(self) -> tuple[tuple[ExecutionId, ...], ...]:
        """Cut the tree into lines without forks, so that every execution is in exactly one.

        Each branch begins at a root or right after a fork, and goes on with the first child; branches are in the
        order of their first executions.
        """
        firsts = [*self.children(None)]
        for children in (self.children(e) for e in self._executions):
            firsts += children[1:]
        return tuple(self._branch(first) for first in sorted(firsts))

    def _branch(self, first: ExecutionId) -> tuple[ExecutionId, ...]:
        line = [first]
        while children := self.children(line[-1]):
            line.append(children[0])
        return tuple(line)

    def _up(self, execution: ExecutionId | None) -> Iterator[ExecutionId]:
        if execution is not None:
            self[execution]  # says so where it does not exist
        while execution is not None:
            yield execution
            execution = self.parent(execution)
