"""What threads, tasks and callbacks change while no cell runs is an execution of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ensession.model import ExecutionKind
from tests.notebook import Notebook

START = """\
import threading, functools, concurrent.futures
go, done = threading.Event(), threading.Event()
items = [1]; nested = {'inner': [1]}; n = 0; other = [1]
class Log:
    def __init__(self):
        self.lines = []
    def write(self, *rest):
        go.wait(60)
        self.lines.append(1)
        done.set()
log = Log()
def finish(*rest):
    done.set()
"""
WORKERS = {
    "a thread's global": (
        "def work():\n    go.wait(60)\n    items.append(2)\n    done.set()\nthreading.Thread(target=work).start()",
        "items",
    ),
    "a thread that binds a name": (
        "def work():\n    global n\n    go.wait(60)\n    n = 5\n    done.set()\n"
        "t = threading.Thread(target=work)\nt.start()",
        "n",
    ),
    "a thread's argument": (
        "def work(some):\n    go.wait(60)\n    some.append(2)\n    done.set()\n"
        "threading.Thread(target=work, args=(items,)).start()",
        "items",
    ),
    "an argument without a name of its own": (
        "def work(some):\n    go.wait(60)\n    some.append(2)\n    done.set()\n"
        "threading.Thread(target=work, kwargs={'some': nested['inner']}).start()",
        "nested",
    ),
    "a method": ("threading.Thread(target=log.write).start()", "log"),
    "a closure": (
        "def make(some):\n    def work():\n        go.wait(60)\n        some.append(2)\n        done.set()\n"
        "    return work\nthreading.Thread(target=make(items)).start()",
        "items",
    ),
    "a class of threads": (
        "class Worker(threading.Thread):\n    def run(self):\n        go.wait(60)\n        items.append(2)\n"
        "        done.set()\nWorker().start()",
        "items",
    ),
    "a partial function": (
        "def work(some, *rest):\n    go.wait(60)\n    some.append(2)\n    done.set()\n"
        "threading.Thread(target=functools.partial(work, items)).start()",
        "items",
    ),
    "a pool": (
        "def work():\n    go.wait(60)\n    items.append(2)\n    done.set()\n"
        "pool = concurrent.futures.ThreadPoolExecutor(1)\npool.submit(work)",
        "items",
    ),
    "what a pool has queued": (
        "def late():\n    items.append(2)\n    done.set()\n"
        "pool = concurrent.futures.ThreadPoolExecutor(1)\npool.submit(go.wait, 60)\npool.submit(late)",
        "items",
    ),
}


@pytest.fixture
def busy(notebook: Notebook) -> Iterator[Notebook]:
    """Return a notebook whose threads are let go and waited for in the end."""
    before = set(threading.enumerate())
    notebook.run(START)
    yield notebook
    notebook["go"].set()
    pool = notebook.variables.get("pool")
    if isinstance(pool, ThreadPoolExecutor):
        pool.shutdown()
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith(("Thread-", "Worker-", "ThreadPool")):
            thread.join(60)


def kinds(notebook: Notebook, last: int) -> list[ExecutionKind]:
    return [one.kind for one in notebook.session.store.history.executions(last)]


def bound(notebook: Notebook, execution: int) -> set[str]:
    return {name for name, _ in notebook.session.store.history.bindings(execution) if not name.startswith("<")}


@pytest.mark.parametrize("case", WORKERS)
def test_a_change_between_two_cells_is_an_execution_of_its_own(busy: Notebook, case: str) -> None:
    cell, name = WORKERS[case]
    busy.run(cell)
    busy["go"].set()
    assert busy["done"].wait(60)
    busy.run("z = 1")
    assert kinds(busy, 2) == [ExecutionKind.AMBIENT, ExecutionKind.CELL]
    ambient, last = busy.session.store.history.executions(2)
    assert name in bound(busy, ambient.id)
    assert bound(busy, last.id) == {"z"}
    expected = busy[name].lines if name == "log" else busy[name]
    live = busy.reborn()
    live.restore()
    assert (live[name].lines if name == "log" else live[name]) == expected
    live.kill()


def test_a_change_while_another_cell_runs_is_not_that_cells(busy: Notebook) -> None:
    busy.run(WORKERS["a thread's global"][0])
    busy.run("go.set()\nassert done.wait(60)")
    assert "items" not in busy.changed()
    busy.run("z = 1")
    assert kinds(busy, 2) == [ExecutionKind.AMBIENT, ExecutionKind.CELL]
    assert "items" in bound(busy, busy.session.store.history.executions(2)[0].id)


def test_nothing_is_recorded_where_nothing_changed(busy: Notebook) -> None:
    busy.run(WORKERS["a thread's global"][0], "y = 1", "z = 1")
    assert kinds(busy, 2) == [ExecutionKind.CELL, ExecutionKind.CELL]
    assert busy.changed() == {"z"}


def test_what_a_thread_may_have_changed_is_not_made_again(busy: Notebook) -> None:
    started = busy.run(WORKERS["a thread's global"][0])
    shared = busy.run("copy = list(items)")
    apart = busy.run("mine = list(other)")
    history = busy.session.store.history
    assert "left something running: thread" in (history.execution(started).caution or "")
    assert "may be changed meanwhile by thread" in (history.execution(shared).no_replay or "")
    assert history.execution(apart).no_replay is None


def test_a_thread_that_ended_in_its_cell_is_no_matter(busy: Notebook) -> None:
    cell = "t = threading.Thread(target=lambda: items.append(2)); t.start(); t.join(); del t"
    busy.run(cell)
    assert busy.changed() == {"items"}
    assert busy.session.store.history.executions(1)[0].no_replay is None


def test_threads_of_libraries_are_no_suspects(busy: Notebook, tmp_path: Path) -> None:
    waiting = threading.Event()
    thread = threading.Thread(target=waiting.wait)
    thread.start()
    try:
        busy.run("y = len(items)")
        assert busy.session.store.history.executions(1)[0].no_replay is None
    finally:
        waiting.set()
        thread.join()


SERVICE = """\
%%ens always
import http.server, threading
server = http.server.HTTPServer(('127.0.0.1', 0), http.server.BaseHTTPRequestHandler)
t = threading.Thread(target=server.serve_forever, daemon=True)
t.start()
"""


def test_a_service_is_started_by_every_restore_where_it_always_runs(notebook: Notebook) -> None:
    number = notebook.run(SERVICE)
    lives = [notebook]
    try:
        for count in range(3):
            lives[-1].run(f"x = {count}")
            assert lives[-1].session.losses() == {}
            lives.append(lives[-1].reborn())
            report = lives[-1].restore()
            assert number in report.plan.runs
            assert not any("should always run" in note for note in report.notes)
            assert lives[-1]["t"].is_alive()
            assert lives[-1]["x"] == count
        assert len({one["server"].server_port for one in lives}) == len(lives)
    finally:
        for one in lives:
            one["server"].shutdown()
            one["server"].server_close()
        lives[-1].kill()


def test_what_left_something_running_runs_again_where_that_is_allowed(busy: Notebook) -> None:
    number = busy.run("t = threading.Thread(target=go.wait, args=(60,))\nt.start()")
    assert f"%ens allow {number}" in busy.session.losses()["t"]
    busy.ens(f"allow {number}")
    assert "t" not in busy.session.losses()
