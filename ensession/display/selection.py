"""Which executions of a long history to show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from ensession.model import ExecutionId

_ROOT = ExecutionId(0)


class Tree:
    """Executions joined by parenthood, below state 0.

    Parameters
    ----------
    parents : mapping of ExecutionId to ExecutionId or None
        A parent that is not an earlier execution of the mapping counts as state 0: a store may hold anything.
    """

    def __init__(self, parents: Mapping[ExecutionId, ExecutionId | None]) -> None:
        self.ids: tuple[ExecutionId, ...] = tuple(sorted(parents))
        self._parents: dict[ExecutionId, ExecutionId] = {}
        self._children: dict[ExecutionId, list[ExecutionId]] = {}
        for id_ in self.ids:
            told = parents[id_]
            parent = told if told in parents and told is not None and told < id_ else _ROOT
            self._parents[id_] = parent
            self._children.setdefault(parent, []).append(id_)

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._parents

    def parent(self, id_: ExecutionId) -> ExecutionId:
        """Return the execution before; 0 for a root."""
        return self._parents[id_]

    def children(self, id_: ExecutionId) -> Sequence[ExecutionId]:
        """Return the executions that started from a state, by number."""
        return self._children.get(id_, ())

    def line(self, id_: ExecutionId | None) -> Iterator[ExecutionId]:
        """Yield an execution and its ancestors; nothing for one that is not in the tree."""
        at = _ROOT if id_ is None else id_
        while at in self._parents:
            yield at
            at = self._parents[at]


def choose(tree: Tree, head: ExecutionId | None, named: Iterable[ExecutionId], budget: int) -> set[ExecutionId]:
    """Choose about ``budget`` executions that show the shape of a history; all where there are no more.

    Where two lines that are shown part, that execution is chosen too, so that edges never overlap.
    """
    if len(tree) <= budget:
        return set(tree.ids)
    ends = (id_ for id_ in reversed(tree.ids) if not tree.children(id_))
    first = [*islice(tree.line(head), 1), *sorted({id_ for id_ in named if id_ in tree}, reverse=True), *ends]
    shown = _with_forks(tree, islice(dict.fromkeys(first), max(budget // 4, 1)))
    _grow(shown, _neighbours(tree, shown), budget // 2)
    _grow(shown, tree.line(head), 2 * budget // 3)
    shown |= {id_ for id_ in tree.ids if id_ not in shown and _stands_alone(tree, id_, shown)}
    return _with_forks(tree, shown)


def _grow(shown: set[ExecutionId], candidates: Iterable[ExecutionId], limit: int) -> None:
    for id_ in candidates:
        if len(shown) >= limit:
            return
        shown.add(id_)


def _neighbours(tree: Tree, shown: Iterable[ExecutionId]) -> Iterator[ExecutionId]:
    """Yield what is right before and after the chosen ones, the newest first."""
    for id_ in sorted(shown, reverse=True):
        if tree.parent(id_) != _ROOT:
            yield tree.parent(id_)
        yield from tree.children(id_)[:1]


def _stands_alone(tree: Tree, id_: ExecutionId, shown: set[ExecutionId]) -> bool:
    """Say whether leaving an execution out would take as much room as showing it."""
    children, parent = tree.children(id_), tree.parent(id_)
    return len(children) == 1 and children[0] in shown and (parent == _ROOT or parent in shown)


def _with_forks(tree: Tree, chosen: Iterable[ExecutionId]) -> set[ExecutionId]:
    """Add the executions where lines to chosen ones part."""
    shown = set(chosen)
    n_below: dict[ExecutionId, int] = {}
    for id_ in reversed(tree.ids):
        if n_below.get(id_, 0) > 1:
            shown.add(id_)
        if id_ in shown or n_below.get(id_):
            parent = tree.parent(id_)
            n_below[parent] = n_below.get(parent, 0) + 1
    return shown
