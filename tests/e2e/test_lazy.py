"""A lazy restore in real kernels: taken up after a kill, filled while no cell runs, refusing cells it can't serve."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.e2e.conftest import StartKernel
from tests.kernels import Kernel

CELLS = (
    "rows = [{'n': n} for n in range(1000)]; first = rows[0]",
    "class Box:\n    def __init__(self, content):\n        self.content = content",
    "box = Box(rows)",
    "def total():\n    return sum(row['n'] for row in box.content)",
    "import random\nrandom.seed(1)\nblob = bytes(6_000_000)",
)
FACTS = (
    "box.content is rows and rows[0] is first and type(box) is Box",
    "total() == sum(row['n'] for row in rows)",
    "total.__globals__ is globals() and blob == bytes(6_000_000)",
)
DEADLINE_S = 60


def _record(kernel: Kernel, store: Path) -> None:
    kernel.run(f"%ens start {store} --all")
    for cell in CELLS:
        kernel.run(cell)
    kernel.run("%ens flush")


def _until_all_is_there(kernel: Kernel) -> None:
    """Ask, as a patient user would, until nothing is awaited; asking is a cell that uses nothing."""
    deadline = time.monotonic() + DEADLINE_S
    while "Awaited" in kernel.run("%ens status").text:
        assert time.monotonic() < deadline, "the rest never came by itself"
        time.sleep(0.05)  # the kernel's pause, in which it works


def test_values_and_identity_after_a_kill(start_kernel: StartKernel, tmp_path: Path) -> None:
    store = tmp_path / "s.ens"
    first = start_kernel("one")
    _record(first, store)
    drawn = first.value("__import__('random').Random(1).random()")
    first.kill()
    second = start_kernel("two")
    assert "awaited" in second.run(f"%ens restore {store} --lazy").text
    assert second.run("drawn = random.random(); drawn").outputs[-1]["data"]["text/plain"] == drawn
    second.run("rows.append({'n': 5})\nassert box.content is rows and total() == sum(row['n'] for row in rows)")
    second.kill()  # something may still be awaited
    third = start_kernel("three")
    third.run(f"%ens restore {store} --lazy")
    third.run("assert len(box.content) == 1001 and drawn")
    for fact in FACTS:
        third.run(f"assert {fact}")
    fates, _ = third.last_restore()
    assert set(fates.values()) <= {"loaded", "recomputed"}


def test_the_rest_comes_while_nothing_runs(start_kernel: StartKernel, tmp_path: Path) -> None:
    store = tmp_path / "s.ens"
    first = start_kernel("one")
    _record(first, store)
    first.kill()
    second = start_kernel("two")
    second.run(f"%ens restore {store} --lazy")
    _until_all_is_there(second)
    second.run("assert not get_ipython().ast_transformers")
    for fact in FACTS:
        assert second.holds(fact)


def test_a_cell_whose_variable_is_lost_does_not_run(start_kernel: StartKernel, tmp_path: Path) -> None:
    store = tmp_path / "s.ens"
    first = start_kernel("one")
    first.run(f"%ens start {store} --all")
    first.run("%%ens never\nsecret = list(range(400_000))")
    first.run("other = [1]")
    first.run("%ens flush")
    first.kill()
    with closing(sqlite3.connect(store, isolation_level=None)) as database:
        database.execute(
            "UPDATE chunk SET data = zeroblob(length(data)) WHERE id IN (SELECT c.chunk FROM payload_chunk c"
            " JOIN binding b ON b.version = c.payload WHERE b.name = 'secret')"
        )
    second = start_kernel("two")
    second.run(f"%ens restore {store} --lazy")
    said = second.fails("begun = 1\nprint(len(secret))").error
    assert "the cell did not run" in said
    assert "secret" in said
    assert not second.holds("'begun' in globals()")
    assert "NameError" in second.fails("secret").error
    second.run("assert other == [1]")


def test_the_cell_that_loads_the_extension_may_restore_lazily(start_kernel: StartKernel, tmp_path: Path) -> None:
    first = start_kernel("here")
    first.run(f"%ens start {tmp_path / 'work.ens'}")
    first.run("import random\nlarge = [random.random() for _ in range(200_000)]")
    first.kill()
    second = start_kernel("there", load=False)
    second.run(f"%load_ext ensession\n%ens restore {tmp_path / 'work.ens'} --lazy")
    assert "Awaited: 2 variables" in second.run("%ens status").text
    third = start_kernel("elsewhere", load=False)
    third.run(f"%load_ext ensession\n%ens restore {tmp_path / 'work.ens'} --lazy\nprint(len(large))")
    assert "Awaited" not in third.run("%ens status").text
