"""Matplotlib: figures, reduced alike at each look, and constants that all of them share."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable
from typing import Any

from ensession.serial import drawings
from ensession.serial.arrows import is_made_here
from ensession.serial.constructible import NEW_OBJECT, WAYS
from ensession.serial.kinds import key_of
from ensession.serial.registry import Registry


def _with_sessions(registry: Any) -> Any:
    """Reduce a registry of callbacks with those of the session: the library leaves out all but its own.

    They keep their numbers, by which they are disconnected. The library's own way moves the counter each time, and no
    two looks would find the same.
    """
    kept: dict[Any, dict[int, Any]] = {}
    others: dict[Any, int] = {}
    for signal, found in registry.callbacks.items():
        kept[signal] = {}
        for number, proxy in found.items():
            called = proxy()
            if called is not None and (number in registry._pickled_cids or is_made_here(called)):
                kept[signal][number] = called
            elif not _is_its_own(called):
                others[signal] = others.get(signal, 0) + 1
    following = max((number for found in kept.values() for number in found), default=-1) + 1
    state = {**vars(registry), "callbacks": kept, "_func_cid_map": None, "_cid_gen": following}
    return drawings.registry, (type(registry), others), state


def _with_own_parts(node: Any) -> Any:
    """Reduce a transformation without those that are made of it.

    They hold it, nearly all of them as an attribute: then they are told again. It knows of many that nobody needs any
    more, and forgets them only when the collector comes. What it has computed is computed anew after a load.
    """
    kind: Any = type(node)
    if _has_own_way(kind):
        return NotImplemented
    state = dict(vars(node))
    state.pop(drawings.INVALID, None)
    parents = [one for reference in state.pop(drawings.PARENTS, {}).values() if (one := reference()) is not None]
    key = key_of(node)
    others = [parent for parent in parents if key not in map(key_of, vars(parent).values())]
    if others:
        state[drawings.PARENTS] = others
    return NEW_OBJECT, (kind,), state, None, None, drawings.set_node


@functools.cache
def _has_own_way(kind: Any) -> bool:
    """Whether transformations of a class are pickled otherwise than all others."""
    base = sys.modules["matplotlib.transforms"].TransformNode
    return any(getattr(kind, name, None) is not getattr(base, name, None) for name in WAYS)


def _is_its_own(callback: Any) -> bool:
    """Whether the library itself asked to be called: it may have forgotten the object, which then goes at any time."""
    return callback is None or str(getattr(callback, "__module__", "")).startswith("matplotlib")


def _settings(settings: Any) -> Any:
    """Name the settings of the library itself: their contents are hidden state, and a copy would set nothing."""
    return "rcParams" if settings is sys.modules["matplotlib"].rcParams else NotImplemented


class _Constants:
    """Objects of the library itself that figures hold: shapes of markers, colours, lists that ever were settings.

    They are asked for several times a cell, and there are thousands of them: what is known stays known.
    """

    def __init__(self) -> None:
        self._known: dict[int, Any] = {}
        self._keys: set[int] = set()

    def __call__(self) -> dict[int, Any]:
        """Return them by id; settings that were replaced live on in older figures."""
        settings = sys.modules["matplotlib"].rcParams
        self._add(one for one in dict.values(settings) if isinstance(one, list))
        self._add((sys.modules["matplotlib.transforms"].IdentityTransform._mtx, settings))
        units = sys.modules.get("matplotlib.units")  # an axis of words or dates holds what converts them
        self._add(() if units is None else units.registry.values())
        for path in self._fresh(_paths()):  # some are made when they are first drawn
            self._add((path, vars(path), path._vertices, path._codes))
        for listed in self._fresh([sys.modules.get("matplotlib._cm_listed")]):
            self._add((listed, *_colours(listed)))
        return self._known

    def _fresh(self, objects: Iterable[Any]) -> list[Any]:
        return [one for one in objects if one is not None and key_of(one) not in self._keys]

    def _add(self, objects: Iterable[Any]) -> None:
        for one in self._fresh(objects):
            self._known[id(one)] = one
            self._keys.add(key_of(one))


def _paths() -> list[Any]:
    path_type = sys.modules["matplotlib.path"].Path
    markers = sys.modules.get("matplotlib.markers")
    holders = (path_type, *(() if markers is None else (markers, markers.MarkerStyle)))
    return [value for holder in holders for value in list(vars(holder).values()) if isinstance(value, path_type)]


def _colours(listed: Any) -> list[Any]:
    tables = [value for value in vars(listed).values() if isinstance(value, list)]
    return [one for table in tables for one in (table, *table) if isinstance(one, list)]


def register(registry: Registry) -> None:
    """Register Matplotlib's types."""
    registry.register(sys.modules["matplotlib.cbook"].CallbackRegistry, _with_sessions)
    registry.register_line(sys.modules["matplotlib.transforms"].TransformNode, _with_own_parts)
    registry.register(sys.modules["matplotlib"].RcParams, _settings)
    registry.register_constants(_Constants())
