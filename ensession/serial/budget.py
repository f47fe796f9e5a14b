"""How long looks at large values may take: a share of the time that the user's own cells take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

ALLOWANCE_S = 0.2
"""What a session may spend in any case."""
WORTH_COUNTING_S = 0.01
"""Shorter looks belong to the fixed cost of a cell: they are not counted."""
FREE_STREAM_BYTES = 2 * 2**20
FREE_BUFFER_BYTES = 32 * 2**20
"""So much of any value is looked at, whatever is left."""


class OverBudget(Exception):
    """A look took all that was left."""


class Limit:
    """Ends one look when its time is over.

    Parameters
    ----------
    deadline_s : float
        By the clock.
    clock : callable

    Attributes
    ----------
    is_beyond : bool
        More than the free part was seen.
    """

    def __init__(self, deadline_s: float, clock: Callable[[], float]) -> None:
        self._deadline_s = deadline_s
        self._clock = clock
        self.is_beyond = False

    def check(self, n_stream_bytes: int, n_buffer_bytes: int) -> None:
        """Raise :class:`OverBudget` where more than the free part was seen, and the time is over."""
        if n_stream_bytes > FREE_STREAM_BYTES or n_buffer_bytes > FREE_BUFFER_BYTES:
            self.is_beyond = True
            if self._clock() > self._deadline_s:
                raise OverBudget


class Budget:
    """What a session has earned by running cells, and spent on looks.

    Parameters
    ----------
    share : float or None
        Seconds of looks for each second of cells; None: as many as it takes.
    clock : callable
        Processor time of this thread: on a busy machine a look takes no more of that.
    """

    def __init__(self, share: float | None, clock: Callable[[], float]) -> None:
        self.share = share
        self._clock = clock
        self._ran_s = 0.0
        self._spent_s = 0.0
        self._needs_s: dict[tuple[str, ...], tuple[tuple[int, ...], float]] = {}

    def earn(self, runtime_s: float) -> None:
        """Take note that a cell ran."""
        self._ran_s += runtime_s

    def spend(self, took_s: float) -> None:
        """Take note how long a look took."""
        if took_s > WORTH_COUNTING_S:
            self._spent_s += took_s

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Take note how long something takes that is done in any case."""
        start = self._clock()
        try:
            yield
        finally:
            self.spend(self._clock() - start)

    def refuses(self, values: Mapping[str, Any]) -> bool:
        """Whether there is too little left for what the same values took before."""
        names, ids = _key(values)
        of, needs_s = self._needs_s.get(names, ((), 0.0))
        return needs_s > 0 and of == ids and needs_s > self._left_s()

    def take(self, values: Mapping[str, Any], work: Callable[[Limit], Any]) -> Any | None:
        """Look within the budget.

        Parameters
        ----------
        values : Mapping[str, object]
            What is looked at: remembered by name, as long as the ids are the same.
        work : callable
            Takes the look; may raise :class:`OverBudget`.

        Returns
        -------
        object or None
            None where there is too little left, or was after a while.
        """
        if self.refuses(values):
            return None
        left_s = self._left_s()
        start = self._clock()
        limit = Limit(start + left_s, self._clock)
        is_done = False
        try:
            found = work(limit)
            is_done = True
        except OverBudget:
            return None
        finally:
            took_s = self._clock() - start
            self.spend(took_s)
            if limit.is_beyond and took_s > WORTH_COUNTING_S:
                # Twice as long the next time: what is given up after all is then no more than what comes of it.
                names, ids = _key(values)
                self._needs_s[names] = ids, took_s if is_done else 2 * took_s
        return found

    def _left_s(self) -> float:
        if self.share is None:
            return float("inf")
        return max(0.0, ALLOWANCE_S + self.share * self._ran_s - self._spent_s)


def _key(values: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    names = tuple(sorted(values))
    return names, tuple(id(values[name]) for name in names)
