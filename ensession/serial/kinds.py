"""Which types of objects can change, what objects are made of, and how to tell them apart quickly."""

from __future__ import annotations

import enum
import functools
import sys
import types
from collections.abc import Iterable, Sequence
from typing import Any

from ensession.serial.scope import IMMUTABLE

_PARTS = (list, dict, set)
_HASHED_BY_VALUE = frozenset({int, bool, float, complex})

CACHED_FUNCTION = type(functools.lru_cache(len))
_DEFINED = (type, types.FunctionType, CACHED_FUNCTION)
"""A library's own are found again by their names."""

key_of = object.__hash__
"""A number for each living object, for any type's. :func:`id` would be one, but tells every audit hook each time."""
_ROTATION = 4
"""By how many bits CPython turns an address to make a hash of it: most end in as many zeros."""
_SAMPLE = object()
_IS_ROTATED = key_of(_SAMPLE) << _ROTATION == id(_SAMPLE)


def identities(objects: Sequence[object]) -> list[int]:
    """Return what :func:`id` says of each, at a fifth of the time where somebody listens to that."""
    keys = list(map(key_of, objects))
    if _IS_ROTATED and min(keys, default=0) >= 0:
        return [key << _ROTATION for key in keys]
    return list(map(id, objects))


def is_of(value: object, kinds: type | types.UnionType | tuple[type, ...]) -> bool:
    """Whether a value's type is one of these, whatever the value says of itself: its ``__class__`` may run any code."""
    return issubclass(type(value), kinds)


def is_mutable(kind: type) -> bool | None:
    """Whether objects of a type can change; None where it depends on the object."""
    if issubclass(kind, IMMUTABLE):
        return _may_have_attributes(kind)
    if issubclass(kind, _DEFINED) or kind.__name__ == "cython_function_or_method":
        return None
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and issubclass(kind, (numpy.dtype, numpy.generic, numpy.ufunc)):
        return issubclass(kind, numpy.void)  # an item of a structured array lies in the array's memory
    return pandas is None or not issubclass(kind, _pandas_scalars(pandas))


def _may_have_attributes(kind: type) -> bool:
    """Whether a type of numbers, texts or tuples is one of the session whose objects can be given attributes.

    Those of libraries (pandas' timestamps) are made and kept as what can't change.
    """
    return kind.__module__ == "__main__" and kind.__dictoffset__ != 0 and not issubclass(kind, enum.Enum)


_FORGETFUL = {
    *((module, name) for module in ("pathlib", "pathlib._local") for name in ("PurePath",)),
    *(("collections", name) for name in ("Counter", "defaultdict")),
    *(("datetime", name) for name in ("date", "time", "timedelta")),
    *(("decimal", "Decimal"), ("fractions", "Fraction"), ("random", "Random")),
}


def is_forgetful(kind: type) -> bool:
    """Whether the reduction of a type is one of Python's own that leaves attributes out, and objects may have some."""
    if kind.__dictoffset__ == 0:
        return False
    base = next((one for one in kind.__mro__ if (one.__module__, one.__name__) in _FORGETFUL), None)
    own: Any = kind
    return base is not None and own.__reduce__ is base.__reduce__ and own.__reduce_ex__ is base.__reduce_ex__


def are_labels(value: Any) -> bool:
    """Whether a value is a pandas index, which frames share as if it could not change."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and is_of(value, pandas.Index)


def _pandas_scalars(pandas: Any) -> tuple[type, ...]:
    """Return pandas' types whose values can't change; some of them are one object for all that use it."""
    scalars = (pandas.Period, pandas.Interval, pandas.offsets.BaseOffset, type(pandas.NA), type(pandas.NaT))
    return (pandas.api.extensions.ExtensionDtype, *scalars)


def plain_parts(obj: Any) -> list[Any]:
    """Return the attributes of an object, and the lists, dictionaries and sets among them."""
    held = getattr(obj, "__dict__", {})
    kind: Any = type(obj)
    in_slots = [getattr(obj, name, None) for name in _slots(kind)]
    return [part for part in (held, *held.values(), *in_slots) if issubclass(type(part), _PARTS)]


@functools.cache
def _slots(kind: type) -> tuple[str, ...]:
    """Return the names of a type's attributes that are in no dictionary."""
    names = [(name, one) for base in kind.__mro__ for name, one in vars(base).items()]
    return tuple(name for name, one in names if type(one) is types.MemberDescriptorType)


def members_of(members: Any) -> Iterable[Any]:
    """Iterate over a set past what a subclass makes of iteration."""
    return set.__iter__(members) if isinstance(members, set) else frozenset.__iter__(members)


def is_unordered(members: Any) -> bool:
    """Whether the order of a set may differ from process to process."""
    return len(members) > 1 and not all(type(member) in _HASHED_BY_VALUE for member in members_of(members))
