"""``%ens diff`` and ``%ens export`` in a notebook that records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tests.notebook import Notebook


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    made = Notebook(tmp_path / "session.ens").start()
    made.run("x = [1, 2]", "y = x + [3]", "x = [1, 5]")
    yield made
    made.kill()


def test_diff(notebook: Notebook) -> None:
    shown = notebook.ens("diff 2")
    assert "State 2 → 4" in shown
    assert "+y = x + [3]" in shown
    assert "element: 1 changed" in notebook.ens("diff @2 main --deep")
    assert notebook["x"] == [1, 5]
    for wrong in ("diff", "diff 1 2 3", "diff 1 --wide", "diff nowhere"):
        with pytest.raises(Exception, match="ensession: "):
            notebook.ens(wrong)


def test_export(notebook: Notebook, tmp_path: Path) -> None:
    said = notebook.ens(f"export -o {tmp_path / 'all.ipynb'}")
    assert said.rstrip().endswith("cells on the way to state 4.")
    book = nbformat.from_dict(json.loads((tmp_path / "all.ipynb").read_text()))
    nbformat.validate(book)
    assert [cell.source for cell in book.cells] == ["x = [1, 2]", "y = x + [3]", "x = [1, 5]"]
    notebook.ens(f"export @4 -o {tmp_path / 'y.py'} --minimal y")
    text = (tmp_path / "y.py").read_text()
    assert ("x = [1, 2]" in text, "y = x + [3]" in text, "x = [1, 5]" in text) == (True, True, False)
    for wrong in ("export", f"export -o {tmp_path / 'y.py'}", "export -o a --wide", "export 1 2 -o a"):
        with pytest.raises(Exception, match="ensession: "):
            notebook.ens(wrong)
