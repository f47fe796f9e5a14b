"""Magics and aliases that cells define, as IPython keeps them. Its objects are handed in; it is not imported."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

from ensession.capture.hidden.registered import Key
from ensession.errors import HiddenStateError
from ensession.serial.definitions import SESSION_MODULE

_CLASS = "class"
_ALIAS = "alias"
_MAGIC_ALIAS = "magic alias"
_SIGNS = {"line": "%", "cell": "%%", _CLASS: "magics of class "}


class SessionMagics:
    """The magics of the session's own functions and classes, and aliases (:class:`~.registered.Registry`).

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    """

    name = "magics"
    is_unasked = False

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._tables: Mapping[str, dict[str, Any]] = shell.magics_manager.magics
        self._before = {kind: dict(table) for kind, table in self._tables.items()}
        self._seen: dict[str, dict[str, Any]] = {}
        self._found: dict[Key, Any] = {}

    def present(self) -> Mapping[Key, Any]:
        """Return functions, classes, and what aliases stand for."""
        if self._seen != self._tables:
            self._seen = {kind: dict(table) for kind, table in self._tables.items()}
            self._found = dict(self._own())
        return self._found

    def _own(self) -> Iterator[tuple[Key, Any]]:
        for kind, table in self._seen.items():
            for name, one in table.items():
                owner = _owner(one)
                if _is_a(owner, "magic", "Magics"):
                    if type(owner).__module__ == SESSION_MODULE:
                        yield (_CLASS, type(owner).__name__), type(owner)
                elif _is_a(one, "alias", "Alias") or _is_a(one, "magic", "MagicAlias"):
                    if self._before[kind].get(name) is not one:
                        yield (kind, name), _meaning(one)
                elif isinstance(one, types.FunctionType | types.MethodType) and one.__module__ == SESSION_MODULE:
                    yield (kind, name), one

    def put(self, key: Key, what: Any) -> None:
        """Register a function or class, or what an alias stands for."""
        kind, name = map(str, key)
        if isinstance(what, tuple):
            self._put_alias(name, *what)
        elif kind == _CLASS:
            try:
                self._shell.register_magics(what)
            except Exception as error:  # its constructor may ask for more, or do anything
                raise HiddenStateError(f"class {name}: {type(error).__name__}: {error}") from error
        elif callable(what):
            self._shell.register_magic_function(what, kind, name)
        else:
            raise HiddenStateError(f"{name} is no function any more")

    def _put_alias(self, name: str, sort: str, *words: Any) -> None:
        if sort == _MAGIC_ALIAS:
            self._shell.magics_manager.register_alias(name, *words)
            return
        try:
            self._shell.alias_manager.define_alias(name, *words)
        except sys.modules["IPython.core.alias"].AliasError as error:
            raise HiddenStateError(str(error)) from error

    def drop(self, key: Key) -> None:
        """Take one out; a magic of IPython's own that it stood for is there again."""
        kind, name = map(str, key)
        if kind != _CLASS:
            self._remove(kind, name)
            return
        for kind, table in self._tables.items():
            for one in [one for one, value in table.items() if type(_owner(value)).__name__ == name]:
                self._remove(kind, one)

    def _remove(self, kind: str, name: str) -> None:
        del self._tables[kind][name]
        if name in self._before[kind]:
            self._tables[kind][name] = self._before[kind][name]

    @staticmethod
    def label(key: Key) -> str:
        """Return what people call it."""
        kind, name = map(str, key)
        return f"{_SIGNS[kind]}{name}"


def _owner(one: Any) -> Any:
    """Return whose method a magic is. Anything else is not asked: newer IPythons import what they only announced."""
    return one.__self__ if isinstance(one, types.MethodType) else None


def _is_a(one: Any, module: str, name: str) -> bool:
    """Whether this is an object of a class of IPython's."""
    return any(kind.__name__ == name and kind.__module__ == f"IPython.core.{module}" for kind in type(one).__mro__)


def _meaning(alias: Any) -> tuple[str | None, ...]:
    if _is_a(alias, "alias", "Alias"):
        return _ALIAS, alias.cmd
    return _MAGIC_ALIAS, alias.magic_name, alias.magic_kind, alias.magic_params
