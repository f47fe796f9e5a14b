"""Bringing back the parts of Matplotlib's figures that know of others by weak references.

Payloads name these functions; their places and parameters are part of the format.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

PARENTS = "_parents"
"""Attribute of a transformation: those that are made of it, by id, weakly; what changes it makes them invalid."""
INVALID = "_invalid"
"""Attribute that says how much of what it has computed is out of date."""
_TELLS = "set_children"
"""Method of all transformations by which one becomes a parent of others."""


def set_node(node: Any, state: Mapping[str, Any]) -> None:
    """Give a transformation its attributes, and make it a parent of those among them.

    Each may be on its way itself, where they lead to each other, and have its own attributes still to come. What is
    made invalid meanwhile, by the figure as it takes its place in pyplot, would not be told to parents that come later:
    so all begin as new ones do, with everything to compute, and nothing has to be told.

    Parameters
    ----------
    node : TransformNode
    state : Mapping[str, object]
        Its attributes but for :data:`INVALID`; instead of its parents a list of those of which it is no attribute.
    """
    own = vars(node)
    parents = own.get(PARENTS, {})
    base: Any = next(kind for kind in reversed(type(node).__mro__) if _TELLS in vars(kind))
    base.__init__(node)
    own.update({**state, PARENTS: parents})
    for parent in state.get(PARENTS, ()):
        _add(parent, parents)
    for child in state.values():
        if issubclass(type(child), base):
            _add(node, vars(child).setdefault(PARENTS, {}))


def _add(parent: Any, parents: dict[int, Any]) -> None:
    key = id(parent)
    parents[key] = weakref.ref(parent, lambda _: parents.pop(key, None))


def registry(kind: type, _others: Mapping[str, int]) -> Any:
    """Make a registry of callbacks; how many callbacks there were that do not come back only tells two looks apart."""
    return kind()
