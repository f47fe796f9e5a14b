"""What modules of the user's own hold besides code: no variable, and so no restore, brings it back."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ensession.serial.kinds import key_of
from ensession.serial.look import Look

LARGE_BYTES = 2**20
"""Of larger values, and of those that come when so much was looked at, only a new binding is seen: each cell pays."""
_CODE = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, staticmethod, classmethod, property)
_ATOMS = (int, bool, str, bytes, type(None))
"""What can't change, and is what it equals: no look is needed."""
_EXTENDED = {"pandas": ("DataFrame", "Series", "Index")}
"""Classes of libraries that others are made to extend, by functions of the library as well as by assignments."""


class ModuleState:
    """Sees when data in a module of the user's own changes. Costs nothing where there is no such module.

    Parameters
    ----------
    look : callable
        Looks at named values.
    names : callable
        Returns the names of such modules that are known by now.
    """

    def __init__(self, look: Callable[[Mapping[str, Any]], Look], names: Callable[[], Iterable[str]]) -> None:
        self._look = look
        self._names = names
        self._known: dict[str, dict[str, object]] = {}
        self._large: dict[str, int] = {}
        self._left_bytes = LARGE_BYTES
        self._changed: list[Any] = []
        self._classes: dict[str, frozenset[str]] = {}

    def variables_among(self, variables: Mapping[str, Any]) -> frozenset[str]:
        """Return the variables that are what the last call found changed: a function of the module did that."""
        keys = {key_of(value) for value in self._changed if type(value) not in _ATOMS}
        return frozenset(name for name, value in variables.items() if key_of(value) in keys) if keys else frozenset()

    def changed(self) -> tuple[str, ...]:
        """Return the attributes that are not as they were at the last call, dotted; a module that is new has none."""
        found: list[str] = []
        self._left_bytes = LARGE_BYTES
        self._changed.clear()
        for name in self._names():
            module = sys.modules.get(name)
            if module is None:
                continue
            held = dict(_data(name, module))
            now = {path: self._token(path, value) for path, value in held.items()}
            before = self._known.get(name)
            if before is not None:
                paths = [path for path in sorted(before.keys() | now.keys()) if before.get(path) != now.get(path)]
                self._changed += (held[path] for path in paths if path in held)
                found += paths
            self._known[name] = now
        return (*found, *self._extended())

    def _extended(self) -> list[str]:
        """Return what classes of libraries were given since the last call; of one that is new here, nothing."""
        found: list[str] = []
        for package, kinds in _EXTENDED.items():
            module = sys.modules.get(package)
            for kind in kinds if module is not None else ():
                path, held = f"{package}.{kind}", vars(getattr(module, kind, object))
                before = self._classes.get(path)
                if before is None or len(before) != len(held):
                    self._classes[path] = frozenset(held)
                    fresh = held.keys() - (held.keys() if before is None else before)
                    found += sorted(f"{path}.{name}" for name in fresh if name[:1] != "_")
        return found

    def _token(self, path: str, value: Any) -> object:
        if type(value) in _ATOMS:
            return type(value), value
        if self._large.get(path) == id(value):
            return id(value)
        seen = self._look({"value": value})
        if seen.fingerprint is None or seen.n_bytes > self._left_bytes:
            self._large[path] = id(value)
            return id(value)
        self._left_bytes -= seen.n_bytes
        return seen.fingerprint


def _data(path: str, owner: types.ModuleType | type) -> Iterator[tuple[str, Any]]:
    """Return what a module, or a class that it defines, holds besides code."""
    for name, value in list(vars(owner).items()):
        if name.startswith("__") or isinstance(value, _CODE):
            continue
        if isinstance(value, type):
            if isinstance(owner, types.ModuleType) and value.__module__ == owner.__name__:
                yield from _data(f"{path}.{name}", value)
        elif not isinstance(value, types.MemberDescriptorType | types.GetSetDescriptorType):
            yield f"{path}.{name}", value
