"""What only a kernel and a front end have: earlier results, tags of cells; and what generators hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

EARLIER = [
    "[1, 2, 3]",
    "x = _",
    "_.append(4)",
    "{'k': x}",
    "y = [_, Out[3], __]",
    "_['k'].append(5)\nz = _3",
]
HELD = [
    "held = [1]\ndef count():\n    for n in range(5):\n        held.append(n)\n        yield n, held",
    "g = count()\nfirst = next(g)",
    "def over(values):\n    for value in values:\n        values[-1] += value\n        yield value",
    "own = over([1, 2, 3])",
    "next(own)",
    "second = next(g)",
    "held.append('late')",
]


def test_earlier_results_are_inputs_and_come_back_in_variables(
    start_kernel: Callable[..., Any], restore_in: Callable[..., Any]
) -> None:
    facts = "(x, y, z, x is z, y[0]['k'] is x, y[1] is x)"
    kernel = start_kernel("here")
    kernel.run("%ens start s.ens")
    for cell in EARLIER:  # the third cell of the kernel and those that follow
        kernel.run(cell)
    before = kernel.value(facts)
    kernel.kill()
    restored = restore_in("elsewhere", kernel.cwd / "s.ens")
    restored.assert_accounted_for()
    assert restored.kernel.value(facts) == before
    # The results themselves belong to the kernel that is gone: a cell that asks for them says so at once.
    assert "KeyError: 3" in restored.kernel.fails("Out[3]").error


def test_generators_and_what_they_hold(start_kernel: Callable[..., Any], restore_in: Callable[..., Any]) -> None:
    kernel = start_kernel("here")
    kernel.run("%ens start s.ens")
    for cell in HELD:
        kernel.run(cell)
    facts = "(held, first, second, first[1] is held, second[1] is held)"
    before, ahead = kernel.value(facts), "(next(g), next(own), next(own), held)"
    expected = kernel.value(ahead)
    kernel.kill()
    restored = restore_in("elsewhere", kernel.cwd / "s.ens")
    lost = {name for name, fate in restored.fates.items() if fate in {"missing", "different"}}
    assert lost == set()
    assert restored.kernel.value(facts) == before
    assert restored.kernel.value(ahead) == expected


def test_tags_as_jupyterlab_sends_them(start_kernel: Callable[..., Any], restore_in: Callable[..., Any]) -> None:
    kernel = start_kernel("here")
    kernel.run("%ens start s.ens")
    kernel.run("import sqlite3\ndb = sqlite3.connect(':memory:')", tags=["hide-input", "ens-always"], cell_id="a")
    kernel.run("never = (n for n in range(3))", tags=["ens-never"])
    kernel.run("plain = (n for n in range(3))", tags=["parameters"])
    kernel.kill()
    restored = restore_in("elsewhere", kernel.cwd / "s.ens")
    assert restored.fates["never"] == "missing"
    assert restored.fates["plain"] != "missing"
    assert restored.kernel.value("db.execute('select 1').fetchone()[0]") == "1"
