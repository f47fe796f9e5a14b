"""What the session registers with the shell's events: what it changes is seen."""

from __future__ import annotations

import pytest

from tests.notebook import Notebook

LISTENERS = {
    "a function": "def listen(*_):\n    log.append(1)",
    "a lambda": "listen = lambda *_: log.append(1)",
    "a bound method": "class C:\n    def hear(self, *_):\n        log.append(1)\nc = C()\nlisten = c.hear",
    "a method of a list": "class Log(list):\n    def __call__(self, *_):\n        self.append(1)\nlog = listen = Log()",
    "a partial": ("import functools\ndef add(some, *_):\n    some.append(1)\nlisten = functools.partial(add, log)"),
    "a closure": (
        "def make(some):\n    def listen(*_):\n        some.append(1)\n    return listen\nlisten = make(held['log'])"
    ),
}


@pytest.mark.parametrize("event", ["pre_execute", "pre_run_cell", "post_run_cell", "post_execute"])
@pytest.mark.parametrize("kind", LISTENERS)
def test_what_a_callback_of_the_shell_changes_is_seen(notebook: Notebook, kind: str, event: str) -> None:
    notebook.run("log = []; held = {'log': log}; other = [1]", LISTENERS[kind])
    notebook.run(f"get_ipython().events.register('{event}', listen)")
    notebook.run("x = 1", "y = 2")
    two = notebook.run("z = 3")
    seen = len(notebook["log"])
    notebook.run("w = 4")
    assert seen >= 3
    again = notebook.reborn()
    again.restore()
    assert again["log"] is (again["held"]["log"] if kind != "a method of a list" else again["log"])
    called_at_once = event == "post_execute"  # the others are recorded before the next cell
    assert len(again["log"]) == seen + 1 + called_at_once
    again.restore(f"@{two}")
    assert len(again["log"]) == seen + called_at_once
    again.kill()


def test_cells_run_again_for_all_the_callbacks_around_them(notebook: Notebook) -> None:
    notebook.run("log = []\ndef listen(*_):\n    log.append(1)")
    notebook.run("get_ipython().events.register('pre_run_cell', listen)")
    notebook.run("get_ipython().events.register('post_run_cell', listen)")
    at = notebook.run("x = [1]")
    assert notebook.session.store.history.execution(at).no_replay is None
    notebook.lose("x")
    again = notebook.reborn()
    again.restore()
    assert again["x"] == [1]
    again.kill()


def test_a_callback_that_is_called_once(notebook: Notebook) -> None:
    notebook.run(
        "log = []\ndef once(*_):\n    log.append(1)\n    get_ipython().events.unregister('post_run_cell', once)",
        "get_ipython().events.register('post_run_cell', once)",
        "x = 1",
    )
    assert notebook["log"] == [1]
    again = notebook.reborn()
    again.restore()
    assert again["log"] == [1]
    again.kill()


def test_a_librarys_own_callbacks_make_no_variable_suspect(notebook: Notebook) -> None:
    notebook.run(
        "%load_ext autoreload",
        "import matplotlib.pyplot as plt\nfrom matplotlib.backend_bases import FigureCanvasBase",
        "def hear(*_):\n    return 1\nget_ipython().events.register('post_run_cell', hear)",
    )
    beside = notebook.session.beside
    notebook.run("x = [1]")
    assert beside.leaves_alone(["x"])
