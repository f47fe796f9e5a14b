"""Attributes of modules and library classes that a cell sets: nothing versions those, so it is said (invariant 7)."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import Any

from ensession.model import Effect
from ensession.serial.definitions import SESSION_MODULE, is_importable
from ensession.serial.kinds import is_of

PATCH = "patch"
"""Kind of the effect that an execution gets for such an attribute."""


def patch_effects(paths: Iterable[tuple[str, ...]], variables: Mapping[str, Any]) -> tuple[Effect, ...]:
    """Return one effect for each attribute that lies in a module or an imported class.

    Parameters
    ----------
    paths : iterable of tuple of str
        Attributes that a cell sets, from a name on.
    variables : Mapping[str, object]
    """
    found = []
    for root, *path, attribute in sorted(paths):
        owner: Any = variables.get(root)
        for part in path:
            owner = vars(owner).get(part) if is_of(owner, types.ModuleType | type) else None
        if is_of(owner, types.ModuleType) and owner.__name__ != SESSION_MODULE:
            found.append(Effect(PATCH, f"{owner.__name__}.{attribute}"))
        elif is_of(owner, type) and is_importable(owner):
            found.append(Effect(PATCH, f"{owner.__module__}.{owner.__qualname__}.{attribute}"))
    return tuple(found)


def with_changed(effects: tuple[Effect, ...], attributes: Iterable[str]) -> tuple[Effect, ...]:
    """Return these effects and one for each attribute of a module that turned out changed."""
    said = {effect.detail for effect in effects}
    return *effects, *(Effect(PATCH, path) for path in attributes if path not in said)


def patch_warning(effects: Iterable[Effect]) -> str:
    """Return what the user is told."""
    names = ", ".join(effect.detail for effect in effects)
    return (
        f"this cell changes {names}, which is part of no variable: a restore that does not run this cell leaves it as "
        "the library made it. After a restore, run the cell again."
    )
