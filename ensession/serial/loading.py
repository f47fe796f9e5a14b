"""Turning payloads back into values. Runs code of the store: callers check trust first (invariant 5)."""

from __future__ import annotations

import io
import pickle
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

from ensession.errors import EnsessionError, LoadFailedError
from ensession.model import BufferMode, PayloadSource
from ensession.serial import rebuild
from ensession.serial.definitions import SESSION_MODULE
from ensession.serial.frames import framed


class Rebuilder:
    """The functions of :data:`ensession.serial.rebuild.BOUND`, bound to a namespace.

    Parameters
    ----------
    namespace : dict
        Becomes the globals of session functions.
    required : Mapping[str, object]
        The session's classes and functions that the payload requires, by name.
    """

    def __init__(self, namespace: dict[str, Any], required: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._required = required

    def required(self, name: str, *path: str) -> object:
        """Return a class or function from a required version."""
        found = self._required[name]
        for part in path:
            found = getattr(found, part)
        return found

    def function(
        self, code: types.CodeType, scope: Any, name: str, cells: tuple[Any, ...] | None
    ) -> types.FunctionType:
        """Make a function whose globals are the live namespace, a module's, or a stored dict."""
        if scope is None:
            scope = self._namespace
        elif isinstance(scope, str):
            scope = vars(rebuild.module(scope))
        return types.FunctionType(code, scope, sys.intern(name), None, cells)

    def session_dict(self) -> dict[str, Any]:
        """Return the live namespace."""
        return self._namespace


class _Loader(pickle.Unpickler):
    def __init__(self, stream: bytes, buffers: Iterator[Any], rebuilder: Rebuilder) -> None:
        super().__init__(io.BytesIO(framed(stream)), buffers=buffers)
        self._rebuilder = rebuilder

    def find_class(self, module_name: str, name: str, /) -> Any:
        """Find a global; the bound functions instead of their stand-ins."""
        if module_name == rebuild.__name__ and name in rebuild.BOUND:
            return getattr(self._rebuilder, name)
        if (module_name, name) in (("__builtin__", SESSION_MODULE), (SESSION_MODULE, "__dict__")):  # dill's words
            return self._rebuilder.session_dict()
        if module_name == SESSION_MODULE:  # whatever is bound there now need not be what was meant
            msg = f"it refers to {name!r} of the session by its name alone"
            raise LoadFailedError(msg)
        return super().find_class(module_name, name)


def load(source: PayloadSource, rebuilder: Rebuilder) -> dict[str, Any]:
    """Unpickle a payload.

    Returns
    -------
    dict
        Name to value.

    Raises
    ------
    LoadFailedError
        With the unpickler's reason: a library is missing, a class changed, bytes are damaged.
    """
    try:
        loaded = _Loader(source.read_stream(), _buffers(source), rebuilder).load()
    except EnsessionError as error:
        if isinstance(error, LoadFailedError):
            raise
        raise LoadFailedError(str(error)) from error
    except Exception as error:  # unpickling runs any code there is; whatever it raises means "can't be loaded"
        msg = f"{type(error).__name__}: {error}"
        raise LoadFailedError(msg) from error
    if not isinstance(loaded, dict):
        msg = f"the payload holds a {type(loaded).__name__} instead of named values"
        raise LoadFailedError(msg)
    return loaded


def _buffers(source: PayloadSource) -> Iterator[Any]:
    for buffer in source.buffers():
        if buffer.mode is BufferMode.ARRAY:
            yield buffer
        else:
            memory = bytearray(buffer.n_bytes)
            buffer.read_into(memoryview(memory))
            yield memory
