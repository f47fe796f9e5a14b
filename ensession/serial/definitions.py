"""Reducing what a session defines: functions, classes, code, closure cells, and modules by name.

A session function is stored by value with the *live* namespace as its globals, not a copy of some of it. A class
or function that a session name is bound to is stored once, with that name; others refer to it.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import gc
import linecache
import sys
import types
import typing
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from ensession.errors import UnserializableError
from ensession.serial import abstract, generated, machinery, members, optional, rebuild

if TYPE_CHECKING:
    from ensession.serial.reducers import Reducers

SESSION_MODULE = "__main__"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_NO_STATE = frozenset(
    {"__dict__", "__weakref__", "__slotnames__", "__module__", "__qualname__", "__slots__", "__doc__", "_abc_impl"}
)
_HEAP_TYPE = 1 << 9
"""Flag of classes that were made at run time (Py_TPFLAGS_HEAPTYPE)."""
_FIRST = ("__module__", "__slots__", "__doc__", "__orig_bases__")


def is_importable(obj: Any) -> bool:
    """Whether a class or function is found again by importing its module (the session's own is none)."""
    name = getattr(obj, "__qualname__", None)
    module_name = getattr(obj, "__module__", None)
    if module_name is None or name is None:
        return False
    if module_name == SESSION_MODULE or "<" in name:
        return False
    found: Any = sys.modules.get(module_name)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is obj


def reduce_function(reducers: Reducers, function: types.FunctionType) -> Any:
    """Reduce a function: by import, by reference to the session name that holds it, or by value."""
    if is_importable(function):
        reducers.packages.add(function.__module__.partition(".")[0])
        return NotImplemented
    reference = reducers.reference(function)
    if reference is not None:
        return reference
    reducers.note_code(function)
    scope, cells = _scope(reducers, function), function.__closure__
    if cells is not None:
        reducers.open_cells.update(id(cell) for cell in cells)
    state = {
        "cells": _new_contents(reducers, cells or ()),
        "defaults": function.__defaults__,
        "kwdefaults": function.__kwdefaults__,
        "module": function.__module__,
        "qualname": sys.intern(function.__qualname__),
        "doc": function.__doc__,
        "annotations": function.__annotations__,
        "attributes": function.__dict__,
    }
    arguments = (function.__code__, scope, sys.intern(function.__name__), cells)
    return rebuild.function, arguments, state, None, None, rebuild.set_function_state


def _scope(reducers: Reducers, function: types.FunctionType) -> Any:
    scope = function.__globals__
    if scope is reducers.namespace or scope is vars(sys.modules[SESSION_MODULE]):
        return None
    owner = sys.modules.get(scope.get("__name__", ""))
    if owner is not None and vars(owner) is scope:
        return owner.__name__
    if scope.get("__name__") == SESSION_MODULE:  # a copy of the namespace, as attrs makes: what the code can see of it
        return {name: scope[name] for name in sorted(_names_in(function.__code__)) if name in scope}
    return scope


def _names_in(code: types.CodeType) -> set[str]:
    inner = (_names_in(one) for one in code.co_consts if isinstance(one, types.CodeType))
    return set(code.co_names).union(*inner)


def _new_contents(reducers: Reducers, cells: tuple[types.CellType, ...]) -> list[tuple[types.CellType, Any]]:
    """Contents of the cells that no function of this payload has brought yet.

    They travel in the function's state, not in its arguments: a closure often holds the function itself.
    """
    contents = []
    for cell in cells:
        if id(cell) not in reducers.filled_cells:
            reducers.filled_cells.add(id(cell))
            try:
                contents.append((cell, cell.cell_contents))
            except ValueError:  # an empty cell stays empty
                continue
    return contents


def reduce_cell(reducers: Reducers, cell: types.CellType) -> Any:
    """Reduce a closure cell; one that a function brings gets its contents with the function's state."""
    if id(cell) in reducers.open_cells:
        return rebuild.empty_cell, ()
    reducers.filled_cells.add(id(cell))
    try:
        contents: tuple[Any, ...] = (cell.cell_contents,)
    except ValueError:
        contents = ()
    return rebuild.empty_cell, (), contents, None, None, rebuild.set_cell


def reduce_code(reducers: Reducers, code: types.CodeType) -> Any:
    """Reduce a code object field by field (``marshal`` is not deterministic), with its cell's source."""
    filename, source = reducers.source_of(code)
    return rebuild.code, (
        PYTHON,
        filename,
        source,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_nlocals,
        code.co_stacksize,
        code.co_flags,
        code.co_code,
        _alike(reducers, code.co_consts),
        _alike(reducers, code.co_names),
        _alike(reducers, code.co_varnames),
        sys.intern(code.co_name),  # as they come back: getter and setter of a property have equal names
        sys.intern(code.co_qualname),
        code.co_firstlineno,
        code.co_linetable,
        code.co_exceptiontable,
        _alike(reducers, code.co_freevars),
        _alike(reducers, code.co_cellvars),
    )


def _alike(reducers: Reducers, constant: Any) -> Any:
    """Return the first equal constant of this payload.

    The compiler shares constants among the functions of a cell, a load among those of a payload: which are one object
    says nothing about the session.
    """
    kind = type(constant)
    if kind is tuple:
        constant = tuple([_alike(reducers, part) for part in constant])
        key: tuple[Any, ...] = (kind, tuple(map(id, constant)))
    elif kind is str or kind is bytes:
        key = (kind, constant)
    else:
        return constant
    return reducers.constants.setdefault(key, constant)


def cell_source(filename: str) -> tuple[str, str | None]:
    """Return a name for a cell's code that is the same in every process, and the cell's text.

    Kernels name cells after their process and a counter; the name here is derived from the text. A text that has a
    time of change was read from a file, unless IPython 7 wrote it there, which keeps a list of those.
    """
    entry = linecache.cache.get(filename)
    if entry is None or len(entry) < 4:  # noqa: PLR2004  (a lazy entry is shorter)
        return filename, None
    if entry[1] is not None and filename not in getattr(linecache, "_ipython_cache", ()):
        return filename, None
    return named("".join(entry[2]))


def named(source: str) -> tuple[str, str]:
    """Return the name of a cell's code, which follows from its text, and the text."""
    return f"<ens {blake3(source.encode(errors='surrogatepass')).hexdigest()[:16]}>", source


def reduce_class(reducers: Reducers, cls: type) -> Any:
    """Reduce a class: by import, by reference to the session name that holds it, or by value."""
    if is_importable(cls) or cls in _NAMELESS:
        return NotImplemented
    if not cls.__flags__ & _HEAP_TYPE:
        return _reduce_static_class(cls)
    reference = reducers.reference(cls)
    if reference is not None:
        return reference
    package = _offering_package(cls)
    if package is not None:
        reducers.by_reference.add(id(cls))
        return rebuild.offered, (package, sys.intern(cls.__name__))
    first = {key: cls.__dict__[key] for key in _FIRST if key in cls.__dict__}
    first["__qualname__"] = sys.intern(cls.__qualname__)  # no part of the class's dict
    if isinstance(cls, enum.EnumType):
        return members.reduce_enumeration(cls, first, _enum_state(cls))
    arguments_ = (type(cls), cls.__name__, cls.__bases__, first)
    return rebuild.class_skeleton, arguments_, _class_state(cls), None, None, rebuild.set_class_state


def _offering_package(cls: type) -> str | None:
    """Return the package that offers a class made at run time under its name, though the class's module does not."""
    name = str(cls.__module__).rpartition(".")[0]  # None is possible, too
    while name:
        package = sys.modules.get(name)
        if isinstance(package, types.ModuleType) and vars(package).get(cls.__name__) is cls:
            return sys.intern(name)
        name = name.rpartition(".")[0]
    return None


def _reduce_static_class(cls: type) -> Any:
    """Reduce a class written in C that its module does not name, such as the one of functions."""
    for name, value in vars(types).items():
        if value is cls:
            return getattr, (types, name)
    msg = f"class {cls.__module__}.{cls.__qualname__} can't be imported"
    raise UnserializableError(msg)


def _class_state(cls: type) -> dict[str, Any]:
    slots = cls.__dict__.get("__slots__", ())
    members = {slots} if isinstance(slots, str) else set(slots)
    state = {}
    for name, value in cls.__dict__.items():
        is_slot = name in members and isinstance(value, types.MemberDescriptorType)
        if name in _NO_STATE or is_slot or generated.is_set_anew(name, value):
            continue
        # A set's order in disguise: it differs from process to process.
        state[name] = tuple(sorted(value)) if name == "__static_attributes__" else value
    return abstract.with_registered(cls, state)


def _enum_state(cls: enum.EnumType) -> dict[str, Any]:
    made_by_enum = {name for name in vars(enum.EnumType("_", (enum.Enum,), enum._EnumDict()))}
    return {
        name: value
        for name, value in _class_state(cls).items()
        if name not in made_by_enum and name not in cls.__members__ and not name.startswith("_value_repr_")
    }


def reduce_property(_reducers: Reducers, value: property) -> Any:
    """Reduce a property by its functions."""
    return property, (value.fget, value.fset, value.fdel, value.__doc__)


def reduce_wrapped(_reducers: Reducers, value: Any) -> Any:
    """Reduce a ``staticmethod`` or ``classmethod``."""
    return type(value), (value.__func__,)


def reduce_descriptor(_reducers: Reducers, value: Any) -> Any:
    """Reduce a descriptor that a class made for a slot."""
    return getattr, (value.__objclass__, value.__name__)


def reduce_mapping_proxy(reducers: Reducers, value: types.MappingProxyType[Any, Any]) -> Any:
    """Reduce a read-only view of a mapping; the mapping behind it is one that others may change."""
    if value is vars(dataclasses).get("_EMPTY_METADATA"):  # all fields share it
        return reduce_mark(reducers, value)
    behind = gc.get_referents(value)[0]
    return rebuild.mapping_proxy, (behind if type(behind) is not dict or not _is_of_a_class(value) else dict(value),)


def _is_of_a_class(value: types.MappingProxyType[Any, Any]) -> bool:
    """Whether this is the ``__dict__`` of a class: nobody else can change that dict."""
    return "__module__" in value and "__doc__" in value


def reduce_mark(reducers: Reducers, value: Any) -> Any:
    """Reduce a mark that :mod:`dataclasses` compares by identity."""
    name = next((name for name, one in vars(dataclasses).items() if one is value), None)
    reducers.by_reference.add(id(value))
    return NotImplemented if name is None else (getattr, (dataclasses, name))


def reduce_method(_reducers: Reducers, value: types.MethodType) -> Any:
    """Reduce a bound method by its function: plain pickle stores the function's name, and hopes.

    Methods of classes are looked up by name: what a ``classmethod`` wraps has no other place.
    """
    function, owner = value.__func__, value.__self__
    if isinstance(owner, type):
        found = next((vars(c)[function.__name__] for c in owner.__mro__ if function.__name__ in vars(c)), None)
        if isinstance(found, classmethod) and found.__func__ is function:
            return NotImplemented
    return rebuild.method, (function, owner)


def reduce_cached_property(_reducers: Reducers, value: Any) -> Any:
    """Reduce a cached property without its lock."""
    state = {name: one for name, one in vars(value).items() if name != "lock"}
    return functools.cached_property, (value.func,), state


def reduce_cached(_reducers: Reducers, value: Any) -> Any:
    """Reduce what ``functools.lru_cache`` made; it comes back with an empty cache."""
    if is_importable(value):
        return NotImplemented
    words = value.cache_parameters()
    return rebuild.cached, (value.__wrapped__, words["maxsize"], words["typed"]), value.__dict__


def reduce_type_variable(_reducers: Reducers, value: Any) -> Any:
    """Reduce a type variable or new type of the session (plain pickle finds it by name, in a module only)."""
    if value.__module__ != SESSION_MODULE:
        return NotImplemented
    kind = type(value)
    if kind is typing.NewType:
        return rebuild.type_variable, (kind, value.__name__, (value.__supertype__,), {})
    if kind is typing.TypeVarTuple:
        return rebuild.type_variable, (kind, value.__name__, (), {})
    words = {key: getattr(value, f"__{key}__") for key in ("bound", "covariant", "contravariant")}
    return rebuild.type_variable, (kind, value.__name__, getattr(value, "__constraints__", ()), words)


_MARKS = {type(one) for one in vars(dataclasses).values() if type(one).__module__ == "dataclasses"}
_NAMELESS: frozenset[type] = frozenset({type(None), type(NotImplemented), type(Ellipsis)})

REDUCERS: dict[type, Any] = {
    **machinery.REDUCERS,
    types.FunctionType: reduce_function,
    types.CodeType: reduce_code,
    types.CellType: reduce_cell,
    types.MappingProxyType: reduce_mapping_proxy,
    types.MemberDescriptorType: reduce_descriptor,
    types.GetSetDescriptorType: reduce_descriptor,
    type: reduce_class,
    optional.IfStorable: optional.reduce_if_storable,
    property: reduce_property,
    staticmethod: reduce_wrapped,
    classmethod: reduce_wrapped,
    type(functools.lru_cache(len)): reduce_cached,
    functools.cached_property: reduce_cached_property,
    types.MethodType: reduce_method,
    typing.NewType: reduce_type_variable,
    typing.TypeVar: reduce_type_variable,
    typing.ParamSpec: reduce_type_variable,
    typing.TypeVarTuple: reduce_type_variable,
    **dict.fromkeys(_MARKS, reduce_mark),
    generated.DATACLASS_PARAMETERS: generated.reduce_parameters,
}
