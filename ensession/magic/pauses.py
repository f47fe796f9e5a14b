"""The pauses between cells are used for what there was no time for while one ran."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

from ensession.session.interrupts import uninterrupted
from ensession.session.session import Session

FIRST_S = 2.0
"""So long nothing has to happen before a pause is used."""
SHARE = 0.05
"""Who runs a cell in the middle of a look waits for it: no longer than such a part of the pause that went before."""
LONGEST_S = 5.0
"""What takes longer waits for the end, or for ``%ens flush``."""


class Pauses:
    """Takes late looks, one at a time, in the event loop that the shell runs in; where there is none, it does nothing.

    Parameters
    ----------
    session : callable
        Returns the session that is being recorded, or None.
    tell : callable
        Hears what could not be stored, and why.
    """

    def __init__(self, session: Callable[[], Session | None], tell: Callable[[str], None]) -> None:
        self._session = session
        self._tell = tell
        self._began = 0.0
        self._next: asyncio.TimerHandle | None = None

    def end(self) -> None:
        """Hear that a cell begins, or that recording ends."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def begin(self) -> None:
        """Hear that a cell has ended. What there is to do is asked for when it has been quiet for a while."""
        self.end()
        self._began = time.monotonic()
        self._wake_at(self._began + FIRST_S)

    def postpone(self) -> None:
        """Hear that something happened in a pause: a look must not fall into the dragging of a slider."""
        if self._next is not None and threading.current_thread() is threading.main_thread():
            self.begin()

    def _wake_at(self, at: float) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a shell on a terminal waits for a line, not in a loop
            return
        self._next = loop.call_later(max(0.0, at - time.monotonic()), self._use)

    def _use(self) -> None:
        self._next = None
        session = self._session()
        found = None if session is None else session.late.quickest()
        if session is None or found is None or found[1] > LONGEST_S:
            return
        if time.monotonic() >= self._began + found[1] / SHARE:
            with uninterrupted():
                for problem in session.late.look(*found, is_behind=True):
                    self._tell(f"ensession: {problem}")
            found = session.late.quickest()
        if found is not None and found[1] <= LONGEST_S:
            self._wake_at(self._began + found[1] / SHARE)
