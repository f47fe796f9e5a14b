"""Patsy: formulas and design matrices are plain objects, which the library refuses to pickle.

It wants to settle a format first that lasts from release to release; a session is restored under the releases that it
was recorded under, or reported. Tables that it makes carry their design (``frame.design_info``).
"""

from __future__ import annotations

import functools
import importlib
import sys
import types
from typing import Any

from ensession.serial.arrays import plain, reduce_subclassed
from ensession.serial.constructible import NEW_OBJECT
from ensession.serial.rebuild import mark
from ensession.serial.registry import Registry


def word(name: str) -> Any:
    """Return a function that formulas know by this name (``center``); as a function it can't be imported."""
    return getattr(importlib.import_module("patsy.builtins"), name)


class _Word:
    """Stands for such a function in the names that a formula looks up."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __reduce__(self) -> Any:
        return word, (self._name,)


def _reduce(obj: Any) -> Any:
    """Reduce an object to its attributes, unless a subclass has a way of its own."""
    return (NEW_OBJECT, (type(obj),), vars(obj)) if type(obj).__getstate__ in _refusals() else NotImplemented


def _reduce_environment(environment: Any) -> Any:
    """Reduce the names that a formula looks up."""
    words = _words()

    def named(names: Any) -> Any:
        if type(names) is not dict or words.keys().isdisjoint(map(id, names.values())):
            return names
        return {name: _Word(words[id(value)]) if id(value) in words else value for name, value in names.items()}

    state = vars(environment)
    return NEW_OBJECT, (type(environment),), {**state, "_namespaces": list(map(named, state["_namespaces"]))}


def _reduce_matrix(matrix: Any) -> Any:
    return reduce_subclassed(matrix, plain(matrix))


def _refusals() -> tuple[Any, ...]:
    """Return the functions that say no."""
    return sys.modules["patsy.util"].no_pickling, sys.modules["patsy.origin"].Origin.__getstate__


@functools.cache
def _words() -> dict[int, str]:
    known = vars(sys.modules["patsy.builtins"])
    return {id(known[name]): name for name in known["__all__"] if isinstance(known[name], types.FunctionType)}


def register(registry: Registry) -> None:
    """Register what refuses to be pickled; the memory of a matrix may be shared, as that of any array."""
    registry.register(sys.modules["patsy.design_info"].DesignMatrix, _reduce_matrix)
    registry.register(sys.modules["patsy.eval"].EvalEnvironment, _reduce_environment)
    refusals = _refusals()
    modules = [module for name, module in sys.modules.items() if name.startswith("patsy.")]
    for value in [one for module in modules for one in vars(module).values()]:
        if isinstance(value, type) and value.__dict__.get("__getstate__") in refusals:
            registry.register_line(value, _reduce)


mark(__name__)
