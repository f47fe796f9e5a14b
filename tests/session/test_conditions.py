"""Conditions over moves and lives: a cell runs again under those of its time, and those of another line stay there."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ensession.capture.hidden import HiddenState
from ensession.model import Fate
from tests.notebook import Notebook

Fresh = Callable[[], None]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own, which has another one in it."""
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def fresh(folder: Path) -> Iterator[Fresh]:
    """Return what stands for a fresh process: all conditions are as they were at first; so they are at the end."""
    hidden = HiddenState()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        first = hidden.freeze()
        yield lambda: hidden.thaw(first)
        hidden.thaw(first)


def outcome(notebook: Notebook, cell: str) -> Any:
    """Return what a cell makes of ``seen`` now."""
    result = notebook.attempt(cell.replace("x =", "seen ="))
    return notebook["seen"] if result.success else type(result.error_in_exec)


def fate_of(notebook: Notebook, name: str) -> Fate:
    report = notebook.session.last_restore
    assert report is not None
    return next(one.fate for one in report.variables if one.name == name)


IMPORTS = "import decimal, os, sys, warnings\nimport numpy as np, pandas as pd"
OLDER = {
    "warnings": (
        "x = (np.ones(2) / np.zeros(2)).tolist()",
        "warnings.filterwarnings('error', category=RuntimeWarning)",
    ),
    "decimal": ("x = [decimal.Decimal(1) / 3]", "decimal.getcontext().prec = 3"),
    "numpy": ("x = [str(np.array([1.23456]))]", "np.set_printoptions(precision=2)"),
    "pandas": ("x = [pd.get_option('display.max_rows')]", "pd.set_option('display.max_rows', 7)"),
    "cwd": ("x = [os.path.basename(os.getcwd())]", "os.chdir('sub')"),
    "sys.path": ("x = ['/nowhere' in sys.path]", "sys.path.append('/nowhere')"),
    "environ": ("x = [os.environ.get('OF_THIS_TEST')]", "os.environ['OF_THIS_TEST'] = '1'"),
    "futures": ("def f(a: int): pass\nx = [f.__annotations__]", "from __future__ import annotations"),
}


def lazily(notebook: Notebook, fresh: Fresh) -> Notebook:
    again = notebook.reborn()
    fresh()
    again.restore("--lazy")
    again.run("x")
    return again


def by_undo(notebook: Notebook, fresh: Fresh) -> Notebook:
    notebook.run("x = None")
    notebook.ens("undo")
    return notebook


def by_restore(notebook: Notebook, fresh: Fresh) -> Notebook:
    at = notebook.session.head
    notebook.run("x = None")
    notebook.ens(f"restore @{at}")
    return notebook


@pytest.mark.parametrize("way", [lazily, by_undo, by_restore])
@pytest.mark.parametrize("kind", OLDER)
def test_a_cell_from_before_the_first_change_of_a_condition_runs_again_without_it(
    notebook: Notebook, fresh: Fresh, kind: str, way: Callable[[Notebook, Fresh], Notebook]
) -> None:
    older, change = OLDER[kind]
    notebook.run(IMPORTS, older)
    before = notebook["x"]
    notebook.run(change, "y = 1")
    under_it = outcome(notebook, older)
    assert under_it != before, "else this test says nothing"
    notebook.session.flush()
    notebook.lose("x")
    again = way(notebook, fresh)
    assert again["x"] == before
    assert fate_of(again, "x") is Fate.RECOMPUTED
    assert outcome(again, older) == under_it
    again.kill()


@pytest.mark.parametrize("kind", OLDER)
def test_a_restore_to_before_the_change_runs_a_cell_again_without_it(
    notebook: Notebook, fresh: Fresh, kind: str
) -> None:
    older, change = OLDER[kind]
    at = notebook.run(IMPORTS, older)
    before = notebook["x"]
    notebook.run(change, "x = None")
    notebook.session.flush()
    notebook.lose("x")
    notebook.ens(f"restore @{at}")
    assert notebook["x"] == before
    assert fate_of(notebook, "x") is Fate.RECOMPUTED
    assert outcome(notebook, older) == before


def test_a_cell_that_changes_a_condition_for_the_first_time_does_so_again(notebook: Notebook, fresh: Fresh) -> None:
    notebook.run(
        "import os\nx = [os.path.basename(os.getcwd())]; os.chdir('sub')",
        "y = [os.path.basename(os.getcwd())]",
        "del x, y",
    )
    notebook.session.flush()
    notebook.lose("x", "y", "<cwd>")
    notebook.ens("undo")
    assert (notebook["x"], notebook["y"]) == ([os.path.basename(os.path.dirname(os.getcwd()))], ["sub"])
    assert os.path.basename(os.getcwd()) == "sub"


def test_a_second_plan_begins_under_the_conditions_of_the_first(
    notebook: Notebook, fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.run(
        "import decimal, sys",
        "%%ens never\nclass C:\n    def __init__(self):\n        self.n = 1\n"
        "    def __setstate__(self, state):\n        self.prec = decimal.getcontext().prec\nk = C()",
        "decimal.getcontext().prec = 3",
        "y = [1]; assert not hasattr(sys, 'fails_again')",
    )
    usual = notebook.session._hidden._conditions["<decimal>"].usual[0]
    notebook.session.flush()
    notebook.lose("y")
    again = notebook.reborn()
    fresh()
    monkeypatch.setattr(sys, "fails_again", True, raising=False)
    report = again.restore()
    assert report.replans, "else this test says nothing"
    assert again["k"].prec == usual
    again.run("prec = decimal.getcontext().prec")
    assert again["prec"] == 3
    again.kill()


def test_a_restore_leaves_the_conditions_of_the_line_that_it_leaves(notebook: Notebook, folder: Path) -> None:
    notebook.run("a = [1]")
    live = notebook.reborn().start()
    live.run(
        "import os\nos.chdir('sub')\nheard = []",
        "def hear(*_):\n    heard.append(1)",
        "get_ipython().events.register('post_run_cell', hear)",
    )

    def names() -> list[str]:
        return [getattr(one, "__name__", "") for one in live.shell.events.callbacks["post_run_cell"]]

    assert "hear" in names()
    live.ens("restore")
    assert (Path.cwd(), "hear" in names()) == (folder, False)
    live.run("b = [2]")
    left = live.session.left
    again = live.reborn()
    again.restore()
    assert (again["a"], again["b"], Path.cwd()) == ([1], [2], folder)
    again.ens(f"checkout @{left}")
    assert Path.cwd() == folder / "sub"
    again.kill()


def test_a_condition_that_only_this_kernel_has_is_recorded(notebook: Notebook, fresh: Fresh) -> None:
    at = notebook.run("import pandas as pd\na = [1]")
    live = notebook.reborn()
    fresh()
    live.attempt("import pandas as pd\npd.set_option('display.max_rows', 7)").raise_error()
    live.restore()
    assert live.run("b = pd.get_option('display.max_rows')") == at + 2, "one that says what was found, and the cell"
    assert live["b"] == 7
    again = live.reborn()
    fresh()
    again.restore()
    assert pd.get_option("display.max_rows") == 7
    assert again.run("c = 1") == at + 3
    again.kill()


@pytest.mark.parametrize("how", ["", "--lazy"])
def test_a_restore_in_a_fresh_kernel_is_no_news_of_conditions(notebook: Notebook, fresh: Fresh, how: str) -> None:
    at = notebook.run(IMPORTS, "import random\nx = np.random.rand(3), random.random()")
    again = notebook.reborn()
    fresh()
    again.restore(how)
    assert again.run("y = x") == at + 1
    again.kill()
