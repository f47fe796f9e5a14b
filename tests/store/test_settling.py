"""The log comes into the file by itself, and no cell waits for the disk because of it."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from ensession.config import Config
from ensession.model import KernelRunId
from ensession.store import Store, settling
from tests.store.kit import draft, payload

SALT = slice(16, 24)
"""Bytes of a write-ahead log's header: other ones each time that the log begins anew."""


def salt(path: Path) -> bytes:
    return Path(f"{path}-wal").read_bytes()[SALT]


def test_a_copy_of_the_file_alone_is_complete(
    store: Store, run: KernelRunId, path: Path, tmp_path: Path, config: Config
) -> None:
    made = store.log.record(draft(run), {0: payload(b"value")})
    assert store.settle(10)
    shutil.copy(path, tmp_path / "copy.ens")
    with Store.open_read_only(tmp_path / "copy.ens", config) as copy:
        assert [one.id for one in copy.history.executions()] == [made.id]


def test_cells_in_a_row_put_it_off_but_not_for_ever(store: Store, run: KernelRunId, path: Path) -> None:
    before = path.stat().st_mtime_ns
    until, parent = time.monotonic() + 10, None
    while path.stat().st_mtime_ns == before:
        assert time.monotonic() < until
        parent = store.log.record(draft(run, parent)).id
        assert not store.settle(0)
    assert store.settle(10)


def test_the_next_record_does_not_begin_the_log_anew(store: Store, run: KernelRunId, path: Path) -> None:
    parent = None
    for _ in range(3):
        parent = store.log.record(draft(run, parent)).id
        assert store.settle(10)
        before = salt(path)
        parent = store.log.record(draft(run, parent)).id
        assert salt(path) == before


def test_nobody_waits_for_another_process_because_of_it(store: Store, run: KernelRunId, path: Path) -> None:
    store.log.record(draft(run))
    assert store.settle(10)
    database = store._database
    with Store.open(path, Config(busy_timeout_s=5)) as other, other._database.write():
        database.begin_log()  # returns, and changes nothing
        assert [row[0] for row in database.rows("PRAGMA busy_timeout")] == [200]
    with database.write():
        database.begin_log()  # nor from inside a transaction
    assert store.log.record(draft(run)).id == 2


class Damaged:
    """A connection that finds the file damaged, wherever it looks."""

    in_transaction = False

    def execute(self, sql: str) -> object:
        if "busy_timeout" in sql:
            return None
        raise sqlite3.DatabaseError("database disk image is malformed")


def test_damage_is_left_to_those_who_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = cast(sqlite3.Connection, Damaged())
    assert settling._checkpoint(damaged) == (1, 0)
    with monkeypatch.context() as patch:
        patch.setattr(store._database, "connection", damaged)
        store._database.begin_log()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_followed_by_another(store: Store, run: KernelRunId, path: Path) -> None:
    calls: list[int] = []

    def begin_log() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise MemoryError

    settler = settling.Settler(path, 0.2, begin_log)
    head = store.log.record(draft(run)).id
    assert not settler.settle(1)
    store.log.record(draft(run, head))
    assert settler.settle(10)
    settler.close()


def test_compacting_waits_for_whoever_brings_the_log_into_the_file(store: Store, run: KernelRunId, path: Path) -> None:
    store.log.record(draft(run), {0: payload(b"value" * 100_000)})
    is_over = threading.Event()

    def bring_in() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            while not is_over.is_set():
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    threads = [threading.Thread(target=bring_in) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert [store.keeper.compact() for _ in range(20)] == [True] * 20
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
