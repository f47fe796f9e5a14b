"""A live session runs nothing that came from another copy before the user trusts it, whatever that says it is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from ensession.config import Config
from ensession.model import BindingDraft, ExecutionDraft, ExecutionId, ExecutionKind, Outcome, VersionDraft
from ensession.store import Store
from tests.notebook import Notebook


def smuggle(copy: Path, code: str) -> ExecutionId:
    """Add a cell to another copy of a store, as one of the kernel that records into the first; return its number."""
    with Store.open(copy, Config()) as store:
        draft = ExecutionDraft(
            run=store.history.runs()[-1].id,
            parent=store.history.latest(),
            kind=ExecutionKind.CELL,
            code=f"{code}\ny = 1",
            started_at=time.time(),
            runtime_s=0.0,
            outcome=Outcome.OK,
            versions=(VersionDraft(("y",), b"0" * 16, 1),),
            bindings=(BindingDraft("y", 0),),
            branch="main",
        )
        return store.log.record(draft).id


@pytest.mark.parametrize("word", ["main", "number"])
def test_an_execution_under_the_live_kernels_name(word: str, tmp_path: Path) -> None:
    mark, copy = tmp_path / "mark", tmp_path / "copy.ens"
    notebook = Notebook(tmp_path / "work.ens").start()
    notebook.run("x = 1")
    notebook.ens(f"sync {copy}")
    smuggle(copy, f"open({str(mark)!r}, 'w').close()")
    notebook.ens(f"sync {copy}")
    foreign = notebook.session.store.history.latest()
    with pytest.raises(UsageError, match="not recorded by you"):
        notebook.ens(f"checkout {'main' if word == 'main' else foreign}")
    assert not mark.exists()
    notebook.run("z = x")
    assert notebook["z"] == 1
    notebook.kill()
