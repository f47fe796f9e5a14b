"""NumPy: there is one masked constant, and programs ask for it by identity (``x is np.ma.masked``)."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from typing import Any

from ensession.serial.arrays import memory_root
from ensession.serial.registry import Registry

_NAME = "masked"


def _constant() -> Any:
    return getattr(sys.modules["numpy.ma.core"], _NAME)


def _reduce(constant: Any) -> Any:
    return _NAME if constant is _constant() else NotImplemented


@functools.cache
def _constants() -> Mapping[int, Any]:
    """Return the constant, and what it is made of: nothing of that can be written."""
    constant = _constant()
    own = (constant, constant._mask)
    parts = (vars(constant), *(one for one in vars(constant).values() if isinstance(one, dict)))
    return {id(one): one for one in (*own, *map(memory_root, own), *parts)}


def register(registry: Registry) -> None:
    """Register the type of the masked constant."""
    registry.register(type(_constant()), _reduce)
    registry.register_constants(_constants)
