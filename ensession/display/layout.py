"""The history tree as rows and lanes. Pure.

Rows go from the oldest state down to the newest, as cells do in a notebook. Every line of history is contiguous, as
with ``git log --graph``: at a fork the side branches come first, each one lane further to the right, then the line
goes on in its own lane. The line to the current state has the leftmost lane; elsewhere the larger subtree goes on in
the lane, so that n executions need no more than 2 + log2(n) lanes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ensession.display.selection import Tree, choose
from ensession.model import Execution, ExecutionId, Ref, RefKind

BUDGET = 60
"""Up to so many executions nothing is left out."""

_ROOT = ExecutionId(0)


class RowKind(StrEnum):
    """What a row stands for."""

    EMPTY = "empty"
    """State 0."""
    EXECUTION = "execution"
    GAP = "gap"
    """Executions left out between the row above it and the one below."""
    FOLD = "fold"
    """Whole branches left out."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What names point at.

    Attributes
    ----------
    head : ExecutionId or None
        The execution whose state is live, or the latest.
    branches, tags : mapping of names to ExecutionId
    """

    head: ExecutionId | None = None
    branches: Mapping[str, ExecutionId] = field(default_factory=dict)
    tags: Mapping[str, ExecutionId] = field(default_factory=dict)

    @classmethod
    def of(cls, head: ExecutionId | None, refs: Iterable[Ref]) -> Marks:
        """Collect tags and branches as a store lists them."""
        found = tuple(refs)
        return cls(
            head,
            branches={ref.name: ref.execution for ref in found if ref.kind is RefKind.BRANCH},
            tags={ref.name: ref.execution for ref in found if ref.kind is RefKind.TAG},
        )

    def branches_at(self, id_: ExecutionId) -> tuple[str, ...]:
        """Return the branches that end at an execution, sorted."""
        return tuple(sorted(name for name, at in self.branches.items() if at == id_))

    def tags_at(self, id_: ExecutionId) -> tuple[str, ...]:
        """Return the tags of an execution, sorted."""
        return tuple(sorted(name for name, at in self.tags.items() if at == id_))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the drawing.

    Attributes
    ----------
    lane : int
        0 is the leftmost.
    above : int or None
        The row that the edge to this one comes from, in the same lane or the next one to the left; None for the
        first row.
    is_side : bool
        A branch begins here: the edge comes from the lane to the left.
    on_line : bool
        Lies on the line that leads to the current state.
    execution : Execution or None
    n_hidden, n_ends : int
        Executions that a gap or a fold stands for, and how many branches end in it.
    """

    kind: RowKind
    lane: int
    above: int | None
    is_side: bool
    on_line: bool
    execution: Execution | None = None
    n_hidden: int = 0
    n_ends: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing: rows from top to bottom."""

    rows: tuple[Row, ...]
    marks: Marks
    n_executions: int

    @property
    def n_lanes(self) -> int:
        """How many lanes there are."""
        return 1 + max(row.lane for row in self.rows)


def lay_out(executions: Sequence[Execution], marks: Marks, budget: int = BUDGET) -> Layout:
    """Place a history.

    Parameters
    ----------
    executions : sequence of Execution
        The whole history, or a part; an execution whose parent is not among those before it hangs on state 0.
    marks : Marks
    budget : int
        About how many executions to show, where there are more of them: the current state and what led to it, tags
        and branches, forks and ends. The rest is counted.
    """
    by_id = {execution.id: execution for execution in executions}
    tree = Tree({id_: execution.parent for id_, execution in by_id.items()})
    named = [*marks.branches.values(), *marks.tags.values()]
    shown = choose(tree, marks.head, named, budget)
    rows = _Placing(tree, shown, by_id, marks.head).rows()
    return Layout(tuple(rows), marks, len(by_id))


class _Placing:
    """Contracts a tree to what is shown of it, and walks over that."""

    def __init__(
        self,
        tree: Tree,
        shown: Collection[ExecutionId],
        executions: Mapping[ExecutionId, Execution],
        head: ExecutionId | None,
    ) -> None:
        self._executions = executions
        self._line = {_ROOT, *tree.line(head)}
        self._children: dict[ExecutionId, list[ExecutionId]] = {}
        self._gaps: dict[ExecutionId, list[int]] = {}
        self._folds: dict[ExecutionId, list[int]] = {}
        self._contract(tree, shown)
        self._weights = self._weigh(tree)

    def _contract(self, tree: Tree, shown: Collection[ExecutionId]) -> None:
        """Join each execution that is shown to the last one before it that is; count the others."""
        below: dict[ExecutionId, ExecutionId] = {id_: id_ for id_ in shown}  # what is shown next, seen from a gap
        for id_ in reversed(tree.ids):
            if id_ in below:
                below.setdefault(tree.parent(id_), below[id_])
        place: dict[ExecutionId, tuple[dict[ExecutionId, list[int]], ExecutionId]] = {_ROOT: (self._folds, _ROOT)}
        anchor = {_ROOT: _ROOT}
        for id_ in tree.ids:
            parent = tree.parent(id_)
            if id_ in shown:
                self._children.setdefault(anchor[parent], []).append(id_)
                anchor[id_], place[id_] = id_, (self._folds, id_)
                continue
            anchor[id_] = anchor[parent]
            place[id_] = (self._gaps, below[id_]) if id_ in below else place[parent]
            counts, key = place[id_]
            count = counts.setdefault(key, [0, 0])
            count[0] += 1
            count[1] += not tree.children(id_)

    def _weigh(self, tree: Tree) -> dict[ExecutionId, int]:
        weights = {_ROOT: 0}
        for id_ in reversed(tree.ids):
            weights[id_] = 1 + sum(weights[child] for child in tree.children(id_))
        return weights

    def rows(self) -> list[Row]:
        """Walk over what is shown, side branches first."""
        rows = [Row(RowKind.EMPTY, 0, None, is_side=False, on_line=True)]

        def add(kind: RowKind, lane: int, above: int, execution: Execution | None, counts: Sequence[int]) -> None:
            on_line = kind is not RowKind.FOLD and id_ in self._line
            rows.append(Row(kind, lane, above, rows[above].lane != lane, on_line, execution, *counts))

        stack = self._below(_ROOT, 0, 0)
        while stack:
            kind, id_, lane, above = stack.pop()
            if kind is RowKind.FOLD:
                add(kind, lane, above, None, self._folds[id_])
                continue
            if id_ in self._gaps:
                add(RowKind.GAP, lane, above, None, self._gaps[id_])
                above = len(rows) - 1
            add(RowKind.EXECUTION, lane, above, self._executions[id_], (0, 0))
            stack += self._below(id_, lane, len(rows) - 1)
        return rows

    def _below(self, id_: ExecutionId, lane: int, row: int) -> list[tuple[RowKind, ExecutionId, int, int]]:
        """Return what hangs on a row, with its lane and that row: what is drawn first comes last."""
        children = self._children.get(id_, [])
        main = max(children, key=lambda child: (child in self._line, self._weights[child], -child), default=None)
        found = [] if main is None else [(RowKind.EXECUTION, main, lane, row)]
        found += [(RowKind.EXECUTION, child, lane + 1, row) for child in reversed(children) if child != main]
        if id_ in self._folds:
            found.append((RowKind.FOLD, id_, lane if main is None else lane + 1, row))
        return found
