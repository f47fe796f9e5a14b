"""Which looks belong to one co-variable: by links, by identity, by definitions that need each other. Pure."""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping, Sequence
from typing import Any

from ensession.capture.change import Tracked
from ensession.capture.covariables import cycles
from ensession.serial.look import Links, Look
from ensession.serial.scope import IMMUTABLE

Names = tuple[str, ...]
_NEVER_SHARED = (str, int, float, type(None), enum.Enum, types.ModuleType, types.BuiltinFunctionType)


def links_of(looks: Sequence[Look | None]) -> list[Links | None]:
    """Return through what values may be linked; of the largest one only what it has in common with the others."""
    links: list[Links | None] = [None] * len(looks)
    sized = sorted((one.n_stream_bytes, position) for position, one in enumerate(looks) if one is not None)
    if len(sized) > 1:
        others: set[int] = set()
        for _, position in sized[:-1]:
            one = looks[position]
            assert one is not None  # noqa: S101  (those are not among the sized)
            found = links[position] = one.links()
            others |= found.objects
        largest = looks[sized[-1][1]]
        assert largest is not None  # noqa: S101
        links[sized[-1][1]] = largest.links(within=others)
    return links


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
