"""What two copies of a store had in common, so that what was taken out of one since does not come back. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from ensession.model import Digest
from ensession.model.parcels import VersionKey
from ensession.sync.names import Names


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
    names : Names
        Tags and branches. They are moved and taken away.
    """

    executions: tuple[Digest, ...] = ()
    values: frozenset[VersionKey] = frozenset()
    forbidden: frozenset[Digest] = frozenset()
    names: Names = field(default_factory=Names)

    def with_more(self, one: Shared, other: Shared) -> Shared:
        """Return the same with the values and words that each of the two copies has by now."""
        values = self.values | (one.values & other.values)
        forbidden = self.forbidden | (one.forbidden & other.forbidden)
        return Shared(self.executions, values, forbidden, self.names)


NOTHING = Shared()
