"""Methods that the standard library wrote for a class: they have no source, but can be written again.

They are where their bytecode is of another Python. What else of such classes differs between Pythons is here too.
"""

from __future__ import annotations

import collections
import dataclasses
import types
from typing import Any

from ensession.serial import rebuild

DATACLASS_PARAMETERS = type(vars(dataclasses.make_dataclass("_", ()))["__dataclass_params__"])


def reduce_parameters(_reducers: object, value: Any) -> Any:
    """Reduce what a dataclass was made with, by name: each Python has other slots there."""
    return rebuild.dataclass_parameters, ({name: getattr(value, name) for name in value.__slots__},)


def is_set_anew(name: str, value: object) -> bool:
    """Whether a class attribute is given to the class when it is loaded: ``__replace__``, new in Python 3.13."""
    return name == "__replace__" and value is not None and value is rebuild.DATACLASS_REPLACE


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
    cells = tuple(types.CellType(cls) if cell_contents(cell) is model else cell for cell in function.__closure__ or ())
    made = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, cells or None
    )
    made.__kwdefaults__ = function.__kwdefaults__
    made.__annotations__ = function.__annotations__
    made.__doc__ = function.__doc__
    made.__dict__.update(function.__dict__)
    return made


def cell_contents(cell: types.CellType) -> Any:
    """Return what a closure cell holds; None where it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


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
