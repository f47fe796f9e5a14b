"""Enumerations of the session: how their members are taken apart.

A member is more than its name and value: attributes that ``__init__`` or ``__new__`` gave it, and what it is as an
instance of a mixed-in type.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
from collections.abc import Callable, Mapping
from typing import Any

from ensession.errors import UnserializableError
from ensession.serial import enumerations, rebuild

_OF_ENUM = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_", "_inverted_"})
_FOUND_ANEW = frozenset({"_inverted_"})
"""What a member keeps once it was asked for it: that is no change."""
_VALUES = frozenset(
    {str, bytes, int, bool, complex, type(None), datetime.date, datetime.timedelta, decimal.Decimal, fractions.Fraction}
)
_PLAIN_DATA: Mapping[type, Callable[[Any], Any]] = {
    int: int.__index__,
    str: str.__str__,
    float: float.__float__,
    bytes: lambda member: bytes.__getitem__(member, slice(None)),
    tuple: lambda member: tuple.__getitem__(member, slice(None)),
}
"""What a member is as an instance of a built-in type; its own methods may say otherwise."""
_MAKERS = ("__init__", "__new_member__")
_MADE_ANEW = ("_new_member_", "_use_args_")


def canonical(cls: Any) -> dict[str, Any]:
    """Return the members of an enumeration by name, aliases left out; flags have some of several bits among them."""
    found: dict[int, tuple[str, Any]] = {}
    for name, member in cls._member_map_.items():
        found.setdefault(id(member), (name, member))
    return dict(found.values())


def composites(cls: Any) -> list[Any]:
    """Return the nameless members of a flag (``K.A | K.B``) that are more than their value, in its order."""
    if not issubclass(cls, enum.Flag):
        return []
    named = set(map(id, cls._member_map_.values()))
    nameless = [member for _, member in sorted(cls._value2member_map_.items()) if id(member) not in named]
    return [member for member in nameless if type(member) is not cls or vars(member).keys() - _OF_ENUM]


def is_plain(cls: Any) -> bool:
    """Whether names and values are all there is to the members of an enumeration."""
    if cls._member_type_ not in (object, int, str) or _makes_its_members(cls) or composites(cls):
        return False
    return all(
        type(member) is cls
        and vars(member).keys() <= _OF_ENUM
        and vars(member).get("_name_") == name
        and "_value_" in vars(member)
        and not hasattr(type(vars(member)["_value_"]), "__get__")  # as functions are, and no member made of them
        and (cls._member_type_ is object or _is_its_value(member, cls._member_type_))
        for name, member in canonical(cls).items()
    )


def _makes_its_members(cls: type) -> bool:
    """Whether code of the session would run while members are made."""
    makers = [name for one in cls.__mro__ if one.__module__ == "__main__" for name in _MAKERS if name in vars(one)]
    return bool(makers)


def _is_its_value(member: Any, kind: type) -> bool:
    value = vars(member)["_value_"]
    return type(value) is kind and bool(_PLAIN_DATA[kind](member) == value)


def plain_members(cls: Any) -> list[tuple[str, Any]]:
    """Return the names, aliases included, and values of an enumeration that has nothing else."""
    return [(name, vars(member)["_value_"]) for name, member in cls._member_map_.items()]


def full_members(cls: Any) -> list[tuple[str, Any, tuple[Any, ...]]]:
    """Return name, value, and the arguments that make the member as an instance of the mixed-in type.

    Raises
    ------
    UnserializableError
        There is no way to make such a member again.
    """
    found = []
    for name, member in cls._member_map_.items():
        if type(member) is not cls:
            raise UnserializableError(f"{cls.__qualname__}.{name} is of another class now, {type(member).__qualname__}")
        if "_value_" not in vars(member):
            raise UnserializableError(f"{cls.__qualname__}.{name} has lost its value")
        found.append((name, vars(member)["_value_"], _arguments(member, cls._member_type_)))
    return found


def _arguments(member: Any, kind: Any) -> tuple[Any, ...]:
    if kind.__new__ is object.__new__:
        return ()
    if kind in _PLAIN_DATA:
        return (_PLAIN_DATA[kind](member),)
    reduced = kind.__reduce__(member) if kind.__reduce__ is not object.__reduce__ else None
    if not isinstance(reduced, tuple):
        raise UnserializableError(f"members of {type(member).__qualname__} are each a {kind.__qualname__}")
    arguments: tuple[Any, ...] = reduced[1]
    return arguments


def attributes(cls: Any) -> dict[str, dict[str, Any]]:
    """Return all that the members of an enumeration have, by name and attribute."""
    return {name: _own(member) for name, member in canonical(cls).items()}


def _nameless_members(cls: Any) -> list[tuple[int, tuple[Any, ...], dict[str, Any]]]:
    found = []
    for member in composites(cls):
        if type(member) is not cls or "_value_" not in vars(member):
            raise UnserializableError(f"a nameless member of {cls.__qualname__} is of another class, or has no value")
        found.append((vars(member)["_value_"], _arguments(member, cls._member_type_), _own(member)))
    return found


def _own(member: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(member).items() if name not in _FOUND_ANEW}


def state_beyond(cls: Any) -> dict[str, Any]:
    """Return what a class of enumeration remembers for members yet to come, where that is not the usual."""
    found = {} if is_plain(cls) else {name: vars(cls)[name] for name in _MADE_ANEW if name in vars(cls)}
    base = next((one for one in cls.__mro__[1:] if isinstance(one, enum.EnumType)), None)
    boundary = vars(cls).get("_boundary_")
    if boundary is not None and boundary is not getattr(base, "_boundary_", None):
        found["_boundary_"] = boundary
    return found


def reduce_enumeration(cls: enum.EnumType, first: Mapping[str, Any], state: Mapping[str, Any]) -> Any:
    """Reduce an enumeration of the session.

    Parameters
    ----------
    first : Mapping[str, object]
        Attributes that have to be there at creation.
    state : Mapping[str, object]
        Those that follow; what it remembers of its members aside.
    """
    head, own = (type(cls), cls.__name__, cls.__bases__), {**state, **state_beyond(cls)}
    if is_plain(cls):
        return rebuild.enum_class, (*head, plain_members(cls), first), own, None, None, rebuild.set_class_state
    arguments = (*head, full_members(cls), first)
    nameless = _nameless_members(cls)
    full = (own, attributes(cls), nameless) if nameless else (own, attributes(cls))
    return enumerations.full_enum_class, arguments, full, None, None, enumerations.set_enum_state


def reduce_member(member: Any) -> Any:
    """Reduce a member: as it says itself, where its value finds it again in any process; else by its name."""
    cls = type(member)
    if "_value_" in vars(member) and _is_found_by(vars(member)["_value_"]):
        return NotImplemented
    name = next((name for name, one in cls._member_map_.items() if one is member), None)
    return NotImplemented if name is None else (enumerations.member, (cls, name))


def _is_found_by(value: Any) -> bool:
    kind = type(value)
    if kind in (tuple, list, frozenset):
        return all(map(_is_found_by, value))
    return kind in _VALUES or (kind is float and value == value)  # noqa: PLR0124  (nan is not)
