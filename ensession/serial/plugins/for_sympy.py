"""SymPy: expressions can't change, and equal parts of them are one object."""

from __future__ import annotations

import sys

from ensession.serial.registry import Registry


def register(registry: Registry) -> None:
    """Register SymPy's types."""
    registry.register_immutable(sys.modules["sympy"].Basic)
