"""What goes wrong while variables are brought in: planned again, or the cell does not run at all."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest

from ensession.config import Config
from ensession.errors import ChunkCorruptError, StoreAccessError
from ensession.model import Fate, VersionId
from ensession.store import check_store
from tests.notebook import Notebook
from tests.session.lives import Lives, awaited, fates


def refusal(notebook: Notebook, cell: str) -> str:
    """Run a cell that must be refused, and return what the user sees."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        result = notebook.attempt(cell)
    assert result.error_before_exec is not None
    return str(result.error_before_exec)


def break_loads(monkeypatch: pytest.MonkeyPatch, notebook: Notebook, error: BaseException) -> None:
    def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(notebook.session.store.payloads, "open", fail)


def test_killed_while_something_is_awaited(lives: Lives) -> None:
    lives.record("a = [1]", "b = [2]; c = b")
    lives.lazily().run("b.append(3)")
    lives.lazily().run("d = len(b)")
    notebook = lives.notebook.reborn()
    lives.notebook = notebook
    notebook.restore()
    assert (notebook["a"], notebook["b"], notebook["d"]) == ([1], [2, 3], 2)
    assert notebook["b"] is notebook["c"]
    assert list(check_store(lives.path, Config())) == []


def test_a_payload_that_is_gone_is_made_again(lives: Lives) -> None:
    lives.record("a = [1]", "b = a + [2]", "a.append(5)")
    lives.notebook.session.flush()
    lives.notebook.lose("b")
    notebook = lives.lazily()
    assert "b" in awaited(notebook)
    notebook.run("n = b")
    assert notebook["n"] == [1, 2]
    assert fates(notebook)["b"] is Fate.RECOMPUTED
    notebook.run("n = a")
    assert notebook["n"] == [1, 5]


def test_a_payload_that_is_damaged_is_done_without(lives: Lives, monkeypatch: pytest.MonkeyPatch) -> None:
    lives.record("a = [1]", "b = a + [2]")
    notebook = lives.lazily()
    with monkeypatch.context() as patch:
        break_loads(patch, notebook, ChunkCorruptError("chunk 1 is damaged"))
        notebook.run("n = b + [3]")
    assert notebook["n"] == [1, 2, 3]
    report = notebook.session.last_restore
    assert report is not None
    assert report.replans


def test_what_can_not_be_brought_keeps_the_cell_from_running(lives: Lives, monkeypatch: pytest.MonkeyPatch) -> None:
    lives.record("%%ens never\na = [1]", "b = [2]")
    notebook = lives.lazily()
    before = len(notebook.session.store.history.executions())
    with monkeypatch.context() as patch:
        break_loads(patch, notebook, ChunkCorruptError("chunk 1 is damaged"))
        said = refusal(notebook, "ran = 1; a.append(2)")
    assert "chunk 1 is damaged" in said
    assert "ran" not in notebook.variables
    assert len(notebook.session.store.history.executions()) == before
    assert fates(notebook)["a"] is Fate.MISSING
    result = notebook.attempt("a")
    assert isinstance(result.error_in_exec, NameError)
    notebook.run("n = b")
    assert notebook["n"] == [2]


def test_what_the_code_of_a_value_needs_and_can_not_be_brought_keeps_the_cell_from_running(
    lives: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives.record("%%ens never\ntable = [1]", "class C:\n    def first(self): return table[0]", "c = C()")
    notebook = lives.lazily()
    payloads = notebook.session.store.payloads
    real, broken = payloads.open, notebook.session.graph().state["table"]

    def fail_for_one(version: VersionId) -> Any:
        if version == broken:
            raise ChunkCorruptError("chunk 1 is damaged")
        return real(version)

    with monkeypatch.context() as patch:
        patch.setattr(payloads, "open", fail_for_one)
        said = refusal(notebook, "n = c.first()")
    assert "it may use table" in said
    assert "chunk 1 is damaged" in said
    notebook.run("table = [5]", "n = c.first()")
    assert notebook["n"] == 5


@pytest.mark.parametrize("error", [KeyboardInterrupt(), StoreAccessError("the disk is away"), RuntimeError("odd")])
def test_a_load_that_is_cut_short_can_be_tried_again(
    lives: Lives, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    lives.record("a = [1]", "b = [2]; c = b")
    notebook = lives.lazily()
    with monkeypatch.context() as patch:
        break_loads(patch, notebook, error)
        assert "run it again" in refusal(notebook, "n = (a, b)")
    assert awaited(notebook) == {"a", "b", "c"}
    assert not {"a", "b", "c", "n"} & notebook.variables.keys()
    notebook.run("n = (a, b)")
    assert notebook["n"] == ([1], [2])
