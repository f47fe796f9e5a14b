"""Modules of the user's own, as they are imported, reloaded, and looked at once more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ensession.capture.modules import ModuleWatch


def test_what_could_not_be_recorded_is_returned_once_more_and_stays_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_thing.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    # The import replaces this, and undoing takes away whatever is there then.
    monkeypatch.setitem(sys.modules, "own_thing", None)
    del sys.modules["own_thing"]
    __import__("own_thing")
    watch = ModuleWatch()
    assert "own_thing" in {module.name for module in watch.fresh()}
    assert watch.fresh() == ()
    watch.forget()
    assert "own_thing" in watch.names()
    assert "own_thing" in {module.name for module in watch.fresh()}
    assert watch.fresh() == ()


def test_the_disk_is_not_asked_about_each_loaded_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session has thousands of modules, and each start looks at all of them."""
    ModuleWatch().fresh()
    asked: list[Path] = []
    monkeypatch.setattr(Path, "resolve", lambda path, *_: asked.append(path) or path)
    ModuleWatch(read=lambda _: b"").fresh()
    assert asked == []
