"""All families."""

from __future__ import annotations

import importlib
import pkgutil

from tests.fidelity import families
from tests.fidelity.kind import Family


def all_families() -> tuple[Family, ...]:
    """Return the families, by the names of their modules."""
    names = sorted(module.name for module in pkgutil.iter_modules(families.__path__))
    return tuple(importlib.import_module(f"{families.__name__}.{name}").FAMILY for name in names)
