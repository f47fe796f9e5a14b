"""All families, and whether their kinds are what they say."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

from tests.fidelity import families
from tests.fidelity.kind import Family, Library
from tests.fidelity.runner import INSIDE, present


def all_families() -> tuple[Family, ...]:
    """Return the families, by the names of their modules."""
    names = sorted(module.name for module in pkgutil.iter_modules(families.__path__))
    return tuple(importlib.import_module(f"{families.__name__}.{name}").FAMILY for name in names)


def wrong_data(family: Family, folder: Path) -> list[str]:
    """Return what is wrong with the kinds themselves, found in a plain process without ensession.

    A modification that changes nothing which is compared would be missed by nobody.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(INSIDE / "corpus_check.py")],
        input=json.dumps([_plain(library) for library in present(family)]),
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    return [*done.stdout.splitlines(), *([] if done.returncode == 0 else done.stderr.splitlines()[-5:])]


def _plain(library: Library) -> dict[str, object]:
    kinds = [(kind.name, kind.named("k1")) for kind in library.kinds]
    return {
        "name": library.name,
        "imports": library.imports,
        "kinds": [
            {"name": name, "make": kind.make, "use": kind.use, "modify": kind.modify, "same": kind.same}
            for name, kind in kinds
        ],
    }
