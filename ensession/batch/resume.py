"""Where a run may go on: the notebook's cells held against the recorded executions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ensession.capture.names import is_only_command
from ensession.model import Execution, ExecutionId, ExecutionKind, Outcome

COMMAND = "ens"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A cell of the notebook, as far as the history knows cells.

    Attributes
    ----------
    may_fail : bool
        An error in it does not end the run, and is no reason to run it again.
    """

    code: str
    may_fail: bool = False

    @property
    def is_silent(self) -> bool:
        """Whether no execution is recorded of it: it holds nothing but ``%ens`` lines."""
        return is_only_command(self.code, COMMAND)


@dataclass(frozen=True, slots=True)
class Place:
    """A state from which a run may go on.

    Attributes
    ----------
    execution : ExecutionId
        The state.
    made_by : tuple[ExecutionId or None, ...]
        For each cell of the notebook that needs no run, its execution; None where none is recorded of such a cell.
    differing : tuple[int, ...]
        Which of these cells, from 1, were recorded with another code.
    """

    execution: ExecutionId
    made_by: tuple[ExecutionId | None, ...]
    differing: tuple[int, ...] = ()

    @property
    def n_done(self) -> int:
        """The number of cells that need no run."""
        return len(self.made_by)


def places(
    wanted: Sequence[Wanted], executions: Sequence[Execution], started_with: Mapping[ExecutionId, int]
) -> list[Place]:
    """Return the states that the beginning of a notebook has led to, the one that is farthest along first.

    Only a line of history that begins with an empty namespace and holds exactly these cells, in this order, each ended
    well, counts. Of several such lines the latest comes first. What happened between two cells (threads, callbacks) is
    a part of the line it is on.

    Parameters
    ----------
    wanted : sequence of Wanted
        The notebook's cells.
    executions : sequence of Execution
        All of the store, oldest first.
    started_with : mapping
        For executions that recorded what the namespace held when recording began: how many variables that was.
    """
    loud = [cell for cell in wanted if not cell.is_silent]
    lines = _lines(executions, loud, started_with)
    matching = [id_ for id_, cells in lines.items() if _matches(cells, loud)]
    best: dict[int, ExecutionId] = {}
    for id_ in matching:  # the later one of each length wins; what happened behind its last cell belongs to it
        best[len(lines[id_])] = id_
    chosen = [best[length] for length in sorted(best, reverse=True) if length]
    return [_place(id_, lines[id_], wanted) for id_ in chosen]


def place_before(
    number: int, wanted: Sequence[Wanted], executions: Sequence[Execution], started_with: Mapping[ExecutionId, int]
) -> Place | None:
    """Return the state from which cell ``number`` is to be run, whatever became of the cells before it.

    Of all lines of history with as many cells that ended well, the one that has most of its cells in common with the
    notebook, and of those the latest. None where there is none.
    """
    loud = [cell for cell in wanted[: number - 1] if not cell.is_silent]
    lines = _lines(executions, loud, started_with)
    found: tuple[int, ExecutionId] | None = None
    for id_, cells in lines.items():
        if len(cells) == len(loud):
            common = sum(cell.code == one.code for cell, one in zip(cells, loud, strict=True))
            if common and (found is None or (common, id_) > found):
                found = (common, id_)
    return None if found is None else _place(found[1], lines[found[1]], wanted[: number - 1])


def _lines(
    executions: Sequence[Execution], loud: Sequence[Wanted], started_with: Mapping[ExecutionId, int]
) -> dict[ExecutionId, tuple[Execution, ...]]:
    lines: dict[ExecutionId, tuple[Execution, ...]] = {}
    for one in executions:
        before = () if one.parent is None else lines.get(one.parent)
        if before is None or started_with.get(one.id):
            continue
        if one.kind is not ExecutionKind.CELL:
            lines[one.id] = before
        elif len(before) < len(loud) and _ended_well(one, loud[len(before)]):
            lines[one.id] = (*before, one)
    return lines


def _ended_well(execution: Execution, cell: Wanted) -> bool:
    return execution.outcome is Outcome.OK or (execution.outcome is Outcome.ERROR and cell.may_fail)


def _matches(cells: Sequence[Execution], loud: Sequence[Wanted]) -> bool:
    return all(cell.code == one.code for cell, one in zip(cells, loud, strict=False))


def _place(id_: ExecutionId, cells: Sequence[Execution], wanted: Sequence[Wanted]) -> Place:
    """Return the place behind these cells; whether commands that follow them were carried out is not known."""
    made_by: list[ExecutionId | None] = []
    differing = []
    rest = list(cells)
    for number, cell in enumerate(wanted, 1):
        if not rest:
            break
        if cell.is_silent:
            made_by.append(None)
            continue
        execution = rest.pop(0)
        made_by.append(execution.id)
        if execution.code != cell.code:
            differing.append(number)
    return Place(id_, tuple(made_by), tuple(differing))
