"""A store that somebody prepared: readers run nothing of it, stay small, and show it or name what is wrong."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.errors import EnsessionError, IntegrityError
from ensession.store import Store, check_store, repair_store
from ensession.store.tables import COLUMNS
from ensession.store.views import VIEWS
from tests.figures import tried
from tests.hostile.kit import crafting, record, schema_of, set_schema
from tests.hostile.rows import QUICK, ROWS, Craft

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 240


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recorded store that is as it should be, but for a last value and a last cell that would make a file."""
    path = tmp_path_factory.mktemp("whole") / "whole.ens"
    record(path, canary(path))
    return path


def canary(path: Path) -> Path:
    return path.parent / "canary"


def visited(path: Path, whole: Path) -> dict[str, str]:
    """Visit a store in a process of its own; return what came of each visit."""
    folder = path.parent / "visit"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.visit", str(path), str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONWARNINGS": "error", "IPYTHONDIR": str(folder / "ipython")},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    assert not canary(whole).exists()
    there = {"visit", path.name, *(f"{path.name}{suffix}" for suffix in ("-wal", "-shm"))}
    assert {one.name for one in path.parent.iterdir()} <= there, "something was written outside"
    tried("a prepared store, visited by everything that reads")
    fates: dict[str, str] = json.loads(done.stdout.splitlines()[-1])["fates"]
    for name, found in fates.items():
        assert not name.startswith("after") or found == "[]", f"{name}: {found}"
    assert fates["restore"].startswith("EnsessionError")
    return fates


def test_what_nobody_prepared_is_shown(store: Path, tmp_path: Path) -> None:
    with crafting(store, tmp_path / "a.ens"):
        pass
    fates = visited(tmp_path / "a.ens", store)
    assert {name for name, fate in fates.items() if fate != "shown" and not name.startswith("after")} == {"restore"}


ACTS = {
    f"trigger on {when} of {table}": f"CREATE TRIGGER evil {when} ON {table} BEGIN DELETE FROM tag; END"
    for number, table in enumerate(COLUMNS)
    for when in (["AFTER INSERT", "BEFORE DELETE", "AFTER UPDATE"][number % 3],)
} | {
    "view": "CREATE VIEW v_more AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
    "view with a trigger": "CREATE TRIGGER evil INSTEAD OF INSERT ON v_head BEGIN DELETE FROM tag; END",
    "table": "CREATE TABLE more (id INTEGER PRIMARY KEY, what BLOB DEFAULT (zeroblob(1000000000)))",
    "index": "CREATE INDEX evil ON binding (preview)",
    "computed index": "CREATE INDEX evil ON chunk (length(zeroblob(900000000)))",
    "partial index": "CREATE INDEX evil ON chunk (id) WHERE length(data) > 5",
    "virtual table": "CREATE VIRTUAL TABLE evil USING fts5(x)",
    "virtual table with a name of the search's": "CREATE VIRTUAL TABLE search_entry_fts USING fts5(text, content=tag)",
    "tree of boxes": "CREATE VIRTUAL TABLE evil USING rtree(id, a, b)",
    "table of the search's": "CREATE TABLE search_mark (execution INTEGER, x AS (zeroblob(900000000)))",
    "table of statistics": "CREATE TABLE search_stat1 (tbl, idx, stat)",
    "control characters": 'CREATE TABLE "\x1b[2J\u202eevil<script>" (x)',
    "computed column": "ALTER TABLE execution ADD COLUMN more AS (zeroblob(900000000))",
    "column": "ALTER TABLE seal ADD COLUMN more DEFAULT 'x'",
}


