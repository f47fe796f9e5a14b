"""A dictionary whose items are its attributes comes back as one."""

from __future__ import annotations

from pathlib import Path

from ensession.model import Fate
from tests.notebook import Notebook


def test_items_are_attributes_again(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "s.ens").start("--all")
    notebook.run(
        "class D(dict):\n    def __init__(self, **words):\n        self.update(words)\n        self.__dict__ = self"
    )
    notebook.run("d = D(a=1, b=[2])", "d.me = d", "plain = D(a=1)\nplain.__dict__ = {'x': 1}")
    again = notebook.reborn()
    report = again.restore()
    assert {one.name for one in report.variables if one.fate is not Fate.LOADED} == set()
    assert vars(again["d"]) is again["d"] is again["d"].me
    assert (vars(again["plain"]), dict(again["plain"])) == ({"x": 1}, {"a": 1})
    again.run("d.c = 3")
    assert again.changed() == {"d"}
    assert again["d"]["c"] == 3
    again.kill()
