"""Virtual subclasses: which classes an abstract one was told to take for its own (``register``)."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping
from typing import Any, cast

KEY = "_abc_registry"
"""Where the state of an abstract class has them; it is no attribute."""


def with_registered(cls: type, state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a class with its virtual subclasses, where it has any."""
    if "_abc_impl" not in cls.__dict__:
        return state
    look_inside: Any = vars(abc)["_get_dump"]
    found = [one for one in (reference() for reference in look_inside(cls)[0]) if one is not None]
    ordered = tuple(sorted(found, key=lambda one: (one.__module__, one.__qualname__)))
    return {**state, KEY: ordered} if ordered else state


def without_registered(state: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[type, ...]]:
    """Return the attributes in the state of a class, and its virtual subclasses."""
    attributes = dict(state)
    return attributes, attributes.pop(KEY, ())


def register_again(cls: type, registered: Iterable[type]) -> None:
    """Tell an abstract class of its virtual subclasses."""
    for one in registered:
        abc.ABCMeta.register(cast("abc.ABCMeta", cls), one)
