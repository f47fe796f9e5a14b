"""The user's own modules: are they here, and as they were? And out of the store again."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.machinery import PathFinder
from pathlib import Path

from ensession.digests import source_digest
from ensession.errors import UsageError
from ensession.model import ExecutionId, ModuleSource
from ensession.store import Store


class Condition(StrEnum):
    """How a recorded module fares here."""

    SAME = "same"
    CHANGED = "changed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ModuleState:
    """A recorded module and what an import would find here.

    Attributes
    ----------
    found : str or None
        The file that would be imported.
    """

    module: ModuleSource
    condition: Condition
    found: str | None

    def __str__(self) -> str:
        """Return a sentence for the user."""
        if self.condition is Condition.MISSING:
            return (
                f"the module {self.module.name} ({self.module.path}) is missing here: "
                "%ens modules --write DIR brings its source back"
            )
        if self.condition is Condition.CHANGED:
            return f"the module {self.module.name} ({self.found}) is not as it was when it was recorded"
        return f"the module {self.module.name} is as it was"


def check_modules(modules: Mapping[str, ModuleSource], path: Sequence[str] | None = None) -> list[ModuleState]:
    """Look for recorded modules where an import would; nothing is imported.

    Parameters
    ----------
    modules : mapping of str to ModuleSource
    path : sequence of str, optional
        Where to look; default ``sys.path``.
    """
    places = list(sys.path if path is None else path)
    return [_check(module, places) for _, module in sorted(modules.items())]


def write_modules(store: Store, target: ExecutionId, folder: Path) -> list[Path]:
    """Write the sources of the modules of a state into a folder, packages as folders.

    Returns
    -------
    list[Path]
        The files that were written; one that is there with the same content is left alone.

    Raises
    ------
    UsageError
        A file is there with another content, or a module has no proper name; nothing was written.
    IntegrityError
    """
    wanted = {}
    for module in store.modules.of_line(target).values():
        parts = module.name.split(".")
        if not all(part.isidentifier() for part in parts):
            raise UsageError(f"{module.name!r} is no name of a module; ens check says whether the store is sound")
        is_package = Path(module.path).name == "__init__.py"
        place = folder.joinpath(*parts, "__init__.py") if is_package else folder.joinpath(*parts).with_suffix(".py")
        wanted[place] = store.modules.source(module.digest)
    taken = [place for place, source in wanted.items() if place.exists() and place.read_bytes() != source]
    if taken:
        raise UsageError(f"{taken[0]} is there already, with another content; name another folder")
    missing = [place for place in wanted if not place.exists()]
    for place in missing:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(wanted[place])
    return missing


def _check(module: ModuleSource, path: list[str]) -> ModuleState:
    found = _locate(module.name.split("."), path)
    if found is None:
        return ModuleState(module, Condition.MISSING, None)
    try:
        is_same = source_digest(Path(found).read_bytes()) == module.digest
    except OSError:
        return ModuleState(module, Condition.MISSING, None)
    return ModuleState(module, Condition.SAME if is_same else Condition.CHANGED, found)


def _locate(parts: Iterable[str], path: list[str]) -> str | None:
    """Return the file of a module; its packages are found, not imported."""
    PathFinder.invalidate_caches()
    places: Sequence[str] | None = path
    origin, name = None, ""
    for part in parts:
        name = f"{name}.{part}" if name else part
        spec = PathFinder.find_spec(name, places) if places is not None else None
        if spec is None:
            return None
        origin = spec.origin
        places = None if spec.submodule_search_locations is None else list(spec.submodule_search_locations)
    return origin
