"""Bringing the write-ahead log into the store file, behind the user's back.

After every execution the log is copied into the file proper, so that copying the file alone copies the session,
even after the process was killed. That costs two syncs; a thread of its own pays for them, and whoever wants
the file complete waits for it, as long as they like.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from ensession.store.engine import Access, raw_connection


class Settler:
    """Checkpoints a store when asked to, in a thread of its own.

    Parameters
    ----------
    path : Path
    busy_timeout_s : float
    begin_log : callable
        Begins the log anew for those who write (:meth:`~ensession.store.engine.Database.begin_log`).
    """

    def __init__(self, path: Path, busy_timeout_s: float, begin_log: Callable[[], None]) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._begin_log = begin_log
        self._condition = threading.Condition()
        self._asked = self._done = 0
        self._asked_at = 0.0
        self._n_waiting = 0
        self._is_gathering = self._is_closed = False
        self._thread: threading.Thread | None = None

    def settle(self, wait_s: float) -> bool:
        """Ask for a checkpoint of all that is committed.

        Parameters
        ----------
        wait_s : float
            How long to wait for it.

        Returns
        -------
        bool
            Whether the file is complete; False where it needs longer, a reader holds it up, or no thread can be had.
        """
        with self._condition:
            if self._is_closed:
                return False
            if (self._thread is None or not self._thread.is_alive()) and not self._start():
                return False
            self._asked += 1
            self._asked_at = time.monotonic()
            mine = self._asked
            if wait_s <= 0:
                if not self._is_gathering:  # else it is awake, and waking it would cost the next cell
                    self._condition.notify_all()
                return False
            self._n_waiting += 1
            self._condition.notify_all()
            try:
                return self._condition.wait_for(lambda: self._done >= mine, wait_s)
            finally:
                self._n_waiting -= 1

    def _start(self) -> bool:
        """Say whether there is a thread now; where the system gives none, the log keeps what it has until the next."""
        self._thread = threading.Thread(target=self._work, name="ensession settler", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._thread = None
        return self._thread is not None

    def close(self) -> None:
        """End the thread."""
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        with suppress(sqlite3.Error):  # the log keeps everything, and who asks the next time has a new thread
            self._settle_what_is_asked()

    def _settle_what_is_asked(self) -> None:
        with closing(raw_connection(self._path, Access.READ_WRITE, self._busy_timeout_s)) as connection:
            connection.execute("PRAGMA synchronous = NORMAL")
            while True:
                with self._condition:
                    self._condition.wait_for(lambda: self._is_closed or self._asked > self._done)
                    self._gather()
                    if self._is_closed:
                        return
                    asked = self._asked
                in_log, copied = _checkpoint(connection)
                is_complete = in_log == copied
                if is_complete and in_log > 0:
                    self._begin_log()
                with self._condition:
                    if is_complete:
                        self._done = asked
                        self._condition.notify_all()
                    elif self._asked == asked:  # somebody reads an older state, or writes: try again in a while
                        self._condition.wait(_RETRY_S)

    def _gather(self) -> None:
        """Let a burst of quick cells share one checkpoint: a commit waits for the disk while one syncs."""
        first, self._is_gathering = time.monotonic(), True
        while not self._is_closed and not self._n_waiting:
            now = time.monotonic()
            rest_s = min(self._asked_at + _QUIET_S, first + _LONGEST_S) - now
            if rest_s <= 0:
                break
            self._condition.wait(rest_s)
        self._is_gathering = False


_RETRY_S = 0.05
_QUIET_S = 0.06
"""How long no cell has ended when the log is brought into the file."""
_LONGEST_S = 1.0
"""How long cells that follow each other at once put it off."""


def _checkpoint(connection: sqlite3.Connection) -> tuple[int, int]:
    """Copy what can be copied; return how many pages are in the log, and how many of them are in the file."""
    try:
        _, in_log, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error:  # locked, no room, or damaged: the log keeps everything, and the next try may do it
        return 1, 0
    return in_log, copied
