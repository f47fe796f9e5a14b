"""Lists and dictionaries of the process itself (``sys.path``, ``sys.argv``): a variable that is one comes back as that.

What they hold belongs to the process, and ``sys.path`` is hidden state: a copy would be nobody's. Picklers ask about
lists and dictionaries only through ``persistent_id``, which slows them down: it is there where a variable is one.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Mapping
from typing import Any

from ensession.errors import LoadFailedError
from ensession.serial.kinds import is_of, key_of

_PLACES = (
    ("sys", "path"),
    ("sys", "argv"),
    ("sys", "orig_argv"),
    ("sys", "modules"),
    ("sys", "meta_path"),
    ("sys", "path_hooks"),
    ("sys", "path_importer_cache"),
    ("sys", "warnoptions"),
    ("warnings", "filters"),
    ("linecache", "cache"),
)


class ByName:
    """Mixed into a pickler: writes the process's own objects by name.

    Attributes
    ----------
    own : dict[int, object]
        Those that were met, by key.
    """

    @functools.cached_property
    def own(self) -> dict[int, Any]:
        """Those that were met, by key."""
        return {}

    @functools.cached_property
    def _places(self) -> dict[int, tuple[str, str]]:
        return _present()

    def persistent_id(self, obj: Any) -> Any:
        """Return where one of them is; of anything else, what the pickler says otherwise."""
        place = self._places.get(key_of(obj))
        if place is not None:
            self.own[key_of(obj)] = obj
            return place
        otherwise = getattr(super(), "persistent_id", None)
        return None if otherwise is None else otherwise(obj)


def naming(pickler_type: Any, values: Mapping[str, Any]) -> Any:
    """Return the type of pickler for some variables: one that names them where one of these is the process's own."""
    keys = [key_of(value) for value in values.values() if is_of(value, (list, dict))]
    return pickler_type if not keys or _present().keys().isdisjoint(keys) else _mixed(pickler_type)


def of_this_process(place: object) -> Any:
    """Return the object at a place.

    Raises
    ------
    LoadFailedError
        No pickler writes such a place.
    """
    if place not in _PLACES:
        raise LoadFailedError(f"the payload refers to {place!r}, which is no object of the process")
    module, name = place
    return getattr(importlib.import_module(module), name)


def _present() -> dict[int, tuple[str, str]]:
    found = ((getattr(sys.modules.get(module), name, None), (module, name)) for module, name in _PLACES)
    return {key_of(one): place for one, place in found if one is not None}


@functools.cache
def _mixed(pickler_type: type) -> type:
    return type(f"Naming{pickler_type.__name__}", (ByName, pickler_type), {})
