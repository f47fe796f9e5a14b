"""The one place that opens a store file: PRAGMAs, transactions, translation of errors.

A :class:`Database` holds one connection. Writers take the write lock at once (``BEGIN IMMEDIATE``), so that a
transaction never fails half-way for want of it; readers use a plain ``BEGIN`` and see one consistent state.
``isolation_level=None`` keeps :mod:`sqlite3` from committing behind our back, DDL included.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from enum import Enum
from pathlib import Path
from sqlite3 import Connection
from typing import Any
from urllib.parse import quote

from ensession.errors import StoreAccessError, UsageError
from ensession.store.failures import translated
from ensession.store.header import APPLICATION_ID
from ensession.store.holding import Hold, hold
from ensession.store.identity import file_id
from ensession.store.mounts import is_network
from ensession.store.transaction import Transaction

PAGE_SIZE = 32 * 1024
CACHE_KIB = 8 * 1024
"""What a connection keeps of the file; the system keeps the rest, and a session lives with it for hours."""
JOURNAL_LIMIT_BYTES = 64 * 2**20

_ALONE = "mode=ro&immutable=1"

OnPoint = Callable[[str], None]
"""Called with the name of each point of the write path; crash tests kill the process there."""


def no_point(name: str, /) -> None:
    """Pass a named point of the write path without doing anything."""


class Access(Enum):
    """How a file is opened."""

    READ_WRITE = "rw"
    GUARDED = "guarded"
    """Read-only by promise (``query_only``): SQLite may still recover and tidy up after a killed writer."""
    READ_ONLY = "ro"
    """No right to write: a live log is read where one is there, and whoever writes is waited for."""
    IMMUTABLE = "immutable"
    """No right to write and nobody writing: the file alone."""
    WRECK = "wreck"
    """The file alone, damaged: read what can be read of it, also where it is too short."""
    WRECK_WITH_LOG = "wreck with log"
    """The same of a copy with its write-ahead log."""


_MODES = {Access.READ_ONLY: "mode=ro", Access.IMMUTABLE: _ALONE, Access.WRECK: _ALONE}


class Database:
    """One connection to one store file, usable from any thread, one at a time.

    Parameters
    ----------
    path : Path
    access : Access
    busy_timeout_s : float
        How long to wait for another process's lock.
    on_point : callable
        Fault point for tests.

    Attributes
    ----------
    file_id : FileId
        Of the file that is open, whatever has its name by now.
    """

    def __init__(self, path: Path, access: Access, busy_timeout_s: float, on_point: OnPoint = no_point) -> None:
        self.path = path
        self.read_only = access is not Access.READ_WRITE
        self.busy_timeout_s = busy_timeout_s
        self.point = on_point
        self.lock = threading.RLock()
        self.inside: int | None = None
        self.connection: Connection | None = None
        self._hold: Hold | None = None
        with translated(path):
            self.connection = _connected(path, access, busy_timeout_s)
            self.file_id = file_id(path)
            self._keep_hold()

    def read(self) -> Transaction:
        """One read transaction; inside another one of this thread, a part of that."""
        return Transaction(self, "BEGIN")

    def write(self) -> Transaction:
        """One write transaction: committed at the end, rolled back when anything is raised."""
        if self.read_only:
            raise UsageError(f"{self.path}: the store was opened read-only; open it for writing")
        return Transaction(self, "BEGIN IMMEDIATE")

    @contextmanager
    def outside_transactions(self) -> Iterator[Connection]:
        """Lend the connection while no transaction runs, for what SQLite does not do inside one."""
        with self.lock, translated(self.path):
            if self.connection is None or self.connection.in_transaction:
                raise UsageError(f"{self.path}: that needs an open store and no transaction")
            yield self.connection

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        """Return all rows of one query, in a read transaction of its own or in the running one."""
        with self.read() as connection:
            return rows(connection, sql, parameters)

    def begin_log(self) -> None:
        """Write what is there already, as the first transaction of the log; nothing where somebody writes.

        Once all of the log is in the file, the next writer begins it anew, and waits for the disk until its header is
        there. For a thread that has the time.
        """
        if not self.lock.acquire(blocking=False):
            return
        try:
            connection = self.connection
            if connection is not None and not connection.in_transaction:
                connection.execute("PRAGMA busy_timeout = 0")  # nobody who wants this connection waits for that
                try:
                    with suppress(sqlite3.Error):  # another process has the lock, the disk is full, or it is damaged
                        connection.execute("UPDATE alembic_version SET version_num = version_num")
                finally:
                    connection.execute(f"PRAGMA busy_timeout = {round(self.busy_timeout_s * 1000)}")
        finally:
            self.lock.release()

    @property
    def is_inside(self) -> bool:
        """Whether this thread is inside a transaction."""
        return self.inside == threading.get_ident()

    def is_in_place(self) -> bool:
        """Whether the file that is open is the one that its path names."""
        try:
            return file_id(self.path) == self.file_id
        except OSError:
            return False

    def move(self, target: Path, write: Callable[[Connection, Path], None]) -> None:
        """Let everything be written to another file, and go on with that one.

        Parameters
        ----------
        target : Path
        write : callable
            Writes all that a connection sees to a new file.
        """
        with self.lock, self.outside_transactions() as connection:
            write(connection, target)
            try:
                fresh = _connected(target, Access.READ_WRITE, self.busy_timeout_s)
            except BaseException:  # better the old file, which nobody finds any more, than none
                target.unlink(missing_ok=True)
                raise
            hold, self._hold = self._hold, None
            self.connection, self.path, self.file_id = fresh, target, file_id(target)
            self._keep_hold()
            _close(connection, hold)

    @contextmanager
    def unheld(self) -> Iterator[Callable[[], None]]:
        """Let go of the file, for what takes it for oneself; calling what is yielded keeps it so."""
        hold = self._hold
        if hold is not None:
            hold.release()
        is_to_stay = []
        try:
            yield lambda: is_to_stay.append(True)
        finally:
            if hold is not None and not is_to_stay:
                hold.take()

    def _keep_hold(self) -> None:
        """Keep hold of a file with a log, which nobody else may take away while it is open here."""
        if not self.read_only and not is_network(self.path):
            self._hold = hold(self.path)

    def close(self) -> None:
        """Close the connection; the last one of all processes leaves the file alone, without a log beside it."""
        with self.lock, translated(self.path):
            connection, self.connection = self.connection, None
            hold, self._hold = self._hold, None
            if connection is not None:
                _close(connection, hold)


def _close(connection: Connection, hold: Hold | None) -> None:
    """Close a connection: the last one to a file takes it for itself; then what holds it, for that takes all locks."""
    if hold is not None:
        hold.release()
    connection.close()
    if hold is not None:
        hold.close()


def execute(connection: Connection, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
    """Execute one statement with positional parameters."""
    return connection.execute(sql, tuple(parameters))


def rows(connection: Connection, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
    """Return all rows of one query."""
    return connection.execute(sql, tuple(parameters)).fetchall()


def insert_one(connection: Connection, sql: str, row: Sequence[Any]) -> int:
    """Insert one row and return its number."""
    return execute(connection, sql, row).lastrowid or 0


def insert_many(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Execute one statement for many rows; nothing for none."""
    if rows:
        connection.executemany(sql, rows)


