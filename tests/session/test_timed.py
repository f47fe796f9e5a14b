"""What is defined below ``%%time`` keeps its cell's text, as everything else does."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from ensession.model import Fate
from tests.notebook import Notebook
from tests.session.test_generated import prices

CELLS = (
    "%%time\nf = lambda x: x + 1\ndef g(y):\n    return f(y)\nclass K:\n    def m(self):\n        return 5\ng(1)",
    "a = 1\n%time h = lambda z: z * 2",
    "%%time\nf2 = [lambda x: x + 1]",
)


@pytest.mark.parametrize("what", ["running is dear", "loading is dear"])
def test_it_comes_back_with_its_source(tmp_path: Path, what: str) -> None:
    notebook = Notebook(tmp_path / "s.ens").start("--all")
    notebook.run(*CELLS)
    again = notebook.reborn()
    with prices(what):
        report = again.restore()
    fates = {one.name: one.fate for one in report.variables if one.name in ("f", "g", "K", "h", "f2")}
    assert set(fates.values()) <= {Fate.LOADED, Fate.RECOMPUTED}
    if what == "running is dear":
        assert inspect.getsource(again["f"]).strip() == "f = lambda x: x + 1"
        assert inspect.getsource(again["K"].m).strip() == "def m(self):\n        return 5"
        assert inspect.getsource(again["h"]).strip() == "h = lambda z: z * 2"
    assert (again["g"](1), again["K"]().m(), again["h"](2), again["f2"][0](1)) == (2, 5, 4, 2)
    again.run("f, g, K, h, f2")
    assert again.changed() == set()
    again.kill()
