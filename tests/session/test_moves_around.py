"""Moves and browsing look at the surroundings before they run a cell again, by the same rule as a restore."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import ensession
from ensession.errors import UnreachableVariableError
from ensession.model import ExecutionId, Fate, RestoreReport
from ensession.session.session import Session
from tests.notebook import Notebook

LOCK = "import sqlite3\nlock = sqlite3.connect(':memory:')"
READ = f"text = __import__('pathlib').Path('data.csv').read_text()\n{LOCK}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own."""
    made = tmp_path / "work"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


def back(notebook: Notebook, at: int) -> RestoreReport:
    return notebook.session.moves.checkout(f"@{at}", lambda *_: None)


def verdict(report: RestoreReport, name: str) -> tuple[Fate, str]:
    return next((one.fate, one.reason) for one in report.variables if one.name == name)


def reads_a_file(notebook: Notebook, folder: Path) -> int:
    """Record a state whose ``lock`` comes from running a cell again only, and leave it."""
    (folder / "data.csv").write_text("1,2")
    at = notebook.run(READ)
    notebook.run("del lock, text")
    return at


CHANGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "changed": (lambda file: file.write_text("1,3"), "data.csv has changed"),
    "missing": (lambda file: file.unlink(), "data.csv is missing"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_checkout_does_not_run_a_cell_whose_input_is_not_as_it_was(
    notebook: Notebook, folder: Path, kind: str
) -> None:
    at = reads_a_file(notebook, folder)
    change, said = CHANGES[kind]
    change(folder / "data.csv")
    report = back(notebook, at)
    assert report.plan.runs == ()
    fate, reason = verdict(report, "lock")
    assert fate is Fate.MISSING
    assert said in reason
    assert notebook["text"] == "1,2", "what is stored comes back all the same"
    assert "lock" not in notebook.variables


def test_a_checkout_runs_it_where_the_input_is_as_it_was(notebook: Notebook, folder: Path) -> None:
    at = reads_a_file(notebook, folder)
    assert verdict(back(notebook, at), "lock")[0] is Fate.UNVERIFIED
    assert isinstance(notebook["lock"], sqlite3.Connection)


def test_a_checkout_runs_it_in_the_folder_where_the_input_is(
    notebook: Notebook, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = reads_a_file(notebook, folder)
    monkeypatch.chdir(tmp_path)
    report = back(notebook, at)
    assert len(report.plan.runs) == 1
    assert verdict(report, "lock")[0] is Fate.UNVERIFIED
    assert Path.cwd() == tmp_path


def test_undo_and_restore_judge_alike(notebook: Notebook, folder: Path) -> None:
    at = reads_a_file(notebook, folder)
    (folder / "data.csv").unlink()
    notebook.ens("undo")
    report = notebook.session.last_restore
    assert report is not None
    of_undo = verdict(report, "lock")
    live = notebook.reborn()
    assert verdict(live.restore(f"@{at}"), "lock") == of_undo
    live.kill()


@pytest.mark.parametrize("kind", CHANGES)
def test_browsing_does_not_run_a_cell_whose_input_is_not_as_it_was(notebook: Notebook, folder: Path, kind: str) -> None:
    at = reads_a_file(notebook, folder)
    change, said = CHANGES[kind]
    with ensession.open(notebook.store) as store:
        assert isinstance(store.load("lock", at), sqlite3.Connection)
        change(folder / "data.csv")
        with pytest.raises(UnreachableVariableError, match=said):
            store.load("lock", at)
        assert store.load("text", at) == "1,2"


def test_modules_that_changed_are_told_when_cells_run_again(
    notebook: Notebook, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(folder)
    (folder / "helper_of_moves.py").write_text("one = 1\n")
    at = notebook.run(f"import helper_of_moves\n{LOCK}")
    notebook.run("del lock")
    (folder / "helper_of_moves.py").write_text("one = 2\n")
    report = back(notebook, at)
    assert report.plan.runs
    assert ["helper_of_moves" in note for note in report.notes] == [True]


def _foreign_word(store: Path, execution: int) -> None:
    """Write into a store, as somebody without the user's key would, that a cell may run although it deletes files."""
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("INSERT INTO word (execution, word, given_at) VALUES (?, 'allow', 1)", (execution,))


def _by_checkout(session: Session, at: int) -> Any:
    return session.moves.checkout(f"@{at}", lambda *_: None)


def _by_browsing(session: Session, at: int) -> Any:
    with ensession.open(session.store.path) as store, pytest.raises(UnreachableVariableError, match="allow"):
        store.load("lock", ExecutionId(at))


@pytest.mark.parametrize("way", [_by_checkout, _by_browsing])
def test_a_word_that_somebody_else_put_into_the_store_runs_nothing(
    notebook: Notebook, folder: Path, way: Callable[[Session, int], Any]
) -> None:
    at = notebook.run(f"{LOCK}\n__import__('pathlib').Path('log.txt').write_text('fresh')")
    notebook.run("del lock")
    (folder / "log.txt").write_text("the user's own notes")
    _foreign_word(notebook.store, at)
    way(notebook.session, at)
    assert (folder / "log.txt").read_text() == "the user's own notes"


def test_a_cell_from_before_the_first_move_finds_its_input_where_this_kernel_began(
    notebook: Notebook, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "data.csv").write_text("1,2")
    notebook.run(READ)
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (other / "sub").mkdir()
    monkeypatch.chdir(other)
    live = notebook.reborn()
    shutil.rmtree(folder)
    live.restore()
    live.run("import os\nos.chdir('sub')", "del lock")
    assert live.session.losses() == {}
    live.ens("undo")
    report = live.session.last_restore
    assert report is not None
    assert verdict(report, "lock")[0] is Fate.UNVERIFIED
    assert Path.cwd() == other / "sub"
    live.kill()
