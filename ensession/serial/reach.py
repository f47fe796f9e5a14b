"""What a value reaches, by the garbage collector's own arrows: for values that can't be pickled.

Stops at modules, classes, functions that have a name elsewhere, the globals of functions, and values that can't change.
"""

from __future__ import annotations

import functools
import gc
import itertools
import types
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ensession.serial.arrays import array_types, memory_range, memory_root
from ensession.serial.arrows import (
    WITH_CODE,
    code_of,
    inside,
    is_machinery,
    is_own,
    is_understood,
    items_of,
    next_of,
    scope_of,
)
from ensession.serial.definitions import SESSION_MODULE, is_importable
from ensession.serial.kinds import CACHED_FUNCTION, is_of, key_of, plain_parts
from ensession.serial.registry import Range, Registry, module_of
from ensession.serial.tables import (
    Parts,
    block_types,
    copies_blocks,
    holds_text,
    index_types,
    manager_types,
    parts_of_labels,
    parts_of_values,
)

LIMIT = 200_000
"""Objects that a walk looks at; values that can't be pickled are small, or hold half a library."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a walk found.

    Attributes
    ----------
    objects : dict[int, object]
        Mutable objects by id.
    codes : tuple[types.CodeType, ...]
        Code of the session's functions and generators among them.
    definitions : tuple[object, ...]
        Classes and functions where the walk stopped.
    packages : frozenset[str]
        Top-level packages that the types come from.
    is_complete : bool
        False where the walk gave up: such a value has to be taken for linked to everything touched with it.
    is_understood : bool
        False where objects may lead to others, or share their memory, without the collector knowing of it.
    memory, copied : frozenset[int]
        Owners of the memory of arrays; and of such as pandas copies before it changes it.
    labels : Mapping[int, tuple]
        Names of the pandas indexes in it, by id of the index.
    ranges, foreign_ranges : frozenset[Range]
        Memory of arrays, and of other libraries' objects, as far as the one may lie in the other.
    """

    objects: dict[int, Any]
    codes: tuple[types.CodeType, ...]
    definitions: tuple[Any, ...]
    packages: frozenset[str]
    is_complete: bool
    memory: frozenset[int] = frozenset()
    copied: frozenset[int] = frozenset()
    labels: Mapping[int, tuple[Any, ...]] = field(default_factory=dict)
    ranges: frozenset[Range] = frozenset()
    foreign_ranges: frozenset[Range] = frozenset()
    is_understood: bool = True


def walk(
    values: list[Any],
    namespace: dict[str, Any],
    is_referred_to: Callable[[Any], bool],
    is_immutable: Callable[[type], bool],
    limit: int = LIMIT,
    registry: Registry | None = None,
) -> Reach:
    """Walk from some values.

    Parameters
    ----------
    values : list of object
    namespace : dict
        The session namespace: never entered, and only functions that live in it bring code.
    is_referred_to : callable
        Whether a function or class of the session is one that a payload would refer to by its name: the walk stops
        there, as at classes of libraries.
    is_immutable : callable
        Whether objects of a type can't change.
    limit : int
        Objects to look at, of those that lead on; of the others a multiple of it.
    registry : Registry, optional
        Knows of which types objects have contents in memory that arrays may share.
    """
    return _Walk(namespace, is_referred_to, is_immutable, registry or Registry()).found(values, limit)


