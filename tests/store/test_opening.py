"""Opening and closing: what is created, what is refused, and that nothing is left behind."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.errors import (
    EnsessionError,
    NotAStoreError,
    NotFoundError,
    StoreAccessError,
    StoreBusyError,
    StoreTooNewError,
    UsageError,
)
from ensession.model import KernelRunId
from ensession.store import Store, check_store, copy_store, engine
from ensession.store.failures import translate
from ensession.store.migrate import REVISIONS
from ensession.store.mounts import is_network
from tests.store.kit import ENVIRONMENT, draft, loaded, payload

OPENERS = [Store.create_or_open, Store.open, Store.open_read_only]


def beside(path: Path) -> list[str]:
    return sorted(item.name for item in path.parent.iterdir())


def test_a_new_store(path: Path, config: Config) -> None:
    with Store.create_or_open(path, config) as store:
        assert (store.path, store.read_only) == (path, False)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert store.n_file_bytes() >= path.stat().st_size
        settings = {
            name: store._database.rows(f"PRAGMA {name}")[0][0]
            for name in ("page_size", "journal_mode", "foreign_keys", "synchronous", "application_id", "user_version")
        }
    assert settings == {
        "page_size": 32768,
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 1,
        "application_id": 0x656E7331,
        "user_version": len(REVISIONS),
    }
    assert beside(path) == [path.name]
    assert check_store(path, config) == []


def test_creating_does_not_load_alembic(path: Path) -> None:
    code = (
        "import sys; from ensession.store import Store; from ensession.config import Config;"
        "Store.create_or_open(sys.argv[1], Config()).close(); sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


def test_an_empty_file_becomes_a_store(path: Path, config: Config) -> None:
    path.touch()
    with pytest.raises(NotAStoreError):
        Store.open(path, config)
    Store.create_or_open(path, config).close()
    assert check_store(path, config) == []


def test_the_file_alone_is_complete_after_closing(store: Store, run: KernelRunId, path: Path, config: Config) -> None:
    version = store.log.record(draft(run), {0: payload(b"abc")}).versions[0]
    store.close()
    store.close()
    assert beside(path) == [path.name]
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    with Store.open_read_only(other, config) as read:
        assert loaded(read, version) == (b"abc", [])
    with pytest.raises(UsageError, match="closed"):
        store.history.head()


@pytest.mark.parametrize("opener", OPENERS[1:])
def test_there_is_no_such_store(path: Path, config: Config, opener: object) -> None:
    with pytest.raises(NotFoundError, match="no such store"):
        opener(path, config)  # type: ignore[operator]
    assert beside(path) == []


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("content", [b"hello", b"SQLite format 3\0" + bytes(200), b"x" * 100_000])
def test_something_else_is_refused_and_not_touched(path: Path, config: Config, opener: object, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(NotAStoreError, match="not an ensession store"):
        opener(path, config)  # type: ignore[operator]
    assert path.read_bytes() == content
    assert beside(path) == [path.name]


@pytest.mark.parametrize("opener", OPENERS)
def test_a_folder_and_another_database_are_refused(tmp_path: Path, config: Config, opener: object) -> None:
    with pytest.raises(NotAStoreError):
        opener(tmp_path, config)  # type: ignore[operator]
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE t (a)")
    with pytest.raises(NotAStoreError):
        opener(other, config)  # type: ignore[operator]


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("change", ["PRAGMA user_version = 99", "UPDATE alembic_version SET version_num = 'later'"])
def test_a_newer_store_is_refused_and_not_touched(path: Path, config: Config, opener: object, change: str) -> None:
    Store.create_or_open(path, config).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(change)
        connection.commit()
    content = path.read_bytes()
    with pytest.raises(StoreTooNewError, match="upgrade ensession"):
        opener(path, config)  # type: ignore[operator]
    assert path.read_bytes() == content
    assert beside(path) == [path.name]


def test_a_locked_store_is_busy(store: Store, run: KernelRunId, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError, match="another process"):
            store.log.record(draft(run))
        assert store.history.executions() == []  # readers go on
        other.execute("ROLLBACK")
    store.log.record(draft(run))


def test_no_such_folder(tmp_path: Path, config: Config) -> None:
    with pytest.raises(StoreAccessError, match="folder"):
        Store.create_or_open(tmp_path / "no" / "a.ens", config)


def test_read_only_reads_beside_a_writer_and_leaves_nothing(
    store: Store, run: KernelRunId, path: Path, config: Config
) -> None:
    recorded = store.log.record(draft(run))
    with Store.open_read_only(path, config) as read:
        assert read.read_only
        assert read.history.head() == recorded.id
        later = store.log.record(draft(run))
        assert read.history.head() == later.id
        with pytest.raises(UsageError, match="read-only"):
            read.log.record(draft(run))
    store.close()
    with Store.open_read_only(path, config) as read:
        assert read.history.head() == later.id
    assert beside(path) == [path.name]


@pytest.fixture
def not_root(path: Path) -> Iterator[None]:
    """Give root's rights up for a while: root may do everything."""
    if os.geteuid() != 0:
        yield
        return
    # pytest's folders are for their owner only.
    for folder in (path.parent, *path.parent.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    os.chown(path.parent, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.usefixtures("not_root")
@pytest.mark.parametrize("folder_mode", [0o500, 0o700])
def test_no_right_to_write(path: Path, config: Config, folder_mode: int) -> None:
    with Store.create_or_open(path, config) as store:
        recorded = store.log.record(draft(store.log.begin_run(ENVIRONMENT).id), {0: payload(b"abc")})
        path.parent.chmod(0o500)
        with Store.open_read_only(path, config) as read:  # beside a writer: from its log
            assert read.history.head() == recorded.id
        path.parent.chmod(0o700)
    path.chmod(0o400)
    path.parent.chmod(folder_mode)
    try:
        with Store.open_read_only(path, config) as read:
            assert loaded(read, recorded.versions[0]) == (b"abc", [])
        assert check_store(path, config) == []
        for opener in (Store.open, Store.create_or_open):
            with pytest.raises(StoreAccessError, match="read-only"):
                opener(path, config)
        if folder_mode == 0o500:
            with pytest.raises(StoreAccessError):
                Store.create_or_open(path.with_name("new.ens"), config)
        assert beside(path) == [path.name]
    finally:
        path.parent.chmod(0o700)


@pytest.mark.parametrize("access", [engine.Access.IMMUTABLE, engine.Access.READ_ONLY])
def test_reading_without_the_right_to_write(
    store: Store, run: KernelRunId, path: Path, config: Config, monkeypatch: pytest.MonkeyPatch, access: engine.Access
) -> None:
    recorded = store.log.record(draft(run))
    if access is engine.Access.IMMUTABLE:
        store.close()
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert engine.read_access(path) is access
    with Store.open_read_only(path, config) as read:
        assert read.history.head() == recorded.id


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_BUSY, StoreBusyError),
        (sqlite3.SQLITE_FULL, StoreAccessError),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreAccessError),
        (sqlite3.SQLITE_READONLY_DIRECTORY, StoreAccessError),
        (sqlite3.SQLITE_NOTADB, NotAStoreError),
        (sqlite3.SQLITE_ERROR, EnsessionError),
    ],
)
def test_every_message_names_the_file(path: Path, code: int, expected: type[EnsessionError]) -> None:
    error = sqlite3.OperationalError("reason")
    error.sqlite_errorcode = code
    translated = translate(error, path)
    assert type(translated) is expected
    assert str(path) in str(translated)


