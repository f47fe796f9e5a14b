"""Reducers and fingerprints for types that plain pickle gets wrong, and where libraries plug theirs in.

Imports no library: what a package brings for its types is looked up when the first object of one of its types is.
"""

from __future__ import annotations

import bisect
import functools
import importlib
import importlib.metadata
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ensession.errors import UnserializableError
from ensession.serial.constructible import state, why_not_made_again

GROUP = "ensession.reducers"
"""Entry points: the name is a top-level package, or ``package.part``, the object a function that takes the registry."""

Reduce = Callable[[Any], Any]
ReducePart = Callable[[dict[Any, Any], Any], Any]
Range = tuple[int, int]
"""First address and the one behind the last."""
Register = Callable[["Registry"], None]


@dataclass(frozen=True, slots=True)
class Reducer:
    """What is known of a type.

    Attributes
    ----------
    reduce : callable or None
        Returns what ``__reduce__`` may return; None: as pickle does it.
    fingerprint : callable or None
        Returns what stands for the object in a fingerprint; None: the payload does.
    memory : callable or None
        Returns where the object's contents lie, for memory that objects of other types may share.
    lend : callable or None
        Reduces an array that lies in the memory of an object of this type; called with both.
    borrow : callable or None
        Reduces the object as lying in the memory of an array; called with it, the array, and the first byte.
    reduce_part : callable or None
        As ``reduce``, for what is part of a whole that each part leads to; called with the look's notes, which are one
        dictionary for all objects of one pass, and the object.
    """

    reduce: Reduce | None
    fingerprint: Callable[[Any], Any] | None
    memory: Callable[[Any], Range] | None = None
    lend: Callable[[Any, Any], Any] | None = None
    borrow: Callable[[Any, Any, int], Any] | None = None
    reduce_part: ReducePart | None = None


def module_of(kind: type) -> str:
    """Return the name of a type's module; empty where it says nothing of the kind."""
    name: object = kind.__module__
    return name if isinstance(name, str) else ""


