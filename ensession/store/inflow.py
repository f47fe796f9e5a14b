"""Much that comes into a store at once is written into the file at once, and not into a log first.

Through a write-ahead log each byte goes to the disk twice. With a rollback journal, new pages go straight to the end of
the file: only the few old ones that change are kept beside it, until a transaction is complete. The price is that
readers and the writer wait for each other, so that a store which anybody else has open stays as it is; and whoever
opens it for writing meanwhile takes it back to the log, in between two transactions.

SQLite's lock alone does not tell whether somebody else has it open: a process loses its own as soon as it opens and
closes the file once more, as a copy of it does. What lay beside the file when it was opened tells of those who had it
open then; who comes later counts on SQLite's lock.
"""

from __future__ import annotations

import sqlite3

from ensession.store.engine import Database

MUCH_BYTES = 16 * 2**20
"""What has to come in before the change: it waits for the disk a few times."""
PATIENCE_S = 600.0
"""How long a reader may keep a batch from being written."""


class Inflow:
    """Counts what comes in, and leaves the log once that is much.

    Parameters
    ----------
    database : Database
    is_alone : bool
        Nobody else had the store open for writing when it was opened here.
    """

    def __init__(self, database: Database, *, is_alone: bool) -> None:
        self._database = database
        self._n_bytes = 0
        self._has_asked = not is_alone
        self._has_left = False

    def count(self, n_bytes: int) -> None:
        """Count bytes that are about to be written; between two transactions, leave the log where that is much."""
        self._n_bytes += n_bytes
        if self._n_bytes >= MUCH_BYTES and not self._has_asked and not self._database.is_inside:
            self._has_asked = True
            # Emptied and not deleted after each transaction: that it is there says that somebody writes.
            self._has_left = self._begin("TRUNCATE")

    def close(self) -> None:
        """Take the journal away; the next one who writes goes back to the log."""
        if self._has_left:
            self._has_left = False
            with self._database.outside_transactions() as connection:
                is_back = connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
            if not is_back:
                self._begin("DELETE")

    def _begin(self, journal: str) -> bool:
        """Begin a rollback journal of some kind; return False where somebody else has the store open."""
        timeout_s = self._database.busy_timeout_s
        with self._database.unheld() as keep_so, self._database.outside_transactions() as connection:
            connection.execute("PRAGMA busy_timeout = 0")
            try:
                connection.execute(f"PRAGMA journal_mode = {journal}")
                connection.execute("PRAGMA synchronous = FULL")  # else a power cut could find half a journal
                timeout_s = PATIENCE_S
                keep_so()  # who writes without a log takes the file for itself, time and again
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                return False
            finally:
                connection.execute(f"PRAGMA busy_timeout = {round(timeout_s * 1000)}")
        return True