def test_a_full_disk_loses_nothing_that_was_there(store: Store, run: KernelRunId, path: Path, config: Config) -> None:
    recorded = store.log.record(draft(run), {0: payload(b"abc")})
    (n_pages,) = store._database.rows("PRAGMA page_count")[0]
    store._database.rows(f"PRAGMA max_page_count = {n_pages}")
    version = store.log.record(draft(run)).versions[0]
    with pytest.raises(StoreAccessError, match="disk is full"):
        store.log.add_payload(version, payload(b"", [os.urandom(2_000_000)]))
    store._database.rows("PRAGMA max_page_count = 1000000")
    assert loaded(store, recorded.versions[0]) == (b"abc", [])
    store.log.add_payload(version, payload(b"", [bytes(100)]))
    assert check_store(path, config) == []


def test_another_thread_may_write(store: Store, run: KernelRunId) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                store.log.record(draft(run), {0: payload(os.urandom(50))})
                store.history.state(store.history.head())  # type: ignore[arg-type]
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(store.history.executions()) == 60


def test_a_network_file_system_is_seen_in_the_mount_table(tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    place = tmp_path / "a b"
    place.mkdir()
    table.write_text(f"dev / ext4 rw 0 0\nserver:/x {str(place).replace(' ', chr(92) + '040')} nfs4 rw 0 0\n")
    assert is_network(place / "x.ens", table)
    assert not is_network(tmp_path / "x.ens", table)
    assert not is_network(tmp_path, tmp_path / "none")


def test_a_network_file_system_gets_a_rollback_journal(
    path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.create_or_open(path, config).close()
    monkeypatch.setattr(engine, "is_network", lambda _: True)
    with Store.open(path, config) as store, Store.open(path, config) as other:
        assert store._database.rows("PRAGMA journal_mode")[0][0] == "delete"
        for each in (store, other):
            each.log.record(draft(each.log.begin_run(ENVIRONMENT).id))
        assert len(store.history.executions()) == 2
    monkeypatch.undo()
    with Store.open(path, config) as store:
        assert store._database.rows("PRAGMA journal_mode")[0][0] == "wal"


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_a_name_that_is_no_text(tmp_path: Path, config: Config) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff %41?#.ens"))
    with Store.create_or_open(path, config) as store:
        store.log.record(draft(store.log.begin_run(ENVIRONMENT).id))
    copy_store(path, path.with_name("copy.ens"), config)
    for one in (path, path.with_name("copy.ens")):
        with Store.open_read_only(one, config) as store:
            assert store.history.count() == 1
