"""Callbacks of widgets, in pauses and in the middle of cells: no older version gets what they make, nothing is lost."""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable

import pytest

from tests.notebook import Notebook

Click = Callable[[], None]


@pytest.fixture
def instances(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Return the widgets that there are, as ipywidgets keeps them."""
    module = types.ModuleType("ipywidgets.widgets.widget")
    module._instances = {}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module._instances  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def click(notebook: Notebook, instances: dict[str, object]) -> Click:
    """Define ``on_click`` in a cell with this; returned is what a click does, as ipykernel's comms do it."""
    return _click_in(notebook, instances)


def _click_in(notebook: Notebook, instances: dict[str, object]) -> Click:
    def clicked() -> None:
        handler = notebook["on_click"]
        instances["one"] = types.SimpleNamespace(_trait_notifiers={"value": {"change": [handler]}}, _trait_values={})
        notebook.shell.events.trigger("pre_execute")
        handler(None)
        notebook.shell.events.trigger("post_execute")

    return clicked


@pytest.fixture
def busy(hurried: Notebook, instances: dict[str, object]) -> tuple[Notebook, Click]:
    """Return a notebook with no time for looks, and a click that changes ``big``."""
    hurried.run("def on_click(b): big[0]['n'] = 'by the callback'")
    return hurried, _click_in(hurried, instances)


@pytest.mark.parametrize(
    "make",
    [
        "import time\nbig = [{'n': i, 'at': time.perf_counter_ns()} for i in range(500)]\ntime.sleep(0.06)",
        "big = [{'n': 0}] + [0.5] * 100_000",
    ],
    ids=["dear", "cheap"],
)
def test_a_late_look_after_a_click_stores_nothing_under_the_cells_version(
    busy: tuple[Notebook, Click], make: str
) -> None:
    notebook, click = busy
    notebook.run(make)
    before = notebook.session.head
    assert notebook.session.assumed == ["big"]
    click()
    one, limit_s = notebook.session.late.quickest() or pytest.fail("nothing is pending")
    assert notebook.session.late.look(one, limit_s, is_behind=True) == []
    notebook.session.flush()
    assert notebook.session.store.history.version(one.version).payload is None
    notebook.run("after = 1")
    again = notebook.reborn()
    again.restore()
    assert again["big"][0]["n"] == "by the callback"
    again.kill()
    again = again.reborn()
    again.restore(f"@{before}")
    assert again["big"][0]["n"] == 0
    again.kill()


def test_a_click_in_the_middle_of_a_cell_is_a_change_of_that_cell(notebook: Notebook, click: Click) -> None:
    notebook.run("clicked = []\ndef on_click(b): clicked.append(1)")
    notebook.variables["click"] = click
    notebook.run("click()")
    notebook.run("%ens ignore click")
    assert notebook.session.store.history.execution(notebook.session.head).no_replay is not None
    again = notebook.reborn()
    again.restore()
    assert again["clicked"] == [1]
    again.kill()


def test_a_click_that_another_thread_handles_while_a_cell_runs(notebook: Notebook, click: Click) -> None:
    """ipykernel 7 has front ends send what concerns widgets to a subshell, which is a thread of its own."""
    begin, done = threading.Event(), threading.Event()

    def subshell() -> None:
        begin.wait(60)
        click()
        done.set()

    notebook.run("clicked = []\ndef on_click(b): clicked.append(1)")
    thread = threading.Thread(target=subshell)
    thread.start()
    notebook.variables.update(begin=begin, done=done)
    notebook.run("begin.set()\nassert done.wait(60)")
    thread.join()
    notebook.run("x = 1")
    again = notebook.reborn()
    again.restore()
    assert again["clicked"] == [1]
    again.kill()


def test_a_cell_on_another_thread_may_have_changed_anything(notebook: Notebook) -> None:
    notebook.run("x = [1]", "y = 2")

    def subshell() -> None:
        notebook.shell.events.trigger("pre_execute")
        notebook.shell.events.trigger("pre_run_cell", types.SimpleNamespace(raw_cell="x.append(2)"))
        notebook["x"].append(2)
        notebook.shell.events.trigger("post_execute")
        result = types.SimpleNamespace(error_before_exec=None, error_in_exec=None)
        notebook.shell.events.trigger("post_run_cell", result)

    thread = threading.Thread(target=subshell)
    thread.start()
    thread.join()
    notebook.run("z = 3")
    again = notebook.reborn()
    again.restore()
    assert again["x"] == [1, 2]
    again.kill()
