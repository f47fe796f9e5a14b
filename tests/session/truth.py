"""The truth about a namespace: values and identities, in a form that outlives both.

Written without a line of the package: it walks live objects and never pickles.
"""

from __future__ import annotations

import collections
import enum
import functools
import random
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

Form = tuple[Any, ...]
_ATOMS = (str, bytes, int, float, complex, bool, type(None), type(...), type(NotImplemented), range)
_NO_STATE = frozenset({"__dict__", "__weakref__", "__slotnames__", "_abc_impl", "__firstlineno__"})
_BY_REPR = frozenset({"datetime", "decimal", "fractions", "uuid", "re", "pathlib"})


def truth(values: Mapping[str, Any], namespace: dict[str, Any]) -> Form:
    """Return the form of some named values: equal for equal values with equal identities and shared memory.

    Parameters
    ----------
    values : Mapping[str, object]
    namespace : dict
        The live one: its own place as the globals of functions is part of the form.
    """
    walk = _Walk(namespace)
    roots = tuple((name, walk.refer(value)) for name, value in sorted(values.items()))
    walk.finish()
    return roots, tuple(walk.records), walk.memory()


def random_truth() -> Form:
    """Return the state of the two global generators."""
    state = sys.modules["numpy"].random.get_state()
    return random.getstate(), (state[0], state[1].tobytes(), *state[2:])


class _Walk:
    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._numbers: dict[int, int] = {}
        self._objects: list[Any] = []
        self._arrays: list[tuple[int, Any]] = []
        self.records: list[Form] = []

    def refer(self, value: Any) -> Any:  # noqa: PLR0911  (one kind, one line)
        """Return an immutable value's form, or the number of an object that has a record."""
        kind = type(value)
        if value is self._namespace:
            return ("namespace",)
        if kind in _ATOMS:
            return (kind.__name__, repr(value))
        if kind is tuple or kind is slice:
            parts = value if kind is tuple else (value.start, value.stop, value.step)
            return (kind.__name__, *map(self.refer, parts))
        if kind is frozenset:
            return ("frozenset", *sorted(map(self.refer, sorted(value, key=_kind_and_name)), key=repr))
        if _is_plain(kind):
            return (kind.__name__, repr(value))
        if isinstance(value, types.CodeType):
            return self._code(value)
        if isinstance(value, types.ModuleType):
            return ("module", "live" if vars(value) is self._namespace else value.__name__)
        if isinstance(value, enum.Enum) and (name := _name_of(value)) is not None:
            return ("member", self.refer(kind), name)
        if isinstance(value, type) and value.__module__ != "__main__":
            return ("class", value.__module__, value.__qualname__)
        if isinstance(value, types.BuiltinFunctionType | types.MethodType):
            function = getattr(value, "__func__", None) or value.__qualname__
            return ("method", self.refer(function), self.refer(value.__self__))
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return ("#", self._numbers[id(value)])

    def finish(self) -> None:
        """Write a record for each object that was referred to, breadth first."""
        while len(self.records) < len(self._objects):
            number = len(self.records)
            self.records.append(())
            self.records[number] = self._record(number, self._objects[number])

    def memory(self) -> Form:
        """Return which arrays share memory, and where in it each lies."""
        owners: dict[int, list[tuple[int, Any]]] = {}
        for number, array in self._arrays:
            root = array
            while getattr(root, "base", None) is not None or type(root) is memoryview:
                root = root.obj if type(root) is memoryview else root.base
            owners.setdefault(id(root), []).append((number, array))
        groups = []
        for users in owners.values():
            if len(users) > 1:
                starts = [array.__array_interface__["data"][0] for _, array in users]
                groups.append(
                    tuple(
                        (number, start - min(starts), array.strides if array.size > 1 else ())
                        for (number, array), start in zip(users, starts, strict=True)
                    )
                )
        return tuple(sorted(groups))

    def _record(self, number: int, value: Any) -> Form:  # noqa: PLR0911
        kind = type(value)
        head: Form = (kind.__qualname__, self.refer(kind) if kind.__module__ == "__main__" else kind.__module__)
        if isinstance(value, type):
            return (*head, *self._class(value))
        if isinstance(value, types.FunctionType):
            return (*head, *self._function(value))
        if isinstance(value, np.ndarray | np.void):
            return (*head, *self._array(number, np.asarray(value).view(np.ndarray)), *self._state(value))
        if kind.__module__.startswith("pandas"):
            return (*head, value.to_csv(), str(value.index))
        if kind.__name__.endswith("iterator"):  # pickle turns those of sets and dicts into one over a list
            return ("iterator",)
        special = _SPECIAL.get(kind)
        if special is not None:
            return (*head, *map(self.refer, special(value)))
        return (*head, *self._contents(value), *self._state(value))

    def _contents(self, value: Any) -> Iterable[Any]:
        if isinstance(value, dict):
            return [("items", *((self.refer(k), self.refer(v)) for k, v in dict.items(value)))]
        if isinstance(value, set | frozenset):
            return [("members", *sorted(map(self.refer, sorted(value, key=_kind_and_name)), key=repr))]
        if isinstance(value, list | tuple | collections.deque):
            return [("items", *map(self.refer, type(value).__mro__[-2].__iter__(value)))]
        if isinstance(value, _ATOMS):
            return [("value", repr(value))]
        return []

    def _state(self, value: Any) -> Iterable[Any]:
        """Attributes of an instance; of a foreign object without any, only its type counts."""
        attributes = dict(getattr(value, "__dict__", {})) if not isinstance(value, functools.partial) else {}
        for cls in type(value).__mro__:
            slots = cls.__dict__.get("__slots__", ())
            for name in [slots] if isinstance(slots, str) else slots:
                member = cls.__dict__.get(name)
                if isinstance(member, types.MemberDescriptorType):
                    try:
                        attributes[f"slot {name}"] = member.__get__(value)
                    except AttributeError:
                        continue
        return [("attributes", *((name, self.refer(one)) for name, one in attributes.items()))]

    def _class(self, cls: type) -> Iterable[Any]:
        items = [
            (name, self.refer(value))
            for name, value in sorted(cls.__dict__.items())
            if name not in _NO_STATE and not isinstance(value, types.MemberDescriptorType)
        ]
        members = cls._member_map_.items() if isinstance(cls, enum.EnumType) else ()
        return [cls.__name__, tuple(map(self.refer, cls.__bases__)), *items, *(self._member(*one) for one in members)]

    def _member(self, name: str, member: Any) -> Form:
        """Return what a member of an enumeration is besides its class and name."""
        if not isinstance(member, enum.Enum):  # its __class__ was set: an object like others
            return (name, self.refer(member))
        kind: Any = type(member)._member_type_
        value = kind.__repr__(member) if kind in _ATOMS or kind is tuple else ""
        return (name, value, *((key, self.refer(one)) for key, one in vars(member).items() if key != "__objclass__"))

    def _function(self, value: types.FunctionType) -> Iterable[Any]:
        scope = value.__globals__
        return [
            "live" if scope is self._namespace else "foreign",
            value.__qualname__,
            value.__module__,
            self._code(value.__code__),
            *map(self.refer, (value.__closure__, value.__defaults__, value.__kwdefaults__)),
            *map(self.refer, (value.__dict__, value.__annotations__, value.__doc__)),
        ]

    def _code(self, code: types.CodeType) -> Form:
        names = (code.co_name, code.co_qualname, code.co_names, code.co_varnames, code.co_freevars, code.co_flags)
        return ("code", code.co_code, code.co_firstlineno, *names, *map(self.refer, code.co_consts))

    def _array(self, number: int, value: Any) -> Iterable[Any]:
        if value.nbytes and not value.dtype.hasobject:
            self._arrays.append((number, value))
        inside = tuple(map(self.refer, value.ravel().tolist())) if value.dtype.hasobject else value.tobytes()
        is_turned = value.flags.f_contiguous and not value.flags.c_contiguous and not value.dtype.hasobject
        return [str(value.dtype), value.shape, inside, value.flags.writeable, is_turned]