@pytest.mark.parametrize("name", ACTS)
def test_a_schema_with_something_of_its_own_is_refused(store: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.ens"
    with crafting(store, path) as connection:
        connection.execute(ACTS[name])
    tags = tag_names(path)
    for opening in (Store.open_read_only, Store.open, Store.create_or_open):
        with pytest.raises(IntegrityError, match="ens repair") as caught:
            opening(path, Config())
        assert str(caught.value).isprintable()
    (problem,) = check_store(path, Config())
    assert "does not make" in problem.what
    assert tag_names(path) == tags
    tried("a prepared schema")


@pytest.mark.parametrize("name", ["trigger on AFTER UPDATE of execution", "view", "computed index", "virtual table"])
def test_the_rows_of_a_prepared_schema_can_be_had(store: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.ens"
    with crafting(store, path) as connection:
        connection.execute(ACTS[name])
    salvage = repair_store(path, tmp_path / "mended.ens", Config())
    assert salvage.n_executions == 6
    assert check_store(tmp_path / "mended.ens", Config()) == []
    fates = visited_with(path, tmp_path, store)
    assert {fate.split(":")[0] for name, fate in fates.items() if name in ("log", "browse", "export", "sync")} == {
        "EnsessionError",
        "IntegrityError",
    }


def visited_with(path: Path, tmp_path: Path, store: Path) -> dict[str, str]:
    """Visit in a folder of its own."""
    folder = tmp_path / "alone"
    folder.mkdir()
    return visited(path.rename(folder / path.name), store)


@pytest.mark.parametrize("table", [*COLUMNS, "alembic_version", *list(VIEWS)[:2]])
def test_a_view_in_the_place_of_something_of_ours_is_refused(store: Path, tmp_path: Path, table: str) -> None:
    path = tmp_path / "a.ens"
    with crafting(store, path, renew=leave) as connection:  # whoever reads that view never ends
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA legacy_alter_table = ON")
        kind = "VIEW" if table in VIEWS else "TABLE"
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        connection.execute(f"DROP {kind} {table}")
        numbers = ", ".join(f'i AS "{name}"' for name in columns)
        ring = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        value = "'0003' AS version_num" if table == "alembic_version" else numbers
        connection.execute(f"CREATE VIEW {table} AS {ring} SELECT {value} FROM n")
    if table != "alembic_version":
        with pytest.raises(IntegrityError, match=table):
            Store.open_read_only(path, Config())
    with pytest.raises(EnsessionError):
        Store.open(path, Config())
    if table in COLUMNS:
        with pytest.raises(IntegrityError, match=table):
            repair_store(path, tmp_path / "mended.ens", Config())
    tried("a prepared schema")


def leave(path: Path) -> None:
    """Compute no digest."""


def tag_names(path: Path) -> list[object]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT name FROM tag").fetchall()
    finally:
        connection.close()


def test_a_schema_that_says_something_else_than_it_seems(store: Path, tmp_path: Path) -> None:
    changes: dict[str, tuple[str, str]] = {
        "check": ("chunk", "encoding IN ('raw', 'zstd') AND length(zeroblob(900000000)) > 0"),
        "text": ("binding", "no SQL at all"),
        "table as a view": ("tag", "CREATE VIEW tag AS SELECT 1"),
    }
    for number, (table, sql) in enumerate(changes.values()):
        path = tmp_path / f"{number}.ens"
        with crafting(store, path, renew=leave) as connection:
            before = schema_of(connection, table)
            set_schema(connection, table, before.replace("encoding IN ('raw', 'zstd')", sql) if number == 0 else sql)
        with pytest.raises(EnsessionError):
            Store.open_read_only(path, Config())
        assert check_store(path, Config()) != []
        tried("a prepared schema")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("gap", ["", "\ufeff"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("name", ["tag", "zzz"])
def test_a_repair_goes_by_what_the_schema_makes_and_not_by_what_it_is_called(
    store: Path, tmp_path: Path, name: str, gap: str
) -> None:
    endless = "WITH RECURSIVE r(name, execution) AS (SELECT 'a', 1 UNION ALL SELECT name, 1 FROM r) SELECT * FROM r"
    path = tmp_path / "a.ens"
    shutil.copy(store, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE tag")
        connection.execute("PRAGMA writable_schema = ON")
        row = (name, name, f"CREATE {gap}VIEW {gap}tag AS {endless}")
        connection.execute("INSERT INTO sqlite_master VALUES ('table', ?, ?, 0, ?)", row)
    with pytest.raises(IntegrityError, match="does not make"):
        repair_store(path, tmp_path / "out.ens", Config())


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "craft",
    [pytest.param(one, marks=[] if one in QUICK else [pytest.mark.slow], id=one.__name__) for one in ROWS],
)
def test_rows_that_somebody_prepared(store: Path, tmp_path: Path, craft: Craft) -> None:
    path = tmp_path / "a.ens"
    with crafting(store, path) as connection:
        craft(connection)
    visited(path, store)
