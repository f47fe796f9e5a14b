"""NetworkX: a graph's views are made when they are first asked for, and kept in its attributes; that is no change."""

from __future__ import annotations

import functools
import sys
from typing import Any

from ensession.serial.registry import Registry


def _without_views(graph: Any) -> Any:
    kinds = type(graph).__mro__
    views = {name for kind in kinds for name, one in vars(kind).items() if isinstance(one, functools.cached_property)}
    return {name: one for name, one in vars(graph).items() if name not in views}


def register(registry: Registry) -> None:
    """Register NetworkX's types."""
    networkx = sys.modules["networkx"]
    for name in ("Graph", "DiGraph", "MultiGraph", "MultiDiGraph"):
        registry.register(getattr(networkx, name), None, _without_views)
