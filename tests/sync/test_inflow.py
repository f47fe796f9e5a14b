"""A first push goes straight into the file: whoever looks, writes or breaks it off meanwhile finds a whole store."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ensession.config import Config
from ensession.errors import ForgottenError, StoreAccessError, SyncError
from ensession.model.parcels import ChunkParcel
from ensession.store import Store, engine, inflow
from ensession.sync import require_complete, transfer
from tests.sync.kit import Work, assert_sound, content

N_CELLS = 6
LOGGED = 2
"""What the header of a store says that is written through a log."""


@pytest.fixture(autouse=True)
def small_amounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflow, "MUCH_BYTES", 1_000_000)
    monkeypatch.setattr(import_module("ensession.sync.transfer"), "_CHUNK_BATCH", 2)


@pytest.fixture
def laptop(laptop: Store) -> Store:
    """A session of some megabytes."""
    work = Work(laptop)
    for number in range(N_CELLS):
        work.cell(2_000, buffer=random.Random(number).randbytes(900_000))
    return laptop


class Watched:
    """A source that calls something before each batch of chunks."""

    def __init__(self, store: Store, before: Callable[[], object]) -> None:
        self._source = store.exporter
        self._before = before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def chunks(self, addresses: Sequence[bytes]) -> list[ChunkParcel]:
        self._before()
        return self._source.chunks(addresses)


def journal_of(store: Store) -> Path:
    return Path(f"{store.path}-journal")


def header_of(store: Store) -> int:
    return store.path.read_bytes()[18]


def test_much_goes_straight_into_the_file(laptop: Store, server: Store) -> None:
    transfer(laptop.exporter, server.importer)
    assert header_of(server) != LOGGED
    assert journal_of(server).stat().st_size == 0
    assert not Path(f"{server.path}-wal").exists()
    assert content(server) == content(laptop)
    server.close()
    assert not journal_of(server).exists()
    assert_sound([laptop, server])
    with Store.open(server.path, Config()) as again:
        assert header_of(again) == LOGGED


def test_little_goes_through_the_log(laptop: Store, server: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflow, "MUCH_BYTES", 100_000_000)
    transfer(laptop.exporter, server.importer)
    assert header_of(server) == LOGGED


def test_a_store_that_somebody_has_open_keeps_its_log(laptop: Store, server: Store, config: Config) -> None:
    with Store.open(server.path, config) as other:
        transfer(laptop.exporter, server.importer)
        assert header_of(server) == LOGGED
        Work(other, seed=3).cell()
    assert_sound([server])


def test_who_opens_it_meanwhile_takes_it_back_to_the_log(laptop: Store, server: Store, config: Config) -> None:
    kernels: list[Store] = []

    def record() -> None:
        if journal_of(server).exists() and not kernels:
            kernels.append(Store.open(server.path, config))
            Work(kernels[0], seed=5).cell(5_000)

    source: Any = Watched(laptop, record)
    transfer(source, server.importer)
    (kernel,) = kernels
    assert header_of(server) == LOGGED
    assert kernel.history.count() == N_CELLS + 1
    Work(kernel, seed=6).cell(5_000)
    transfer(server.exporter, laptop.importer)
    assert content(server) == content(laptop)
    server.close()
    kernel.close()
    assert_sound([laptop, server])


def test_a_reader_is_waited_for(laptop: Store, tmp_path: Path) -> None:
    with Store.create_or_open(tmp_path / "there.ens", Config(busy_timeout_s=0.01)) as server:
        reader = sqlite3.connect(server.path, isolation_level=None, check_same_thread=False)
        timers: list[threading.Timer] = []

        def read() -> None:
            if journal_of(server).exists() and not timers:
                reader.execute("BEGIN")
                assert reader.execute("SELECT count(*) FROM execution").fetchone() == (N_CELLS,)
                timers.append(threading.Timer(0.3, reader.rollback))
                timers[0].start()

        source: Any = Watched(laptop, read)
        with closing(reader):
            transfer(source, server.importer)
            timers[0].join()
        assert content(server) == content(laptop)


PUSH_INTO_LITTLE_ROOM = """
import importlib, resource, signal, sys
from ensession.config import Config
from ensession.store import Store, inflow
from ensession.sync import transfer
inflow.MUCH_BYTES = 0
importlib.import_module("ensession.sync.transfer")._CHUNK_BATCH = 2
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
with Store.open(sys.argv[1], Config()) as source, Store.create_or_open(sys.argv[2], Config()) as target:
    transfer(source.exporter, target.importer)
