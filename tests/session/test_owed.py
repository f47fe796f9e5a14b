"""What could not be looked at or recorded with its cell is made up for, and nothing comes back as it was before."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ensession.model import Fate
from ensession.serial import budget
from tests.notebook import Notebook

BIG = "rows = [{'n': n, 'part': [n]} for n in range(2000)]"

TOLD = pytest.mark.filterwarnings("ignore:.*ensession did not record:UserWarning")
"""What these tests provoke is said to the user; test_told.py is about that."""


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    made = Notebook(tmp_path / "s.ens").start("--all")
    yield made
    made.kill()


@contextmanager
def failing(owner: Any, name: str, error: BaseException) -> Iterator[None]:
    """Let a method fail."""

    def fail(*_: Any, **__: Any) -> None:
        raise error

    setattr(owner, name, fail)
    try:
        yield
    finally:
        delattr(owner, name)


def fates(notebook: Notebook) -> tuple[Notebook, dict[str, Fate]]:
    """End a session without its kernel's doing, restore it, and return each variable's fate."""
    notebook.session.flush()
    again = notebook.reborn()
    return again, {one.name: one.fate for one in again.restore().variables}


@pytest.mark.parametrize("where", ["examine", "record"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@TOLD
def test_a_cell_that_could_not_be_recorded(notebook: Notebook, where: str, error: BaseException) -> None:
    notebook.run("import random", "random.seed(1)", "x = [1]", "y = {'n': 0}")
    owner = notebook.session._recorder.tracker if where == "examine" else notebook.session.store.log
    with failing(owner, where, error):
        notebook.attempt("x.append(2)\ny['n'] = -1\nrandom.seed(5)")
    notebook.run("z = 3")
    expected = random.getstate()
    random.seed(77)
    again, _ = fates(notebook)
    assert (again["x"], again["y"]) == ([1, 2], {"n": -1})
    assert random.getstate() == expected
    again.kill()


@TOLD
def test_a_large_value_that_an_interrupt_keeps_from_the_writer(notebook: Notebook) -> None:
    """The first press ends the cell, which can't be run again then; the second comes while the value is copied."""
    with failing(notebook.session.store.behind, "add", KeyboardInterrupt()):
        notebook.attempt("rows = [{'n': n} for n in range(150_000)]\nraise KeyboardInterrupt")
    notebook.run("x = 1", "len(rows)")
    again, found = fates(notebook)
    assert found["rows"] is Fate.LOADED
    assert len(again["rows"]) == 150_000
    again.kill()


@TOLD
def test_what_changed_between_two_cells_and_could_not_be_recorded(notebook: Notebook) -> None:
    notebook.run("import random", "random.seed(1)", "x = [1]")
    notebook.variables["x"] = [7]
    random.seed(9)
    record: Callable[..., Any] = notebook.session.store.log.record
    failures = [OSError(28, "No space left on device")]

    def once(*arguments: Any, **others: Any) -> Any:
        if failures:
            raise failures.pop()
        return record(*arguments, **others)

    notebook.session.store.log.record = once  # type: ignore[method-assign]
    notebook.run("y = 1", "z = 2")
    expected = random.getstate()
    random.seed(77)
    again, _ = fates(notebook)
    assert again["x"] == [7]
    assert random.getstate() == expected
    again.kill()


@TOLD
def test_a_generator_that_comes_with_its_library_wipes_nothing_out(notebook: Notebook) -> None:
    notebook.run("x = [1]")
    with failing(notebook.session.store.log, "record", OSError(28, "No space left on device")):
        notebook.attempt("x.append(2)")
    recorder = notebook.session._recorder
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder._hidden, "origins", lambda: {"<random>": random.getstate()})
        notebook.run("y = random = 1")
    again, _ = fates(notebook)
    assert again["x"] == [1, 2]
    again.kill()


@pytest.fixture
def hurried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """A notebook with no time for what is larger than 1,000 bytes; it does not record yet."""
    monkeypatch.setattr(budget, "FREE_STREAM_BYTES", 1000)
    monkeypatch.setattr(budget, "ALLOWANCE_S", 0.0)
    made = Notebook(tmp_path / "s.ens")
    made.ens("config budget=0%")
    yield made
    made.kill()


def test_there_is_time_for_what_was_there_before(hurried: Notebook) -> None:
    hurried.variables.update(rows=[{"n": n} for n in range(2000)], small=[1])
    hurried.start()
    again, found = fates(hurried)
    assert (found["rows"], found["small"]) == (Fate.LOADED, Fate.LOADED)
    again.kill()


def test_there_is_time_for_what_no_cell_makes_again(hurried: Notebook) -> None:
    hurried.start()
    hurried.run(f"import subprocess\nsubprocess.run(['true'])\n{BIG}\nother = [5]")
    again, found = fates(hurried)
    assert (found["rows"], found["other"]) == (Fate.LOADED, Fate.LOADED)
    again.kill()


def test_there_is_time_for_what_is_pinned(hurried: Notebook) -> None:
    hurried.start()
    hurried.ens("pin rows")
    hurried.run(BIG)
    again, found = fates(hurried)
    assert found["rows"] is Fate.LOADED
    again.kill()


def test_there_is_time_for_an_audit(hurried: Notebook) -> None:
    hurried.ens("config audit=on")
    hurried.start()
    hurried.run(BIG)
    assert "Assumed" not in hurried.ens("status")


