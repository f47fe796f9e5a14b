"""Which looks belong to one co-variable: by links, by identity, by definitions that need each other. Pure."""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping, Sequence
from typing import Any

from ensession.capture.change import Tracked
from ensession.capture.covariables import cycles
from ensession.serial.links import Links
from ensession.serial.look import Look
from ensession.serial.scope import IMMUTABLE

Names = tuple[str, ...]
_NEVER_SHARED = (str, int, float, type(None), enum.Enum, types.ModuleType, types.BuiltinFunctionType)


def links_of(looks: Sequence[Look | None]) -> list[Links | None]:
    """Return through what values may be linked: only what at least two of them hold is looked at closely."""
    taken = sorted((one for one in looks if one is not None), key=Look.n_objects)
    if len(taken) < 2:  # noqa: PLR2004  (nothing to be linked with)
        return [None] * len(looks)
    *others, largest = taken
    seen: set[int] = set()
    shared: set[int] = set()
    for one in others:
        keys = set(one.keys())
        shared |= seen & keys
        seen |= keys
    shared.update(seen.intersection(largest.keys()))
    within = frozenset(shared)
    return [None if one is None else one.links(within) for one in looks]


def keeps_identity(value: Any) -> bool:
    """Whether two names for this immutable value should be two names for one object after a restore."""
    kind = type(value)
    if kind in (tuple, bytes, frozenset) and not value:
        return False
    return issubclass(kind, IMMUTABLE) and not issubclass(kind, _NEVER_SHARED)


def joined_by_cycles(
    groups: list[list[int]], parts: list[Names], references: Mapping[str, tuple[str, ...]], known: Mapping[str, Tracked]
) -> list[list[int]]:
    """Join groups that need each other's definitions: none of them could be loaded first."""
    place = {name: index for index, group in enumerate(groups) for at in group for name in parts[at]}

    def group_of(name: str) -> int | str:
        return place[name] if name in place else known[name].names[0] if name in known else name

    needed: dict[int | str, dict[int | str, None]] = {}
    for name, targets in references.items():
        needed.setdefault(group_of(name), {}).update(dict.fromkeys(map(group_of, targets)))
    target = list(range(len(groups)))
    for ring in cycles(needed, range(len(groups))):
        inside = sorted({target[one] for one in ring if isinstance(one, int)})
        target = [inside[0] if one in inside else one for one in target]
    joined: dict[int, list[int]] = {}
    for index, group in enumerate(groups):
        joined.setdefault(target[index], []).extend(group)
    return [sorted(group) for group in joined.values()]
