"""From the names in a cell to all it may touch: pure closure over what is known of the live variables."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ensession.capture.names import CellNames, CodeNames


class Known(Protocol):
    """What the closure has to know of a live co-variable."""

    @property
    def names(self) -> tuple[str, ...]:
        """Its names."""

    @property
    def references(self) -> tuple[str, ...]:
        """Names of the session's classes and functions that its value refers to."""

    @property
    def codes(self) -> tuple[types.CodeType, ...]:
        """Code that is part of its value."""

    @property
    def packages(self) -> frozenset[str]:
        """Where the types in its value come from."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What a cell may touch.

    Attributes
    ----------
    reads : frozenset[str]
        Names whose value from before the cell it may use.
    names : frozenset[str]
        Names whose value it may change or bind.
    everything : str or None
        Why it may touch every variable; then the sets above are not complete.
    """

    reads: frozenset[str]
    names: frozenset[str]
    everything: str | None


class Closure:
    """Follow names to their co-variables, to definitions, and to the names that code in the values uses.

    Parameters
    ----------
    known : Mapping[str, Known]
        Live co-variables by name.
    modules : Mapping[str, str]
        Names that are bound to a module of a library that may hold session objects, with its package.
    analyse : callable
        Global names of a code object (cached by the caller).
    """

    def __init__(
        self,
        known: Mapping[str, Known],
        modules: Mapping[str, str],
        analyse: Callable[[types.CodeType], CodeNames],
    ) -> None:
        self._known = known
        self._modules = modules
        self._analyse = analyse

    def of(self, names: Iterable[str]) -> tuple[set[str], str | None]:
        """Return all names touched through ``names``, and why everything is, if so."""
        seen: set[str] = set()
        everything: str | None = None
        stack = list(names)
        while stack:
            name = stack.pop()
            if name in seen:
                continue
            seen.add(name)
            known = self._known.get(name)
            if known is not None:
                stack.extend(known.names)
                stack.extend(known.references)
                for code in known.codes:
                    found = self._analyse(code)
                    stack.extend(found.loads | found.stores | found.deletes)
                    everything = everything or (f"{name} {found.dynamic}" if found.dynamic else None)
            package = self._modules.get(name)
            if package is not None:
                stack.extend(other for other, value in self._known.items() if package in value.packages)
        return seen, everything


def touched_by(cell: CellNames, closure: Closure) -> Touched:
    """Return what a cell may touch.

    A name that the cell binds before it reads it is no read; nor is one that a function uses which the cell
    first mentions after binding that name.
    """
    reads: set[str] = set(cell.deletes)
    everything = cell.dynamic
    for name, bound in cell.exposed.items():
        through, reason = closure.of([name])
        reads |= (through - bound) | {name}
        everything = everything or reason
    names, reason = closure.of(cell.loads | cell.stores | cell.deletes)
    return Touched(frozenset(reads), frozenset(names), everything or reason)
