"""Astropy: units can't change, and all quantities in one unit hold the same object."""

from __future__ import annotations

import sys

from ensession.serial.registry import Registry


def register(registry: Registry) -> None:
    """Register Astropy's types."""
    units = sys.modules.get("astropy.units")
    if units is not None:
        registry.register_immutable(units.UnitBase)
