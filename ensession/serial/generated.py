"""Methods that the standard library wrote for a class: they have no source, but can be written again.

Used where their bytecode is of another Python.
"""

from __future__ import annotations

import collections
import dataclasses
import types
from typing import Any


def generated_methods(cls: type) -> dict[str, types.FunctionType]:
    """Return what ``dataclass`` or ``namedtuple`` generates for a class with these fields and parameters.

    The class's own attributes have to be set already, as far as they have a source.
    """
    if "__dataclass_fields__" in vars(cls):
        model = _like_dataclass(cls)
    elif isinstance(vars(cls).get("_fields"), tuple) and issubclass(cls, tuple):
        model = _like_namedtuple(cls)
    else:
        return {}
    plain = {name: getattr(value, "__func__", value) for name, value in vars(model).items()}
    return {name: _of(cls, model, value) for name, value in plain.items() if isinstance(value, types.FunctionType)}


def _of(cls: type, model: type, function: types.FunctionType) -> types.FunctionType:
    """Make a method of the model one of the class itself: a frozen one's ``__setattr__`` knows its class."""
    cells = tuple(types.CellType(cls) if _holds(cell, model) else cell for cell in function.__closure__ or ())
    made = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, cells or None
    )
    made.__kwdefaults__ = function.__kwdefaults__
    made.__annotations__ = function.__annotations__
    made.__doc__ = function.__doc__
    made.__dict__.update(function.__dict__)
    return made


def _holds(cell: types.CellType, value: object) -> bool:
    try:
        return cell.cell_contents is value
    except ValueError:  # empty
        return False


def _like_dataclass(cls: type) -> type:
    """Make a class with the same fields: what is generated depends on nothing else."""
    parameters: Any = vars(cls)["__dataclass_params__"]
    words = {name: getattr(parameters, name) for name in ("init", "repr", "eq", "order", "unsafe_hash", "frozen")}
    fields: dict[str, dataclasses.Field[Any]] = vars(cls)["__dataclass_fields__"]
    namespace: dict[str, Any] = {"__annotations__": {one.name: one.type for one in fields.values()}}
    namespace |= {one.name: _again(one) for one in fields.values()}
    if hasattr(cls, "__post_init__"):
        namespace["__post_init__"] = cls.__post_init__
    made = type(cls.__name__, (), namespace)
    made.__module__ = cls.__module__  # textual annotations are looked up there
    return dataclasses.dataclass(**words)(made)


def _again(one: dataclasses.Field[Any]) -> Any:
    names = ("default", "default_factory", "init", "repr", "hash", "compare", "metadata", "kw_only")
    return dataclasses.field(**{name: getattr(one, name) for name in names})


def _like_namedtuple(cls: Any) -> type:
    defaults = cls._field_defaults
    return collections.namedtuple(
        cls.__name__, cls._fields, defaults=[defaults[name] for name in cls._fields if name in defaults]
    )
