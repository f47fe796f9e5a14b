"""Queries that others write: read-only, and over when their time is.

A connection of its own, so that nothing can be left behind on the store's: ``query_only``, an authorizer that
lets nothing through but reading, and a clock that is looked at while SQLite works.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ensession.errors import UsageError
from ensession.model import QueryRows
from ensession.store.engine import raw_connection, read_access
from ensession.store.failures import translated

DEFAULT_TIMEOUT_S = 30.0
MAX_VALUE_BYTES = 2**28
"""No value that a query makes up may be larger; stored ones are far below."""

_STEPS = 10_000
_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
_PRAGMAS = frozenset(
    "table_info table_xinfo table_list index_list index_info foreign_key_list data_version function_list".split()
)
_FILE_FAULTS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_PERM,
    }
)
_NOT_READING = frozenset({"load_extension", "fts3_tokenizer"})

Parameters = Sequence[Any] | Mapping[str, Any]


def run_query(
    path: Path, sql: str, parameters: Parameters, busy_timeout_s: float, timeout_s: float = DEFAULT_TIMEOUT_S
) -> QueryRows:
    """Run one query on a store.

    Parameters
    ----------
    path : Path
    sql : str
        One statement that only reads.
    parameters : sequence or mapping
        For its question marks or names.
    busy_timeout_s : float
        How long to wait for another process's lock.
    timeout_s : float
        How long it may take, in seconds, fetching its rows included.

    Raises
    ------
    UsageError
        It is no SQL, does more than reading, or took too long.
    StoreBusyError, StoreAccessError
    """
    with translated(path), closing(raw_connection(path, read_access(path), busy_timeout_s)) as connection:
        connection.execute("PRAGMA query_only = ON")
        # Views and triggers of a store that somebody else made call no function with effects.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.set_authorizer(_authorize)
        watch = _Watch(timeout_s)
        connection.set_progress_handler(watch, _STEPS)
        return _rows(connection, sql, parameters, watch)


class _Watch:
    """Says stop when the time is over, or the user interrupts."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.is_interrupted = False
        self._end = time.monotonic() + timeout_s

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self._end

    def __call__(self) -> int:
        try:
            return int(self.is_over)
        except KeyboardInterrupt:  # SQLite would swallow it
            self.is_interrupted = True
            return 1


def _rows(connection: sqlite3.Connection, sql: str, parameters: Parameters, watch: _Watch) -> QueryRows:
    try:
        cursor = connection.execute(sql, parameters)
        rows = tuple(cursor.fetchall())
    except sqlite3.Error as error:
        raise _translated(error, watch) from error
    except (sqlite3.Warning, TypeError, ValueError) as error:
        raise UsageError(f"the query can't be run: {error}; give one statement and its parameters") from error
    if cursor.description is None:
        raise UsageError("the query gives no rows; give one that reads, such as SELECT * FROM v_execution")
    return QueryRows(tuple(column[0] for column in cursor.description), rows)


def _translated(error: sqlite3.Error, watch: _Watch) -> BaseException:
    """Return what to raise: the query's fault is a usage error, the file's fault stays what it is."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _FILE_FAULTS:
        return error
    if watch.is_interrupted:
        return KeyboardInterrupt()
    if code == sqlite3.SQLITE_INTERRUPT:
        return UsageError(
            f"the query took more than {watch.timeout_s:g} s and was stopped; narrow it down, or give it more time"
        )
    if code in (sqlite3.SQLITE_AUTH, sqlite3.SQLITE_READONLY) or "authoriz" in str(error):
        return UsageError("the query does more than reading; only recording writes history")
    return UsageError(f"the query can't be run: {error}; the reference of the SQL views says what there is")


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action in _READING:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and second not in _NOT_READING:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and first in _PRAGMAS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
