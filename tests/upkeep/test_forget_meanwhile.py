"""forget while a kernel lives: what its cells make from then on does not count on what is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ensession.model import Fate
from tests.notebook import Notebook
from tests.upkeep.kit import forget, restored

DRAW = ("import os, subprocess", "subprocess.run(['true']); seed = os.urandom(8)")
DERIVE = "derived = seed * 1_000_000"


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    """Return a notebook that records."""
    made = Notebook(tmp_path / "a.ens").start()
    yield made
    made.kill()


def is_stored(notebook: Notebook, name: str) -> bool:
    graph = notebook.session.graph()
    return graph.versions[graph.state[name]].payload is not None


def test_what_is_made_from_a_value_that_was_forgotten_elsewhere_is_stored(notebook: Notebook) -> None:
    notebook.run(*DRAW, DERIVE)
    assert not is_stored(notebook, "derived"), "else this test says nothing"
    forget(notebook.store, "seed", code=True)
    notebook.run("derived = None", DERIVE)
    expected = notebook["derived"]
    notebook.kill()
    with restored(notebook.store) as (live, report):
        assert live["derived"] == expected
        assert {one.name: one.fate for one in report.variables}["derived"] is Fate.LOADED
        assert "seed" not in live.variables


@pytest.mark.parametrize("way", ["undo", "restore"])
def test_so_it_is_where_the_live_state_was_brought_back(notebook: Notebook, way: str) -> None:
    notebook.run(*DRAW, "x = 1", "x = 2")
    live = notebook if way == "undo" else notebook.reborn()
    live.ens("undo" if way == "undo" else f"restore {live.store}")
    forget(live.store, "seed", code=True)
    live.run(DERIVE)
    assert is_stored(live, "derived")
    live.kill()


def test_what_is_made_from_a_cell_whose_code_was_forgotten_here_is_stored(notebook: Notebook) -> None:
    notebook.run("k = 'hunter2-4711'; base = bytes(8) * 1_000_000")
    assert not is_stored(notebook, "base"), "else this test says nothing"
    assert "base" in notebook.ens("forget --text hunter2-4711 --code --yes")
    notebook.run("more = base + b'x'")
    assert is_stored(notebook, "more")
    assert not is_stored(notebook, "base"), "it was given up, and did not change since"


def test_what_cannot_be_stored_is_told(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    notebook.run(*DRAW)
    forget(notebook.store, "seed", code=True)
    capsys.readouterr()
    notebook.run("left = (one for one in seed)")
    told = capsys.readouterr().err
    assert "would not survive a restart" in told
    assert "left" in told
    notebook.run("x = 1", "x = 2")
    assert capsys.readouterr().err == ""
