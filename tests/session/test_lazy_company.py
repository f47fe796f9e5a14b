"""Lazy restores in company: of an audit, and of threads that use what is awaited."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.session.lives import Lives, awaited

DEADLINE_S = 30


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a thread of the notebook's."""
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_audit_finds_no_change_in_what_is_awaited(lives: Lives) -> None:
    lives.record("a = [1]", "b = {'a': a}", "far = [2]", "K = type('K', (), {})", "k = K()")
    notebook = lives.lazily()
    notebook.ens("config audit=on")
    notebook.run("x = 1")
    assert (notebook.audits(), notebook.changed(), awaited(notebook)) == ([], {"x"}, {"a", "b", "far", "K", "k"})
    notebook.run("a.append(2)")
    assert (notebook.audits(), notebook.changed(), awaited(notebook)) == ([], {"a", "b"}, {"far", "K", "k"})
    notebook.ens("load")
    notebook.run("y = 1")
    assert (notebook.audits(), notebook.changed()) == ([], {"y"})


def test_what_a_thread_will_use_is_there_when_it_is_started(lives: Lives) -> None:
    lives.record("a = [1, 2]; far = 0", "def work():\n    time.sleep(0.1)\n    out.append(sum(a))")
    notebook = lives.lazily()
    notebook.run("import threading, time\nout = []\nt = threading.Thread(target=work); t.start()")
    assert awaited(notebook) == {"far"}
    notebook.run("t.join()")
    assert notebook["out"] == [3]


def test_a_thread_that_binds_an_awaited_name_has_the_last_word(lives: Lives) -> None:
    lives.record("a = [1]", "b = [2]")
    notebook = lives.lazily()
    notebook.run(
        "import threading, time\ngo = threading.Event()\n"
        "def work():\n    global a\n    go.wait()\n    a = 'new'\nt = threading.Thread(target=work); t.start()"
    )
    notebook["go"].set()
    until(lambda: notebook.variables.get("a") == "new")
    notebook.run("t.join(); n = (a, b)")
    assert notebook["n"] == ("new", [2])
    lives.lazily().run("n2 = (a, b)")
    assert lives.notebook["n2"] == ("new", [2])
