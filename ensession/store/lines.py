"""Lines of history: a state's execution and its ancestors, as few ranges of ids.

Recording gives ids in order, so as long as nobody else writes, an execution's parent has the id before its own.
``execution.line_start`` says where such a range begins; a line of 10,000 executions is then one range, and
queries scan instead of recursing. Parents come before their children; where a file says otherwise the line ends, else
a ring of them would have no end.
"""

from __future__ import annotations

import json

from ensession.errors import NotFoundError
from ensession.model import ExecutionId
from ensession.store.engine import Database
from ensession.store.failures import making_sense

LINE = (
    "WITH RECURSIVE line(first, last, parent) AS ("
    " SELECT e.line_start, e.id, s.parent FROM execution e JOIN execution s ON s.id = e.line_start WHERE e.id = ?"
    " AND e.line_start <= e.id"
    " UNION ALL"
    " SELECT e.line_start, e.id, s.parent FROM line JOIN execution e ON e.id = line.parent"
    " JOIN execution s ON s.id = e.line_start WHERE e.id < line.first AND e.line_start <= e.id) "
)
"""Begins a query; takes the id of the state; ``line`` has the inclusive ranges ``first`` to ``last``."""

_RANGES = f"{LINE} SELECT first, last FROM line ORDER BY first"  # noqa: S608 (joined from constants)
_LARGEST = 2**63 - 1
"""Of what SQLite takes for a number."""
# Rows come in the order of the key, executions ascending; SQLite joins the text, one call instead of a row each.
_NAMES = "SELECT json_group_object(name, execution) FROM binding NOT INDEXED WHERE execution BETWEEN ? AND ?"


def latest_bindings(database: Database, id_: ExecutionId) -> dict[str, ExecutionId]:
    """Return each name that was ever bound or deleted on the line to a state, with the last execution that did."""
    latest: dict[str, ExecutionId] = {}
    for first, last in database.rows(_RANGES, (id_,)):
        # A key comes once for every execution that bound it: the last one stays.
        ((text,),) = database.rows(_NAMES, (first, last))
        with making_sense(f"executions {first} to {last} are damaged"):  # text that holds a number, and the like
            latest.update(json.loads(text))
    return latest


def require_execution(database: Database, id_: ExecutionId) -> None:
    """Raise :class:`NotFoundError` unless there is such an execution."""
    if id_ <= _LARGEST and database.rows("SELECT 1 FROM execution WHERE id = ?", (id_,)):
        return
    first, last = database.rows("SELECT min(id), max(id) FROM execution")[0]
    there = "nothing is recorded yet" if first is None else f"there are {first} to {last}"
    what = f"there is no execution {id_}" if id_ else "state 0 is the empty one, no execution made it"
    raise NotFoundError(f"{database.path}: {what}; {there}")
