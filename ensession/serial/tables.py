"""How pandas' tables are made of arrays, as far as what they share with each other goes.

Since pandas 3 tables share memory that is copied before one of them changes it.
"""

from __future__ import annotations

import functools
import gc
import sys
from typing import Any, NamedTuple

from ensession.serial.kinds import plain_parts
from ensession.serial.registry import module_of

_ARROW = "_pa_array"
"""Where values have an array of Arrow's, which nobody changes."""


class Parts(NamedTuple):
    """What a column's values, or labels, are made of.

    Attributes
    ----------
    shared : list
        What other tables may be made of as well, without sharing a change: the values, and what holds them together.
    arrays : list of numpy.ndarray
        Those among them that have the contents.
    others : list
        Everything else that the values lead to.
    """

    shared: list[Any]
    arrays: list[Any]
    others: list[Any]


def attributes_given(table: Any) -> dict[str, Any]:
    """Return the attributes that somebody gave a table (``frame.name = "train"``): pandas' own state leaves them out.

    Nor are its accessors, which it keeps once they are used, any of them.
    """
    known, kind = getattr(table, "_metadata", None), type(table)
    if not isinstance(known, list):
        return {}
    given = (name for name in vars(table) if name[:1] != "_" and name not in known and not hasattr(kind, name))
    return {name: vars(table)[name] for name in given}


def block_types() -> tuple[type, ...]:
    """Return the type of the blocks that a table's columns lie in, where pandas is loaded."""
    internals = sys.modules.get("pandas._libs.internals")
    return () if internals is None else (internals.Block,)


def index_types() -> tuple[type, ...]:
    """Return the type of tables' labels, where pandas is loaded."""
    base = sys.modules.get("pandas.core.indexes.base")
    return () if base is None else (base.Index,)


def copies_blocks() -> bool:
    """Whether this version copies a block's memory before one of its tables changes it."""
    return _major_version(sys.modules["pandas"].__version__) >= 3  # noqa: PLR2004


def parts_of_values(values: Any) -> Parts:
    """Return what the values of a block are made of, or those of labels."""
    ndarray = sys.modules["numpy"].ndarray
    if isinstance(values, ndarray):
        return Parts([values], [values], [])
    # What pandas keeps in dictionaries of its own arrays are caches.
    caches = plain_parts(values) if module_of(type(values)).partition(".")[0] == "pandas" else []
    parts = Parts([values, *caches], [], [])
    known = {id(one) for one in (*parts.shared, getattr(values, _ARROW, None), getattr(values, "__dict__", None))}
    leads_to = [*gc.get_referents(values), *getattr(values, "__dict__", {}).values()]
    for one in leads_to:
        if id(one) in known:
            continue
        known.add(id(one))
        if isinstance(one, ndarray):
            parts.shared.append(one)
            parts.arrays.append(one)
        elif isinstance(one, sys.modules["pandas"].api.extensions.ExtensionArray):  # bounds of intervals are two
            for whole, further in zip(parts, parts_of_values(one), strict=True):
                whole.extend(further)
        else:
            parts.others.append(one)
    return parts


def parts_of_labels(labels: Any) -> Parts:
    """Return what labels are made of: nobody changes it."""
    pandas = sys.modules["pandas"]
    if isinstance(labels, pandas.MultiIndex):
        return Parts([labels._levels, labels._codes, *labels._codes], list(labels._codes), list(labels._levels))
    if isinstance(labels, pandas.RangeIndex):  # asked for its values, it makes them
        return Parts([], [], [])
    return parts_of_values(labels._data)


def manager_types() -> tuple[type, ...]:
    """Return the types of what holds a table together, where pandas is loaded."""
    managers = sys.modules.get("pandas.core.internals.managers")
    return () if managers is None else (managers.BaseBlockManager,)


def parts_of_manager(manager: Any) -> list[Any]:
    """Return the blocks and labels of what holds a table together; its other parts are caches, which tables share."""
    return [*manager.blocks, *manager.axes]


def holds_text(values: Any) -> bool:
    """Whether the objects in values of a block, or of labels, are nothing but text."""
    return isinstance(values, sys.modules["pandas"].arrays.StringArray)


@functools.cache
def _major_version(version: str) -> int:
    return int(version.partition(".")[0])
