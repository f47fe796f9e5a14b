"""What belongs to the shell and its kernel rather than to the cells."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.error import UsageError
from zmq.utils.garbage import gc as garbage_collector

import ensession
from ensession.magic.shell import place_of
from ensession.model import ExecutionId, Fate
from tests.notebook import Notebook


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    notebook = Notebook(tmp_path / "s.ens").start()
    yield notebook
    notebook.kill()


@pytest.fixture
def large_messages() -> Iterator[None]:
    """Be a kernel that has sent a large output: the thread that frees it is there from then on."""
    yield
    garbage_collector.stop()


@pytest.mark.usefixtures("large_messages")
def test_the_thread_that_frees_large_messages_hinders_no_cell(notebook: Notebook) -> None:
    first = notebook.run("x = [1]")
    garbage_collector.start()
    assert garbage_collector.thread.is_alive()
    second = notebook.run("x.append(2)")
    assert second == first + 1, "no execution between the two"
    assert notebook.session.store.history.execution(second).no_replay is None


def test_a_cell_is_run_again_under_the_futures_of_its_time(notebook: Notebook) -> None:
    notebook.run("before = (i for i in range(9))\nnext(before)")
    notebook.run("from __future__ import annotations")
    notebook.run("after = (i for i in range(9))\nnext(after)")
    back = notebook.reborn()
    report = back.restore()
    fates = {variable.name: variable.fate for variable in report.variables}
    assert (fates["before"], fates["after"]) == (Fate.RECOMPUTED, Fate.RECOMPUTED)
    back.run("def f(x: Unheard): pass")
    assert back["f"].__annotations__ == {"x": "Unheard"}
    back.kill()


def test_a_session_ends_where_a_runner_takes_the_lead(notebook: Notebook, tmp_path: Path) -> None:
    notebook.run("x = 1")
    before = notebook.session.store
    command = notebook.shell.find_line_magic("ens")
    with notebook._as_main():
        command.lead(tmp_path / "led.ens").start()
    assert notebook.session.store.path == tmp_path / "led.ens"
    assert is_closed(before.path)
    assert "nothing to do here" in notebook.ens("stop")
    notebook.run("y = 2")
    with closing(sqlite3.connect(tmp_path / "led.ens")) as led:
        assert led.execute("SELECT count(*) FROM execution WHERE code = 'y = 2'").fetchone() == (1,)


def is_closed(path: Path) -> bool:
    """Whether no connection of this process holds a store: the last one takes its log away."""
    return not Path(f"{path}-wal").exists()


SETTINGS = {
    "all results": (
        "get_ipython().ast_node_interactivity = 'all'",
        "get_ipython().ast_node_interactivity",
        "'last_expr'",
    ),
    "by %config": (
        "%config InteractiveShell.ast_node_interactivity = 'all'",
        "get_ipython().ast_node_interactivity",
        "'last_expr'",
    ),
    "precision": (
        "%precision 3",
        "get_ipython().display_formatter.formatters['text/plain'].float_precision",
        "''",
    ),
    "tracebacks": ("%xmode Minimal", "get_ipython().InteractiveTB.mode", None),
    "autoreload": (
        "%load_ext autoreload\n%autoreload 2",
        "(lambda r: (r.enabled, r.check_all))(get_ipython().magics_manager.registry['AutoreloadMagics']._reloader)",
        None,
    ),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_how_the_shell_runs_and_shows_cells_comes_back(notebook: Notebook, setting: str) -> None:
    change, look, usual = SETTINGS[setting]
    state = notebook.run("x = 1", change, "y = 2", f"told = {look}")
    told = notebook["told"]
    notebook.ens("undo 3")
    if usual is not None:
        notebook.run(f"assert {look} == {usual}")
    again = notebook.reborn()
    again.restore(f"@{state}")
    again.run(f"assert {look} == {told!r}")
    again.kill()


def test_a_store_that_is_named_from_the_working_directory_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    notebook = Notebook(Path("a.ens"))
    assert notebook.ens("start a.ens").startswith("Recording into a.ens.")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notebook.run("import os\nx = 1", "os.chdir('../there')", "y = 2")
        for command in ("flush", "diff @2 @3", "sync ../b.ens", "export -o c.py", "log", "stats", "gc --yes"):
            notebook.ens(command)
        assert str(tmp_path / "here" / "a.ens") in notebook.ens("status")
        notebook.kill()
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["c.py"]
    fresh = Notebook(tmp_path / "here" / "a.ens")
    fresh.restore()
    assert (fresh["x"], fresh["y"], Path.cwd()) == (1, 2, tmp_path / "there")
    fresh.kill()


def test_a_working_directory_that_was_removed_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    notebook = Notebook(tmp_path / "a.ens")
    (tmp_path / "gone").rmdir()
    with pytest.raises(UsageError, match="the working directory is gone"):
        notebook.ens("start a.ens")
    assert f"Recording into {notebook.store}." in notebook.ens(f"start {notebook.store}")
    head = notebook.run("x = 1")
    assert set(notebook.session.graph(ExecutionId(head)).state) >= {"x"}
    notebook.kill()


@pytest.mark.parametrize(
    ("here", "shown"), [("/a", "b/c.ens"), ("/a/b", "c.ens"), ("/x", "/a/b/c.ens"), ("/", "/a/b/c.ens")]
)
def test_files_are_named_as_seen_from_the_working_directory(
    here: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "cwd", lambda: Path(here))
    assert place_of(Path("/a/b/c.ens")) == shown


ENDINGS = ("exit()", "quit()", "get_ipython().ask_exit()", "get_ipython().kernel.do_shutdown(True)")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_cell_that_ended_the_kernel_does_not_end_the_one_that_it_is_run_again_in(
    notebook: Notebook, ending: str
) -> None:
    asked: list[str] = []

    def can_end(one: Notebook) -> Notebook:
        shell: Any = one.shell
        shell.ask_exit = lambda: asked.append("exit")
        shell.kernel = SimpleNamespace(do_shutdown=lambda restart: asked.append("shutdown"))
        return one

    can_end(notebook).run("x = [1]", f"y = [2]; x.append(y)\n{ending}")
    assert asked.pop()
    assert not asked
    notebook.lose("x", "y")
    again = can_end(notebook.reborn())
    report = again.restore()
    assert {one.fate for one in report.variables if one.name in "xy"} == {Fate.RECOMPUTED}
    assert not asked
    again.attempt(ending)
    assert asked
    again.kill()
    if "kernel" not in ending:  # there is none where a value is only looked at
        assert ensession.open(notebook.store).load("y") == [2]
