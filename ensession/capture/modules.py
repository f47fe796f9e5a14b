"""Modules of the user's own: ``.py`` files outside of the installed libraries, seen when they are imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ensession.capture.effects import library_folders
from ensession.digests import source_digest
from ensession.model import ModuleSource

SOURCE_BYTES = 2**20
"""Larger files are data rather than source, and are not recorded."""
SOURCE_BYTES_IN_ALL = 32 * 2**20
"""No more than this is recorded of one kernel run."""
_NOT_RECORDED = object()
"""Stands for the specification of a module that has to be returned once more."""
_INSTALLED = ("site-packages", "dist-packages")


class ModuleWatch:
    """Sees which modules of the user's own are loaded. A look costs a few comparisons while nothing is imported.

    Parameters
    ----------
    read : callable
        Returns the bytes of a file.
    """

    def __init__(self, read: Callable[[str], bytes] = lambda path: Path(path).read_bytes()) -> None:
        self._read = read
        self._count = 0
        self._specs: dict[str, Any] = {}
        self._others: set[str] = set()
        self._room = SOURCE_BYTES_IN_ALL

    def fresh(self) -> tuple[ModuleSource, ...]:
        """Return the modules that were imported, or reloaded, since the last look, with their sources.

        A reload gives a module a new ``__spec__``; a file that changed under a loaded module is no news, since the
        session goes on with what it has loaded.
        """
        loaded = sys.modules
        if len(loaded) == self._count and all(_spec(loaded.get(n)) is spec for n, spec in self._specs.items()):
            return ()
        self._count = len(loaded)
        found = []
        for name, module in loaded.copy().items():  # one step: what is freed in between may import something
            if name in self._others:
                continue
            path = own_file(name, module)
            if path is None:
                self._others.add(name)
            elif name not in self._specs or self._specs[name] is not _spec(module):
                self._specs[name] = _spec(module)
                found.append(self._source(name, path))
        for name in [name for name in self._specs if name not in loaded]:
            del self._specs[name]
        return tuple(one for one in found if one is not None)

    def names(self) -> tuple[str, ...]:
        """Return the modules of the user's own that the last look saw."""
        return tuple(self._specs)

    def forget(self) -> None:
        """Return all of them once more at the next look: they could not be recorded."""
        self._count = 0
        self._specs = dict.fromkeys(self._specs, _NOT_RECORDED)

    def _source(self, name: str, path: str) -> ModuleSource | None:
        try:
            if os.path.getsize(path) > min(SOURCE_BYTES, self._room):
                return None
            source = self._read(path)
        except OSError:  # it is gone already
            return None
        self._room -= len(source)
        return ModuleSource(name, path, source_digest(source), source)


def own_file(name: str, module: Any) -> str | None:
    """Return the source file of a module of the user's own; None for all others."""
    if name == "__main__" or not isinstance(module, ModuleType):
        return None
    path = module.__dict__.get("__file__")  # asking the module itself may import more
    if not isinstance(path, str) or not path.endswith(".py"):
        return None
    path = os.path.abspath(path)
    installed = any(f"{os.sep}{folder}{os.sep}" in path for folder in _INSTALLED)
    return None if installed or path.startswith(_not_the_users()) else path


@cache  # asked for each of the thousands of modules that a session may have loaded
def _not_the_users() -> tuple[str, ...]:
    return (*library_folders(), str(Path(__file__).resolve().parent.parent) + os.sep)


def _spec(module: Any) -> Any:
    return module.__dict__.get("__spec__") if isinstance(module, ModuleType) else None
