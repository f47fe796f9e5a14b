"""Cells of the past run in a place of their own under the conditions of their shell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ensession
from tests.notebook import Notebook

FUTURE = "def f(x: Unheard): pass\ny = f.__annotations__['x']"
CASES = {
    "nothing": ("z = 1", "y = 1", 1),
    "an extension": ("%load_ext autoreload\n%autoreload 2", "%aimport\ny = 1", 1),
    "a setting": ("%xmode Minimal\n%precision 3", "y = 1", 1),
    "a future": ("from __future__ import annotations", FUTURE, "Unheard"),
    "a magic": (
        "def f(line):\n    return 1\nget_ipython().register_magic_function(f, 'line', 'one')",
        "y = %one",
        1,
    ),
    "an alias": ("%alias_magic keep capture", "%%keep out\nprint(1)", None),
    "a callback": ("def f(*_):\n    pass\nget_ipython().events.register('post_run_cell', f)", "y = 1", 1),
}


@pytest.fixture(autouse=True)
def print_options() -> Iterator[None]:
    """Leave NumPy's as they were: ``%precision`` sets them for the process."""
    with np.printoptions():
        yield


@pytest.mark.parametrize("case", CASES)
def test_a_cell_runs_again_under_what_its_shell_had(tmp_path: Path, case: str) -> None:
    condition, cell, result = CASES[case]
    name = "y" if result is not None else "out"
    notebook = Notebook(tmp_path / "s.ens").start()
    notebook.run(condition, "x = [1, 2]", cell)
    notebook.session.flush()
    notebook.lose("x", name)
    notebook.kill()
    main = sys.modules["__main__"]
    with ensession.open(tmp_path / "s.ens") as past:
        assert past.load("x") == [1, 2]
        loaded = past.load(name)
        assert loaded == result if result is not None else loaded.stdout == "1\n"
    assert sys.modules["__main__"] is main