def test_a_short_value_that_took_long_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "ALLOWANCE_S", 0.0)
    times = iter(range(100))
    spent = budget.Budget(0.0, lambda: float(next(times)))
    for _ in range(3):
        assert spent.take({"x": 1}, lambda limit: limit.check(100, 0) or "looked") == "looked"


PLACES = ("_effects.end", "_hidden.changed", "_beside.after_cell", "_draft", "rule.assess", "tracker.commit", "_write")


@contextmanager
def breaking(owner: Any, path: str, error: BaseException) -> Iterator[None]:
    """Let a method do its work, and then fail, once."""
    *way, name = path.split(".")
    for step in way:
        owner = getattr(owner, step)
    work: Callable[..., Any] = getattr(owner, name)

    def break_off(*given: Any, **named: Any) -> Any:
        setattr(owner, name, work)
        work(*given, **named)
        raise error

    setattr(owner, name, break_off)
    yield
    setattr(owner, name, work)


@pytest.mark.parametrize("place", [*PLACES, "tracker.user.changed", "tracker.user._watch.changed"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@TOLD
def test_a_record_that_broke_off_anywhere_is_made_up_for(notebook: Notebook, place: str, error: BaseException) -> None:
    notebook.run("import random", "random.seed(1)", "x = [1]\nalias = x", "gone = [3]", "y = {'n': 0}")
    recorder = notebook.session._recorder
    prepare = recorder._prepare

    def prepare_and_arm(*given: Any) -> Any:
        found = prepare(*given)
        broken.enter_context(breaking(recorder, place, error))
        return found

    with ExitStack() as broken:
        recorder._prepare = prepare_and_arm  # type: ignore[method-assign]
        notebook.attempt("alias.append(2)\ndel gone\ny = {'n': -1}\nnew = [5]\nrandom.seed(5)")
        recorder._prepare = prepare  # type: ignore[method-assign]
    notebook.run("z = 3")
    expected = random.getstate()
    random.seed(77)
    again, _ = fates(notebook)
    assert (again["x"], again["y"], again["new"]) == ([1, 2], {"n": -1}, [5])
    assert again["x"] is again["alias"]
    assert "gone" not in again.variables
    assert random.getstate() == expected
    again.kill()


@TOLD
def test_what_follows_a_broken_record_is_not_run_again(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "s.ens").start()
    notebook.run("x = [1]")
    with breaking(notebook.session._recorder, "_draft", KeyboardInterrupt()):
        notebook.attempt("x.append(2)")
    after = notebook.run("x.append(3)")
    assert notebook.session.store.history.execution(after).no_replay == "an execution before it was not recorded"
    again, _ = fates(notebook)
    assert again["x"] == [1, 2, 3]
    again.kill()


@TOLD
def test_a_cell_that_began_unnoticed(notebook: Notebook) -> None:
    notebook.run("x = [1]", "gone = 2")
    with breaking(notebook.session._recorder, "_prepare", KeyboardInterrupt()):
        notebook.attempt("x.append(2)\ndel gone")
    notebook.run("z = 3")
    again, _ = fates(notebook)
    assert again["x"] == [1, 2]
    assert "gone" not in again.variables
    again.kill()


@TOLD
def test_what_happened_between_two_cells_and_broke_off(notebook: Notebook) -> None:
    notebook.run("x = [1]", "gone = 2")
    notebook.variables["x"] = [7]
    del notebook.variables["gone"]
    with breaking(notebook.session._recorder, "tracker.examine", OSError(28, "No space left on device")):
        notebook.run("y = 1")
    again, _ = fates(notebook)
    assert again["x"] == [7]
    assert "gone" not in again.variables
    again.kill()


@TOLD
def test_deletions_are_recorded_where_nothing_could_be_looked_at(notebook: Notebook) -> None:
    notebook.run("import os", "os.environ['OWED'] = '1'", "x = [1]\nalias = x", "gone = 2", "kept = 3")
    before = dict(notebook.session.store.parts.state(notebook.run("kept")))
    with failing(notebook.session._recorder.tracker, "examine", OSError(5, "could not be read")):
        notebook.attempt("exec('del gone; x.append(2)')")
    after = notebook.session.store.parts.state(notebook.session._recorder.head)
    assert "gone" not in after
    assert after["<environ>"] == before["<environ>"]
    assert not before.items() & {(name, after[name]) for name in ("x", "alias", "kept")}
    assert notebook.changed() == {"gone", "x", "alias", "kept", "os"}


def test_an_interrupt_right_behind_the_commit(notebook: Notebook) -> None:
    """What is recorded is recorded: the line goes on behind it, and not beside it."""
    notebook.run("x = [1]")
    record: Callable[..., Any] = notebook.session.store.log.record

    def interrupted(*arguments: Any, **others: Any) -> Any:
        notebook.session.store.log.record = record  # type: ignore[method-assign]
        record(*arguments, **others)
        raise KeyboardInterrupt

    notebook.session.store.log.record = interrupted  # type: ignore[method-assign]
    notebook.attempt("x.append(2)\ny = 3")
    notebook.run("z = x")
    assert [one.name for one in notebook.session.store.refs.branches()] == ["main"]
    again, found = fates(notebook)
    assert (again["x"], again["y"], again["z"]) == ([1, 2], 3, [1, 2])
    assert Fate.MISSING not in found.values()
    again.kill()
