"""Functions that payloads call to make enumerations again; part of the on-disk format, as :mod:`.rebuild`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ensession.serial.rebuild import mark, no_subclass_hook, set_class_state


def full_enum_class(
    meta: Any,
    name: str,
    bases: tuple[type, ...],
    members: Sequence[tuple[str, Any, tuple[Any, ...]]],
    first: Mapping[str, Any],
) -> type:
    """Make an enumeration whose members are more than names and values, without running what the session defines.

    The rest follows with :func:`set_enum_state`.
    """
    namespace = meta.__prepare__(name, bases)
    for key, value in first.items():
        namespace[key] = value
    waiting = iter(members)

    def make(cls: Any, *words: Any) -> Any:
        _, value, arguments = next(waiting)
        made = cls._member_type_.__new__(cls, *arguments)
        made._value_ = value
        return made

    namespace["__new__"] = make
    namespace["__init__"] = lambda *_: None
    for position, one in enumerate(members):
        namespace[one[0]] = position  # what becomes of it is for make to say
    maker: Any = next(one for one in meta.__mro__ if one.__module__ != "__main__")
    with no_subclass_hook(bases):
        made: type = maker.__new__(meta, sys.intern(name), bases, namespace)
    for helper in {"__init__", "__new_member__"} & vars(made).keys():
        type.__delattr__(made, helper)
    return made


def set_enum_state(target: Any, state: tuple[Any, ...]) -> None:
    """Give an enumeration its attributes, and its members theirs.

    Parameters
    ----------
    target : type
    state : tuple
        Attributes of the class; those of the named members, by name; and, where a flag has such, its nameless members
        with attributes of their own: value, arguments that make it as an instance of the mixed-in type, attributes.
    """
    own, of_members, *rest = state
    set_class_state(target, own)
    for name, attributes in of_members.items():
        _fill(target._member_map_[name], attributes)
    for value, arguments, attributes in (one for nameless in rest for one in nameless):
        if value not in target._value2member_map_:
            target._value2member_map_[value] = target._member_type_.__new__(target, *arguments)
        _fill(target._value2member_map_[value], attributes)


def _fill(member: Any, attributes: Mapping[str, Any]) -> None:
    found = vars(member)
    found.clear()
    found.update(attributes)


def member(cls: Any, name: str) -> Any:
    """Return a member of an enumeration by its name."""
    return cls._member_map_[name]


mark(__name__)
