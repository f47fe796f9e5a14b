"""A restore that is broken off leaves everything as it was, and one that succeeds leaves nothing behind unrecorded."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from IPython.core.error import UsageError

from ensession.capture.tracker import Tracker
from ensession.session import returning
from tests.notebook import Notebook


@contextmanager
def interrupted(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, call: int) -> Iterator[None]:
    """Let the user's interrupt come at the given call of a function."""
    real, calls = getattr(owner, name), []

    def once(*arguments: object, **others: object) -> object:
        calls.append(name)
        if len(calls) == call:
            raise KeyboardInterrupt
        return real(*arguments, **others)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, once)
        with pytest.raises(KeyboardInterrupt):
            yield
    assert len(calls) >= call


PLACES = [(Tracker, "learn", 1), (Tracker, "learn", 2), (Tracker, "forget", 1), (returning, "place", 1)]


@pytest.mark.parametrize(("owner", "name", "call"), PLACES)
def test_what_a_fresh_kernel_had_is_still_there(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, call: int
) -> None:
    notebook.run("a = [1]", "b = {'k': 2}")
    again = notebook.reborn()
    again.variables["own"] = own = [42]
    with interrupted(monkeypatch, owner, name, call):
        again.restore()
    assert again["own"] is own
    assert not {"a", "b"} & again.variables.keys()
    again.restore()
    assert (again["a"], again["b"]) == ([1], {"k": 2})
    assert again["own"] is own
    again.kill()


@pytest.mark.parametrize(("owner", "name", "call"), PLACES)
def test_a_running_session_goes_on_as_if_nothing_had_been(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, call: int
) -> None:
    first = notebook.run("a = [1]")
    notebook.run("c = [3]", "a.append(2)")
    head, a, c = notebook.session.head, notebook["a"], notebook["c"]
    with interrupted(monkeypatch, owner, name, call):
        notebook.ens(f"restore @{first}")
    assert (notebook.session.head, notebook["a"], notebook["c"]) == (head, [1, 2], [3])
    assert notebook["a"] is a
    assert notebook["c"] is c
    notebook.run("z = a + c")
    assert notebook.changed() == {"z"}
    again = notebook.reborn()
    again.restore()
    assert (again["a"], again["c"], again["z"]) == ([1, 2], [3], [1, 2, 3])
    again.kill()


@contextmanager
def interrupted_at_the_end(monkeypatch: pytest.MonkeyPatch, notebook: Notebook) -> Iterator[None]:
    """Let the user's interrupt come when a restore, or another move, is about to be recorded."""
    log = notebook.session.store.log
    real = log.record_restore

    def interrupted_record(*arguments: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        real(*arguments)

    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        with monkeypatch.context() as patch:
            patch.setattr(log, "record_restore", interrupted_record)
            with pytest.raises(KeyboardInterrupt):
                yield
    finally:
        signal.signal(signal.SIGINT, usual)


@pytest.mark.parametrize("lazily", ["--lazy", ""])
def test_an_interrupt_at_the_very_end_leaves_everything_as_it_was(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, lazily: str
) -> None:
    first = notebook.run("a = [1]", "b = [2]")
    notebook.run("del a", "c = [3]")
    live = notebook.reborn()
    live.restore("--lazy")
    awaited, head = live.session.awaited.names(), live.session.head
    assert awaited == ("b", "c")
    with interrupted_at_the_end(monkeypatch, live):
        live.ens(f"restore {lazily} @{first}")
    assert (live.session.awaited.names(), live.session.head) == (awaited, head)
    live.run("n = b + c")
    assert live["n"] == [2, 3]
    assert "a" not in live.variables
    live.ens(f"restore {lazily} @{first}")
    live.run("n = a + b")
    assert live["n"] == [1, 2]
    live.kill()


def test_an_undo_that_is_interrupted_at_the_very_end_has_not_been(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.run("a = [1]")
    head = notebook.run("a = [2]")
    with interrupted_at_the_end(monkeypatch, notebook):
        notebook.ens("undo")
    assert (notebook.session.head, notebook["a"]) == (head, [2])
    notebook.ens("undo")
    notebook.ens("redo")
    assert (notebook.session.head, notebook["a"]) == (head, [2])


def test_what_was_bound_between_two_cells_can_be_gone_back_to(notebook: Notebook) -> None:
    first = notebook.run("a = [1]")
    notebook.run("a = [2]")
    notebook.variables["between"] = [5]
    notebook.ens(f"restore @{first}")
    assert notebook["a"] == [1]
    assert "between" not in notebook.variables
    assert notebook.session.left is not None
    notebook.ens(f"checkout @{notebook.session.left}")
    assert (notebook["a"], notebook["between"]) == ([2], [5])


def test_a_cell_with_more_in_it_keeps_what_it_made(notebook: Notebook) -> None:
    first = notebook.run("a = [1]")
    result = notebook.shell.run_cell(f"df = [7, 8, 9]\n%ens restore @{first}")
    assert isinstance(result.error_in_exec, UsageError)
    assert "cell of its own" in str(result.error_in_exec)
    assert notebook["df"] == [7, 8, 9]
