"""Which names are linked: pure grouping over what looks found.

A co-variable is a connected component: names joined by a common mutable object, common array memory, or
definitions that need each other.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from ensession.serial.links import Links

T = TypeVar("T", bound=Hashable)


class UnionFind:
    """Disjoint sets over the numbers ``0 … n - 1``."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def find(self, item: int) -> int:
        """Return the representative of an item's set."""
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, one: int, other: int) -> None:
        """Make two sets one; the smaller representative stays."""
        low, high = sorted((self.find(one), self.find(other)))
        self._parent[high] = low

    def sets(self) -> list[list[int]]:
        """Return the sets, each sorted, in the order of their first items."""
        found: dict[int, list[int]] = {}
        for item in range(len(self._parent)):
            found.setdefault(self.find(item), []).append(item)
        return list(found.values())


def link(
    links: Sequence[Links | None], identities: Sequence[int | None], held: Mapping[int, int] | None = None
) -> list[list[int]]:
    """Group items that may share a change.

    Parameters
    ----------
    links : Sequence of Links or None
        One per item; None for values that can't change.
    identities : Sequence of int or None
        Id of the item's value where two names for one immutable object should stay one object.
    held : Mapping of int to int, optional
        Item to another one that it is part of.

    Returns
    -------
    list of list of int
        The connected components, as positions.
    """
    union = UnionFind(len(links))
    values: dict[int, int] = {}
    objects: dict[int, int] = {}
    memory: dict[int, int] = {}
    for position, (one, identity) in enumerate(zip(links, identities, strict=True)):
        if identity is not None:
            union.join(values.setdefault(identity, position), position)
        if one is not None:
            _claim(one.objects, position, objects, union)
            _claim(one.memory, position, memory, union)
    for position, holder in (held or {}).items():
        union.join(holder, position)
    _link_copied(links, memory, union)
    _link_ranges(links, union)
    _link_unknown(links, union)
    return union.sets()


def _claim(keys: frozenset[int], position: int, owners: dict[int, int], union: UnionFind) -> None:
    """Make an item the owner of keys that have none, and join it with the owners of the others."""
    free = keys.difference(owners) if owners else keys
    for owner in set(map(owners.__getitem__, keys - free)) if len(free) < len(keys) else ():
        union.join(owner, position)
    owners.update(dict.fromkeys(free, position))


def _link_copied(links: Sequence[Links | None], owners: Mapping[int, int], union: UnionFind) -> None:
    """Frames share memory without a link; an array and a frame that do are linked."""
    for position, one in enumerate(links):
        for key in () if one is None else one.copied:
            owner = owners.get(key)
            if owner is not None:
                union.join(owner, position)


def _link_ranges(links: Sequence[Links | None], union: UnionFind) -> None:
    """Link arrays and other libraries' objects that lie in the same memory."""
    placed = [(range_, True, at) for at, one in enumerate(links) if one for range_ in one.foreign_ranges]
    if not placed:
        return
    placed += [(range_, False, at) for at, one in enumerate(links) if one for range_ in one.ranges]
    running: list[tuple[int, bool, int]] = []
    for (start, stop), is_foreign, at in sorted(placed):
        running = [one for one in running if one[0] > start]
        for _, was_foreign, other in running:
            if is_foreign or was_foreign:  # what arrays have in common among themselves is known
                union.join(other, at)
        running.append((stop, is_foreign, at))


def _link_unknown(links: Sequence[Links | None], union: UnionFind) -> None:
    positions = [position for position, one in enumerate(links) if one is not None]
    if any(one is not None and not one.is_complete for one in links):
        for position in positions:
            union.join(positions[0], position)


def cycles(references: Mapping[T, Iterable[T]], start: Iterable[T]) -> list[frozenset[T]]:
    """Return the sets of definitions that need each other, among those reachable from ``start``.

    Tarjan's algorithm, without recursion; sets of one are left out.
    """
    order: dict[T, int] = {}
    low: dict[T, int] = {}
    stack: list[T] = []
    found: list[frozenset[T]] = []

    def close(node: T) -> None:
        if low[node] == order[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(frozenset(stack[at:]))
            for member in stack[at:]:
                low[member] = len(references) + len(order) + 1
            del stack[at:]

    for root in start:
        if root in order:
            continue
        path = [(root, iter(references.get(root, ())))]
        order[root] = low[root] = len(order)
        stack.append(root)
        while path:
            node, following = path[-1]
            for target in following:
                if target not in order:
                    order[target] = low[target] = len(order)
                    stack.append(target)
                    path.append((target, iter(references.get(target, ()))))
                    break
                if target in stack:
                    low[node] = min(low[node], order[target])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                close(node)
    return found
