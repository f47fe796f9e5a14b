"""The collector is as the user set it after every pause, whatever ends it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from ensession.capture.pausing import collector_paused
from tests.notebook import Notebook


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """Leave it on."""
    gc.enable()
    yield
    gc.enable()


@pytest.fixture
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """Return a notebook that records."""
    made = Notebook(tmp_path_factory.mktemp("session") / "s.ens").start()
    yield made
    made.kill()


def test_an_interrupt_right_after_it_was_disabled_leaves_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    real = gc.disable

    def interrupted() -> None:
        real()
        raise KeyboardInterrupt

    monkeypatch.setattr(gc, "disable", interrupted)
    with pytest.raises(KeyboardInterrupt), collector_paused():
        pass
    assert gc.isenabled()


def test_one_pause_within_another_ends_with_the_outer_one() -> None:
    with collector_paused():
        with pytest.raises(KeyError), collector_paused():
            raise KeyError
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.parametrize("is_on", [True, False])
def test_cells_that_are_run_again_find_it_as_the_user_set_it(notebook: Notebook, is_on: bool) -> None:
    notebook.run("import gc", "a = [1]", "x = [gc.isenabled(), a]", "b = [2]")
    notebook.lose("x")
    again = notebook.reborn()
    if not is_on:
        gc.disable()
    again.restore()
    assert again["x"][0] is is_on
    assert gc.isenabled() is is_on
    again.kill()
