"""Queries of others: they read, and do nothing else, for as long as they may."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.errors import UsageError
from ensession.model import KernelRunId
from ensession.store import Store
from tests.store.kit import draft

FOREVER = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


@pytest.fixture
def reader(store: Store, run: KernelRunId, path: Path, config: Config) -> Store:
    for name in ("x", "y"):
        store.log.record(draft(run, names=(name,)))
    return store


def test_rows_come_with_the_names_of_their_columns(reader: Store) -> None:
    found = reader.query("SELECT id, code FROM execution WHERE id > ? ORDER BY id", (0,))
    assert found.columns == ("id", "code")
    assert found.rows == ((1, "x = 1"), (2, "x = 1"))
    assert reader.query("SELECT :a AS a", {"a": b"\0"}).rows == ((b"\0",),)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM execution",
        "INSERT INTO tag VALUES ('t', 1, 0)",
        "CREATE TEMP TABLE t (x)",
        "DROP VIEW v_head",
        "ATTACH '{other}' AS other",
        "VACUUM INTO '{other}'",
        "PRAGMA query_only = OFF",
        "PRAGMA user_version = 9",
        "PRAGMA writable_schema = ON",
        "BEGIN IMMEDIATE",
        "SELECT load_extension('{other}')",
        "WITH t AS (SELECT 1) UPDATE execution SET code = ''",
        "SELECT 1; DELETE FROM execution",
        "REINDEX",
        "ANALYZE",
    ],
)
def test_what_is_more_than_reading_is_refused(reader: Store, tmp_path: Path, sql: str) -> None:
    other = tmp_path / "other.db"
    with pytest.raises(UsageError):
        reader.query(sql.format(other=other))
    assert not other.exists()
    assert len(reader.history.executions()) == 2
    assert reader.query("SELECT count(*) FROM v_head").rows == ((2,),)


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("SELEC 1", ()),
        ("SELECT * FROM nowhere", ()),
        ("", ()),
        ("SELECT ?", ()),
        ("SELECT ?", (object(),)),
        ("SELECT 1 \0 2", ()),
        ("SELECT hex(zeroblob(2000000000))", ()),
    ],
)
def test_what_is_no_query_says_so(reader: Store, sql: str, parameters: tuple[object, ...]) -> None:
    with pytest.raises(UsageError, match="query"):
        reader.query(sql, parameters)


def test_a_query_without_end_is_stopped(reader: Store) -> None:
    with pytest.raises(UsageError, match=r"more than 0\.05 s"):
        reader.query(FOREVER, timeout_s=0.05)


def test_a_view_that_others_made_calls_nothing_with_effects(reader: Store) -> None:
    connection = sqlite3.connect(reader.path)
    connection.execute("DROP VIEW v_head")
    connection.execute("CREATE VIEW v_head AS SELECT load_extension('x') AS execution")
    connection.commit()
    connection.close()
    with pytest.raises(UsageError):
        reader.query("SELECT * FROM v_head")


def test_what_a_query_reads_needs_no_right_to_write(reader: Store, path: Path) -> None:
    reader.close()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with Store.open_read_only(path, Config()) as store:
            assert store.query("SELECT count(*) FROM v_execution").rows == ((2,),)
    finally:
        path.parent.chmod(0o700)
