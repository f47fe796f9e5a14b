"""What a plain process, without ensession, finds out about the kinds of a family."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fidelity.kind import Library

INSIDE = Path(__file__).parent / "inside"


@dataclass(frozen=True)
class Plain:
    """What is so without ensession.

    Attributes
    ----------
    wrong : tuple[str, ...]
        What is wrong with the kinds themselves: a modification that changes nothing which is compared would be
        missed by nobody.
    changed : tuple[tuple[frozenset[str], ...], ...]
        By kind and modification: which variables change, by what follows ``obj`` in their names.
    """

    wrong: tuple[str, ...]
    changed: tuple[tuple[frozenset[str], ...], ...]


def look_plainly(libraries: Sequence[Library], folder: Path) -> Plain:
    """Run the kinds of some libraries in a plain process."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(INSIDE / "corpus_check.py")],
        input=json.dumps([_data(library) for library in libraries]),
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    if done.returncode:
        nothing = tuple(tuple(frozenset[str]() for _ in kind.modify) for one in libraries for kind in one.kinds)
        return Plain(tuple(done.stderr.splitlines()[-5:]), nothing)
    found = json.loads(done.stdout)
    return Plain(tuple(found["wrong"]), tuple(tuple(map(frozenset, one)) for one in found["changed"]))


def _data(library: Library) -> dict[str, object]:
    kinds = [(kind.name, kind.named("k1")) for kind in library.kinds]
    return {
        "name": library.name,
        "imports": library.imports,
        "kinds": [
            {"name": name, "make": kind.make, "use": kind.use, "modify": kind.modify, "same": kind.same}
            for name, kind in kinds
        ],
    }
