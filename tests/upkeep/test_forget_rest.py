"""forget when it is interrupted, or the file can't be cleaned; and what kernels do meanwhile."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ensession.config import Config
from ensession.errors import EnsessionError, NotFoundError, StoreAccessError, StoreBusyError
from ensession.model import ExecutionId
from ensession.store import Store, check_store
from ensession.store.engine import raw_connection
from ensession.store.keeping import Keeper
from ensession.trust import Keyring
from ensession.upkeep import Forgetter, find
from tests.notebook import Notebook
from tests.upkeep.kit import bytes_of, forget, plain, record

SECRET = "hunter2-4711-correct-horse"


def test_what_was_interrupted_is_finished_by_running_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ens"
    record(path, f"x = '{SECRET}'", f"y = ['{SECRET}', *map(str, range(9000))]", "print(x)")
    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "sweep", _raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            forget(path, texts=(SECRET,), code=True)
    assert SECRET.encode() in plain(path)
    done = forget(path, texts=(SECRET,), code=True)
    assert done.find.erasure.is_empty
    assert SECRET.encode() not in plain(path)
    with pytest.raises(NotFoundError, match="stands nowhere"):
        forget(path, texts=(SECRET,), code=True)


def test_what_a_reader_kept_in_the_log_goes_by_running_it_again(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    notebook = Notebook(path).start("--all")
    notebook.run(f"x = '{SECRET}'", "del x", "n = 1")
    config = Config(busy_timeout_s=0.2)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM execution").fetchone()
        with Store.open(path, config) as store:
            found = find(store, [], [SECRET], code=True)
            done = Forgetter(store, Keyring.load()).forget(found, lambda _: True, [SECRET])
    assert done is not None
    assert any("run this again" in remark for remark in done.remarks)
    assert SECRET.encode() in Path(f"{path}-wal").read_bytes()
    again = forget(path, texts=(SECRET,), code=True)
    assert again.find.erasure.is_empty
    assert SECRET.encode() not in bytes_of(path)
    notebook.kill()


def test_a_value_that_is_still_being_written_does_not_come_in_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    notebook = Notebook(path).start("--all")
    behind = notebook.session.store.behind
    carry_out, go = behind._carry_out, threading.Event()

    def slow(task: object) -> None:
        go.wait()
        carry_out(task)

    behind._carry_out = slow
    notebook.run(f"import os\nx = [b'{SECRET}', os.urandom(3_000_000)]")
    assert behind.n_waiting
    forget(path, "x", code=True)
    go.set()
    behind.flush()
    notebook.run("n = 1")
    with Store.open_read_only(path, Config()) as store:
        (x,) = store.history.versions_of("x")
        assert x.version.payload is None
        assert not store.contents.holding([SECRET]).values
    notebook.run("del x")
    notebook.kill()
    assert check_store(path, Config()) == []


def test_a_text_goes_that_is_not_there_beside_one_that_is(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    record(path, f"x = '{SECRET}'")
    absent = "qq-7-never-written"[::-1]  # this module is imported by the session, so its text is in the store
    done = forget(path, texts=(absent, SECRET), code=True)
    assert done.remarks == (f"{absent!r} stood nowhere in it",)
    assert SECRET.encode() not in plain(path)
    with pytest.raises(NotFoundError, match="stands nowhere"):
        forget(path, texts=(absent,))


def test_several_texts_go_out_of_the_code_of_one_cell(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    record(path, f"a = 'alpha-7'; b = 'the longer alpha-7 beta'; c = '{SECRET}'", "del a, b, c")
    forget(path, texts=("alpha-7", SECRET, "the longer alpha-7 beta"), code=True)
    with Store.open_read_only(path, Config()) as store:
        code = store.history.execution(ExecutionId(2)).code
    assert code == "a = '[forgotten]'; b = '[forgotten]'; c = '[forgotten]'"
    assert b"alpha-7" not in plain(path)
    assert SECRET.encode() not in plain(path)


@pytest.mark.parametrize("error", [StoreAccessError("the disk is full"), StoreBusyError("somebody writes")])
def test_what_could_not_be_cleaned_is_said_and_the_session_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: EnsessionError
) -> None:
    path = tmp_path / "a.ens"
    notebook = Notebook(path).start("--all")
    notebook.run("old = [1] * 10", "old = [2] * 10", f"token = ['{SECRET}']")
    lost: list[int] = []
    monkeypatch.setattr(notebook.session._recorder.rule, "lose", lost.append)
    versions = [one.version.id for name in ("old", "token") for one in notebook.session.store.history.versions_of(name)]
    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "compact", _raising(error))
        told = notebook.ens("gc --keep-last 0 --yes")
        assert "larger than it could be" in told
        assert str(error) in told
        assert versions[0] in lost
        told = notebook.ens("forget token --code --yes")
        assert "still in the file" in told
        assert str(error) in told
        assert versions[-1] in lost
    assert "no log" in notebook.ens("forget token --code --yes")
    notebook.kill()


def test_a_sweep_that_sqlite_rolled_back_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ens"
    record(path, "x = [1] * 10", "x = None")
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    with Store.open(path, Config()) as store:
        dropped = sorted(store.keeper.pieces())
        store.keeper.drop_payloads(dropped, store.keeper.mark())

        def fail(name: str) -> None:
            if name == "gc:before-sweep-commit":
                connections[-1].execute("ROLLBACK")  # as SQLite does by itself when there is no room
                raise full

        connections: list[sqlite3.Connection] = []

        def opened(*given: Any) -> sqlite3.Connection:
            connections.append(raw_connection(*given))
            return connections[-1]

        monkeypatch.setattr("ensession.store.keeping.raw_connection", opened)
        store.keeper._database.point = fail
        with pytest.raises(StoreAccessError, match="disk is full"):
            store.keeper.sweep(store.keeper.unused_chunks())


def _raising(error: BaseException) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail
