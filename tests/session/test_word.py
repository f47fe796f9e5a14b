"""The user's word, effects and own modules, over a whole life in an in-process shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from ensession.model import ExecutionId, Fate, NameWord, RestoreReport, Word
from tests.notebook import Notebook


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own."""
    made = tmp_path / "work"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


def fates(report: RestoreReport) -> dict[str, Fate]:
    return {one.name: one.fate for one in report.variables if not one.name.startswith("<")}


def reason(report: RestoreReport, name: str) -> str:
    return next(one.reason for one in report.variables if one.name == name)


LOCK = "import sqlite3\nlock = sqlite3.connect(':memory:')"


def test_a_cell_that_must_always_run_is_run_by_every_restore(notebook: Notebook, folder: Path) -> None:
    (folder / "runs").write_text("")
    count = "from pathlib import Path\n_ = Path('runs').write_text(Path('runs').read_text() + 'x')\n"
    notebook.run("who = 'me'")
    number = notebook.run(f"%%ens always\n{count}greeting = 'hello ' + who")
    notebook.run("del greeting, who", "x = 1")
    assert (folder / "runs").read_text() == "x"
    live = notebook.reborn()
    report = live.restore()
    assert (folder / "runs").read_text() == "xx"
    assert fates(report)["x"] is Fate.LOADED
    assert number in report.plan.runs
    assert "greeting" not in live.variables
    live.kill()


def test_the_word_may_be_a_comment_or_given_later_and_taken_back(notebook: Notebook) -> None:
    first = notebook.run("# ens: always\na = 1")
    second = notebook.run("b = 1")
    notebook.ens(f"always {second}")
    assert notebook.session.word.said(Word.ALWAYS) == [first, second]
    assert set(notebook.session.plan()[0].runs) == {first, second}
    notebook.ens(f"always --not {first},{second}")
    assert notebook.session.plan()[0].runs == ()
    with pytest.raises(UsageError, match="no execution 99"):
        notebook.ens("never 99")
    with pytest.raises(UsageError, match="'soon' is no number"):
        notebook.ens("never soon")


def test_the_header_leaves_a_cell_as_it_is(notebook: Notebook) -> None:
    result = notebook.attempt("%%ens never\nz = 3\nz + 1")
    assert result.result == 4
    notebook.run("%%ens allow\n%%capture text\nprint('inside')")
    assert notebook["text"].stdout == "inside\n"
    with pytest.raises(UsageError, match="knows always, never, allow"):
        notebook.run("%%ens sometimes\nz = 4")
    assert notebook["z"] == 3


def test_what_must_never_run_is_not_run(notebook: Notebook) -> None:
    notebook.run(f"%%ens never\n{LOCK}; x = [1]")
    live = notebook.reborn()
    report = live.restore()
    assert report.plan.runs == ()
    assert fates(report)["x"] is Fate.LOADED
    assert "never run again" in reason(report, "lock")
    live.kill()


def test_a_file_that_a_cell_wrote_is_never_truncated_unless_allowed(notebook: Notebook, folder: Path) -> None:
    number = notebook.run(f"{LOCK}\n__import__('pathlib').Path('log.txt').write_text('fresh')")
    (folder / "log.txt").write_text("the user's own notes")
    live = notebook.reborn()
    report = live.restore()
    assert (folder / "log.txt").read_text() == "the user's own notes"
    assert fates(report)["lock"] is Fate.MISSING
    assert f"%ens allow {number}" in reason(report, "lock")
    live = live.reborn()
    report = live.restore(f"@{number} --allow {number}")
    assert fates(report)["lock"] is Fate.UNVERIFIED
    assert (folder / "log.txt").read_text() == "fresh"
    live.kill()


READ = f"data = __import__('pathlib').Path('data.csv').read_text()\n{LOCK}"


