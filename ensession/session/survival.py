"""The user is told before the loss (invariant 7): a line when a variable would no longer survive a restart.

An exact answer takes a plan of the whole history. What the storage rule knows of each new version decides whether one
is worth making: only when a variable was bound that is neither stored nor can be made again, or one that could not be
saved is gone or safe again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from ensession.model import HIDDEN_PREFIX, BindingDraft, Graph, Plan, VersionId

SHARE = 20
"""The exact look may take one part in so many of the time that goes by."""
_NAMED = 5


def well_bound(
    bindings: Sequence[BindingDraft],
    versions: Sequence[VersionId],
    stored: Collection[VersionId],
    *,
    is_repeatable: bool,
) -> dict[str, bool]:
    """Return the names that an execution bound or deleted, and whether all is well with each.

    Parameters
    ----------
    bindings : Sequence[BindingDraft]
        Their versions are positions in ``versions``.
    versions : Sequence[VersionId]
        As they were recorded.
    stored : Collection[VersionId]
        Those among them whose values are stored.
    is_repeatable : bool
        Whether the execution can be run again.
    """
    return {
        one.name: is_repeatable or one.version is None or versions[one.version] in stored
        for one in bindings
        if not one.name.startswith(HIDDEN_PREFIX)
    }


def lost_names(graph: Graph, plan: Plan) -> dict[str, str]:
    """Return the variables that a plan can't bring back, and why."""
    return {
        name: plan.missing[version]
        for name, version in graph.state.items()
        if version in plan.missing and not name.startswith(HIDDEN_PREFIX)
    }


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
    lives : callable
        Says whether there is a variable of a name. What was deleted is not at risk, but no news either.
    """

    def __init__(
        self,
        exact: Callable[[], Mapping[str, str]],
        tell: Callable[[str], None],
        clock: Callable[[], float],
        lives: Callable[[str], bool],
    ) -> None:
        self._exact = exact
        self._lives = lives
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

    def reconsider(self) -> None:
        """Look at once, and tell what changed: what was known of earlier executions does not count any more."""
        self._look(is_anew=True)

    def restart(self, lost: Mapping[str, str] | None) -> None:
        """Begin anew after a restore, whose report has told of losses: these, or those that an exact look finds."""
        self._lost = self._exact() if lost is None else lost
        self._suspects = set(self._lost)
        self._is_due = False

    def _look(self, *, is_anew: bool = False) -> None:
        started = self._clock()
        lost, before = self._exact(), self._lost
        if is_anew:
            self._suspects = set(lost)
        self._lost, self._is_due = lost, False
        self._next_look = self._clock() + SHARE * (self._clock() - started)
        new = {name: reason for name, reason in lost.items() if name not in before}
        safe = [name for name in before.keys() - lost.keys() - self._suspects if self._lives(name)]
        if new:
            reasons = "; ".join(f"{name} ({reason})" for name, reason in list(new.items())[:_NAMED])
            more = f" and {len(new) - _NAMED} more" if len(new) > _NAMED else ""
            self._tell(f"ensession: would not survive a restart: {reasons}{more}. %ens status says what can be done.")
        if safe:
            self._tell(f"ensession: no longer at risk: {', '.join(sorted(safe)[:_NAMED])}.")
