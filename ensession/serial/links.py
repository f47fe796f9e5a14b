"""Through what values may be linked, so that a change of one is a change of the other."""

from __future__ import annotations

from dataclasses import dataclass

from ensession.serial.registry import Range, overlap


@dataclass(frozen=True, slots=True)
class Links:
    """Through what a co-variable could share a change with another.

    Attributes
    ----------
    objects : frozenset[int]
        Ids of mutable objects.
    memory : frozenset[int]
        Ids of the owners of array memory.
    copied : frozenset[int]
        Owners of memory that pandas copies before it changes: shared with other frames, no link to those.
    is_complete : bool
        False: assume a link with everything.
    ranges : frozenset[Range]
        Memory of arrays.
    foreign_ranges : frozenset[Range]
        Memory of other libraries' objects, which arrays may share.
    """

    objects: frozenset[int]
    memory: frozenset[int]
    copied: frozenset[int]
    is_complete: bool = True
    ranges: frozenset[Range] = frozenset()
    foreign_ranges: frozenset[Range] = frozenset()

    def shares(self, other: Links) -> bool:
        """Whether a change of one may be a change of the other."""
        if not (self.is_complete and other.is_complete):
            return True
        return not (
            self.objects.isdisjoint(other.objects)
            and self.memory.isdisjoint(other.memory)
            and self.memory.isdisjoint(other.copied)
            and self.copied.isdisjoint(other.memory)
            and not overlap(self.foreign_ranges, other.ranges | other.foreign_ranges)
            and not overlap(self.ranges, other.foreign_ranges)
        )
