"""What the user is told: at first use, about what is still being written, and in spite of filters."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from IPython.core.error import UsageError

from ensession.display import unwritten_line
from ensession.magic import command
from ensession.magic.help import FIRST_USE, HELP
from ensession.model import Fate
from ensession.session.environment import alive_here, environment
from tests.notebook import Notebook


@pytest.mark.parametrize("action", ["ignore", "error"])
def test_warnings_of_ours_pass_the_users_filters(notebook: Notebook, action: Literal["ignore", "error"]) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter(action)
        notebook.session._shell.warn("the disk is full")
        notebook.session._shell.warn("the disk is full")
    assert [str(one.message) for one in said] == ["the disk is full"] * 2


def test_first_use_is_explained_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_, **__: str(tmp_path / "data"))
    first = Notebook(tmp_path / "a.ens")
    assert FIRST_USE in first.ens(f"start {first.store}")
    first.kill()
    second = Notebook(tmp_path / "b.ens")
    assert FIRST_USE not in second.ens(f"start {second.store}")
    second.kill()


@pytest.mark.parametrize("line", (HELP + "\n" + FIRST_USE).splitlines())
def test_help_fits_a_terminal(line: str) -> None:
    assert len(line) < 80


def test_status_tells_of_unwritten_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook(tmp_path / "s.ens").start("--all")
    behind, released = notebook.session.store.behind, threading.Event()
    finish = behind._there.finish

    def wait_and_finish(*words: Any) -> Any:
        assert released.wait(60)
        return finish(*words)

    def count_and_go_on(*words: int) -> str | None:
        """Let the value be written once status has counted; it looks at the history then, which waits for values."""
        line = unwritten_line(*words)
        released.set()
        return line

    monkeypatch.setattr(behind._there, "finish", wait_and_finish)
    monkeypatch.setattr(command, "unwritten_line", count_and_go_on)
    notebook.run("import os\nblob = os.urandom(3_000_000)")
    assert "1 value (3.0 MB in memory) had not been written yet" in notebook.ens("status")
    assert "had not been written" not in notebook.ens("status")
    notebook.kill()


def test_processes_that_record_are_known(notebook: Notebook) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        place = replace(environment(), pid=other.pid)
        run = notebook.session.run
        there = replace(run, environment=place)
        assert alive_here([there, there, replace(run, environment=replace(place, pid=os.getpid()))]) == [other.pid]
        assert alive_here([replace(there, ended_at=1.0)]) == []
        assert alive_here([replace(run, environment=replace(place, hostname="elsewhere"))]) == []
        other.communicate(b"\n")
    assert alive_here([there]) == []


def test_help_on_one_command(notebook: Notebook) -> None:
    told = notebook.ens("help restore")
    assert told.startswith("%ens restore [FILE] [@N]")
    assert "--trust" in told
    assert "%ens load" not in told
    assert notebook.ens("restore --help") == notebook.ens("restore x.ens -h") == told
    assert notebook.ens("help pin").startswith("%ens ignore|pin")


def test_every_command_is_in_the_help(notebook: Notebook) -> None:
    verbs = notebook.shell.find_line_magic("ens")._verbs
    assert [verb for verb in verbs if not notebook.ens(f"help {verb}").startswith("%ens ")] == []


def test_a_slip_of_the_pen_is_understood(notebook: Notebook) -> None:
    for words in ("restroe", "help restroe"):
        with pytest.raises(UsageError, match=r"no command 'restroe'\. Did you mean 'restore'\?"):
            notebook.ens(words)
    with pytest.raises(UsageError, match=r"no command 'xyzzy'\. %ens help lists them"):
        notebook.ens("xyzzy")


def test_status_names_what_a_restore_could_not_bring(notebook: Notebook) -> None:
    notebook.run("x, y = [1], [2]")
    notebook.session.flush()
    notebook.ens(f"never {notebook.session.head}")
    notebook.lose("x", "y")  # said behind that, the word would store them again
    again = notebook.reborn()
    report = again.restore()
    assert {one.name for one in report.variables if one.fate is Fate.MISSING} == {"x", "y"}
    assert "Not in this kernel since the restore: x, y." in " ".join(again.ens("status").split())
    again.run("x = 3")
    assert "Not in this kernel since the restore: y." in " ".join(again.ens("status").split())
    again.kill()
