"""Attributes of modules and imported classes are part of no variable: setting one is said, and noted."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.notebook import Notebook


@pytest.fixture
def patched(notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    (tmp_path / "patched_helpers.py").write_text("counter = 0\nclass Box:\n    size = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    notebook.run("import patched_helpers as helpers\nfrom patched_helpers import Box\nclass Own:\n    pass\no = Own()")
    return notebook


def patches(notebook: Notebook) -> list[str]:
    with contextlib.closing(sqlite3.connect(notebook.store)) as store:
        rows = store.execute(
            "SELECT detail FROM effect WHERE kind = 'patch' AND execution = ?", [notebook.session.head]
        )
        return [detail for (detail,) in rows]


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("helpers.counter = 1", "patched_helpers.counter"),
        ("helpers.counter += 1", "patched_helpers.counter"),
        ("helpers.Box.size = 2", "patched_helpers.Box.size"),
        ("Box.size = 2", "patched_helpers.Box.size"),
        ("del Box.size", "patched_helpers.Box.size"),
    ],
)
def test_a_patched_library_is_said(patched: Notebook, cell: str, name: str) -> None:
    with pytest.warns(UserWarning, match=f"this cell changes {name}, which is part of no variable"):
        patched.run(cell)
    assert patches(patched) == [name]
    patched["helpers"].Box.size = 1


def test_it_is_said_once_for_each_attribute(patched: Notebook) -> None:
    with pytest.warns(UserWarning, match="this cell changes") as said:
        patched.run("helpers.counter = 1", "helpers.counter = 2")
    assert len(said) == 1


@pytest.mark.parametrize("cell", ["Own.size = 2", "o.size = 2", "x = helpers.counter", "helpers.Box().size = 3"])
def test_objects_of_the_session_are_no_patches(patched: Notebook, cell: str) -> None:
    patched.run(cell)
    assert patches(patched) == []


STATE = """\
counter, seen, big = 0, [], bytearray(2 * 2**20)
def up():
    global counter
    counter += 1
    seen.append(counter)
def grow(): big[0] += 1
def say(text):
    global word
    word = text
word = "a"
def decide():
    global counter
    counter = bool(counter)
class Registry:
    items = {}
    @classmethod
    def add(cls, name): cls.items[name] = len(cls.items)
def look(): return counter, list(seen), Registry.items.get(1)
def remember(): globals()["late"] = 1
"""


@pytest.mark.parametrize(
    ("cell", "changed"),
    [
        ("mine.up()", ["own_state.counter", "own_state.seen"]),
        ("also()", ["own_state.counter", "own_state.seen"]),
        ("mine.seen.append(5)", ["own_state.seen"]),
        ("mine.Registry.add('a')", ["own_state.Registry.items"]),
        ("mine.remember()", ["own_state.late"]),
        ("mine.decide()", ["own_state.counter"]),  # False, which equals 0
        ("mine.say('b')", ["own_state.word"]),
        ("mine.say('' + 'a'); x = 1", []),
        ("mine.look(); x = 1", []),
        ("mine.grow()", []),  # larger than what every cell can pay for
    ],
)
def test_state_in_a_module_of_the_users_own_is_said(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str, changed: list[str]
) -> None:
    (tmp_path / "own_state.py").write_text(STATE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_state", raising=False)
    notebook.run("import own_state as mine\nfrom own_state import up as also", "y = 1")
    expected = pytest.warns(UserWarning, match=f"changes {', '.join(changed)}, which") if changed else nullcontext()
    with expected:
        notebook.run(cell)
    assert patches(notebook) == changed
    notebook.run("z = 1")
    assert patches(notebook) == []


def test_a_variable_that_a_module_holds_and_changes(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings_of_the_test.py").write_text(
        "CFG = {'lr': 1}\nHISTORY = []\ndef update(**k):\n    CFG.update(k)\n    HISTORY.append(1)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    notebook.run(
        "from settings_of_the_test import CFG, update\nimport settings_of_the_test as s",
        "history = s.HISTORY",
        "update(lr=2)",
        "x = 1",
    )
    again = notebook.reborn()
    monkeypatch.delitem(sys.modules, "settings_of_the_test")
    again.restore()
    assert (again["CFG"], again["history"]) == ({"lr": 2}, [1])
    again.kill()


EXTENDING = {
    "an accessor": (
        "@pd.api.extensions.register_dataframe_accessor('geo_of_the_test')\nclass Geo:\n"
        "    def __init__(self, frame):\n        pass"
    ),
    "setattr": "setattr(pd.DataFrame, 'geo_of_the_test', 1)",
    "a function": "install()",
}


@pytest.mark.parametrize("how", EXTENDING)
def test_what_a_library_is_extended_by_is_told(notebook: Notebook, how: str) -> None:
    pandas = pytest.importorskip("pandas")
    notebook.run(
        "import pandas as pd", "def install():\n    pd.DataFrame.geo_of_the_test = 1", "frame = pd.DataFrame()"
    )
    try:
        with pytest.warns(UserWarning, match=r"changes pandas\.DataFrame\.geo_of_the_test"):
            notebook.run(EXTENDING[how])
    finally:
        del pandas.DataFrame.geo_of_the_test
        pandas.DataFrame._accessors.discard("geo_of_the_test")
