"""What a value reaches, by the garbage collector's own arrows: for values that can't be pickled.

Stops at modules, classes, functions that have a name elsewhere, the globals of functions, and values that can't change.
"""

from __future__ import annotations

import functools
import gc
import itertools
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ensession.serial.arrays import array_types, memory_range, memory_root
from ensession.serial.definitions import SESSION_MODULE, is_importable
from ensession.serial.kinds import CACHED_FUNCTION, key_of, plain_parts
from ensession.serial.registry import Range, Registry
from ensession.serial.tables import (
    block_types,
    copies_blocks,
    holds_text,
    index_types,
    manager_types,
    parts_of_block,
    parts_of_manager,
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
            self._packages.add(kind.__module__.partition(".")[0])
            way = self._ways[kind] = self._way_of(kind)
        return way(obj, most)

    def _way_of(self, kind: type) -> Callable[[Any, int], list[Any]]:
        """Return how objects of a type are visited."""
        known = self._registry.find(kind)
        memory = None if known is None else known.memory
        ways: list[tuple[bool, Callable[[Any, int], list[Any]]]] = [
            (kind in _ENDS or _is_machinery(kind), _no_further),
            (issubclass(kind, (type, types.ModuleType, *_WITH_CODE)), self._definition),
            (issubclass(kind, index_types()), self._note_labels),
            # A member of an enumeration of the session may be given attributes.
            (self._is_immutable(kind) and kind.__module__ != SESSION_MODULE, self._fixed_object),
            (issubclass(kind, array_types()), self._array),
            (issubclass(kind, block_types()), self._in_block),
            (memory is not None, functools.partial(self._with_memory, memory)),
            (issubclass(kind, (CACHED_FUNCTION, types.FrameType, *manager_types())), self._object),
        ]
        return next((way for is_it, way in ways if is_it), self._plain)

    def _plain(self, obj: Any, _most: int) -> list[Any]:
        self._objects[id(obj)] = obj
        return gc.get_referents(obj)

    def _object(self, obj: Any, _most: int) -> list[Any]:
        if isinstance(obj, CACHED_FUNCTION) and is_importable(obj):
            return []
        self._objects[id(obj)] = obj
        return _next(obj)

    def _definition(self, obj: Any, _most: int) -> list[Any]:
        if self._is_referred_to(obj) if _is_own(obj) else isinstance(obj, type | types.ModuleType):
            self._stops.append(obj)
            return []
        code = _code_of(obj)
        if code is not None:
            if _scope_of(obj) is self._namespace:
                self._codes.append(code)
            if is_importable(obj):
                return []
        self._objects[id(obj)] = obj
        return _next(obj)

    def _fixed_object(self, obj: Any, _most: int) -> list[Any]:
        self._fixed.update(map(id, plain_parts(obj)))
        return _next(obj)

    def _note_labels(self, obj: Any, _most: int) -> list[Any]:
        self._labels[id(obj)] = tuple(obj.names)
        return []

    def _with_memory(self, memory: Any, obj: Any, most: int) -> list[Any]:
        self._foreign.add(memory(obj))
        return self._object(obj, most)

    def _array(self, array: Any, most: int) -> list[Any]:
        self._objects[id(array)] = array
        self._memory.add(id(memory_root(array)))
        self._arrays.append(array)
        return _inside(array, most)

    def _in_block(self, block: Any, most: int) -> list[Any]:
        """Pandas has frames share the memory of a block, and copies it before one of them changes it."""
        values = parts_of_block(block)
        if not copies_blocks() or not any(isinstance(one, array_types()) for one in values):
            return values
        arrays: list[Any] = [one for one in values if isinstance(one, array_types())]
        self._copied.update(id(memory_root(one)) for one in arrays)
        self._arrays += arrays
        inside: list[Any] = [
            part for one in arrays if one.dtype.hasobject and not holds_text(block) for part in _items(one, most)
        ]
        return [*inside, *(one for one in values[1:] if not isinstance(one, array_types()))]


def _no_further(_obj: Any, _most: int) -> list[Any]:
    return []


def _is_own(obj: Any) -> bool:
    """Whether it is a function, or a class of the session."""
    return isinstance(obj, types.FunctionType) or (isinstance(obj, type) and obj.__module__ == SESSION_MODULE)


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


def _is_machinery(kind: type) -> bool:
    """Whether objects of a type run the session itself: they lead everywhere, and hold no variable of the user's."""
    if kind.__module__.partition(".")[0] in _RUNNERS or kind.__module__.startswith("IPython.core.interactiveshell"):
        return True
    return any(base.__module__ == "asyncio.events" and base.__name__ == "AbstractEventLoop" for base in kind.__mro__)


_RUNNERS = frozenset({"ipykernel", "tornado", "zmq", "jupyter_client", "comm"})


def _code_of(obj: Any) -> types.CodeType | None:
    for attribute in ("__code__", "gi_code", "cr_code", "ag_code"):
        code = getattr(obj, attribute, None) if isinstance(obj, _WITH_CODE) else None
        if isinstance(code, types.CodeType):
            return code
    return None


_ENDS_PER_LOOK = 50
"""So many of these are told from others in the time that one other object takes."""
_HOPELESS = 4
"""So many times more than may be looked at: they are not one object again and again."""
_TASTE = 500
"""Objects that are looked at of so many."""
_ENDS = frozenset({str, bytes, int, float, complex, bool, type(None)})
_WITH_CODE = (types.FunctionType, types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)


def _scope_of(obj: Any) -> Any:
    if isinstance(obj, types.FunctionType):
        return obj.__globals__
    frame = _frame_of(obj)
    return frame.f_globals if frame is not None else None


def _frame_of(obj: Any) -> types.FrameType | None:
    if isinstance(obj, types.FrameType):
        return obj
    if not isinstance(obj, _WITH_CODE):
        return None
    return getattr(obj, "gi_frame", None) or getattr(obj, "cr_frame", None) or getattr(obj, "ag_frame", None)


def _next(obj: Any) -> list[Any]:
    if isinstance(obj, types.FunctionType):
        outside = (obj.__globals__, getattr(obj, "__builtins__", None))
        return [one for one in gc.get_referents(obj) if not any(one is scope for scope in outside)]
    frame = _frame_of(obj)
    if frame is not None:  # not its globals and builtins, nor who called it
        return [] if frame.f_locals is frame.f_globals else list(frame.f_locals.values())
    if isinstance(obj, CACHED_FUNCTION):  # all of them hold one and the same mark
        return [one for one in gc.get_referents(obj) if type(one) is not object]
    return parts_of_manager(obj) if isinstance(obj, manager_types()) else gc.get_referents(obj)


def _inside(array: Any, most: int) -> list[Any]:
    """Return what an array leads to, which the collector does not see."""
    attributes = list(getattr(array, "__dict__", {}).values())
    root = memory_root(array)
    if root is not array:
        return [root, *attributes]
    return [*_items(array, most), *attributes] if array.dtype.hasobject else attributes


def _items(array: Any, most: int) -> list[Any]:
    """Return items of an array of objects, those of a structured one from its fields."""
    if array.dtype.names and isinstance(array, sys.modules["numpy"].void):
        return list(array.item())
    if array.dtype.names:
        columns = (array[name] for name in array.dtype.names)
        return [one for column in columns if column.dtype.hasobject for one in _items(column, most)]
    return list(array.reshape(-1)[:most].tolist())
