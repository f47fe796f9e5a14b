"""Lines of history: a state's execution and its ancestors, as few ranges of ids.

Recording gives ids in order, so as long as nobody else writes, an execution's parent has the id before its own.
``execution.line_start`` says where such a range begins; a line of 10,000 executions is then one range, and
queries scan instead of recursing.
"""

from __future__ import annotations

from ensession.errors import NotFoundError
from ensession.model import ExecutionId
from ensession.store.engine import Database

LINE = (
    "WITH RECURSIVE line(first, last, parent) AS ("
    " SELECT e.line_start, e.id, s.parent FROM execution e JOIN execution s ON s.id = e.line_start WHERE e.id = ?"
    " UNION ALL"
    " SELECT e.line_start, e.id, s.parent FROM line JOIN execution e ON e.id = line.parent"
    " JOIN execution s ON s.id = e.line_start) "
)
"""Begins a query; takes the id of the state; ``line`` has the inclusive ranges ``first`` to ``last``."""


def require_execution(database: Database, id_: ExecutionId) -> None:
    """Raise :class:`NotFoundError` unless there is such an execution."""
    if database.rows("SELECT 1 FROM execution WHERE id = ?", (id_,)):
        return
    first, last = database.rows("SELECT min(id), max(id) FROM execution")[0]
    there = "nothing is recorded yet" if first is None else f"there are {first} to {last}"
    raise NotFoundError(f"{database.path}: there is no execution {id_}; {there}")