"""
"""Dies at the first page that does not fit: when old pages of a batch were written over already."""


@pytest.fixture
def broken_off(laptop: Store, tmp_path: Path) -> Path:
    """A target as a kill in the middle of writing a batch leaves it: in pieces without the journal beside it."""
    target = tmp_path / "broken-off.ens"
    done = subprocess.run([sys.executable, "-c", PUSH_INTO_LITTLE_ROOM, str(laptop.path), str(target)], check=False)
    assert done.returncode == -signal.SIGXFSZ
    assert Path(f"{target}-journal").stat().st_size > 0
    with closing(sqlite3.connect(f"file:{target}?immutable=1", uri=True)) as torn:
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            torn.execute("PRAGMA integrity_check")
    return target


def test_broken_off_in_the_middle_of_a_batch_it_goes_on_where_it_was(
    laptop: Store, broken_off: Path, config: Config
) -> None:
    with Store.open_read_only(broken_off, config) as seen:
        assert seen.history.count() == N_CELLS
    with Store.open(broken_off, config) as again:
        assert_sound([again])
        rest = transfer(laptop.exporter, again.importer)
        assert 0 < rest.n_bytes < 900_000 * N_CELLS
        assert content(again) == content(laptop)
    assert_sound([again])


def test_who_may_not_write_reads_no_batch_that_was_broken_off(
    broken_off: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_may_write", lambda path: False)
    with pytest.raises(StoreAccessError):
        Store.open_read_only(broken_off, config)


def test_chunks_that_are_cleaned_up_meanwhile_are_sent_again(laptop: Store, server: Store) -> None:
    n_lost: list[int] = []

    def clean_up() -> None:
        if sum(n_lost) == 0:
            with server._database.write() as connection:
                sql = "DELETE FROM chunk WHERE id NOT IN (SELECT chunk FROM payload_chunk)"
                n_lost.append(connection.execute(sql).rowcount)

    source: Any = Watched(laptop, clean_up)
    transfer(source, server.importer)
    assert sum(n_lost) > 0
    assert content(server) == content(laptop)
    assert_sound([server])


class Poor:
    """A source that has lost a chunk since it was asked which there are."""

    def __init__(self, store: Store, lost: bytes) -> None:
        self._source = store.exporter
        self._lost = lost

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def chunks(self, addresses: Sequence[bytes]) -> list[ChunkParcel]:
        return [chunk for chunk in self._source.chunks(addresses) if chunk.address != self._lost]


def test_a_chunk_that_nobody_has_any_more_keeps_only_its_own_value_back(laptop: Store, server: Store) -> None:
    (lost,) = laptop._database.rows("SELECT address FROM chunk WHERE n_bytes > 100000 LIMIT 1")[0]
    poor: Any = Poor(laptop, lost)
    with pytest.raises(SyncError, match=r"1 value .* ens check"):
        require_complete(transfer(poor, server.importer))
    assert len(server.importer.missing_payloads(laptop.exporter.payload_keys(0, 100)[0])) == 1
    assert_sound([server])


KERNEL = """
import sys
from pathlib import Path
from ensession.config import Config
from ensession.store import Store
from tests.sync.kit import Work
path = Path(sys.argv[1])
with Store.open(path, Config()) as kernel:
    kernel.history.count()
    path.read_bytes()  # as a copy of the file does; its locks go with it
    print("ready", flush=True)
    sys.stdin.readline()
    Work(kernel, seed=3).cell()
    print(kernel.history.count(), flush=True)
"""


def test_a_kernel_whose_locks_are_lost_keeps_its_log(laptop: Store, server: Store, config: Config) -> None:
    path = server.path
    server.close()
    command = [sys.executable, "-c", KERNEL, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as kernel:
        assert kernel.stdin is not None
        assert kernel.stdout is not None
        assert kernel.stdout.readline() == "ready\n"
        with Store.open(path, config) as taking:
            transfer(laptop.exporter, taking.importer)
            assert header_of(taking) == LOGGED
        kernel.stdin.write("go on\n")
        kernel.stdin.flush()
        assert kernel.stdout.readline() == f"{N_CELLS + 1}\n"
    with Store.open(path, config) as whole:
        assert_sound([whole])


def test_opening_waits_for_whoever_writes_without_a_log(server: Store, config: Config) -> None:
    path = server.path
    server.close()
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("PRAGMA journal_mode = DELETE")
        writer.execute("BEGIN IMMEDIATE")
        threading.Timer(0.3, writer.execute, ["COMMIT"]).start()
        with Store.open(path, config) as opened:
            assert header_of(opened) == LOGGED


def test_a_value_that_is_forgotten_meanwhile_ends_no_transfer(laptop: Store, server: Store) -> None:
    class Forgetting:
        has_raised = False

        def __getattr__(self, name: str) -> Any:
            return getattr(server.importer, name)

        def add_payload(self, parcel: Any) -> None:
            if not self.has_raised:
                self.has_raised = True
                raise ForgottenError("it was forgotten")
            server.importer.add_payload(parcel)

    target: Any = Forgetting()
    transfer(laptop.exporter, target)
    assert content(server) == content(laptop)
