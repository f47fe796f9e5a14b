"""Recording that begins, or ends, in the middle of a cell: the rest of it, and what was before, are in the record."""

from __future__ import annotations

from pathlib import Path

import pytest

from ensession.model import Fate, Outcome
from tests.notebook import Notebook


def loaded(notebook: Notebook) -> dict[str, object]:
    """Bring everything back in a new life; all of it has to be loaded."""
    fresh = notebook.reborn()
    report = fresh.restore()
    assert {one.fate for one in report.variables} == {Fate.LOADED}
    found = {name: fresh[name] for name in ("x", "y") if name in fresh.variables}
    fresh.kill()
    return found


@pytest.mark.parametrize("loading", ["", "%load_ext ensession\n"])
def test_the_rest_of_the_cell_that_recording_begins_in(tmp_path: Path, loading: str) -> None:
    notebook = Notebook(tmp_path / "a.ens")
    notebook.attempt("x = [1]").raise_error()
    if loading:
        notebook.kill()
    number = notebook.run(f"{loading}%ens start {notebook.store}\nx.append(2); y = 3")
    execution = notebook.session.store.history.execution(number)
    assert execution.code.endswith("y = 3")
    assert execution.no_replay == "recording began in the middle of it"
    assert notebook.run("z = x") == number + 1
    assert loaded(notebook) == {"x": [1, 2], "y": 3}


def test_nothing_else_has_to_run_before_the_kernel_dies(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "a.ens")
    failed = notebook.attempt(f"%ens start {notebook.store}\nx = [1]; y = x\n1 / 0")
    assert isinstance(failed.error_in_exec, ZeroDivisionError)
    head = notebook.session.head
    assert head is not None
    assert notebook.session.store.history.execution(head).outcome is Outcome.ERROR
    assert loaded(notebook) == {"x": [1], "y": [1]}


def test_the_rest_of_a_cell_that_restores(notebook: Notebook) -> None:
    notebook.run("x = [1]", "y = 3")
    fresh = notebook.reborn()
    fresh.run(f"%ens restore {fresh.store}\nx.append(2)")
    assert fresh.changed() == {"x"}
    fresh.run("y")
    assert loaded(fresh) == {"x": [1, 2], "y": 3}


def test_commands_alone_are_no_cell(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "a.ens")
    notebook.kill()
    first = notebook.run(f"%load_ext ensession\n%ens start {notebook.store}  # from here on\n%ens status")
    assert [one.id for one in notebook.session.store.history.executions()] == [first]
    assert notebook.run("x = 1") == first + 1
    fresh = notebook.reborn()
    assert fresh.run(f"%ens restore {fresh.store}") == first + 1
    fresh.kill()


UNLOAD = "__import__('ensession').unload_ipython_extension(get_ipython())"  # %unload_ext, which did not load it


@pytest.mark.parametrize("end", ["%ens stop", UNLOAD])
def test_a_cell_is_recorded_as_far_as_it_came_when_recording_ends(notebook: Notebook, end: str) -> None:
    notebook.run("x = [1]")
    notebook.attempt(f"x.append(2); y = 3\n{end}\nx.append(4)").raise_error()
    assert loaded(notebook) == {"x": [1, 2], "y": 3}
    fresh = Notebook(notebook.store)
    fresh.run(f"%ens restore {fresh.store}\ny = 5\n%ens stop\n%ens start {fresh.store}\nx = 6")
    assert loaded(fresh) == {"x": 6, "y": 5}
