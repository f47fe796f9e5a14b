"""Two interpreters with ensession in each: this one, and the one that ENSESSION_OTHER_PYTHON names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernels import Kernel

HERE = Path(__file__).parent
# Absolute, since kernels start in folders of their own; a link stays a link, which is how a venv is known.
OTHER = os.path.abspath(named) if (named := os.environ.get("ENSESSION_OTHER_PYTHON")) else ""

Crossing = Callable[..., Kernel]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = why_not()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def why_not() -> str:
    """Say why there is nothing to cross over to; empty where there is."""
    if not OTHER:
        return "no other Python: make test-versions sets one up and names it in ENSESSION_OTHER_PYTHON"
    if version_of(OTHER) == version_of(sys.executable):
        return f"{OTHER} is the same Python as this one, {version_of(OTHER)}"
    return ""


def version_of(python: str) -> str:
    """Return an interpreter's minor version, such as 3.13."""
    return subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture(params=["to the other", "from the other"])
def pythons(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The Python that records and the one that restores."""
    return (sys.executable, OTHER) if request.param == "to the other" else (OTHER, sys.executable)
