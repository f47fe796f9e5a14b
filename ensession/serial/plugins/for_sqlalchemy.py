"""SQLAlchemy: its dictionaries that can't change are common to all engines, tables and mapped classes."""

from __future__ import annotations

import sys

from ensession.serial.registry import Registry


def register(registry: Registry) -> None:
    """Register SQLAlchemy's types."""
    registry.register_immutable(sys.modules["sqlalchemy.util"].immutabledict)
