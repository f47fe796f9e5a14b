"""The pauses between cells are used for what there was no time for while one ran."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ensession.session.interrupts import uninterrupted
from ensession.session.session import Session

FIRST_S = 1.0
"""So long nothing has to happen before a pause is used."""
SHARE = 4
"""After each look, so many times as long as it took is left to the user."""
LIMIT_S = 1.0
"""Who runs a cell in the meantime waits no longer than such a look, and the little that a pass takes to end."""


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
        self._next: asyncio.TimerHandle | None = None

    def end(self) -> None:
        """Hear that a cell begins, or that recording ends."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def begin(self) -> None:
        """Hear that a cell has ended."""
        self.end()
        self._plan(FIRST_S)

    def _plan(self, after_s: float) -> None:
        session = self._session()
        if session is None or not session.late.pending(LIMIT_S):
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a shell on a terminal waits for a line, not in a loop
            return
        self._next = loop.call_later(after_s, self._use)

    def _use(self) -> None:
        self._next = None
        session = self._session()
        if session is None:
            return
        start = time.monotonic()
        with uninterrupted():
            for one in session.late.pending(LIMIT_S)[:1]:
                for problem in session.late.look(one, LIMIT_S, is_behind=True):
                    self._tell(f"ensession: {problem}")
        self._plan(max(FIRST_S, SHARE * (time.monotonic() - start)))
