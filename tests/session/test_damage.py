"""Flipped, zeroed and missing bytes: never a wrong value without a word, never a crash; a repair saves the rest."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import sqlite3
from pathlib import Path

import pytest
from IPython.core.error import UsageError as ShellUsageError

from ensession.config import Config
from ensession.errors import IntegrityError
from ensession.model import Fate
from ensession.store import Store, check_store, repair_store
from ensession.trust import Keyring, broken_seals, unsealed
from tests.figures import tried
from tests.notebook import Notebook
from tests.session.damage import Judge

PIECES = "SELECT pc.chunk FROM payload_chunk pc JOIN binding b ON b.version = pc.payload WHERE b.name = ?"


SEALS = "subject IN (SELECT p.digest FROM payload p JOIN binding b ON b.version = p.version WHERE b.name = 'squares')"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a store in which ``squares`` can be loaded and made again."""
    notebook = Notebook(tmp_path / "a.ens").start("--all")
    notebook.run("n = 3", "squares = [i * i for i in range(5000)]", "total = sum(squares)")
    notebook.kill()
    return tmp_path / "a.ens"


def spoil(store: Path, sql: str, *words: str) -> None:
    with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as database:
        assert database.execute(sql, words).rowcount > 0


def assert_squares_are_made_again(store: Path) -> None:
    fresh = Notebook(store)
    report = fresh.restore()
    fates = {one.name: one.fate for one in report.variables}
    assert fates["squares"] is Fate.RECOMPUTED
    assert fates["total"] is Fate.LOADED
    assert fresh["squares"] == [i * i for i in range(5000)]
    fresh.kill()


def test_a_restore_makes_again_what_is_damaged(store: Path) -> None:
    spoil(store, f"UPDATE chunk SET data = zeroblob(length(data)) WHERE id IN ({PIECES})", "squares")
    assert_squares_are_made_again(store)


def test_random_damage(tmp_path: Path) -> None:
    judge = Judge(tmp_path / "whole.ens", tmp_path)
    for seed in range(12):
        judge.case(seed)


NONSENSE = ("CAST({column} AS BLOB)", "x'ff'", "'zzz'", "-5", "NULL")
"""What one bit of a record's header makes of a value, and what nobody wrote."""


MOST_ROWS = 8
"""Different values of a column that are spoilt one by one."""


def spoilt(store: Path, table: str, column: str, what: str, place: int = 0) -> bool:
    """Spoil a field of those rows of a table that have its ``place``-th largest value; say whether it could be."""
    value = f"(SELECT DISTINCT {column} FROM {table} ORDER BY 1 DESC LIMIT 1 OFFSET {place})"
    sql = f"UPDATE {table} SET {column} = {what} WHERE {column} IS {value}"
    with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        try:
            return database.execute(sql.format(column=column)).rowcount > 0
        except sqlite3.IntegrityError:
            return False


def n_values(store: Path, table: str, column: str) -> int:
    """Return how many different values a column has."""
    with contextlib.closing(sqlite3.connect(store)) as database:
        return int(database.execute(f"SELECT count(DISTINCT {column}) + 1 FROM {table}").fetchone()[0])


@pytest.mark.parametrize(
    "columns",
    [
        ("kernel_run.python", "kernel_run.platform", "kernel_run.packages", "kernel_run.pid", "kernel_run.cwd"),
        ("execution.run", "execution.kind", "execution.outcome", "version.names"),
        ("chunk.address", "payload.codec", "payload.n_stream_bytes", "payload.n_buffer_bytes"),
        pytest.param((), marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
    ids=["where", "history", "values", "all"],
)
def test_fields_that_make_no_sense(columns: tuple[str, ...], tmp_path: Path) -> None:
    """A restore ends with an error of ours, or brings back what was there; a check says its own, too."""
    judge = Judge(tmp_path / "whole.ens", tmp_path)
    with contextlib.closing(sqlite3.connect(judge.path)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE%'")]
        every = [f"{table}.{row[1]}" for table in tables for row in database.execute(f"PRAGMA table_info({table})")]
    n_cases = 0
    for field in columns or every:
        n_rows = 1 if columns else min(n_values(judge.path, *field.split(".")), MOST_ROWS)
        for what, row in itertools.product(NONSENSE, range(n_rows)):
            path = tmp_path / f"{field}-{n_cases}.ens"
            shutil.copy(judge.path, path)
            if spoilt(path, *field.split("."), what, row):
                judge.found(path)
                judge.restore(path)
                n_cases += 1
                tried("a field of a store's row that makes no sense")
            for file in tmp_path.glob(f"{path.name}*"):
                file.unlink()
    assert n_cases >= 2 * len(columns or every) // 3


def test_a_schema_that_is_no_text_is_damage(store: Path) -> None:
    """SQLite quotes the name in its error, and :mod:`sqlite3` fails to read the quotation."""
    with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_master SET name = CAST(x'c5ff' AS TEXT), sql = 'CREATE x' WHERE name = 'tag'")
    (problem,) = check_store(store, Config())
    assert "damaged" in problem.what
    with pytest.raises(IntegrityError, match="ens repair"):
        Store.open(store, Config())
    repair_store(store, store.with_name("mended.ens"), Config())
    assert check_store(store.with_name("mended.ens"), Config()) == []


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_much_random_damage(tmp_path: Path) -> None:
    judge = Judge(tmp_path / "whole.ens", tmp_path)
    for seed in range(1000, 3200):
        judge.case(seed)
    print(dict(judge.counts))


def test_a_damaged_seal_is_found_and_its_value_made_again(store: Path) -> None:
    spoil(store, f"UPDATE seal SET mac = zeroblob(32) WHERE {SEALS}")
    assert check_store(store, Config()) == []
    with Store.open(store, Config()) as opened:
        (problem,) = broken_seals(opened, Keyring.load())
        assert problem.variables == ("squares@3",)
        assert unsealed(opened, Keyring.load()) == ([], [])
        assert broken_seals(opened, Keyring(b"o" * 32, b"o" * 16)) == []
    assert_squares_are_made_again(store)


def test_a_value_without_a_seal_is_no_damage_and_is_made_again(store: Path) -> None:
    spoil(store, f"DELETE FROM seal WHERE {SEALS}")
    with Store.open(store, Config()) as opened:
        assert broken_seals(opened, Keyring.load()) == []
        assert unsealed(opened, Keyring.load()) == ([], ["squares@3"])
        assert unsealed(opened, Keyring(b"o" * 32, b"o" * 16)) == ([], [])
    assert_squares_are_made_again(store)


def test_an_execution_without_a_seal_is_said(store: Path) -> None:
    spoil(store, "DELETE FROM seal WHERE subject = (SELECT digest FROM execution WHERE id = 2)")
    with Store.open(store, Config()) as opened:
        assert unsealed(opened, Keyring.load()) == ([2], [])


def test_a_damaged_seal_over_the_last_cell_is_found(store: Path) -> None:
    spoil(store, "UPDATE seal SET mac = zeroblob(32) WHERE subject = (SELECT digest FROM execution WHERE id = 4)")
    with Store.open(store, Config()) as opened:
        (problem,) = broken_seals(opened, Keyring.load())
        assert problem.where == "execution 4"
    again = Notebook(store)
    with pytest.raises(ShellUsageError, match="ens trust"):
        again.restore()
