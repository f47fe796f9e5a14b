"""The live co-variables by name, with what it takes to find the few that a change concerns among thousands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ensession.capture.change import Tracked
from ensession.serial.look import ASSUMED


class Registry(dict[str, Tracked]):
    """Live co-variables by name; knows who refers to a name, and who holds a label.

    Attributes
    ----------
    stirred : set[str]
        Names whose entry was set or removed; the reader empties it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stirred: set[str] = set()
        self._referrers: dict[str, set[str]] = {}
        self._holders: dict[int, set[str]] = {}

    def assumed(self) -> list[str]:
        """Return the names of what was not looked at, for want of time, and counts as changed."""
        return sorted(name for name, one in self.items() if one.unstorable == ASSUMED)

    def __setitem__(self, name: str, tracked: Tracked) -> None:
        if name in self:
            self._unlist(name)
        super().__setitem__(name, tracked)
        self.stirred.add(name)
        for reference in tracked.references:
            self._referrers.setdefault(reference, set()).add(name)
        for label in tracked.labels:
            self._holders.setdefault(label, set()).add(name)

    def __delitem__(self, name: str) -> None:
        self._unlist(name)
        super().__delitem__(name)
        self.stirred.add(name)

    def update(self, entries: Mapping[str, Tracked]) -> None:  # type: ignore[override]
        """Set entries."""
        for name, tracked in entries.items():
            self[name] = tracked

    def clear(self) -> None:
        """Remove every entry."""
        self.stirred.update(self)
        self._referrers.clear()
        self._holders.clear()
        super().clear()

    def referring(self, names: Iterable[str]) -> set[str]:
        """Return the names whose values refer to any of ``names``."""
        return set().union(*(self._referrers.get(name, ()) for name in names))

    def relabelled(self, labels: Mapping[int, tuple[Any, ...]]) -> Iterator[str]:
        """Yield the names that hold one of these labels, and had it under other names."""
        for label, names in labels.items():
            yield from (holder for holder in self._holders.get(label, ()) if self[holder].labels[label] != names)

    def references(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return what names refer to, and what that refers to in turn, by name."""
        found: dict[str, tuple[str, ...]] = {}
        stack = list(names)
        while stack:
            name = stack.pop()
            if name not in found and name in self:
                found[name] = self[name].references
                stack += [*found[name], *self[name].names]
        return found

    def _unlist(self, name: str) -> None:
        tracked = self[name]
        for reference in tracked.references:
            self._referrers[reference].discard(name)
        for label in tracked.labels:
            self._holders[label].discard(name)
