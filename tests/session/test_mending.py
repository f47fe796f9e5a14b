"""A cell that runs again and makes something else than the first time: that is loaded, and the rest goes on."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ensession.model import Fate, RestoreReport
from tests.notebook import Notebook
from tests.session.test_generated import prices


@pytest.fixture
def world() -> Iterator[Any]:
    """What is outside of the session, and not as it was: another ``value``; and how often cells ran."""
    made: Any = types.ModuleType("world_of_the_test")
    made.value, made.runs = 1, []
    sys.modules[made.__name__] = made
    yield made
    del sys.modules[made.__name__]


def restored(tmp_path: Path, world: Any, *cells: str) -> tuple[Notebook, RestoreReport]:
    """Record cells, change the world, and restore by running as much as possible."""
    notebook = Notebook(tmp_path / "s.ens").start("--all")
    notebook.run("import world_of_the_test as world", *cells)
    notebook = notebook.reborn()
    world.value = 2
    world.runs.clear()
    with prices("loading is dear"):
        report = notebook.restore()
    return notebook, report


def fates(report: RestoreReport) -> dict[str, Fate]:
    return {one.name: one.fate for one in report.variables if not one.name.startswith("<")}


def test_what_came_before_is_not_made_twice(tmp_path: Path, world: Any) -> None:
    notebook, report = restored(
        tmp_path,
        world,
        "world.runs.append('first')\nfirst = [1] * 1000",
        "other = len(first)\nbroken = [world.value]",
        "world.runs.append('last')\nlast = [broken[0], other]",
    )
    assert world.runs == ["first", "last"]
    assert (notebook["broken"], notebook["last"], notebook["other"]) == ([1], [1, 1000], 1000)
    assert fates(report)["broken"] is Fate.LOADED
    assert fates(report)["last"] is Fate.RECOMPUTED
    assert report.replans == ()
    assert any("broken came out different" in note for note in report.notes)
    notebook.kill()


def test_a_class_comes_with_its_instances(tmp_path: Path, world: Any) -> None:
    notebook, report = restored(
        tmp_path,
        world,
        "world.runs.append('first')\nfirst = [1] * 1000",
        "class Box:\n    size = world.value\nbox = Box()\nboth = [box, first]",
        "count = len(both)",
    )
    assert world.runs == ["first"]
    assert notebook["Box"].size == 1
    assert type(notebook["box"]) is notebook["Box"]
    assert notebook["both"][0] is notebook["box"]
    assert notebook["both"][1] is notebook["first"]
    assert report.replans == ()
    notebook.kill()


def test_a_cell_that_went_another_way_may_have_changed_what_it_only_read(tmp_path: Path, world: Any) -> None:
    notebook, report = restored(
        tmp_path,
        world,
        "first = [1]",
        "broken = [world.value]\nif world.value == 2:\n    first.append(2)",
        "last = [*broken, *first]",
    )
    assert (notebook["first"], notebook["broken"], notebook["last"]) == ([1], [1], [1, 1])
    assert any("broken came out different" in reason for reason in report.replans)
    notebook.kill()


def test_what_is_not_stored_is_reported_as_different(tmp_path: Path, world: Any) -> None:
    notebook = Notebook(tmp_path / "s.ens").start("--all")
    notebook.run("import world_of_the_test as world", "first = [1]", "broken = [world.value, *first]")
    notebook.lose("broken")
    notebook = notebook.reborn()
    world.value = 2
    with prices("loading is dear"):
        report = notebook.restore()
    assert fates(report)["broken"] is Fate.DIFFERENT
    assert notebook["broken"] == [2, 1]
    notebook.kill()
