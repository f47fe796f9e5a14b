"""Reducing Python's own objects that plain pickle refuses although they can come back; refusing those that can't.

A lock comes back free; one that is held belongs to somebody who does not come back.
"""

from __future__ import annotations

import gc
import io
import logging
import struct
import subprocess
import sys
import threading
import types
import weakref
from collections.abc import Mapping
from typing import Any

from ensession.errors import UnserializableError
from ensession.serial import rebuild
from ensession.serial.kinds import is_of
from ensession.serial.loghandlers import come_back, given_by_library, logger_of


def refuse_file(_reducers: object, value: Any) -> Any:
    """Refuse an open file: bringing it back would open, and perhaps truncate, somebody's file."""
    name = standard_stream(value)
    if name is not None:
        return getattr, (sys, name)
    msg = f"open file {getattr(value, 'name', '?')!r}"
    raise UnserializableError(msg)


def standard_stream(value: Any) -> str | None:
    """Return under which name a stream is one of this process's own, or None."""
    return next((name for name in _STREAMS if getattr(sys, name) is value), None)


def reduce_logger(reducers: Any, logger: logging.Logger) -> Any:
    """Reduce a logger by its name, with its settings: plain pickle leaves those out."""
    if not come_back(logger, reducers.namespace.values()):
        raise UnserializableError(f"logger {logger.name!r} has handlers or filters of its own")
    state = {"level": logger.level, "propagate": logger.propagate, "disabled": logger.disabled}
    given = given_by_library(logger, reducers.namespace.values())
    make = (logging.getLogger, (logger.name,)) if given is None else (logger_of, (logger.name, *given))
    return *make, state, None, None, rebuild.set_attributes


def reduce_lock(_reducers: object, lock: Any) -> Any:
    """Reduce a lock that nobody holds."""
    if " locked " in repr(lock) or "<locked" in repr(lock):
        raise UnserializableError("a lock that is held")
    return (threading.RLock if type(lock) is _RLOCK else threading.Lock), ()


def reduce_local(_reducers: object, value: threading.local) -> Any:
    """Reduce thread-local attributes to those of the main thread: the other threads do not come back."""
    return threading.local, (), dict(vars(value)), None, None, rebuild.set_attributes


def reduce_program(_reducers: object, program: Any) -> Any:
    """Refuse a program that runs: its number may be another's by the time it comes back."""
    if program.returncode is None:
        raise UnserializableError(f"a program that runs ({program.args!r:.80})")
    return NotImplemented


def reduce_weak_reference(_reducers: object, reference: Any) -> Any:
    """Reduce a weak reference; who holds the object has to bring it back."""
    if reference.__callback__ is not None:
        raise UnserializableError("a weak reference with a callback")
    return rebuild.weak_reference, (reference(),)


def reduce_weak_proxy(_reducers: object, proxy: Any) -> Any:
    """Reduce a weak proxy like a weak reference."""
    try:
        target = proxy.__reduce_ex__.__self__  # every attribute is one of the object
    except ReferenceError as error:
        raise UnserializableError("a weak proxy whose object is gone") from error
    if weakref.proxy(target) is not proxy:  # there is one without a callback
        raise UnserializableError("a weak proxy with a callback")
    return weakref.proxy, (target,)


def reduce_weak_mapping(_reducers: object, mapping: Mapping[Any, Any]) -> Any:
    """Reduce a mapping with weak keys or values to what it holds now."""
    return type(mapping), (dict(mapping),)


def reduce_memoryview(_reducers: object, view: memoryview) -> Any:
    """Reduce a view of a whole buffer; a part of one can't be put together again."""
    whole = memoryview(view.obj)
    if (whole.nbytes, whole.format, whole.shape) != (view.nbytes, view.format, view.shape):
        raise UnserializableError("a memoryview of a part of a buffer")
    return rebuild.memory_view, (view.obj, view.readonly)


def reduce_dict_iterator(reducers: Any, iterator: Any) -> Any:
    """Reduce an iterator over a dictionary with the dictionary, which decides what it yields.

    Plain pickle makes a list of what is left: later changes of the dictionary do not reach that.
    """
    owner = next((one for one in gc.get_referents(iterator) if type(one) is dict), None)
    if owner is None or owner is reducers.namespace or _is_of_a_module(owner):
        return NotImplemented
    try:
        n_taken: int | None = len(owner) - len(iterator.__reduce__()[1][0])
    except RuntimeError as error:
        if "size" not in str(error):  # it yields some more before it stops
            raise UnserializableError("an iterator over a dictionary whose keys were exchanged") from error
        n_taken = None
    return rebuild.dict_iterator, (owner, len(owner), _DICT_ITERATORS[type(iterator)], n_taken)


def _is_of_a_module(attributes: dict[Any, Any]) -> bool:
    module = sys.modules.get(attributes["__name__"]) if type(attributes.get("__name__")) is str else None
    return getattr(module, "__dict__", None) is attributes


def reduce_struct(_reducers: object, value: struct.Struct) -> Any:
    """Reduce a compiled format."""
    return struct.Struct, (value.format,)


def is_imported(value: Any) -> bool:
    """Whether this is a module that is found by its name; one that was made at run time is a value like any other."""
    return is_of(value, types.ModuleType) and sys.modules.get(value.__name__) is value


def reduce_module(reducers: Any, module: types.ModuleType) -> Any:
    """Reduce a module by name."""
    if module is sys.modules["__main__"]:
        return rebuild.main_module, ()
    if not is_imported(module):
        msg = f"module {module.__name__!r} was made at run time and can't be imported"
        raise UnserializableError(msg)
    reducers.packages.add(module.__name__.partition(".")[0])
    return rebuild.module, (sys.intern(module.__name__), *_submodules(module))


def _submodules(module: types.ModuleType) -> list[str]:
    """Return the loaded modules right inside a package: ``import a.b`` binds ``a``, and cells then use ``a.b``."""
    # The package's own names are few; those of all loaded modules are thousands.
    inside = [(name, part) for name, part in list(vars(module).items()) if type(part) is types.ModuleType]
    return sorted(
        name
        for name, part in inside
        if not name.startswith("_") and sys.modules.get(f"{module.__name__}.{name}") is part
    )


_STREAMS = ("stdout", "stderr", "stdin", "__stdout__", "__stderr__", "__stdin__")
_RLOCK = type(threading.RLock())
_DICT_ITERATORS = {type(iter(getattr({}, part)())): part for part in ("keys", "values", "items")}
REDUCERS: dict[type, Any] = {
    **dict.fromkeys(_DICT_ITERATORS, reduce_dict_iterator),
    types.ModuleType: reduce_module,
    type(threading.Lock()): reduce_lock,
    _RLOCK: reduce_lock,
    logging.Logger: reduce_logger,
    threading.local: reduce_local,
    subprocess.Popen: reduce_program,
    weakref.ref: reduce_weak_reference,
    weakref.ProxyType: reduce_weak_proxy,
    weakref.CallableProxyType: reduce_weak_proxy,
    weakref.WeakValueDictionary: reduce_weak_mapping,
    weakref.WeakKeyDictionary: reduce_weak_mapping,
    memoryview: reduce_memoryview,
    struct.Struct: reduce_struct,
    io.TextIOWrapper: refuse_file,
    io.BufferedReader: refuse_file,
    io.BufferedWriter: refuse_file,
    io.BufferedRandom: refuse_file,
    io.FileIO: refuse_file,
}
