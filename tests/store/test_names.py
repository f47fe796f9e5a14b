"""Names that other processes take while a store is made, copied or repaired."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ensession.config import Config
from ensession.errors import UsageError
from ensession.store import Store, check_store, repairing
from ensession.store import migrate as migrating
from ensession.store.migrate import REVISIONS, create_store, shipped_ladder, upgrade_store

FROZEN = Path(__file__).parents[1] / "data" / "stores"


def test_a_store_that_was_made_meanwhile_keeps_its_log(tmp_path: Path) -> None:
    path, opened = tmp_path / "a.ens", []

    def meanwhile(point: str) -> None:
        if point == "create:before-link":
            create_store(path)
            opened.append(Store.open(path, Config()))

    create_store(path, meanwhile)
    assert Path(f"{path}-wal").exists()
    assert list(tmp_path.glob("*.left-*")) == []
    opened[0].close()
    assert check_store(path, Config()) == []


def test_what_an_old_store_left_behind_stays_out_of_a_new_one(tmp_path: Path) -> None:
    old, path = tmp_path / "old.db", tmp_path / "a.ens"
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE t SET x = randomblob(100000)")
        shutil.copy(f"{old}-journal", f"{path}-journal")  # as of a process that was killed in here
    Store.create_or_open(path, Config()).close()
    assert len(list(tmp_path.glob("a.ens-journal.left-*"))) == 1
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 't'").fetchone() == (0,)
    assert check_store(path, Config()) == []


def test_a_backup_that_is_there_by_now_is_the_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.ens"
    shutil.copy(FROZEN / f"{REVISIONS[0]}.ens", path)
    backup, real = path.with_name(f"{path.name}.backup-{REVISIONS[0]}"), migrating.snapshot

    def slow(*arguments: Any) -> None:
        if not backup.exists():
            backup.write_bytes(b"of the faster one")
        real(*arguments)

    monkeypatch.setattr(migrating, "snapshot", slow)
    upgrade_store(path, shipped_ladder(), 1)
    assert backup.read_bytes() == b"of the faster one"


def test_a_repair_takes_no_name_that_was_given_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, target = tmp_path / "a.ens", tmp_path / "b.ens"
    shutil.copy(FROZEN / f"{REVISIONS[-1]}.ens", path)
    real = repairing._Salvager.carry_out

    def slow(salvager: Any) -> Any:
        target.write_bytes(b"somebody's")
        return real(salvager)

    monkeypatch.setattr(repairing._Salvager, "carry_out", slow)
    with pytest.raises(UsageError, match="exists"):
        repairing.repair_store(path, target, Config())
    assert target.read_bytes() == b"somebody's"
    assert {one.name for one in tmp_path.iterdir()} == {"a.ens", "b.ens"}


def test_what_somebody_does_within_a_transaction_is_no_damage_of_the_file(tmp_path: Path) -> None:
    with Store.create_or_open(tmp_path / "a.ens", Config()) as store, pytest.raises(UnicodeDecodeError):
        with store._database.write():
            b"\xff".decode()
