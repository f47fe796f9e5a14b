"""Rows that no writer of ours wrote: a check says so, and goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.digests import source_digest
from ensession.errors import IntegrityError
from ensession.model import ModuleSource
from ensession.store import Store, check_store
from tests.store.kit import ENVIRONMENT, draft, payload


@pytest.fixture
def path(tmp_path: Path, config: Config) -> Path:
    """Return a store with one execution, that has a payload and a module's source."""
    path = tmp_path / "a.ens"
    with Store.create_or_open(path, config) as store:
        run = store.log.begin_run(ENVIRONMENT).id
        module = ModuleSource("mine", "/home/mine.py", source_digest(b"x = 1\n"), b"x = 1\n")
        store.log.record(draft(run, modules=(module,)), {0: payload(b"stream", [b"buffer" * 100])})
    return path


@contextmanager
def permitting_all(path: Path) -> Iterator[None]:
    """Take what the schema forbids out of it for a while."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        before = connection.execute("SELECT sql, name FROM sqlite_master WHERE type = 'table'").fetchall()
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'")
    yield
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.executemany("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", before)


def test_nothing_is_wrong_before(path: Path, config: Config) -> None:
    assert check_store(path, config) == []


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("module_source", "digest = NULL"),
        ("module_source", "n_bytes = 'many'"),
        ("module_source", "data = 5"),
        ("chunk", "address = NULL"),
        ("chunk", "n_bytes = 'many'"),
        ("chunk", "data = 5"),
        ("payload", "codec = NULL"),
        ("payload", "digest = 7"),
        ("payload_part", "n_bytes = 'many'"),
        ("payload_chunk", "seq = 'first'"),
        ("version", "names = 3"),
        ("version", "ordinal = 'first'"),
        ("execution", "digest = NULL"),
        ("execution", "started_at = 'once'"),
    ],
)
def test_a_check_says_what_is_wrong_and_goes_on(path: Path, config: Config, table: str, change: str) -> None:
    with permitting_all(path), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(f"UPDATE {table} SET {change}")
    assert check_store(path, config)


@pytest.mark.parametrize("names", ["[]", "{}", '"ab"', "[1]", "3"])
def test_a_version_without_names_is_no_version(path: Path, config: Config, names: str) -> None:
    with permitting_all(path), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE version SET names = ?", (names,))
    with Store.open(path, config) as store:
        latest = store.history.latest()
        assert latest is not None
        with pytest.raises(IntegrityError, match="names of a version make no sense"):
            store.history.graph(latest)
