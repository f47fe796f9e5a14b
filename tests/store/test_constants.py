"""The benchmarks of the store's constants still measure what their data say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.constants import run
from benchmarks.constants.common import Effort

STORE = ("chunks", "page", "level", "behind")


@pytest.mark.parametrize("name", [*STORE, pytest.param("prices", marks=[pytest.mark.slow, pytest.mark.e2e])])
def test_it_still_measures(name: str, tmp_path: Path) -> None:
    result = run.measured(name, Effort(tmp_path, scale=0.005, n_rounds=1))
    stored = json.loads((run.FOLDER / name / "results.json").read_text(encoding="utf-8"))
    assert {title: list(table) for title, table in result["tables"].items()} == {
        title: list(table) for title, table in stored["tables"].items()
    }
    assert not list(tmp_path.glob("*.ens*"))
