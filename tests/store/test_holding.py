"""Nobody takes the log away from a store that is open, whatever this process does with the file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.errors import StoreAccessError
from ensession.model import KernelRunId, Recorded
from ensession.store import Store, check_store, engine
from tests.store.kit import ENVIRONMENT, draft

ANOTHER = """
import sys
from pathlib import Path
from ensession.config import Config
from ensession.store import Store
with Store.open(Path(sys.argv[1]), Config()) as store:
    print(len(store.history.executions()))
"""


def another_process_opens(path: Path) -> int:
    """Open the store and close it again, in a process of its own; return how many executions it sees."""
    done = subprocess.run([sys.executable, "-c", ANOTHER, str(path)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def record(store: Store, run: KernelRunId, n: int, last: Recorded | None = None) -> Recorded | None:
    for _ in range(n):
        last = store.log.record(draft(run, None if last is None else last.id))
    return last


def lose_locks(path: Path, how: str) -> None:
    """Do what takes away the locks of this process, as far as the file is concerned."""
    if how == "a copy":
        shutil.copy(path, path.with_suffix(".copy"))
    elif how == "a look":
        with path.open("rb") as file:
            file.read(16)
    else:
        Store.open_read_only(path, Config()).close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such locks")
@pytest.mark.parametrize("how", ["a copy", "a look", "another reader"])
def test_the_log_stays_while_the_store_is_open(path: Path, config: Config, how: str) -> None:
    with Store.create_or_open(path, config) as store:
        run = store.log.begin_run(ENVIRONMENT).id
        last = record(store, run, 3)
        lose_locks(path, how)
        assert another_process_opens(path) == 3
        assert Path(f"{path}-wal").exists()
        record(store, run, 5, last)
        assert another_process_opens(path) == 8
        assert store.settle(10)
    assert sorted(os.listdir(path.parent)) == sorted({path.name, *([path.stem + ".copy"] if how == "a copy" else [])})
    assert another_process_opens(path) == 8
    assert check_store(path, config) == []


def test_a_store_that_closes_leaves_it_to_others(path: Path, config: Config) -> None:
    first = Store.create_or_open(path, config)
    second = Store.open(path, config)
    run = second.log.begin_run(ENVIRONMENT).id
    first.close()
    record(second, run, 2)
    second.close()
    assert os.listdir(path.parent) == [path.name]
    assert another_process_opens(path) == 2


def test_a_move_that_fails_leaves_the_store_as_it_was(
    path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.create_or_open(path, config) as store:
        run = store.log.begin_run(ENVIRONMENT).id
        last = record(store, run, 1)
        path.unlink()

        def refuse(*_: object) -> None:
            raise StoreAccessError("no room")

        with monkeypatch.context() as patch:
            patch.setattr(engine, "_connected", refuse)
            with pytest.raises(StoreAccessError, match="no room"):
                store.keep_in_place()
        assert [name for name in os.listdir(path.parent) if name.endswith(".ens")] == []
        last = record(store, run, 1, last)
        assert store.keep_in_place() is not None
        record(store, run, 1, last)
        assert len(store.history.executions()) == 3
        assert store.path.exists()
