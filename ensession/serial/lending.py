"""Memory that objects of two libraries share: one of the two is stored as lying in the memory of the other.

A first pass finds that they overlap; what is settled then holds for all passes over the same values, as long as the
ids that say so are among the owners that the passes are given.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ensession.serial.arrays import memory_range, memory_root
from ensession.serial.registry import Range, Reducer, Registry


class Lenders:
    """Arrays in whose memory objects of other libraries lie."""

    def __init__(self) -> None:
        self._arrays: weakref.WeakValueDictionary[Range, Any] = weakref.WeakValueDictionary()

    def note(self, part: Range, array: Any) -> None:
        """Remember that a part of memory is an array's."""
        self._arrays[part] = array

    def find(self, part: Range, among: Collection[int]) -> Any | None:
        """Return the array that a part of memory belongs to, if its id is among some."""
        array = self._arrays.get(part)
        if array is None or id(array) not in among:
            return None
        return array if _holds(memory_range(array, array), part) else None


def settle(
    registry: Registry, lenders: Lenders, arrays: Iterable[Any], foreign: Mapping[Range, Reducer]
) -> frozenset[int]:
    """Say in whose memory what overlaps is to be stored.

    Parameters
    ----------
    registry : Registry
    lenders : Lenders
        Takes the arrays that lend theirs.
    arrays : iterable of numpy.ndarray
        Of one payload.
    foreign : mapping of (int, int) to Reducer
        Memory of objects of other libraries in it, and what is registered for their types.

    Returns
    -------
    frozenset of int
        Ids of the objects that lend their memory; empty where some would have to that can't.
    """
    roots: dict[int, tuple[Any, Range]] = {}
    for array in arrays:
        root = memory_root(array)
        roots.setdefault(id(root), (root, memory_range(array, root)))
    found: set[int] = set()
    for key, (root, own) in roots.items():
        parts = {part: reducer for part, reducer in foreign.items() if part[0] < own[1] and own[0] < part[1]}
        if not parts:
            continue
        known = registry.find(type(root))
        if known is None or known.lend is None:
            if not all(reducer.borrow is not None and _lends(root, part) for part, reducer in parts.items()):
                return frozenset()
            for part in parts:
                lenders.note(part, root)
        found.add(key)
    return frozenset(found)


def _lends(root: Any, part: Range) -> bool:
    """Whether an object can be made in the memory of an array again."""
    if type(root) is not sys.modules["numpy"].ndarray or root.dtype.hasobject or not root.flags.writeable:
        return False
    return bool(root.flags.forc) and _holds(memory_range(root, root), part)


def _holds(whole: Range, part: Range) -> bool:
    return whole[0] <= part[0] and part[1] <= whole[1]
