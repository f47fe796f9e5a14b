"""One transaction, as a context manager that an interrupt at any place leaves closed.

A generator would not do: an interrupt between its ``yield`` and the body of the ``with`` statement leaves it suspended,
with the lock and the transaction, for as long as anybody holds the traceback.
"""

from __future__ import annotations

import threading
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import Any, NoReturn, Protocol

from ensession.errors import UsageError
from ensession.store.failures import translated


class Holder(Protocol):
    """What a transaction needs of a database."""

    path: Path
    lock: Any
    inside: int | None
    connection: Connection | None


class Transaction:
    """Begins with the body of a ``with`` statement; commits at its end, rolls back where anything was raised.

    Inside another one of the same thread it is a part of that.

    Parameters
    ----------
    holder : Holder
    begin : str
        The statement that begins it.
    """

    __slots__ = ("_begin", "_holder", "_is_held", "_is_outermost")

    def __init__(self, holder: Holder, begin: str) -> None:
        self._holder = holder
        self._begin = begin
        self._is_held = self._is_outermost = False

    def __enter__(self) -> Connection:
        """Wait for this process's other threads, then for other processes."""
        holder = self._holder
        holder.lock.acquire()
        self._is_held = True
        try:
            connection = _open_one(holder)
            if holder.inside is None or not connection.in_transaction:
                # An interrupt while this waits for another process is raised when the lock has been got. Left open,
                # the transaction would take in all that comes later, and nothing would ever be committed.
                self._is_outermost = True
                roll_back(connection)
                connection.execute(self._begin)
                holder.inside = threading.get_ident()
        except BaseException as error:  # noqa: BLE001  (it is raised)
            self._end()
            self._raise(error)
        return connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Bring it to its end."""
        try:
            if error is None and self._is_outermost and self._holder.connection is not None:
                self._holder.connection.execute("COMMIT")
        except BaseException as failure:  # noqa: BLE001  (it is raised)
            error = failure
        try:
            self._end()
        except BaseException:  # an interrupt that came before it had begun
            self._end()
            raise
        if error is not None:
            self._raise(error)

    def _raise(self, error: BaseException) -> NoReturn:
        """Raise an error, or ours in the place of SQLite's."""
        with translated(self._holder.path):
            raise error

    def _end(self) -> None:
        """Let go of everything, once; what is not committed by now is rolled back."""
        if not self._is_held:
            return
        holder = self._holder
        try:
            if self._is_outermost and holder.connection is not None:
                roll_back(holder.connection)
        finally:
            if self._is_outermost:
                holder.inside = None
            self._is_held = False
            holder.lock.release()


def _open_one(holder: Holder) -> Connection:
    if holder.connection is None:
        raise UsageError(f"{holder.path}: the store is closed; open it again")
    return holder.connection


def roll_back(connection: Connection) -> None:
    """Roll a transaction back, where one still runs."""
    if connection.in_transaction:  # where the disk failed, SQLite has rolled back by itself
        connection.execute("ROLLBACK")
