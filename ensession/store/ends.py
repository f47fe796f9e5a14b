"""When kernel runs ended: the one fact of a run that comes after its executions, and that copies tell each other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ensession.model.parcels import RunEnd
from ensession.store.engine import Database, execute
from ensession.store.lookup import in_batches

_OPEN = "SELECT uid FROM kernel_run WHERE ended_at IS NULL ORDER BY id"
_ENDS = "SELECT uid, ended_at FROM kernel_run WHERE ended_at IS NOT NULL AND uid IN"
_END = "UPDATE kernel_run SET ended_at = ? WHERE uid = ? AND ended_at IS NULL"


def open_runs(database: Database) -> list[str]:
    """Return the runs that have not ended, as far as the store knows."""
    return [row[0] for row in database.rows(_OPEN) if isinstance(row[0], str)]


def run_ends(database: Database, uids: Iterable[str]) -> list[RunEnd]:
    """Return when some runs ended; those that have not, and those that are not here, are left out."""
    found: list[RunEnd] = []
    with database.read():
        for batch, marks in in_batches(uids):
            found += [RunEnd(uid, at) for uid, at in database.rows(f"{_ENDS} ({marks})", batch) if _is_time(at)]
    return found


def add_run_ends(database: Database, ends: Sequence[RunEnd]) -> int:
    """Take note that runs ended, unless that is known, or makes no sense; return how many had not ended before."""
    with database.write() as connection:
        return sum(
            execute(connection, _END, (one.ended_at, one.uid)).rowcount for one in ends if _is_time(one.ended_at)
        )


def _is_time(at: object) -> bool:
    return isinstance(at, float) and math.isfinite(at)
