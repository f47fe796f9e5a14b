"""What two copies of a store had in common, so that what was taken out of one since does not come back. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from ensession.model import Digest
from ensession.model.parcels import VersionKey
from ensession.sync.names import Names

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shared:
    """What both copies had after a round: what one of them lacks of that later was taken out on purpose.

    Attributes
    ----------
    executions : tuple[Digest, ...]
        The last of each line among them. They go only where something is forgotten.
    values : frozenset[VersionKey]
        Versions of which both had the value once. They go by ``ens gc``.
    forbidden : frozenset[Digest]
        Executions that were not to run again in either. That can be taken back.
    ignored : frozenset[str]
        Variables that were ignored in both. That can be taken back, too.
    names : Names
        Tags and branches. They are moved and taken away.
    """

    executions: tuple[Digest, ...] = ()
    values: frozenset[VersionKey] = frozenset()
    forbidden: frozenset[Digest] = frozenset()
    ignored: frozenset[str] = frozenset()
    names: Names = field(default_factory=Names)

    def with_more(self, one: Shared, other: Shared) -> Shared:
        """Return the same with the values and words that each of the two copies has by now.

        Parameters
        ----------
        one, other : Shared
            What each of them had when it was sent from there; that of ``one`` was sent first.
        """
        return Shared(
            self.executions,
            self.values | (one.values & other.values),
            _said(self.forbidden, one.forbidden, other.forbidden),
            _said(self.ignored, one.ignored, other.ignored),
            self.names,
        )


def _said(before: frozenset[T], one: frozenset[T], other: frozenset[T]) -> frozenset[T]:
    """Return what both were told: all that the other says, and what both knew, as long as one still says it."""
    return other | (before & one)


NOTHING = Shared()
