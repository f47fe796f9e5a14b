"""What a value reaches, by the garbage collector's own arrows: for values that can't be pickled.

Stops at modules, classes, functions that have a name elsewhere, the globals of functions, and values that can't change.
"""

from __future__ import annotations

import functools
import gc
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ensession.serial.arrays import memory_root
from ensession.serial.definitions import SESSION_MODULE, is_importable
from ensession.serial.kinds import plain_parts

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
    """

    objects: dict[int, Any]
    codes: tuple[types.CodeType, ...]
    definitions: tuple[Any, ...]
    packages: frozenset[str]
    is_complete: bool


def walk(
    values: list[Any],
    namespace: dict[str, Any],
    is_referred_to: Callable[[Any], bool],
    is_immutable: Callable[[type], bool],
    limit: int = LIMIT,
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
    """
    found: dict[int, Any] = {}
    codes: list[types.CodeType] = []
    stops: list[Any] = []
    packages: set[str] = set()
    fixed: set[int] = set()
    seen = {id(namespace)}
    stack = list(values)
    is_cut = False
    while stack and limit > 0:
        limit -= 1
        obj = stack.pop()
        if id(obj) in seen:
            continue
        seen.add(id(obj))
        packages.add(type(obj).__module__.partition(".")[0])
        if is_referred_to(obj) if _is_own(obj) else isinstance(obj, type | types.ModuleType):
            stops.append(obj)
            continue
        code = _code_of(obj)
        if code is not None:
            if _scope_of(obj) is namespace:
                codes.append(code)
            if is_importable(obj):
                continue
        if _is_machinery(type(obj)):
            continue
        if is_immutable(type(obj)) and type(obj).__module__ != SESSION_MODULE:  # a member may be given attributes
            fixed.update(map(id, plain_parts(obj)))
        else:
            found[id(obj)] = obj
        objects = _next(obj, limit * _ENDS_PER_LOOK + 1)
        is_cut |= len(objects) > limit * _ENDS_PER_LOOK
        stack.extend(_leading_on(objects[: limit * _ENDS_PER_LOOK]))
        limit -= len(objects) // _ENDS_PER_LOOK
    for part in fixed & found.keys():
        del found[part]
    packages.discard("builtins")
    return Reach(found, tuple(codes), tuple(stops), frozenset(packages), not stack and not is_cut)


def _is_own(obj: Any) -> bool:
    """Whether it is a function, or a class of the session."""
    return isinstance(obj, types.FunctionType) or (isinstance(obj, type) and obj.__module__ == SESSION_MODULE)


def _leading_on(objects: list[Any]) -> list[Any]:
    """Return each object once, without those that lead nowhere: a column of text has hundreds of thousands of them."""
    if _ENDS.issuperset(map(type, objects)):
        return []
    return list({id(one): one for one in objects if type(one) not in _ENDS}.values())


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
_ENDS = frozenset({str, bytes, int, float, complex, bool, type(None)})
_CACHED = type(functools.lru_cache(len))
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


def _next(obj: Any, most: int) -> list[Any]:
    """Return what an object leads to; of an array, no more than ``most``."""
    if isinstance(obj, types.FunctionType):  # not its globals
        return [*(obj.__closure__ or ()), *(obj.__defaults__ or ()), *obj.__dict__.values()]
    frame = _frame_of(obj)
    if frame is not None:  # not its globals and builtins, nor who called it
        return [] if frame.f_locals is frame.f_globals else list(frame.f_locals.values())
    if isinstance(obj, _CACHED):  # all of them hold one and the same mark
        return [one for one in gc.get_referents(obj) if type(one) is not object]
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(obj, numpy.ndarray):  # not traversed by the collector
        root = memory_root(obj)
        return [root] if root is not obj else obj.flat[:most].tolist() if obj.dtype.hasobject else []
    return gc.get_referents(obj)
