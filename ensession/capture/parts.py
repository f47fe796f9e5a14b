"""Looks at parts of what an execution may have touched: no more of them than it takes to see what belongs together."""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Any

from ensession.capture.covariables import UnionFind
from ensession.capture.grouping import Names
from ensession.capture.looking import Looker
from ensession.serial.kinds import is_mutable, key_of
from ensession.serial.look import Look
from ensession.serial.scope import ATOMS

_LARGE_BYTES = 16 * 1024
"""Streams from here on: it pays to find out whether other values are part of them."""
_HUGE_BYTES = 16 * 2**20
"""Streams from here on have so many objects that finding out takes longer than looking at the other values."""
_HEAVY_BYTES = 8 * 2**20
"""Payloads from here on, or the copies that they are made of, are not held any longer than it takes."""
_NEAREST = 200
"""Objects that a value may hold directly for them to be followed."""
_CONTAINERS = (list, tuple, dict, set)

Found = Look | int
"""A look at a part; or the place of the part that it belongs to, whatever a look at it alone would show."""


class Parts:
    """Looks at parts of a namespace, as long as it stands still.

    Parameters
    ----------
    looker : Looker
    variables : Mapping[str, object]
    """

    def __init__(self, looker: Looker, variables: Mapping[str, Any]) -> None:
        self._looker = looker
        self.variables = variables
        self._looks: dict[Names, Look] = {}
        self._joint: dict[Names, Look] = {}
        self._keys: dict[Names, frozenset[int]] = {}

    def values(self, part: Names) -> dict[str, Any]:
        """Return the values of a part, by name."""
        return {name: self.variables[name] for name in part}

    def can_share(self, part: Names) -> bool:
        """Whether a change of the part may be one of another part as well."""
        return len(part) > 1 or type(self.variables[part[0]]) not in ATOMS

    def joined(self, parts: Sequence[Names]) -> list[Names]:
        """Join parts whose values plainly hold one another, so that they are looked at once and not one by one.

        Only what costs next to nothing is followed: what is missed here shows in the looks.
        """
        open_to = [at for at, part in enumerate(parts) if self.can_share(part)]
        if len(open_to) < 2:  # noqa: PLR2004
            return list(parts)
        places = {key_of(value): at for at in open_to for value in self._values(parts[at]) if self._may_be_held(value)}
        union = UnionFind(len(parts))
        for at in open_to:
            for value in self._values(parts[at]):
                for key in places.keys() & set(map(key_of, _nearest(value, self._looker.namespace))):
                    union.join(at, places[key])
        return [tuple(name for at in positions for name in parts[at]) for positions in union.sets()]

    def _values(self, part: Names) -> list[Any]:
        return [self.variables[name] for name in part]

    def _may_be_held(self, value: Any) -> bool:
        """Whether holding the value means sharing its changes: labels of tables, for one, are shared by many."""
        return is_mutable(type(value)) is True and not self._looker.takes_for_fixed(value)

    def looks_at(self, parts: Sequence[Names]) -> list[Found]:
        """Look at parts.

        A value that is part of another one's payload belongs to that, and so does all that can be shared to a value
        that was not looked at to the end: they are not looked at alone.
        """
        found: dict[int, Found] = {}
        unbounded: int | None = None
        for at in sorted(range(len(parts)), key=lambda at: self._turn(parts[at])):
            part, can_share = parts[at], self.can_share(parts[at])
            holder = self._holder(part, parts, found) if can_share and unbounded is None else unbounded
            if can_share and holder is not None:
                found[at] = holder
                continue
            seen = found[at] = self._look(part)
            if can_share and not seen.is_complete:
                unbounded = at
        return [found[at] for at in range(len(parts))]

    def together(self, names: Names, found: list[Found]) -> Look:
        """Look at values that turned out to be one co-variable, given what was found of its parts; that is used up."""
        if names not in self._joint:
            looks = [one for one in found if isinstance(one, Look)]
            if len(found) == 1 and looks:
                self._joint[names] = self._looker.completed(looks[0])
            else:
                is_assumed = any(one.is_assumed for one in looks)
                self._let_go([one for one in looks if one.n_bytes >= _HEAVY_BYTES])
                looks.clear()
                found.clear()
                self._joint[names] = self._looker.together(self.values(names), is_assumed=is_assumed)
        return self._joint[names]

    def _let_go(self, looks: Sequence[Look]) -> None:
        """Forget looks: what they hold is about to be there once more."""
        keys = set(map(id, looks))
        for part in [part for part, one in self._looks.items() if id(one) in keys]:
            del self._looks[part]
            self._keys.pop(part, None)

    def _turn(self, part: Names) -> int:
        """Return when it is a part's turn: those first that spare looks at others."""
        if part not in self._looks and self.can_share(part) and self._looker.refuses(self.values(part)):
            return 0
        return 1 if len(part) > 1 or _is_container(self.variables[part[0]]) else 2

    def _look(self, part: Names) -> Look:
        if part not in self._looks:
            self._looks[part] = self._looker.within_budget(self.values(part), is_open=True)
        return self._looks[part]

    def _holder(self, part: Names, parts: Sequence[Names], found: Mapping[int, Found]) -> int | None:
        if len(part) > 1 or part in self._looks or not self._may_be_held(self.variables[part[0]]):
            return None
        key = key_of(self.variables[part[0]])
        for at, seen in found.items():
            if isinstance(seen, Look) and _LARGE_BYTES <= seen.n_stream_bytes < _HUGE_BYTES:
                if parts[at] not in self._keys:
                    self._keys[parts[at]] = frozenset(seen.keys())
                if key in self._keys[parts[at]] and seen.links(frozenset({key})).objects:
                    return at
        return None


def _nearest(value: Any, namespace: object) -> list[Any]:
    """Return objects that a value holds, and those that its lists and dictionaries hold; not many."""
    first = _referents(value, namespace)
    if len(first) > _NEAREST:
        return []
    return [*first, *(one for part in first if type(part) in _CONTAINERS for one in _referents(part, namespace))]


def _referents(value: Any, namespace: object) -> list[Any]:
    """Return what a value holds, past whatever its class makes of being asked."""
    kind = type(value)
    if value is namespace or issubclass(kind, (type, types.FunctionType, types.ModuleType)):
        return []
    base = next((one for one in _CONTAINERS if issubclass(kind, one)), None)
    if base is not None:
        return gc.get_referents(value) if base.__len__(value) <= _NEAREST else []
    if _is_container(value):
        return list(value.flat) if value.size <= _NEAREST else []
    held = gc.get_referents(value)
    attributes = (part for part in held if type(part) is dict)
    return [*held, *(one for part in attributes for one in _referents(part, namespace))]


def _is_container(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    is_of_objects = numpy is not None and type(value) is numpy.ndarray and value.dtype.hasobject
    return is_of_objects or issubclass(type(value), _CONTAINERS)
