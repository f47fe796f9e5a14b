"""What goes on around a lazy restore: front ends that look, commands in cells of the past, the end of the session."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

import pytest

import ensession
from ensession.errors import ChunkCorruptError, StoreAccessError
from ensession.model import Fate
from tests.notebook import Notebook
from tests.session.lives import Lives, awaited, fates
from tests.session.test_lazy import completions
from tests.session.test_lazy_failures import break_loads

LOOKS: dict[str, Callable[[Notebook], Any]] = {
    "completion": lambda notebook: completions(notebook, "a.app"),
    "completion without types": lambda notebook: notebook.shell.complete("a.app"),
    "inspection": lambda notebook: notebook.shell.object_inspect_mime("a"),
    "inspection by parts": lambda notebook: notebook.shell.object_inspect("a"),
    "an expression": lambda notebook: notebook.shell.user_expressions({"x": "a"}),
}


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("look", LOOKS)
def test_commands_in_a_cell_that_runs_again_for_a_look_do_nothing(lives: Lives, look: str) -> None:
    lives.record("b = 1", "%ens tag before\na = [1]", "%ens tag behind")
    lives.notebook.session.flush()
    lives.notebook.lose("a")
    tags = lives.notebook.session.store.refs.tags()
    notebook = lives.lazily()
    LOOKS[look](notebook)
    assert fates(notebook)["a"] is Fate.RECOMPUTED
    assert notebook["a"] == [1]
    assert notebook.session.store.refs.tags() == tags


@pytest.mark.parametrize("how", ["", "--lazy"])
def test_cells_that_another_restore_runs_again_bring_nothing_in(lives: Lives, how: str) -> None:
    lives.record("a = [1]", "b = a + [2]", "%%ens always\nc = b + [3]", "d = [4]")
    lives.notebook.session.flush()
    lives.notebook.lose("b")
    notebook = lives.lazily()
    assert awaited(notebook) == {"d"}
    before = len(notebook.session.store.history.executions())
    notebook.ens(f"restore {how}")
    assert awaited(notebook) == ({"d"} if how else set())
    assert len(notebook.session.store.history.executions()) == before
    notebook.run("n = (a, b, c, d)")
    assert notebook["n"] == ([1], [1, 2], [1, 2, 3], [4])


def unload(notebook: Notebook) -> str:
    """Take the extension away as ``%unload_ext`` does; return what the user sees."""
    text = io.StringIO()
    with notebook._as_main(), contextlib.redirect_stdout(text):
        ensession.unload_ipython_extension(notebook.shell)
    return text.getvalue()


def test_all_variables_are_there_when_the_extension_is_unloaded(lives: Lives) -> None:
    lives.record("a = [1]", "b = {'a': a}", "c = 3")
    notebook = lives.lazily()
    assert unload(notebook) == ""
    assert (notebook["b"]["a"], notebook["c"]) == ([1], 3)
    assert notebook["b"]["a"] is notebook["a"]
    assert notebook.shell.ast_transformers == []


def test_all_variables_are_there_behind_a_cell_that_unloads_the_extension(lives: Lives) -> None:
    lives.record("a = [1]")
    notebook = lives.lazily()
    notebook.shell.extension_manager.loaded.add("ensession")  # as %load_ext would have noted
    notebook.attempt("%unload_ext ensession").raise_error()
    assert notebook["a"] == [1]
    assert notebook.shell.find_line_magic("ens") is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), StoreAccessError("the disk is away"), RuntimeError("odd")])
def test_the_extension_goes_though_something_has_to_be_left_behind(
    lives: Lives, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    lives.record("a = [1]", "b = [2]")
    notebook = lives.lazily()
    break_loads(monkeypatch, notebook, error)
    said = unload(notebook)
    assert "Left behind" in said
    assert "a, b" in said
    assert notebook.shell.find_line_magic("ens") is None
    assert notebook.shell.ast_transformers == []


def test_what_is_lost_when_the_extension_is_unloaded_is_named(lives: Lives, monkeypatch: pytest.MonkeyPatch) -> None:
    lives.record("%%ens never\na = [1]")
    notebook = lives.lazily()
    break_loads(monkeypatch, notebook, ChunkCorruptError("chunk 1 is damaged"))
    said = unload(notebook)
    assert "a can't be brought back" in said
    assert "chunk 1 is damaged" in said


def test_a_kernel_that_dies_brings_nothing_in(lives: Lives, monkeypatch: pytest.MonkeyPatch) -> None:
    lives.record("a = [1]")
    notebook = lives.lazily()
    break_loads(monkeypatch, notebook, AssertionError("it is of no use any more"))
    command = notebook.shell.find_line_magic("ens")
    command.close()
    assert "a" not in notebook.variables
