"""Attributes of modules and imported classes are part of no variable: setting one is said, and noted."""

from __future__ import annotations

import contextlib
import sqlite3
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
    with pytest.warns(UserWarning, match=f"this cell sets {name}, which is part of no variable"):
        patched.run(cell)
    assert patches(patched) == [name]
    patched["helpers"].Box.size = 1


def test_it_is_said_once_for_each_attribute(patched: Notebook) -> None:
    with pytest.warns(UserWarning, match="this cell sets") as said:
        patched.run("helpers.counter = 1", "helpers.counter = 2")
    assert len(said) == 1


@pytest.mark.parametrize("cell", ["Own.size = 2", "o.size = 2", "x = helpers.counter", "helpers.Box().size = 3"])
def test_objects_of_the_session_are_no_patches(patched: Notebook, cell: str) -> None:
    patched.run(cell)
    assert patches(patched) == []
