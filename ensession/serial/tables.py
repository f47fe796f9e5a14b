"""How pandas' tables are made of arrays, as far as what they share with each other goes.

Since pandas 3 tables share memory that is copied before one of them changes it.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from ensession.serial.kinds import plain_parts

_INNER = ("_ndarray", "_data", "_mask")
"""Where pandas' own kinds of arrays have the arrays that they are made of."""


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


def parts_of_block(block: Any) -> list[Any]:
    """Return a block's values, and what those are made of."""
    values = block.values
    inner = (getattr(values, name, None) for name in _INNER)
    return [values, *(part for part in inner if part is not None)]


def parts_of_labels(labels: Any) -> list[Any]:
    """Return what labels are made of: nobody changes it, and the labels of other tables are made of the same."""
    if isinstance(labels, sys.modules["pandas"].MultiIndex):
        return [labels._levels, labels._codes, *labels._codes]
    data = getattr(labels, "_data", None)
    inner = (getattr(data, name, None) for name in _INNER)
    return [data, *(part for part in inner if part is not None), *plain_parts(data)]


def manager_types() -> tuple[type, ...]:
    """Return the types of what holds a table together, where pandas is loaded."""
    managers = sys.modules.get("pandas.core.internals.managers")
    return () if managers is None else (managers.BaseBlockManager,)


def parts_of_manager(manager: Any) -> list[Any]:
    """Return the blocks and labels of what holds a table together; its other parts are caches, which tables share."""
    return [*manager.blocks, *manager.axes]


def holds_text(block: Any) -> bool:
    """Whether a block's objects are nothing but text."""
    strings = sys.modules["pandas"].arrays.StringArray
    return isinstance(block.values, strings)


@functools.cache
def _major_version(version: str) -> int:
    return int(version.partition(".")[0])