def _is_plain(kind: type) -> bool:
    """Whether objects of a type are told by what they are alone: they can't change, and nobody asks which is which."""
    is_number = issubclass(kind, np.generic) and not issubclass(kind, np.void)
    return is_number or kind.__module__ in _BY_REPR or kind.__module__.startswith("pathlib")


def _name_of(member: enum.Enum) -> str | None:
    """Return the name of a member that its class knows, or of flags together; its attributes may be gone."""
    known = next((name for name, one in type(member)._member_map_.items() if one is member), None)
    return repr(vars(member).get("_value_")) if known is None and isinstance(member, enum.Flag) else known


def _kind_and_name(member: Any) -> tuple[str, str]:
    """Return what to visit the members of a set by: their own order comes from addresses, and visits from it."""
    return type(member).__qualname__, member.__qualname__ if isinstance(member, type | types.FunctionType) else ""


def _cell(cell: types.CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


_SPECIAL: dict[type, Callable[[Any], Iterable[Any]]] = {
    types.CellType: _cell,
    property: lambda value: (value.fget, value.fset, value.fdel),
    staticmethod: lambda value: (value.__func__,),
    classmethod: lambda value: (value.__func__,),
    types.MappingProxyType: lambda value: (dict(value),),
    functools.partial: lambda value: (value.func, value.args, value.keywords),
    functools.partialmethod: lambda value: (value.func, value.args, value.keywords),
    functools.cached_property: lambda value: (value.func, value.attrname),
}
