"""Matplotlib: figures whose payload differs from look to look, and constants that all of them share."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from ensession.serial.arrows import is_made_here
from ensession.serial.kinds import key_of
from ensession.serial.registry import Later, Registry


def _callbacks(registry: Any) -> Any:
    """Return what a registry of callbacks keeps; its counter moves whenever somebody pickles it."""
    kept = registry._pickled_cids
    called = {
        signal: [proxy() for number, proxy in found.items() if number in kept]
        for signal, found in registry.callbacks.items()
    }
    others = {
        signal: sum(number not in kept and not _is_its_own(proxy()) for number, proxy in found.items())
        for signal, found in registry.callbacks.items()
    }
    return called, others, registry._signals


def _with_sessions(registry: Any) -> Any:
    """Reduce a registry of callbacks with those of the session: the library leaves out all but its own.

    They keep their numbers, by which they are disconnected.
    """
    state = registry.__getstate__()
    kept = {signal: dict(found) for signal, found in state["callbacks"].items()}
    for signal, found in registry.callbacks.items():
        for number, proxy in found.items():
            called = proxy()
            if called is not None and is_made_here(called):
                kept.setdefault(signal, {})[number] = called
    return type(registry), (), {**state, "callbacks": kept}


def _transform(node: Any) -> Later:
    """Return a transformation without those that are made of it: they hold it, and it knows of dead ones as well."""
    return Later({name: value for name, value in vars(node).items() if name != "_parents"})


def _kinds_of(kind: type) -> set[type]:
    inner: list[type] = kind.__subclasses__()
    return {kind}.union(*map(_kinds_of, inner))


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
    registry.register(sys.modules["matplotlib.cbook"].CallbackRegistry, _with_sessions, _callbacks)
    for kind in _kinds_of(sys.modules["matplotlib.transforms"].TransformNode):
        registry.register(kind, None, _transform)
    registry.register(sys.modules["matplotlib"].RcParams, _settings)
    registry.register_constants(_Constants())
