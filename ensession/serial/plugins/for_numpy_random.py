"""NumPy: the generator behind ``numpy.random.seed`` and its like is the library's own.

Objects of libraries hold it (SciPy's distributions, scikit-learn's estimators), and so do functions that a cell imports
(``from numpy.random import rand``). A copy of it would go its own way; its state is hidden state, versioned by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ensession.serial.registry import Registry

_NAME = "_rand"


def _global() -> Any:
    return getattr(sys.modules["numpy.random.mtrand"], _NAME, None)


def _reduce(generator: Any) -> Any:
    return _NAME if generator is _global() else NotImplemented


def _constants() -> Mapping[int, Any]:
    generator = _global()
    return {id(generator): generator}


def register(registry: Registry) -> None:
    """Register the type of ``numpy.random``'s global generator."""
    registry.register(sys.modules["numpy.random.mtrand"].RandomState, _reduce)
    registry.register_constants(_constants)