def read_access(path: Path) -> Access:
    """Return the gentlest way of reading the store at ``path``."""
    if _may_write(path) and _may_write(path.parent):
        return Access.GUARDED
    log, journal = Path(f"{path}-wal"), Path(f"{path}-journal")
    is_in_use = journal.exists() or (log.exists() and log.stat().st_size > 0)
    return Access.READ_ONLY if is_in_use else Access.IMMUTABLE


def raw_connection(path: Path, access: Access, busy_timeout_s: float) -> sqlite3.Connection:
    """Open the file with :mod:`sqlite3`; transactions are the caller's business."""
    uri = store_uri(path, access)
    return sqlite3.connect(uri, uri=True, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)


def store_uri(path: Path, access: Access) -> str:
    """Return what SQLite calls the file when it is to be opened in this way."""
    return f"file:{quote(os.fsencode(path.absolute()))}?{_MODES.get(access, 'mode=rw')}"


def build_file(path: Path, build: Callable[[sqlite3.Connection], None]) -> None:
    """Create a new database file at ``path``, readable by its owner only, and let ``build`` fill it.

    Not safe against a crash half-way: build under a temporary name and rename.
    """
    path.touch(mode=0o600, exist_ok=False)
    with closing(raw_connection(path, Access.READ_WRITE, 0)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        build(connection)
        connection.execute("COMMIT")
    sync_file(path)


def sync_file(path: Path) -> None:
    """Bring a file's content, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _connected(path: Path, access: Access, busy_timeout_s: float) -> Connection:
    if access is Access.READ_WRITE and not _may_write(path):
        # SQLite would open it read-only without a word, and leave files beside it.
        raise StoreAccessError(f"{path}: it is read-only; open it read-only, or copy it to a place where you may write")

    connection = raw_connection(path, access, busy_timeout_s)
    try:
        _configure(connection, path, access, busy_timeout_s)
    except BaseException:
        connection.close()
        raise
    return connection


def _configure(connection: sqlite3.Connection, path: Path, access: Access, busy_timeout_s: float) -> None:
    if access in (Access.WRECK, Access.WRECK_WITH_LOG):
        connection.execute("PRAGMA writable_schema = ON")  # first of all, else SQLite refuses a file that is too short
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA trusted_schema = OFF")  # what a file's schema computes calls no function with effects
    connection.execute("PRAGMA cell_size_check = ON")
    if access is not Access.READ_WRITE:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return
    if is_network(path):
        # Leaving the write-ahead log without shared memory needs the file for oneself.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA locking_mode = NORMAL")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    else:
        _begin_logging(connection, busy_timeout_s)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_LIMIT_BYTES}")


def _begin_logging(connection: sqlite3.Connection, busy_timeout_s: float) -> None:
    """Have a write-ahead log; SQLite itself does not wait for somebody who writes without one."""
    deadline_s = time.monotonic() + busy_timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline_s:
                raise
            time.sleep(_TURN_S)
        else:
            return


_TURN_S = 0.001
"""Between two transactions of another process there is not much more time."""
