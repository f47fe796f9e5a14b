"""What callbacks of widgets change between two cells, in a real kernel: recorded on its own, and brought back."""

from __future__ import annotations

import ast
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.conftest import Restored, StartKernel

pytest.importorskip("ipywidgets")
CLICK = {"method": "custom", "content": {"event": "click"}}


START = """\
import ipywidgets, asyncio
clicked, bound, slid, shown, waited, other = [], [], {'values': []}, [], [], [1]
"""
WIDGETS = {
    "clicked": ("w = ipywidgets.Button(); w.on_click(lambda b: clicked.append(2))", CLICK),
    "bound": (
        "def go(b):\n    global bound\n    bound = [*bound, 2]\nw = ipywidgets.Button(); w.on_click(go)",
        CLICK,
    ),
    "slid": (
        "w = ipywidgets.IntSlider(); w.observe(lambda change: slid['values'].append(change.new), 'value')",
        {"method": "update", "state": {"value": 3}},
    ),
    "shown": (
        "def show(v):\n    shown.append(v)\nw = ipywidgets.interactive(show, v=(0, 9)).children[0]",
        {"method": "update", "state": {"value": 7}},
    ),
}
TASK = "async def work():\n    await asyncio.sleep(0.01)\n    waited.append(2)\ntask = asyncio.create_task(work())"


def executions(store: Path) -> list[tuple[str, set[str]]]:
    """Return kind and changed variables of every execution."""
    with closing(sqlite3.connect(store)) as file:
        found = file.execute("SELECT id, kind FROM execution ORDER BY id").fetchall()
        names = [file.execute("SELECT name FROM binding WHERE execution = ?", [id_]).fetchall() for id_, _ in found]
    changed = [{name for (name,) in some if not name.startswith("<")} for some in names]
    return [(kind, some) for (_, kind), some in zip(found, changed, strict=True)]


def test_callbacks_and_tasks_are_executions_of_their_own(
    start_kernel: StartKernel, tmp_path: Path, restore_in: Callable[..., Restored]
) -> None:
    kernel, store = start_kernel("here"), tmp_path / "w.ens"
    kernel.run(f"%ens start {store}")
    kernel.run(START)
    for name, (cell, message) in WIDGETS.items():
        kernel.run(cell)
        before = kernel.value(name)
        kernel.send_to_widget(ast.literal_eval(kernel.value("w.comm.comm_id")), message)
        kernel.run(f"after_{name} = 1")
        assert kernel.value(name) != before
    kernel.run(TASK)
    kernel.run("await task\nafter_waited = 1")
    names = [*WIDGETS, "waited"]
    expected = [kernel.value(name) for name in names]
    kernel.kill()
    log = executions(store)
    for name in WIDGETS:
        place = next(i for i, (_, changed) in enumerate(log) if f"after_{name}" in changed)
        assert log[place - 1] == ("ambient", {name})
        assert log[place] == ("cell", {f"after_{name}"})
    restored = restore_in("there", store)
    assert [restored.kernel.value(name) for name in names] == expected
    assert restored.kernel.value("other") == "[1]"
