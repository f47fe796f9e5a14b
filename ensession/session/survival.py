"""The user is told before the loss (invariant 7): a line when a variable would no longer survive a restart.

An exact answer takes a plan of the whole history. What the storage rule knows of each new version decides whether one
is worth making: only when a variable was bound that is neither stored nor can be made again, or one that could not be
saved is gone or safe again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

SHARE = 20
"""The exact look may take one part in so many of the time that goes by."""
_NAMED = 5


class SurvivalWatch:
    """Tells the user when the set of variables that would be lost changes.

    Parameters
    ----------
    exact : callable
        Returns the variables that would be lost, and why.
    tell : callable
        Shows a line to the user.
    clock : callable
        Seconds.
    """

    def __init__(
        self, exact: Callable[[], Mapping[str, str]], tell: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        self._exact = exact
        self._tell = tell
        self._clock = clock
        self._suspects: set[str] = set()
        self._lost: Mapping[str, str] = {}
        self._is_due = False
        self._next_look = 0.0

    def note(self, bound: Mapping[str, bool]) -> None:
        """Take note of an execution, and tell what changed.

        Parameters
        ----------
        bound : Mapping[str, bool]
            The names that it bound or deleted, and whether all is well with each: stored, can be made again, deleted.
        """
        doubtful = {name for name, is_safe in bound.items() if not is_safe}
        suspects = (self._suspects - bound.keys()) | doubtful
        self._is_due = self._is_due or suspects != self._suspects
        self._suspects = suspects
        if self._is_due and self._clock() >= self._next_look:
            self._look()

    def restart(self) -> None:
        """Begin anew after a restore, whose report has told of losses."""
        self._lost = self._exact()
        self._suspects = set(self._lost)
        self._is_due = False

    def _look(self) -> None:
        started = self._clock()
        lost, before = self._exact(), self._lost
        self._lost, self._is_due = lost, False
        self._next_look = self._clock() + SHARE * (self._clock() - started)
        new = {name: reason for name, reason in lost.items() if name not in before}
        safe = [name for name in before if name not in lost and name not in self._suspects]
        if new:
            reasons = "; ".join(f"{name} ({reason})" for name, reason in list(new.items())[:_NAMED])
            more = f" and {len(new) - _NAMED} more" if len(new) > _NAMED else ""
            self._tell(f"ensession: would not survive a restart: {reasons}{more}. %ens status says what can be done.")
        if safe:
            self._tell(f"ensession: no longer at risk: {', '.join(sorted(safe)[:_NAMED])}.")