class Registry:
    """Reducers by type, exactly: a subclass may hold more than its base.

    Parameters
    ----------
    built_in : iterable of str
        Packages that :mod:`ensession.serial.plugins` has a module for.
    """

    def __init__(self, built_in: Iterable[str] = ()) -> None:
        self._reducers: dict[type, Reducer] = {}
        self._built_in = frozenset(built_in)
        self._plugged: dict[str, importlib.metadata.EntryPoint] | None = None
        self._asked: set[str] = set()
        self._found: dict[type, Reducer | None] = {}
        self._immutable: tuple[type, ...] = ()
        self._lines: dict[type, Reducer] = {}
        self._refused: dict[type, str] = {}
        self._constants: list[Callable[[], Mapping[int, Any]]] = []
        self.knows_foreign_memory = False

    def register(
        self,
        kind: type,
        reduce: Reduce | None,
        fingerprint: Callable[[Any], Any] | None = None,
        memory: Callable[[Any], Range] | None = None,
        lend: Callable[[Any, Any], Any] | None = None,
        borrow: Callable[[Any, Any, int], Any] | None = None,
    ) -> None:
        """Say how objects of a type are reduced and compared; see :class:`Reducer`."""
        self._reducers[kind] = Reducer(reduce, fingerprint, memory, lend, borrow)
        self.knows_foreign_memory |= memory is not None
        self._found.clear()

    def register_line(self, kind: type, reduce: Reduce) -> None:
        """Say how objects of a type are reduced, subclasses included, where nothing else is said of these."""
        self._lines[kind] = Reducer(reduce, None)
        self._found.clear()

    def register_parts(self, kind: type, reduce: ReducePart) -> None:
        """Say how parts of a whole are reduced, subclasses included; see :attr:`Reducer.reduce_part`."""
        self._lines[kind] = Reducer(None, None, reduce_part=reduce)
        self._found.clear()

    def register_immutable(self, *kinds: type) -> None:
        """Say of which types, subclasses included, objects can't change: two names for one are no link."""
        self._immutable += kinds

    def register_refused(self, kind: type, reason: str) -> None:
        """Say that objects of a type, subclasses included, can't be stored: what pickle makes of them does not load."""
        self._refused[kind] = reason
        self._found.clear()

    def register_constants(self, constants: Callable[[], Mapping[int, Any]]) -> None:
        """Say which objects, by id, are the library's own: two variables that hold one share nothing of the user's."""
        self._constants.append(constants)

    def constants(self, among: Iterable[int]) -> set[int]:
        """Return which ids are those of objects that belong to a library itself."""
        found = set(among)
        return {key for constants in self._constants for key in constants().keys() & found} if found else found

    def is_immutable(self, kind: type) -> bool:
        """Return whether objects of a type can't change, as far as its library has said."""
        self.find(kind)
        return issubclass(kind, self._immutable)

    def find(self, kind: type) -> Reducer | None:
        """Return what is registered for a type."""
        try:
            return self._found[kind]
        except KeyError:
            for base in kind.__mro__:  # what is said of a class holds for one of the session that comes from it
                package, *inside = module_of(base).split(".")
                self._ask(package)
                if inside:
                    self._ask(f"{package}.{inside[0]}")
            found = self._found[kind] = self._reducers.get(kind) or self._inherited(kind)
            return found

    def _inherited(self, kind: type) -> Reducer | None:
        known = next((one for base, one in self._lines.items() if issubclass(kind, base)), None)
        return self._refusal(kind) if known is None else known

    def _refusal(self, kind: type) -> Reducer | None:
        reason = next((why for base, why in self._refused.items() if issubclass(kind, base)), None)
        if reason is not None:
            return Reducer(functools.partial(_refuse, reason), None)
        reason = why_not_made_again(kind)
        return None if reason is None else Reducer(functools.partial(_refuse, reason), state)

    def _ask(self, package: str) -> None:
        """Let a package, or a part of one, register its reducers, once."""
        if package in self._asked or (package in _NO_PROVIDER and package not in self._built_in):
            return
        self._asked.add(package)
        given = dict(self._reducers)  # what the user registered stays
        if package in self._built_in:
            importlib.import_module(f"ensession.serial.plugins.for_{package.replace('.', '_')}").register(self)
        if package.partition(".")[0] not in _NO_PROVIDER:
            if self._plugged is None:
                self._plugged = _plugged()
            if package in self._plugged:
                register: Register = self._plugged[package].load()
                register(self)
        self._reducers.update(given)


def _plugged() -> dict[str, importlib.metadata.EntryPoint]:
    """Return what installed packages say of themselves, by package.

    The library's own search parses every package's metadata, which a user would feel at the first cell.
    """
    found: dict[str, importlib.metadata.EntryPoint] = {}
    for distribution in importlib.metadata.distributions():
        if GROUP in (distribution.read_text("entry_points.txt") or ""):
            for point in distribution.entry_points.select(group=GROUP):
                found.setdefault(point.name, point)
    return found


def _refuse(reason: str, _obj: object) -> NoReturn:
    raise UnserializableError(reason)


def overlap(some: Iterable[Range], others: Iterable[Range]) -> bool:
    """Return whether a range of one kind has an address in common with one of the other."""
    ordered = sorted(others)
    for start, stop in some:
        at = bisect.bisect_left(ordered, (stop, stop))
        if any(low < stop and start < high for low, high in ordered[:at]):
            return True
    return False


@functools.cache
def shared_registry() -> Registry:
    """Return the registry of this process: like :mod:`copyreg`, there is one, for libraries register in it.

    Returns
    -------
    Registry
        With what is known of Python's own types.
    """
    from ensession.serial import observed
    from ensession.serial.plugins import BUILT_IN

    registry = Registry(BUILT_IN)
    observed.register(registry)
    return registry


_NO_PROVIDER = frozenset({"builtins", "__main__", "numpy", "pandas", "ensession"}) | sys.stdlib_module_names
