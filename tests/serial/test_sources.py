"""The text of a cell, which comes along with what was defined in it."""

from __future__ import annotations

import linecache

import pytest

from ensession.serial.definitions import cell_source, named


def test_an_old_ipython_says_itself_which_texts_are_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    name, entry = "/tmp/cell.py", (6, 1.0, ["x = 1\n"], "/tmp/cell.py")
    monkeypatch.setitem(linecache.cache, name, entry)
    assert cell_source(name) == (name, None)  # a time of change: it was read from a file
    monkeypatch.setattr(linecache, "_ipython_cache", {name: entry}, raising=False)
    assert cell_source(name) == named("x = 1\n")