def test_an_input_that_is_gone_or_changed_stops_the_cell_and_the_plan_says_so(notebook: Notebook, folder: Path) -> None:
    (folder / "data.csv").write_text("1,2")
    notebook.run(READ)
    assert notebook.session.losses() == {}
    times = os.stat(folder / "data.csv")
    (folder / "data.csv").write_text("1,3")
    os.utime(folder / "data.csv", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "data.csv has changed" in notebook.session.losses()["lock"], "the hash decides"
    (folder / "data.csv").unlink()
    assert "data.csv is missing" in notebook.session.losses()["lock"]
    (folder / "data.csv").write_text("1,2")
    os.utime(folder / "data.csv", (1, 1))
    assert notebook.session.losses() == {}, "the same content at another time"


def test_a_relative_input_is_looked_for_here_and_where_it_was(
    notebook: Notebook, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "data.csv").write_text("1,2")
    at = notebook.run(READ, "where = 1")
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    live = notebook.reborn()
    assert fates(live.restore())["lock"] is Fate.UNVERIFIED, "run where the file is"
    assert os.getcwd() == str(other)
    (other / "data.csv").write_text("1,2")
    (folder / "data.csv").unlink()
    live = live.reborn()
    assert fates(live.restore(f"@{at}"))["lock"] is Fate.UNVERIFIED, "run here"
    (other / "data.csv").write_text("other")
    live = live.reborn()
    report = live.restore(f"@{at}")
    assert fates(report)["lock"] is Fate.MISSING
    assert "data.csv has changed" in reason(report, "lock")
    live.kill()


def test_a_connection_that_is_always_made_takes_the_place_of_one_that_was_used(notebook: Notebook) -> None:
    notebook.run(
        "%%ens always\nimport sqlite3\ndb = sqlite3.connect(':memory:')\n_ = db.execute('create table t (x)')",
        "rows = db.execute('select * from t').fetchall(); __import__('pathlib').Path('sent.txt').write_text('1')",
    )
    assert notebook.session.losses() == {}
    live = notebook.reborn()
    report = live.restore()
    assert fates(report)["db"] is Fate.RENEWED
    assert live["db"].execute("select count(*) from t").fetchone() == (0,)
    assert Path("sent.txt").read_text() == "1"
    for number in range(2):  # and so at every restore to come, whether it was used since or not
        live.run(f"n = {number}")
        assert live.changed() == {"n"}
        assert live.session.losses() == {}
        live.run("_ = db.execute('select * from t').fetchall()")
        live = live.reborn()
        assert fates(live.restore())["db"] is Fate.RENEWED
    live.kill()


def test_ignored_variables_are_neither_captured_nor_restored(notebook: Notebook) -> None:
    before = notebook.run("a = [1]; scratch = 'old'")
    assert notebook.ens("ignore scratch") == ""
    at = notebook.run("scratch = 'new'; b = 2")
    assert {"b", "a"} <= set(notebook.session.graph(at).state)
    assert "scratch" not in notebook.session.graph(at).state
    head = notebook.run("c = scratch + '!'")
    assert "it uses scratch, which is ignored" in str(notebook.session.store.history.execution(head).no_replay)
    live = notebook.reborn()
    report = live.restore(f"@{before}")
    assert fates(report) == {"a": Fate.LOADED, "scratch": Fate.IGNORED}
    assert "scratch" not in live.variables
    live.ens("ignore --not scratch")
    live.run("scratch = 5")
    assert live.changed() == {"scratch"}
    live.kill()


def test_what_is_ignored_does_not_come_back_in_another_copy(notebook: Notebook, folder: Path) -> None:
    notebook.run("x = 1", "y = 2")
    notebook.ens("sync copy.ens")
    notebook.ens("ignore x")
    notebook.ens("sync copy.ens")
    there = Notebook(folder / "copy.ens")
    assert fates(there.restore()) == {"x": Fate.IGNORED, "y": Fate.LOADED}
    assert "x" not in there.variables
    there.kill()


def test_that_there_are_no_modules_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.notebook._own_file_of_a_user", lambda *_: None)  # other tests imported some
    notebook = Notebook(tmp_path / "none.ens").start()
    notebook.run("import math")
    for words in ("modules", "modules --write ."):
        assert notebook.ens(words) == "No module of your own was imported.\n"
    notebook.kill()


@pytest.mark.parametrize("way", ["undo", "restore --lazy", "restore"])
def test_what_shares_with_an_ignored_variable_comes_back_whole_once_that_counts_again(
    notebook: Notebook, way: str
) -> None:
    both = notebook.run("a = [1]; b = {'a': a}")
    notebook.run("b['more'] = 1")
    notebook.ens("ignore a")
    notebook = notebook if way == "undo" else notebook.reborn()
    notebook.ens("undo" if way == "undo" else f"restore {notebook.store} {way[8:]} @{both}")
    notebook.run("n = len(b)")
    notebook.ens("ignore --not a")
    notebook.run("x = 1")
    notebook.ens(f"checkout @{both}")
    assert notebook["b"] == {"a": [1]}
    assert notebook["b"]["a"] is notebook["a"]
    notebook.kill()


def test_a_cell_that_runs_again_leaves_no_ignored_variable_behind(notebook: Notebook) -> None:
    notebook.run("scratch = [1, 2]; total = sum(scratch)")
    notebook.ens("ignore scratch")
    notebook.run("del total, scratch")
    notebook.lose("total")
    notebook.ens("undo")
    assert notebook["total"] == 3
    assert "scratch" not in notebook.variables


def test_pinned_variables_are_stored_at_once_and_from_then_on(notebook: Notebook) -> None:
    notebook.run("import numpy as np", "big = np.zeros(10_000_000)", LOCK)
    state = notebook.session.graph().state
    assert notebook.session.graph().versions[state["big"]].payload is None, "else this test says nothing"
    notebook.ens("pin big")
    assert notebook.session.graph().versions[state["big"]].payload is not None
    notebook.run("big = np.ones(10_000_000)")
    state = notebook.session.graph().state
    assert notebook.session.graph().versions[state["big"]].payload is not None
    assert "lock can't be stored" in notebook.ens("pin lock")
    with pytest.raises(UsageError, match="can't be the name"):
        notebook.ens("pin 3x")
    assert "no variable bgi now" in notebook.ens("pin bgi")
    assert notebook.ens("pin big,np") == ""
    assert {"big", "np"} <= set(notebook.session.word.names(NameWord.PIN))


def test_losses_are_told_when_they_change_and_not_again(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    notebook.run("x = 1", "y = x + 1")
    assert capsys.readouterr().err == ""
    notebook.run(f"%%ens never\n{LOCK}")
    told = capsys.readouterr().err
    assert "lock" in told
    assert "would not survive" in told
    assert "%ens status" in told
    notebook.run("z = 3", "z += 1", "del lock", "z += 1")
    assert capsys.readouterr().err == "", "what is gone is not at risk, and no news"


MODULE = "def double(x):\n    return 2 * x\n"


@pytest.fixture
def helpers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a module of the user's own that imports another one."""
    (folder / "tools").mkdir()
    (folder / "tools" / "__init__.py").write_text("from tools.deep import double\n")
    (folder / "tools" / "deep.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield folder
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "tools"]:
        del sys.modules[name]


def test_own_modules_are_recorded_and_their_absence_is_told_and_mended(
    notebook: Notebook, helpers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = notebook.run("from tools import double", "y = double(4)")
    recorded = notebook.session.store.modules.of_line(notebook.session.target(None))
    assert {"tools", "tools.deep"} <= set(recorded)
    assert "tools.deep: same" in notebook.ens("modules")
    (helpers / "tools" / "deep.py").write_text(MODULE.replace("2", "3"))
    forget()
    live = notebook.reborn()
    report = live.restore()
    assert any("tools.deep" in note and "not as it was" in note for note in report.notes)
    (helpers / "tools" / "deep.py").unlink()
    (helpers / "tools" / "__init__.py").unlink()
    forget()
    live = live.reborn()
    capsys.readouterr()
    report = live.restore(f"@{at}")
    assert any("tools.deep" in note and "is missing here" in note for note in report.notes)
    live.ens(f"modules --write {helpers}")
    assert (helpers / "tools" / "deep.py").read_text() == MODULE
    (helpers / "tools" / "deep.py").write_text("mine")
    with pytest.raises(UsageError, match="another content"):
        live.ens(f"modules --write {helpers}")
    assert (helpers / "tools" / "deep.py").read_text() == "mine"
    live.kill()


def test_a_word_that_somebody_else_wrote_into_the_store_makes_nothing_run(notebook: Notebook, folder: Path) -> None:
    notebook.run(f"{LOCK}\nopen('log.txt', 'w').close()")
    (folder / "log.txt").write_text("kept")
    notebook.session.store.words.give([ExecutionId(notebook.session.head or 0)], Word.ALWAYS)
    live = notebook.reborn()
    assert live.restore().plan.runs == ()
    assert (folder / "log.txt").read_text() == "kept"
    live.kill()
