"""Checkout, undo, redo, branches: what stays, what comes back, where work goes on."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from ensession.model import Fate, RestoreReport
from tests.notebook import Notebook


def move(notebook: Notebook, words: str) -> RestoreReport:
    notebook.ens(words)
    report = notebook.session.last_restore
    assert report is not None
    return report


def fates(report: RestoreReport) -> dict[str, Fate]:
    return {one.name: one.fate for one in report.variables if not one.name.startswith("<")}


def ids(notebook: Notebook) -> dict[str, int]:
    return {name: id(value) for name, value in notebook.session._user.variables().items()}


def branches(notebook: Notebook) -> dict[str, int]:
    return {ref.name: ref.execution for ref in notebook.session.store.refs.branches()}


def test_undo_and_redo_bring_back_what_changed_and_keep_the_rest(notebook: Notebook) -> None:
    notebook.run("x = [1]; big = list(range(1000))", "y = {'a': x}", "x.append(2)", "z = 5")
    kept = id(notebook["big"])
    assert fates(move(notebook, "undo")) == {"x": Fate.KEPT, "y": Fate.KEPT, "big": Fate.KEPT}
    assert "z" not in notebook.variables
    assert fates(move(notebook, "undo")) == {"x": Fate.LOADED, "y": Fate.LOADED, "big": Fate.KEPT}
    assert notebook["x"] == [1]
    assert notebook["y"]["a"] is notebook["x"]
    move(notebook, "redo 2")
    assert (notebook["x"], notebook["z"]) == ([1, 2], 5)
    assert id(notebook["big"]) == kept


def test_a_kept_variable_is_not_even_looked_at(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook.run("big = list(range(100_000)); x = 1", "x = 2")
    seen: list[str] = []
    look = type(notebook.session._recorder.tracker).look
    monkeypatch.setattr(
        "ensession.capture.tracker.Tracker.look", lambda self, values: seen.extend(values) or look(self, values)
    )
    opened = []
    payloads = notebook.session.store.payloads
    monkeypatch.setattr(payloads, "open", lambda v, real=payloads.open: opened.append(v) or real(v))
    move(notebook, "undo")
    assert notebook["x"] == 1
    assert set(seen) == {"x"}
    assert len(opened) == 1


def test_a_live_object_is_never_used_up(tmp_path: Path) -> None:
    """The middle state is made again from the first, whose value is live under no name that matters any more."""
    notebook = Notebook(tmp_path / "s.ens").start()
    notebook.run("import numpy as np", "a = np.zeros(3_000_000)")
    first = notebook.session.head
    notebook.run("a += 1")
    middle = notebook.session.head
    notebook.run("a *= 3")
    move(notebook, f"checkout @{first}")
    at_first = notebook["a"]
    report = move(notebook, f"checkout @{middle}")
    assert report.plan.runs or report.plan.loads
    assert at_first[0] == 0
    assert notebook["a"][0] == 1
    notebook.kill()


def test_work_at_an_old_state_grows_a_branch_and_nothing_is_lost(notebook: Notebook) -> None:
    first = notebook.run("x = 1")
    second = notebook.run("x = 2")
    move(notebook, f"checkout @{first}")
    third = notebook.run("y = x")
    assert branches(notebook) == {"main": second, "main-2": third}
    move(notebook, "checkout main")
    assert (notebook["x"], "y" in notebook.variables) == (2, False)
    fourth = notebook.run("x = 3")
    assert branches(notebook) == {"main": fourth, "main-2": third}
    move(notebook, "checkout main-2")
    assert (notebook["x"], notebook["y"]) == (1, 1)


def test_names_for_states(notebook: Notebook) -> None:
    first = notebook.run("x = 1")
    notebook.run("x = 2")
    notebook.ens(f"tag before @{first}")
    notebook.ens("branch idea")
    third = notebook.run("x = 3")
    assert branches(notebook)["idea"] == third
    assert "* idea" in notebook.ens("branch")
    move(notebook, "checkout before")
    assert notebook["x"] == 1
    assert "before" in notebook.ens("tag")
    notebook.ens("tag before --delete")  # as in the shell
    with pytest.raises(UsageError, match="no tag or branch is called 'before'"):
        notebook.ens("checkout before")
    with pytest.raises(UsageError, match="is a branch already"):
        notebook.ens("tag idea")
    move(notebook, "checkout idea")
    with pytest.raises(UsageError, match="work is on branch idea"):
        notebook.ens("branch --delete idea")
    live = notebook.reborn()
    live.restore("@main")
    assert live["x"] == 2
    live.kill()


def test_what_can_not_be_undone_says_so(notebook: Notebook) -> None:
    notebook.run("x = 1")
    with pytest.raises(UsageError, match="3 cells can't be undone: 1 before"):
        notebook.ens("undo 3")
    with pytest.raises(UsageError, match="so large a number"):
        notebook.ens(f"undo {10**25}")
    with pytest.raises(UsageError, match="there is no execution 1000"):
        notebook.ens(f"checkout @{10**25}")
    for verb in ("undo", "redo"):
        with pytest.raises(UsageError, match="takes a number of cells"):
            notebook.ens(f"{verb} 0")
    with pytest.raises(UsageError, match="1 cell can't be redone"):
        notebook.ens("redo")
    with pytest.raises(UsageError, match="a cell of its own"):
        notebook.attempt("y = 1\n%ens undo").raise_error()
    assert notebook["x"] == 1


def test_redo_goes_on_after_cells_that_only_looked(notebook: Notebook) -> None:
    notebook.run("import math\nx = [1]", "x.append(2)", "x.append(3)", "len(x)")
    move(notebook, "undo 3")
    notebook.run("len(x)", "print(x, math.pi)")
    move(notebook, "redo")
    assert notebook["x"] == [1, 2]
    move(notebook, "redo 2")
    assert notebook["x"] == [1, 2, 3]
    move(notebook, "undo 3")
    notebook.run("y = 1", "len(x)")
    with pytest.raises(UsageError, match="can't be redone"):
        notebook.ens("redo")
    assert notebook["x"] == [1]


def test_what_happened_between_cells_is_recorded_before_a_move(notebook: Notebook) -> None:
    notebook.run("x = 1", "y = 2")
    notebook.variables["x"] = "from a callback"
    move(notebook, "undo")
    assert notebook["x"] == 1
    move(notebook, "redo")
    assert (notebook["x"], notebook["y"]) == ("from a callback", 2)


def test_classes_and_instances_stay_together(notebook: Notebook) -> None:
    notebook.run("class C:\n    v = 1\nc = C(); d = C()", "d.x = 5", "C.v = 2", "e = [C()]")
    move(notebook, "undo 3")
    assert notebook["C"].v == 1
    assert type(notebook["c"]) is type(notebook["d"]) is notebook["C"]
    assert not hasattr(notebook["d"], "x")
    move(notebook, "redo 3")
    assert (notebook["C"].v, notebook["d"].x) == (2, 5)
    assert type(notebook["e"][0]) is type(notebook["c"]) is notebook["C"]


def test_random_numbers_and_places_go_back_too(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    notebook.run("import random, os, sys", "a = random.random()", "os.chdir('there'); sys.path.append('/nowhere')")
    first = notebook["a"]
    move(notebook, "undo 2")
    assert Path.cwd() == tmp_path
    notebook.run("a = random.random()")
    assert notebook["a"] == first
    move(notebook, "checkout main")
    assert Path.cwd() == tmp_path / "there"


def test_an_open_connection_is_not_lost_by_going_back_step_by_step(notebook: Notebook) -> None:
    notebook.run("import sqlite3\ndb = sqlite3.connect(':memory:')")
    for number in range(3):
        notebook.run(f"%%ens never\n_ = db.execute('select 1'); n = {number}")
    live = notebook["db"]
    for number in (1, 0):
        move(notebook, "undo")
        assert notebook["n"] == number
        assert notebook["db"] is live
    move(notebook, "redo 2")
    assert notebook["db"] is live
    notebook.run("db = None")
    move(notebook, "undo 2")
    assert notebook.variables.get("db") is not live


def test_an_open_connection_is_not_lost_by_going_back(notebook: Notebook) -> None:
    notebook.run("import sqlite3")
    notebook.variables["db"] = sqlite = __import__("sqlite3").connect(":memory:")
    notebook.run("x = 1", "_ = db.execute('select 1')")
    report = move(notebook, "undo")
    assert fates(report)["db"] in (Fate.DIFFERENT, Fate.KEPT)
    assert notebook["db"] is sqlite
    n_before = len(notebook.session.store.history.executions())
    move(notebook, "redo")
    move(notebook, "undo")
    assert len(notebook.session.store.history.executions()) == n_before
    sqlite.close()


def test_recording_goes_on_after_a_move(notebook: Notebook) -> None:
    notebook.run("x = [1]; y = [2]", "x.append(2)")
    move(notebook, "undo")
    notebook.run("y.append(3)")
    assert notebook.changed() == {"y"}
    notebook.run("x.append(9)")
    assert notebook.changed() == {"x"}
    live = notebook.reborn()
    live.restore()
    assert (live["x"], live["y"]) == ([1, 9], [2, 3])
    live.kill()


def test_moves_in_a_restored_session(notebook: Notebook) -> None:
    notebook.run("x = 1", "x = 2", "y = [x]")
    live = notebook.reborn()
    live.restore()
    before = id(live["y"])
    move(live, "undo")
    assert (live["x"], "y" in live.variables) == (2, False)
    move(live, "undo")
    assert live["x"] == 1
    move(live, "redo 2")
    assert live["y"] == [2]
    assert id(live["y"]) != before
    live.run("y.append(0)")
    assert branches(live) == {"main": live.session.head}
    random.seed()
    live.kill()
