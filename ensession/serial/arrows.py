"""What one object leads to, by the garbage collector's own arrows, and whether it is told of all there are."""

from __future__ import annotations

import gc
import struct
import sys
import types
import weakref
from typing import Any

from ensession.serial.arrays import memory_root
from ensession.serial.definitions import SESSION_MODULE
from ensession.serial.kinds import CACHED_FUNCTION, is_of
from ensession.serial.registry import module_of
from ensession.serial.tables import manager_types, parts_of_manager

_HAS_ARROWS = 1 << 14
"""``Py_TPFLAGS_HAVE_GC``"""
_RUNNERS = frozenset({"ipykernel", "tornado", "zmq", "jupyter_client", "comm"})
WITH_CODE = (types.FunctionType, types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)


def is_understood(kind: type) -> bool:
    """Whether the collector is told of all that objects of a type lead to.

    So it is where a class is written in Python, all the way down to types of the standard library or of pandas: others
    keep what they like in fields that are theirs alone.
    """
    if kind in (weakref.ProxyType, weakref.CallableProxyType):
        return False
    for base in kind.__mro__:
        package = module_of(base).partition(".")[0]
        if package == "builtins":  # so says a type of an extension, too, that names no module
            return bool(base.__flags__ & _HAS_ARROWS) or base in (object, bytearray)
        if package in sys.stdlib_module_names or package == "pandas":
            return True
        own, above = vars(base), base.__base__
        fields = ("__dict__" in own) + ("__weakref__" in own)
        if "__slots__" in own:
            fields += sum(isinstance(member, types.MemberDescriptorType) for member in own.values())
        if above is None or base.__basicsize__ - above.__basicsize__ > fields * struct.calcsize("P"):
            return False
    return True


def is_own(obj: Any) -> bool:
    """Whether it is a function, or a class of the session."""
    return is_of(obj, types.FunctionType) or (is_of(obj, type) and obj.__module__ == SESSION_MODULE)


def is_made_here(called: Any) -> bool:
    """Whether what somebody calls was made in the session: a function, a method, or an object that can be called."""
    owner = getattr(called, "__self__", called)
    return SESSION_MODULE in {getattr(called, "__module__", None), type(owner).__module__}


def is_machinery(kind: type) -> bool:
    """Whether objects of a type run the session itself: they lead everywhere, and hold no variable of the user's."""
    module = module_of(kind)
    if module.partition(".")[0] in _RUNNERS or module.startswith("IPython.core.interactiveshell"):
        return True
    return any(base.__module__ == "asyncio.events" and base.__name__ == "AbstractEventLoop" for base in kind.__mro__)


def code_of(obj: Any) -> types.CodeType | None:
    """Return the code of a function, or of what a function is suspended in."""
    for attribute in ("__code__", "gi_code", "cr_code", "ag_code"):
        code = getattr(obj, attribute, None) if is_of(obj, WITH_CODE) else None
        if isinstance(code, types.CodeType):
            return code
    return None


def scope_of(obj: Any) -> Any:
    """Return the globals that its code runs with."""
    if is_of(obj, types.FunctionType):
        return obj.__globals__
    frame = _frame_of(obj)
    return frame.f_globals if frame is not None else None


def _frame_of(obj: Any) -> types.FrameType | None:
    if type(obj) is types.FrameType:
        return obj
    if not is_of(obj, WITH_CODE):
        return None
    return getattr(obj, "gi_frame", None) or getattr(obj, "cr_frame", None) or getattr(obj, "ag_frame", None)


def next_of(obj: Any) -> list[Any]:
    """Return what an object leads to that is no array."""
    if is_of(obj, types.FunctionType):
        return _referents_without(obj, obj.__globals__, getattr(obj, "__builtins__", None))
    if is_of(obj, WITH_CODE):  # what it works with has no names, some of it
        frame = _frame_of(obj)
        inner = (getattr(obj, name, None) for name in ("gi_yieldfrom", "cr_await", "ag_await"))
        scopes = () if frame is None else (frame.f_globals, frame.f_builtins)
        return [*_referents_without(obj, *scopes), *inner]
    frame = _frame_of(obj)
    if frame is not None:  # not its globals and builtins, nor who called it
        return [] if frame.f_locals is frame.f_globals else list(frame.f_locals.values())
    if is_of(obj, CACHED_FUNCTION):  # all of them hold one and the same mark
        return [one for one in gc.get_referents(obj) if type(one) is not object]
    return parts_of_manager(obj) if is_of(obj, manager_types()) else gc.get_referents(obj)


def _referents_without(obj: Any, *scopes: Any) -> list[Any]:
    return [one for one in gc.get_referents(obj) if not any(one is scope for scope in scopes)]


def inside(array: Any, most: int) -> list[Any]:
    """Return what an array leads to, which the collector does not see."""
    attributes = list(getattr(array, "__dict__", {}).values())
    root = memory_root(array)
    if root is not array:
        return [root, *attributes]
    return [*items_of(array, most), *attributes] if array.dtype.hasobject else attributes


def items_of(array: Any, most: int) -> list[Any]:
    """Return items of an array of objects, those of a structured one from its fields."""
    if array.dtype.names and isinstance(array, sys.modules["numpy"].void):
        return list(array.item())
    if array.dtype.names:
        columns = (array[name] for name in array.dtype.names)
        return [one for column in columns if column.dtype.hasobject for one in items_of(column, most)]
    return list(array.reshape(-1)[:most].tolist())
