"""Hidden state over a whole life: a cell that draws is run again bit for bit, settings come back."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ensession.capture.hidden import HiddenState
from ensession.model import Fate
from tests.notebook import Notebook


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    """Leave the test process as it was."""
    hidden = HiddenState()
    before = hidden.read()
    yield
    for name, value in before.items():
        hidden.write(name, value)


def unset() -> None:
    """Stand for a fresh process."""
    fresh = {"<warnings>": (), "<numpy.options>": {"print": {}, "errors": {}}, "<pandas>": {}, "<matplotlib>": {}}
    hidden = HiddenState()
    for name, value in fresh.items():
        hidden.write(name, value)


def fate_of(live: Notebook, name: str) -> Fate:
    report = live.session.last_restore
    assert report is not None
    return next(variable.fate for variable in report.variables if variable.name == name)


DRAWS = {
    "random": ("import random\nrandom.seed(4)", "drawn = [random.gauss(0, 1) for _ in range(40)]"),
    "numpy": ("import numpy as np\nnp.random.seed(4)", "drawn = np.random.standard_normal(20)"),
    "generator": ("import numpy as np\nrng = np.random.default_rng(4)", "drawn = rng.standard_normal(20)"),
    "torch": ("import torch\ntorch.manual_seed(4)", "drawn = torch.randn(20).numpy()"),
}


@pytest.mark.parametrize("kind", DRAWS)
def test_drawn_again_bit_for_bit(notebook: Notebook, kind: str) -> None:
    if kind == "torch":
        pytest.importorskip("torch", reason="PyTorch is not installed")
    before, draw = DRAWS[kind]
    notebook.run(before, "warm = 1", draw, "after = sum(drawn[:3])")
    drawn, after = notebook["drawn"], notebook["after"]
    notebook.run(draw.replace("drawn", "next_ones"))
    following = notebook["next_ones"]
    notebook.lose("drawn", "after", "next_ones")
    live = notebook.reborn()
    live.restore()
    assert fate_of(live, "drawn") is Fate.RECOMPUTED, "else this test says nothing"
    assert np.array_equal(np.asarray(live["drawn"]), np.asarray(drawn))
    assert live["after"] == after
    assert np.array_equal(live["next_ones"], following)
    live.kill()


def test_settings_come_back(notebook: Notebook) -> None:
    notebook.run(
        "import warnings, numpy as np, pandas as pd, matplotlib",
        "warnings.filterwarnings('ignore', 'old .* news')",
        "np.set_printoptions(precision=2); pd.set_option('display.max_rows', 7)",
        "matplotlib.rcParams['lines.linewidth'] = 9.5",
        "text = str(np.array([1.23456]))",
    )
    filters = list(warnings.filters)
    live = notebook.reborn()
    unset()
    live.restore()
    assert list(warnings.filters) == filters
    live.run("import pandas as pd\nagain = str(np.array([1.23456])), pd.get_option('display.max_rows')")
    assert live["again"] == (live["text"], 7)
    assert live["matplotlib"].rcParams["lines.linewidth"] == 9.5
    live.kill()


def test_a_function_of_the_session_may_be_a_setting(notebook: Notebook) -> None:
    notebook.run(
        "import pandas as pd\ndigits = 1",
        "pd.set_option('display.float_format', lambda x: f'{x:.{digits}f}!')",
        "digits = 3",
    )
    live = notebook.reborn()
    unset()
    live.restore()
    live.run("shown = str(pd.Series([1.23456]))")
    assert "1.235!" in live["shown"]
    live.kill()


def test_a_cell_runs_again_under_the_conditions_of_its_time(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working directory changed after the cell: it has to be the old one again for running it."""
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    notebook.run(
        "import os, numpy as np",
        "os.chdir('one')",
        "where = np.full(3, os.path.basename(os.getcwd()) == 'one')",
        "os.chdir('../two')",
    )
    monkeypatch.chdir(tmp_path)
    notebook.lose("where")
    live = notebook.reborn()
    live.restore()
    assert fate_of(live, "where") is Fate.RECOMPUTED
    assert live["where"].all()
    assert os.getcwd() == str(tmp_path / "two")
    live.kill()


def test_a_setting_that_cannot_be_put_back_is_said_and_stops_nothing(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd_warnings.py").write_text("class Odd(Warning):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    notebook.run(
        "import warnings\nfrom odd_warnings import Odd",
        "warnings.simplefilter('ignore', Odd)",
        "del Odd",
        "big = list(range(300_000))",
    )
    notebook.lose("big")
    live = notebook.reborn()
    unset()
    monkeypatch.delitem(sys.modules, "odd_warnings")
    (tmp_path / "odd_warnings.py").unlink()
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    live.restore()
    assert fate_of(live, "<warnings>") is Fate.MISSING
    assert len(live["big"]) == 300_000
    live.run("x = 1")
    head = live.session.head
    assert head is not None
    parent = live.session.store.history.execution(head).parent
    assert parent is not None
    bound = {name for name, _ in live.session.store.history.bindings(parent)}
    assert "<warnings>" in bound, "what it is here, recorded anew"
    live.kill()
