"""Revisions: they lead to the models; every frozen store opens; an upgrade is all or nothing."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from ensession.config import Config
from ensession.errors import EnsessionError, StoreAccessError, StoreTooOldError
from ensession.model import ExecutionId
from ensession.store import Store, check_store, copying
from ensession.store.engine import build_file
from ensession.store.migrate import REVISIONS, Ladder, climb, shipped_ladder, upgrade_store
from ensession.store.schema import BaseRow
from ensession.store.views import VIEWS
from tests.limits import no_file_larger_than
from tests.store.kit import loaded

REPOSITORY = Path(__file__).resolve().parents[2]
FROZEN = Path(__file__).resolve().parents[1] / "data" / "stores"

LATER = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{revision}", "{before}", None, None


def upgrade():
    with op.batch_alter_table("tag") as batch:
        batch.add_column(sa.Column("note", sa.Text()))
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    {then}
"""


def schema(path: Path) -> dict[str, list[str]]:
    """Return the clauses of each table, sorted: their order, and spaces, mean nothing."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name != 'alembic_version'"
        ).fetchall()
    clauses = {}
    for name, sql in rows:
        head, _, rest = sql.partition("(")
        body, _, options = rest.rpartition(")")
        clauses[name] = sorted([*("".join(clause.split()) for clause in _clauses(body)), head.strip(), options.strip()])
    return clauses


def _clauses(body: str) -> list[str]:
    """Split at the commas outside of parentheses: an added column stands on the last line."""
    found, depth = [""], 0
    for letter in body:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return found


def ladder(tmp_path: Path, then: str = "pass") -> Ladder:
    """Return a ladder with one more revision."""
    folder = tmp_path / "migrations"
    shutil.copytree(shipped_ladder().folder, folder)
    later = f"{len(REVISIONS) + 1:04}"
    text = LATER.format(then=then, revision=later, before=REVISIONS[-1])
    (folder / "versions" / f"{later}_later.py").write_text(text)
    return Ladder((*REVISIONS, later), folder)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copy(FROZEN / f"{REVISIONS[-1]}.ens", tmp_path / "old.ens"))


def test_the_list_of_revisions_is_the_folder() -> None:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(shipped_ladder().folder))
    script = ScriptDirectory.from_config(settings)
    assert tuple(item.revision for item in script.walk_revisions())[::-1] == REVISIONS


def test_the_tables_as_sql_are_those_of_the_models() -> None:
    """After a change of a row: python migrations/freeze.py."""
    freeze = runpy.run_path(str(REPOSITORY / "migrations" / "freeze.py"))
    assert freeze["TARGET"].read_text(encoding="utf-8") == freeze["render"]()


def test_the_revisions_lead_to_the_models(tmp_path: Path, config: Config) -> None:
    climbed = tmp_path / "climbed.ens"
    build_file(climbed, lambda _: None)
    climb(climbed, shipped_ladder(), 1)
    made = tmp_path / "made.ens"
    Store.create_or_open(made, config).close()
    assert schema(climbed) == schema(made)
    engine = create_engine(f"sqlite:///{climbed}", poolclass=NullPool)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), BaseRow.metadata) == []
    Store.open(climbed, config).close()
    assert check_store(climbed, config) == []


@pytest.mark.parametrize("frozen", sorted(FROZEN.glob("*.ens")), ids=lambda path: path.name)
def test_every_frozen_store_opens(tmp_path: Path, config: Config, frozen: Path) -> None:
    path = Path(shutil.copy(frozen, tmp_path / "frozen.ens"))
    with Store.open(path, config) as store:
        assert [item.parent for item in store.history.executions()] == [None, 1, 1]
        state = store.history.state(ExecutionId(2))
        assert {name: binding.summary.type_name for name, binding in state.items()} == {"a": "list", "c": "str"}
        assert loaded(store, state["a"].version.id) == (b"stream", [bytes(600_000), b""])
        assert store.seals.get(store.history.execution(ExecutionId(1)).digest, b"key") == b"mac"
        store.verify_chain(ExecutionId(3))
    assert check_store(path, config) == []
    made = tmp_path / "made.ens"
    Store.create_or_open(made, config).close()
    assert schema(path) == schema(made)


def test_there_is_a_frozen_store_for_every_revision() -> None:
    assert sorted(path.stem for path in FROZEN.glob("*.ens")) == list(REVISIONS)


def test_an_older_store_is_upgraded_after_a_backup(old: Path, tmp_path: Path, config: Config) -> None:
    steps, before = ladder(tmp_path), schema(old)
    with pytest.raises(StoreTooOldError, match="open it once for writing"):
        Store.open_read_only(old, config, steps)
    with Store.open(old, config, ladder=steps) as store:
        assert store._database.rows("SELECT count(*) FROM later")[0] == (0,)
        assert store._database.rows("PRAGMA user_version")[0] == (len(steps.revisions),)
        store.verify_chain(ExecutionId(3))
    with Store.open_read_only(old, config, steps) as store:
        assert len(store.history.executions()) == 3
    assert "noteTEXT" in "".join(schema(old)["tag"])
    assert set(VIEWS) <= set(schema(old))  # made anew, although a table was rebuilt under them
    backup = old.with_name(f"old.ens.backup-{REVISIONS[-1]}")
    assert schema(backup) == before
    assert check_store(backup, config) == []
    assert backup.stat().st_mode & 0o777 == 0o600


def test_a_failed_upgrade_changes_nothing(old: Path, tmp_path: Path, config: Config) -> None:
    steps, before = ladder(tmp_path, "op.execute('SELECT * FROM nowhere')"), schema(old)
    with pytest.raises(EnsessionError, match=r"old\.ens"):
        Store.open(old, config, ladder=steps)
    assert schema(old) == before
    assert check_store(old, config) == []
    with Store.open(old, config) as store:
        assert len(store.history.executions()) == 3


def test_an_upgrade_that_is_killed_changes_nothing(old: Path, tmp_path: Path, config: Config) -> None:
    steps, before = ladder(tmp_path, "import os; os.kill(os.getpid(), 9)"), schema(old)
    process = multiprocessing.get_context("spawn").Process(target=upgrade_store, args=(old, steps, 1))
    process.start()
    process.join()
    assert process.exitcode == -9
    assert schema(old) == before
    with Store.open(old, config, ladder=ladder(tmp_path / "again")) as store:
        assert len(store.history.executions()) == 3
    assert check_store(old.with_name(f"old.ens.backup-{REVISIONS[-1]}"), config) == []


@pytest.mark.parametrize("way", ["killed", "no room"])
def test_a_backup_that_broke_off_is_made_again(old: Path, tmp_path: Path, config: Config, way: str) -> None:
    steps, before = ladder(tmp_path), schema(old)
    backup = old.with_name(f"old.ens.backup-{REVISIONS[-1]}")
    if way == "killed":
        process = multiprocessing.get_context("spawn").Process(target=_die_in_the_backup, args=(old, steps))
        process.start()
        process.join()
        assert process.exitcode == -9
    else:
        with no_file_larger_than(300_000), pytest.raises(StoreAccessError):
            Store.open(old, config, ladder=steps)
    assert not backup.exists()
    assert schema(old) == before
    Store.open(old, config, ladder=steps).close()
    assert schema(backup) == before
    assert check_store(backup, config) == []


def _die_in_the_backup(path: Path, steps: Ladder) -> None:
    copying.sync_file = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # all of it written, none of it safe
    upgrade_store(path, steps, 1)
