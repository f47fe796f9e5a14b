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
from ensession.serial import abstract, mapped, rebuild
from ensession.serial.definitions import SESSION_MODULE
from ensession.serial.frames import framed
from ensession.serial.generated import cell_contents, generated_methods
from ensession.serial.own import of_this_process
from ensession.serial.rebuild import Lost
from ensession.serial.recompile import code_in_module

_BOUND = {rebuild.__name__: rebuild.BOUND, mapped.__name__: frozenset({"over_file"})}
_CONSTANTS = 7
"""Place of a code object's constants among its fields."""


def _function_of(value: Any) -> Any:
    return value.__func__ if isinstance(value, staticmethod | classmethod) else value


def _absent(*_: Any, **__: Any) -> None:
    """Stand for a function whose code is lost, until the payload is loaded or given up."""


class Rebuilder:
    """The functions of :data:`ensession.serial.rebuild.BOUND`, bound to a namespace.

    Parameters
    ----------
    namespace : dict
        Becomes the globals of session functions.
    required : Mapping[str, object]
        The session's classes and functions that the payload requires, by name.

    Attributes
    ----------
    without_file : list of str
        Why an array came back in memory that lay in a mapped file.
    """

    def __init__(self, namespace: dict[str, Any], required: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._required = required
        self._lost: dict[int, Lost] = {}
        self._stand_ins: dict[int, tuple[types.FunctionType, Lost]] = {}
        self.without_file: list[str] = []

    def required(self, name: str, *path: str) -> object:
        """Return a class or function from a required version."""
        found = self._required[name]
        for part in path:
            found = getattr(found, part)
        return found

    def code(self, python: str, filename: str, source: str | None, *fields: Any) -> types.CodeType | Lost:
        """Make a code object; what could not be is remembered, until something does without it."""
        made = rebuild.code(python, filename, source, *fields)
        for constant in fields[_CONSTANTS]:  # what was compiled again brought those that it needs
            self._lost.pop(id(constant), None)
        if isinstance(made, Lost):
            self._lost[id(made)] = made
        return made

    def function(
        self, code: types.CodeType | Lost, scope: Any, name: str, cells: tuple[Any, ...] | None
    ) -> types.FunctionType:
        """Make a function whose globals are the live namespace, a module's, or a stored dict."""
        if isinstance(code, Lost):
            found = code_in_module(scope, code.stored) if isinstance(scope, str) else None
            if found is None:
                return self._stand_in(code, name)
            self._lost.pop(id(code), None)
            code = found
        if scope is None:
            scope = self._namespace
        elif isinstance(scope, str):
            scope = vars(rebuild.module(scope))
        return types.FunctionType(code, scope, sys.intern(name), None, cells)

    def _stand_in(self, lost: Lost, name: str) -> types.FunctionType:
        made = types.FunctionType(_absent.__code__, {}, name)
        self._stand_ins[id(made)] = (made, lost)
        return made

    def set_class_state(self, target: type, state: Mapping[str, Any]) -> None:
        """Give a class its attributes; methods that a library generates are generated again where they are lost."""
        state, registered = abstract.without_registered(state)
        lost = {name: found for name, value in state.items() if (found := self._lost_in(value))}
        rebuild.set_class_state(target, {name: value for name, value in state.items() if name not in lost})
        again = generated_methods(target) if lost else {}
        for name in lost.keys() & again.keys():
            old = _function_of(state[name])
            again[name].__qualname__, again[name].__module__ = old.__qualname__, old.__module__
            is_wrapped = isinstance(state[name], staticmethod | classmethod)
            type.__setattr__(target, name, type(state[name])(again[name]) if is_wrapped else again[name])
            for one in lost[name]:
                self._lost.pop(id(one), None)
        abstract.register_again(target, registered)

    def _lost_in(self, value: Any) -> list[Lost]:
        """Return the lost code of a function, and of those that it wraps."""
        function = _function_of(value)
        if not isinstance(function, types.FunctionType):
            return []
        own = [self._stand_ins[id(function)][1]] if id(function) in self._stand_ins else []
        inside = [cell_contents(cell) for cell in function.__closure__ or ()] or [function.__dict__.get("__wrapped__")]
        return own + [lost for one in inside for lost in self._lost_in(one)]

    def check(self) -> None:
        """Make sure that nothing was left out.

        Raises
        ------
        LoadFailedError
            Some code is of another Python, and there is no way to have it here.
        """
        for lost in self._lost.values():
            raise LoadFailedError(lost.reason)

    def over_file(self, contents: Any, *place: Any) -> Any:
        """Return an array over its file, where that still holds its contents; else these, in memory."""
        made, why = mapped.open_again(contents, *place)
        if why:
            self.without_file.append(why)
        return made

    def session_dict(self) -> dict[str, Any]:
        """Return the live namespace."""
        return self._namespace


class _Loader(pickle.Unpickler):
    def __init__(self, stream: bytes, buffers: Iterator[Any], rebuilder: Rebuilder) -> None:
        super().__init__(io.BytesIO(framed(stream)), buffers=buffers)
        self._rebuilder = rebuilder

    def persistent_load(self, pid: Any) -> Any:
        """Find one of the process's own objects."""
        return of_this_process(pid)

    def find_class(self, module_name: str, name: str, /) -> Any:
        """Find a global; the bound functions instead of their stand-ins."""
        if name.removeprefix(rebuild.MARK) in _BOUND.get(module_name, ()):
            return getattr(self._rebuilder, name.removeprefix(rebuild.MARK))
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
        rebuilder.check()
    except EnsessionError as error:
        if isinstance(error, LoadFailedError):
            raise
        raise LoadFailedError(str(error)) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # unpickling runs any code there is; whatever it raises means "can't be loaded"
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
