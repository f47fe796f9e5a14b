"""The user's word about cells that have run: what it means for values that live already, and for those to come."""

from __future__ import annotations

from pathlib import Path

import pytest

from ensession.errors import StoreAccessError
from ensession.model import Fate, RestoreReport
from tests.notebook import Notebook

LOCK = "import sqlite3\nlock = sqlite3.connect(':memory:')"
LARGE = "large = np.zeros(10_000_000)"
FROM_LOCK = "np.zeros(10_000_000 + lock.total_changes)"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of its own."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def is_stored(notebook: Notebook, name: str) -> bool:
    graph = notebook.session.graph()
    return graph.versions[graph.state[name]].payload is not None


def fates(report: RestoreReport) -> dict[str, Fate]:
    return {one.name: one.fate for one in report.variables if not one.name.startswith("<")}


def test_what_a_cell_made_is_stored_when_it_is_said_that_it_must_not_run_again(notebook: Notebook) -> None:
    notebook.run("import numpy as np")
    number = notebook.run(LARGE)
    assert not is_stored(notebook, "large"), "else this test says nothing"
    notebook.ens(f"never {number}")
    assert is_stored(notebook, "large")
    notebook.run("other = large + 1")
    assert notebook.session.losses() == {}
    live = notebook.reborn()
    report = live.restore()
    assert fates(report)["large"] is Fate.LOADED
    assert live["other"].sum() == len(live["large"]) == 10_000_000
    live.kill()


def test_what_only_such_a_cell_leads_to_is_stored(notebook: Notebook) -> None:
    notebook.run("import numpy as np")
    number = notebook.run(LOCK)
    notebook.run(f"before = {FROM_LOCK}")
    assert not is_stored(notebook, "before"), "else this test says nothing"
    notebook.ens(f"never {number}")
    assert is_stored(notebook, "before")
    notebook.run(f"behind = {FROM_LOCK}")
    assert is_stored(notebook, "behind")
    notebook.ens(f"never --not {number}")
    notebook.run(f"last = {FROM_LOCK}")
    assert not is_stored(notebook, "last")
    assert notebook.session.losses() == {}


def test_a_loss_is_told_at_the_word_and_that_it_is_none_any_more(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    number = notebook.run(LOCK)
    assert capsys.readouterr().err == ""
    notebook.attempt(f"%ens never {number}")
    told = capsys.readouterr().err
    assert "would not survive a restart: lock" in told
    assert "never run again" in told
    notebook.attempt(f"%ens never --not {number}")
    assert "no longer at risk: lock" in capsys.readouterr().err
    notebook.run("x = 1")
    assert capsys.readouterr().err == ""


def test_what_is_no_longer_allowed_is_not_counted_on(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    notebook.run("import numpy as np")
    number = notebook.run(f"{LOCK}\n_ = __import__('pathlib').Path('log.txt').write_text('fresh')")
    assert "would not survive a restart: lock" in capsys.readouterr().err
    notebook.attempt(f"%ens allow {number}")
    assert "no longer at risk: lock" in capsys.readouterr().err
    notebook.run(f"large = {FROM_LOCK}")
    assert not is_stored(notebook, "large"), "else this test says nothing"
    notebook.attempt(f"%ens allow --not {number}")
    assert is_stored(notebook, "large")
    assert "would not survive a restart: lock" in capsys.readouterr().err


def test_only_what_is_as_it_was_recorded_is_stored(notebook: Notebook) -> None:
    notebook.run("import numpy as np")
    number = notebook.run(LARGE, "copy = large + 0")
    notebook["large"][0] = 1  # where nobody sees it
    notebook.ens(f"never {number - 1} {number}")
    assert not is_stored(notebook, "large")
    assert is_stored(notebook, "copy")


def test_what_there_was_no_time_to_look_at_is_looked_at(hurried: Notebook) -> None:
    number = hurried.run("many = list(range(5000))")
    assert hurried.session.assumed == ["many"]
    hurried.ens(f"never {number}")
    assert hurried.session.assumed == []
    assert is_stored(hurried, "many")


def test_what_hinders_storing_is_said(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook.run("import numpy as np")
    number = notebook.run(LARGE)

    def full(*_: object) -> None:
        raise StoreAccessError("the disk is full")

    monkeypatch.setattr(notebook.session.store.log, "add_payload", full)
    assert "large was not stored: StoreAccessError: the disk is full" in notebook.ens(f"never {number}")
    monkeypatch.undo()
    notebook.ens(f"never {number}")
    assert is_stored(notebook, "large")


@pytest.mark.parametrize("said", ["%%ens never", "# ens: never"])
def test_what_was_said_in_the_cell_can_be_taken_back(notebook: Notebook, said: str) -> None:
    number = notebook.run(f"{said}\n{LOCK}")
    assert "never run again" in notebook.session.losses()["lock"]
    assert notebook.session.outlook()[1]["lock"].startswith(f"%ens never --not {number}")
    notebook.ens(f"never --not {number}")
    assert notebook.session.losses() == {}
    live = notebook.reborn()
    report = live.restore()
    assert fates(report)["lock"] is Fate.UNVERIFIED
    live.kill()


def test_what_must_never_run_by_its_own_word_is_looked_at_and_stored(notebook: Notebook) -> None:
    notebook.run("import numpy as np", f"%%ens never\n{LARGE}")
    assert is_stored(notebook, "large")
