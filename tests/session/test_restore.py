"""Record, die, restore: values, identity, and an account of every variable."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from ensession.model import Fate, RestoreReport
from tests.notebook import Notebook


def fates(report: RestoreReport) -> dict[str, Fate]:
    return {variable.name: variable.fate for variable in report.variables if not variable.name.startswith("<")}


def test_loading_runs_code_that_uses_other_variables(tmp_path: Path) -> None:
    first = Notebook(tmp_path / "s.ens").start("--all")
    first.run(
        "import math\nbase = [1]",
        "def helper(v):\n    return [*base, math.floor(v)]",
        "%%ens never\nclass K:\n    def __init__(self):\n        self.v = 5.5\n"
        "    def __setstate__(self, state):\n        self.v = helper(state['v'])\nk = K()",
    )
    again = first.reborn()
    again.restore()
    assert again["k"].v == [1, 5]
    again.kill()


def test_sharing_views_functions_and_classes_come_back(notebook: Notebook) -> None:
    notebook.run(
        "import numpy as np",
        "a = [1]; b = a; pair = (a, 2); again = pair",
        "base = np.arange(6.0); view = base[1:3]; turned = base.reshape(2, 3).T",
        "k = 1\ndef f(x, y=[0]):\n    return x + k",
        "class C:\n    def __init__(self, v):\n        self.v = v\n"
        "    def get(self):\n        return f(self.v)\nc = C(1)",
        "class D(C):\n    def get(self):\n        return super().get() * 2\nd = D(2)",
    )
    live = notebook.reborn()
    report = live.restore()
    assert {fate for fate in fates(report).values()} == {Fate.LOADED}
    assert live["a"] is live["b"] is live["pair"][0]
    assert live["pair"] is live["again"]
    live.run("base[1] = 50; base[5] = 70")
    assert live["view"][0] == 50
    assert live["turned"][2, 1] == 70
    live.run("k = 10")
    assert live["f"](1) == 11
    assert type(live["c"]) is live["C"]
    assert isinstance(live["d"], live["C"])
    assert live["d"].get() == 24
    assert live["base"].flags.owndata
    live.kill()


def test_every_state_comes_back(notebook: Notebook) -> None:
    states = [notebook.run(cell) for cell in ("x = [1]", "y = x", "x.append(2)", "x = 5", "del y", "y = x")]
    expected = [
        {"x": [1]},
        {"x": [1], "y": [1]},
        {"x": [1, 2], "y": [1, 2]},
        {"x": 5, "y": [1, 2]},
        {"x": 5},
        {"x": 5, "y": 5},
    ]
    for state, values in zip(states, expected, strict=True):
        live = notebook = notebook.reborn()
        live.restore(f"@{state}")
        assert {name: live.variables[name] for name in ("x", "y") if name in live.variables} == values
    notebook.kill()


def test_a_cell_runs_again_on_what_it_read_the_first_time(notebook: Notebook) -> None:
    notebook.run("n = 300_000", "big = list(range(n))", "big.append('end')", "big.append('more')")
    live = notebook.reborn()
    report = live.restore()
    assert live["big"][-2:] == ["end", "more"]
    assert len(live["big"]) == 300_002
    assert Fate.MISSING not in fates(report).values()
    live.kill()


def test_cheap_and_large_is_recomputed_and_compared(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "s.ens").start()
    notebook.run("import numpy as np", "big = np.zeros(20_000_000)", "total = float(big.sum())")
    assert notebook.session.store.n_file_bytes() < 20_000_000
    live = notebook.reborn()
    report = live.restore()
    assert fates(report)["big"] is Fate.RECOMPUTED
    assert live["big"].shape == (20_000_000,)
    live.kill()


def test_random_numbers_are_the_same_when_drawn_again(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "s.ens").start()
    notebook.run(
        "import numpy as np, random", "a = np.random.rand(3_000_000)", "b = [random.random() for _ in range(3)]"
    )
    before, after = notebook["a"].copy(), notebook["b"]
    live = notebook.reborn()
    live.restore()
    assert (live["a"] == before).all()
    assert live["b"] == after
    live.kill()


def test_one_unstorable_value_costs_nothing_else(notebook: Notebook) -> None:
    notebook.run(
        "import sqlite3", "db = sqlite3.connect(':memory:')\nx = [1]", "gen = (i for i in range(3))", "y = next(gen)"
    )
    live = notebook.reborn()
    report = live.restore()
    assert live["x"] == [1]
    assert live["y"] == 0
    assert fates(report)["db"] in (Fate.UNVERIFIED, Fate.MISSING)
    assert fates(report)["gen"] is Fate.RECOMPUTED  # where it stands is compared, though it can't be stored
    assert next(live["gen"]) == 1
    live.kill()


def test_what_will_not_survive_is_said_before(notebook: Notebook) -> None:
    notebook.variables["gen"] = (i for i in range(3))
    notebook.run("x = 1")
    assert list(notebook.session.losses()) == ["gen"]
    live = notebook.reborn()
    report = live.restore()
    assert fates(report) == {"gen": Fate.MISSING, "x": Fate.LOADED}
    assert all(variable.reason for variable in report.variables if variable.fate is Fate.MISSING)
    live.kill()


def test_a_payload_that_cannot_be_loaded_is_recomputed(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "helpers.py").write_text("class Box:\n    def __init__(self, v):\n        self.v = v\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    notebook.run("import helpers", "box = helpers.Box(1)", "other = 1")
    (tmp_path / "helpers.py").write_text(
        "class Box:\n    __slots__ = ('w',)\n    def __init__(self, v):\n        self.w = v\n"
    )
    live = notebook.reborn()
    monkeypatch.delitem(sys.modules, "helpers")
    stale = tmp_path / "__pycache__"
    for file in stale.glob("*"):
        os.remove(file)
    report = live.restore()
    assert report.replans
    assert fates(report)["box"] is Fate.DIFFERENT
    assert live["box"].w == 1
    live.kill()


def test_a_failed_restore_leaves_everything_as_it_was(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook.run("x = [1]")
    state = notebook.run("y = x")
    notebook.run("z = {}", "x = 7")
    before = {name: id(value) for name, value in notebook.variables.items() if not name.startswith("_")}
    payloads = type(notebook.session.store.payloads)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(payloads, "open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        notebook.session.restore(state, lambda *_: None)
    after = {name: id(value) for name, value in notebook.variables.items() if not name.startswith("_")}
    assert after == before


def test_recording_goes_on_after_a_restore(notebook: Notebook) -> None:
    notebook.run("x = [1]")
    second = notebook.reborn()
    second.restore()
    second.run("x.append(2)")
    assert second.changed() == {"x"}
    second.run("len(x)")
    assert second.changed() == set()
    third = second.reborn()
    third.restore()
    assert third["x"] == [1, 2]
    third.kill()


def test_a_foreign_store_runs_nothing_before_trust(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "ran"
    notebook.run(f"class Evil:\n    def __reduce__(self):\n        return (open, ({str(mark)!r}, 'w'))\n", "e = Evil()")
    notebook.kill()
    mark.unlink(missing_ok=True)
    monkeypatch.setenv("HOME", str(tmp_path / "somebody else"))
    live = Notebook(notebook.store)
    with pytest.raises(UsageError, match="not recorded by you"):
        live.ens(f"restore {notebook.store}")
    assert not mark.exists()
    live.ens(f"trust {notebook.store}")
    live.restore()
    live.kill()


def test_unrecorded_variables_are_not_overwritten(notebook: Notebook) -> None:
    notebook.run("x = 1")
    live = notebook.reborn()
    live.attempt("x = 'precious'; extra = 2")
    with pytest.raises(UsageError, match="x would be overwritten"):
        live.ens(f"restore {live.store}")
    assert live["x"] == "precious"
    live.restore("--force")
    assert (live["x"], live["extra"]) == (1, 2)
    live.kill()


def test_two_lives_in_one_store_share_their_data(notebook: Notebook) -> None:
    cells = ("import numpy as np", "a = np.random.default_rng(0).random(500_000)", "b = np.sort(a)")
    notebook.ens("config policy=all")  # what auto stores depends on how busy the machine is
    notebook.run(*cells)
    notebook.kill()
    size = notebook.store.stat().st_size
    again = Notebook(notebook.store).start("--all")
    again.run(*cells)
    again.kill()
    assert notebook.store.stat().st_size - size < 0.05 * size


def test_a_working_directory_that_is_gone_is_said_and_stops_nothing(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "away").mkdir()
    notebook.run("import os\nos.chdir('away')", "x = 1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "away").rmdir()
    live = notebook.reborn()
    report = live.restore()
    assert live["x"] == 1
    lost = [variable for variable in report.variables if variable.fate is Fate.MISSING]
    assert [variable.name for variable in lost] == ["<cwd>"]
    assert "away" in lost[0].reason
    live.kill()


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return the present folder, which has an input file, and another one."""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    (home / "in.txt").write_text("5")
    monkeypatch.chdir(home)
    return home, elsewhere


READ = "from pathlib import Path\nv = [Path('in.txt').read_text()]\n"


def test_a_cell_that_runs_in_its_own_folder_may_remove_the_one_that_it_goes_to(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    home, elsewhere = folders
    first = Notebook(tmp_path / "own.ens").start()
    first.run(f"{READ}import os, tempfile\ngone = tempfile.mkdtemp()\nos.chdir(gone)\nos.rmdir(gone)")
    os.chdir(home)
    first.run("z = 1")
    first.lose("v")
    os.chdir(elsewhere)
    again = first.reborn()
    report = again.restore()
    assert again["v"] == ["5"]
    assert fates(report)["v"] is Fate.RECOMPUTED
    again.kill()


def test_a_kernel_whose_folder_is_gone_runs_a_cell_again_where_its_input_is(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    home, elsewhere = folders
    first = Notebook(tmp_path / "own.ens").start()
    at = first.run(READ)
    first.run("del v")
    first.lose("v")
    os.chdir(elsewhere)
    again = first.reborn()
    again.restore()
    elsewhere.rmdir()
    again.session.moves.checkout(f"@{at}", lambda *_: None)
    assert again["v"] == ["5"]
    os.chdir(home)
    again.kill()
