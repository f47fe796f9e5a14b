"""Loading the extension stays light: heavy libraries are imported where they are used, not before."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "alembic",
    "dill",
    "networkx",
    "numpy",
    "pandas",
    "matplotlib",
    "jupyter_client",
    "IPython",
    "rich",
    "sqlalchemy",
)


@pytest.mark.parametrize(("module", "heavy"), [("ensession", HEAVY), ("ensession.planner", ("numpy", "pandas"))])
def test_importing_brings_no_heavy_library(module: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