class _Walk:
    def __init__(
        self,
        namespace: dict[str, Any],
        is_referred_to: Callable[[Any], bool],
        is_immutable: Callable[[type], bool],
        registry: Registry,
    ) -> None:
        self._namespace = namespace
        self._is_referred_to = is_referred_to
        self._is_immutable: Callable[[Any], bool] = functools.cache(is_immutable)
        self._registry = registry
        self._ways: dict[type, Callable[[Any, int], list[Any]]] = {}
        self._objects: dict[int, Any] = {}
        self._codes: list[types.CodeType] = []
        self._stops: list[Any] = []
        self._packages: set[str] = set()
        self._fixed: set[int] = set()
        self._memory: set[int] = set()
        self._copied: set[int] = set()
        self._labels: dict[int, tuple[Any, ...]] = {}
        self._arrays: list[Any] = []
        self._foreign: set[Range] = set()
        self._is_cut = False
        self._is_understood = True

    def found(self, values: list[Any], limit: int) -> Reach:
        """Walk until there is nothing more, or too much."""
        seen = {key_of(self._namespace)}
        stack = list(values)
        while stack and limit > 0:
            limit -= 1
            obj = stack.pop()
            key = key_of(obj)
            if key in seen:
                continue
            seen.add(key)
            most = limit * _ENDS_PER_LOOK
            following = self._visit(obj, most + 1)
            self._is_cut |= len(following) > most
            leading = _leading_on(following[:most])
            if len(leading) > _HOPELESS * limit:  # what is looked at now is to see the like of it
                self._is_cut = True
                del leading[_TASTE:]
            limit -= len(following) // _ENDS_PER_LOOK
            stack.extend(_once(leading))
        for part in self._fixed & self._objects.keys():
            del self._objects[part]
        self._packages.discard("builtins")
        return Reach(
            self._objects,
            tuple(self._codes),
            tuple(self._stops),
            frozenset(self._packages),
            not stack and not self._is_cut,
            frozenset(self._memory),
            frozenset(self._copied),
            self._labels,
            self._ranges(),
            frozenset(self._foreign),
            self._is_understood,
        )

    def _ranges(self) -> frozenset[Range]:
        if not self._registry.knows_foreign_memory:
            return frozenset()
        arrays = (one for one in self._arrays if one.nbytes)
        return frozenset(memory_range(one, memory_root(one)) for one in arrays)

    def _visit(self, obj: Any, most: int) -> list[Any]:
        """Take note of an object, and return what it leads to; of an array, no more than ``most``."""
        kind = type(obj)
        way = self._ways.get(kind)
        if way is None:
            self._packages.add(module_of(kind).partition(".")[0])
            way = self._ways[kind] = self._way_of(kind)
        return way(obj, most)

    def _way_of(self, kind: type) -> Callable[[Any, int], list[Any]]:
        """Return how objects of a type are visited."""
        known = self._registry.find(kind)
        memory = None if known is None else known.memory
        ways: list[tuple[bool, Callable[[Any, int], list[Any]]]] = [
            (kind in _ENDS or is_machinery(kind), _no_further),
            (issubclass(kind, (type, types.ModuleType, *WITH_CODE)), self._definition),
            (issubclass(kind, index_types()), self._note_labels),
            (self._is_fixed(kind), self._fixed_object),
            # A member of an enumeration of the session may be given attributes.
            (self._is_immutable(kind) and kind.__module__ != SESSION_MODULE, _followed),
            (issubclass(kind, array_types()), self._array),
            (issubclass(kind, block_types()), self._in_block),
            (memory is not None, functools.partial(self._with_memory, memory)),
            (issubclass(kind, weakref.ref), self._weak),
            (issubclass(kind, (CACHED_FUNCTION, types.FrameType, *manager_types())), self._object),
        ]
        way = next((way for is_it, way in ways if is_it), None)
        if way is None:
            self._is_understood &= is_understood(kind)
        return way or self._plain

    def _is_fixed(self, kind: type) -> bool:
        """Whether objects of a type can't change, and neither can what they are made of."""
        is_of_table = self._is_immutable(kind) and module_of(kind).partition(".")[0] == "pandas"
        return is_of_table or self._registry.is_immutable(kind)

    def _plain(self, obj: Any, _most: int) -> list[Any]:
        self._objects[id(obj)] = obj
        return gc.get_referents(obj)

    def _object(self, obj: Any, _most: int) -> list[Any]:
        if is_of(obj, CACHED_FUNCTION) and is_importable(obj):
            return []
        self._objects[id(obj)] = obj
        return next_of(obj)

    def _definition(self, obj: Any, _most: int) -> list[Any]:
        if self._is_referred_to(obj) if is_own(obj) else is_of(obj, type | types.ModuleType):
            self._stops.append(obj)
            return []
        code = code_of(obj)
        if code is not None:
            if scope_of(obj) is self._namespace:
                self._codes.append(code)
            if is_importable(obj):
                return []
        self._objects[id(obj)] = obj
        return next_of(obj)

    def _fixed_object(self, obj: Any, _most: int) -> list[Any]:
        self._fixed.update(map(id, plain_parts(obj)))
        return next_of(obj)

    def _weak(self, reference: Any, _most: int) -> list[Any]:
        self._objects[id(reference)] = reference
        return [*gc.get_referents(reference), reference()]

    def _note_labels(self, labels: Any, most: int) -> list[Any]:
        self._labels[id(labels)] = tuple(labels.names)
        return self._made_of(parts_of_labels(labels), most)

    def _with_memory(self, memory: Any, obj: Any, most: int) -> list[Any]:
        self._foreign.add(memory(obj))
        return self._object(obj, most)

    def _array(self, array: Any, most: int) -> list[Any]:
        self._objects[id(array)] = array
        self._memory.add(id(memory_root(array)))
        self._arrays.append(array)
        return inside(array, most)

    def _in_block(self, block: Any, most: int) -> list[Any]:
        """Pandas has frames share the memory of a block, and copies it before one of them changes it."""
        return self._made_of(parts_of_values(block.values), most) if copies_blocks() else [block.values]

    def _made_of(self, parts: Parts, most: int) -> list[Any]:
        self._copied.update(id(memory_root(one)) for one in parts.arrays)
        self._arrays += parts.arrays
        is_text = bool(parts.shared) and holds_text(parts.shared[0])
        with_objects = [] if is_text else [one for one in parts.arrays if one.dtype.hasobject]
        return [*(part for one in with_objects for part in items_of(one, most)), *parts.others]


def _followed(obj: Any, _most: int) -> list[Any]:
    return next_of(obj)


def _no_further(_obj: Any, _most: int) -> list[Any]:
    return []


def _leading_on(objects: list[Any]) -> list[Any]:
    """Return objects without those that lead nowhere: a column of text has hundreds of thousands of them."""
    if len(objects) == 1:
        return objects
    kinds = list(map(type, objects))
    leads_on = {kind: kind not in _ENDS for kind in set(kinds)}
    if all(leads_on.values()):
        return objects
    return list(itertools.compress(objects, map(leads_on.__getitem__, kinds))) if any(leads_on.values()) else []


def _once(objects: list[Any]) -> Iterable[Any]:
    """Return each object once."""
    return dict(zip(map(key_of, objects), objects, strict=True)).values()


_ENDS_PER_LOOK = 50
"""So many of these are told from others in the time that one other object takes."""
_HOPELESS = 4
"""So many times more than may be looked at: they are not one object again and again."""
_TASTE = 500
"""Objects that are looked at of so many."""
_ENDS = frozenset({str, bytes, int, float, complex, bool, type(None)})
