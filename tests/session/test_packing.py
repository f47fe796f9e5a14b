"""Packed states come back: whatever was left out is made again, in value and identity as it was."""

from __future__ import annotations

from math import inf
from pathlib import Path

import numpy as np  # noqa: F401 - the truth about random numbers looks for it
import pytest

from ensession.cli.entry import run
from ensession.config import Config
from ensession.model import ExecutionId, Fate
from ensession.sync.packing import Errand, Packed, pack_store
from tests.notebook import Notebook
from tests.session.truth import Form, random_truth, truth

NAMES = ("a", "b", "x", "y", "view", "f", "offset", "Point", "p", "q", "big", "c")
CELLS = (
    "import numpy as np, time; np.random.seed(1)",
    "a = np.random.rand(60_000)",
    "time.sleep(0.25); b = a * 2; view = b[:10]",
    "offset = 3\ndef f(x): return x + offset",
    "class Point:\n    def __init__(self, x): self.x = x\np = Point(f(4)); q = p",
    "big = list(range(30_000)); p.x = big",
    "a[0] = np.random.rand()",
    "time.sleep(0.15); c = {'a': a, 'p': p, 'f': f}",
    "del big",
)


def form(notebook: Notebook) -> Form:
    values = {name: notebook[name] for name in NAMES if name in notebook.variables}
    return truth(values, notebook.variables), random_truth()


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, dict[int, Form]]:
    """A store, and what was true after each of its cells."""
    notebook = Notebook(tmp_path / "work.ens").start("--all")
    states = {}
    for cell in CELLS:
        number = notebook.run(cell)
        states[number] = form(notebook)
    notebook.kill()
    return notebook.store, states


def restored(out: Path) -> tuple[Form, dict[str, Fate]]:
    notebook = Notebook(out)
    report = notebook.restore()
    found = form(notebook)
    notebook.kill()
    return found, {one.name: one.fate for one in report.variables}


def packed(store: Path, out: Path, state: int, bytes_per_s: float, limit: float = inf) -> Packed:
    return pack_store(store, out, Errand(ExecutionId(state), bytes_per_s, limit), Config())


@pytest.mark.parametrize("bytes_per_s", [1e3, 1e9])
def test_every_packed_state_comes_back(
    bytes_per_s: float, recorded: tuple[Path, dict[int, Form]], tmp_path: Path
) -> None:
    store, states = recorded
    runs = {}
    for state in list(states)[-6::2]:
        out = tmp_path / f"{state}.ens"
        made = packed(store, out, state, bytes_per_s)
        notebook = Notebook(out)
        notebook.ens(f"restore {out} @{state}")
        report = notebook.session.last_restore
        assert report is not None
        assert form(notebook) == states[state]
        assert {one.fate for one in report.variables} <= {Fate.LOADED, Fate.RECOMPUTED, Fate.UNVERIFIED}
        assert report.replans == ()
        runs[state] = made.choice.best.plan.runs
        assert report.plan.runs == runs[state]
        notebook.kill()
    n_runs = sum(map(len, runs.values()))
    assert n_runs > 10 if bytes_per_s == 1e3 else n_runs == 0


def test_random_numbers_that_nobody_seeded_go_on_there(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "work.ens").start("--all")
    cells = ("import random, numpy as np", "random.seed(); np.random.seed()", "x = random.random()", "y = [x] * 5")
    last = notebook.run(*cells)
    was = form(notebook)
    notebook.kill()
    made = packed(notebook.store, tmp_path / "out.ens", last, 1)
    assert made.choice.history_only is not None
    found, fates = restored(tmp_path / "out.ens")
    assert found == was
    assert set(fates.values()) <= {Fate.LOADED, Fate.RECOMPUTED}


def test_a_limit_leaves_out_what_is_quickest_to_make_again(
    recorded: tuple[Path, dict[int, Form]], tmp_path: Path
) -> None:
    store, states = recorded
    last = max(states)
    free = packed(store, tmp_path / "free.ens", last, 1e9)
    least = packed(store, tmp_path / "least.ens", last, 1)
    assert least.n_bytes < free.n_bytes
    for share in (0.3, 0.6):
        limit = least.n_bytes + share * (free.n_bytes - least.n_bytes)
        out = tmp_path / f"{share}.ens"
        bound = packed(store, out, last, 1e9, limit)
        assert out.stat().st_size <= limit
        assert bound.choice.best.restore_s > free.choice.best.restore_s
        assert restored(out)[0] == states[last]


def test_a_file_that_a_cell_read_need_not_be_there(tmp_path: Path) -> None:
    data = tmp_path / "in.csv"
    data.write_text("1,2,3\n" * 50_000)
    notebook = Notebook(tmp_path / "work.ens").start("--all")
    last = notebook.run(f"with open({str(data)!r}) as file: text = file.read()", "del file", "n = len(text)")
    notebook.kill()
    slow = 1e3
    assert 1 not in packed(notebook.store, tmp_path / "a.ens", last, slow).choice.best.plan.runs
    errand = Errand(ExecutionId(last), slow, files_are_there=True)
    bold = pack_store(notebook.store, tmp_path / "b.ens", errand, Config())
    assert bold.inputs == {bold.choice.best.plan.runs[0]: [str(data)]}
    data.unlink()
    _, fates = restored(tmp_path / "a.ens")
    assert {fates[name] for name in ("text", "n")} <= {Fate.LOADED, Fate.RECOMPUTED}


@pytest.fixture
def from_a_file(tmp_path: Path) -> tuple[Path, Path]:
    """A file that a cell read, and the store, which holds what it read."""
    data = tmp_path / "in.csv"
    data.write_text("1,2,3\n" * 50_000)
    notebook = Notebook(tmp_path / "work.ens").start("--all")
    notebook.run(f"with open({str(data)!r}) as file: text = file.read()", "del file", "n = len(text)")
    notebook.kill()
    return data, notebook.store


def packed_by_command(store: Path, out: Path, *options: str) -> Path:
    assert run(["pack", str(store), str(out), "--bandwidth", "1kB/s", *options]) == 0
    return out


def test_a_value_whose_file_has_changed_comes_along(from_a_file: tuple[Path, Path], tmp_path: Path) -> None:
    data, store = from_a_file
    data.write_text("other\n")
    _, fates = restored(packed_by_command(store, tmp_path / "out.ens", "--files-there"))
    assert {fates[name] for name in ("text", "n")} <= {Fate.LOADED, Fate.RECOMPUTED}


def test_a_file_that_is_missing_here_may_be_there(from_a_file: tuple[Path, Path], tmp_path: Path) -> None:
    data, store = from_a_file
    away = data.rename(tmp_path / "elsewhere.csv")
    careful = packed_by_command(store, tmp_path / "a.ens")
    bold = packed_by_command(store, tmp_path / "b.ens", "--files-there")
    assert restored(careful)[1]["text"] is Fate.LOADED
    away.rename(data)
    assert restored(bold)[1]["text"] is Fate.RECOMPUTED
