"""From no file to a store, and from an older store to today's.

A new store is made from the tables' SQL and stamped, without Alembic or SQLAlchemy (which take a while to import);
tests hold that SQL to the models, and the models to the revisions. An older store is upgraded by the revisions, in one
transaction, after a copy.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ensession.errors import StoreTooNewError, StoreTooOldError
from ensession.store.copying import snapshot
from ensession.store.engine import (
    Access,
    OnPoint,
    build_file,
    no_point,
    raw_connection,
    sync_file,
)
from ensession.store.failures import translate, translated
from ensession.store.header import read_header
from ensession.store.logs import one_at_a_time, put_aside
from ensession.store.structure import STAMP, check_old_structure
from ensession.store.tables import DDL
from ensession.store.views import create_views

REVISIONS = ("0001", "0002", "0003")
"""All revisions, oldest first; a store's format version is the number of revisions that it went through."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The revisions that lead to today's format, and the folder with Alembic's environment for them."""

    revisions: tuple[str, ...]
    folder: Path


def shipped_ladder() -> Ladder:
    """Return the ladder of this installation: inside the package, or beside it in a checkout of the repository."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_migrations"
    return Ladder(REVISIONS, inside if inside.is_dir() else package.parent / "migrations")


def create_store(path: Path, on_point: OnPoint = no_point) -> None:
    """Create an empty store at ``path``, complete or not at all; harmless when another process is faster."""
    temporary = path.with_name(f".{path.name}.new-{uuid.uuid4().hex[:8]}")
    with translated(path):
        try:
            build_file(temporary, _build)
            on_point("create:before-link")
            with one_at_a_time(path.parent):
                is_there = path.exists()
                is_empty = is_there and path.stat().st_size == 0
                if is_empty or not is_there:
                    put_aside(path)
                if is_empty:
                    temporary.replace(path)
                elif not is_there:
                    _link(temporary, path)
            sync_file(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def check_format(path: Path, ladder: Ladder) -> bool:
    """Return whether the store at ``path`` has to be upgraded first.

    Raises
    ------
    NotFoundError, NotAStoreError
        Nothing was touched.
    StoreTooNewError
        A newer version of ensession wrote it; nothing was touched.
    """
    version = read_header(path)
    if version > len(ladder.revisions):
        raise _too_new(path)
    return version < len(ladder.revisions)


def check_revision(path: Path, version: int, stamp: str | None, ladder: Ladder) -> None:
    """Hold what an open connection says against the ladder; the header may lag behind the write-ahead log."""
    if version > len(ladder.revisions) or stamp not in ladder.revisions:
        raise _too_new(path)
    if version < len(ladder.revisions):
        raise StoreTooOldError(
            f"{path}: the store has format {version}, this ensession needs {len(ladder.revisions)};"
            " open it once for writing, which upgrades it (a copy of the old one is kept)"
        )


def upgrade_store(path: Path, ladder: Ladder, busy_timeout_s: float) -> Path:
    """Upgrade an older store in one transaction, after a backup copy.

    Returns
    -------
    Path
        Of the backup, ``FILE.backup-REVISION``.
    """
    with translated(path), closing(raw_connection(path, Access.READ_WRITE, busy_timeout_s)) as connection:
        check_old_structure(connection, path)
        stamps = connection.execute("SELECT version_num FROM alembic_version LIMIT 1").fetchall()
        stamp = stamps[0][0] if stamps else None
        if stamp not in ladder.revisions:
            raise _too_new(path)
    backup = path.with_name(f"{path.name}.backup-{stamp}")
    if not backup.exists():
        _back_up(path, backup, busy_timeout_s)
    climb(path, ladder, busy_timeout_s)
    return backup


def _back_up(path: Path, backup: Path, busy_timeout_s: float) -> None:
    """Copy a store, complete or not at all: what has the name of a backup is taken for one by the next try."""
    draft = path.with_name(f".{backup.name}.new-{uuid.uuid4().hex[:8]}")
    with translated(backup):
        try:
            snapshot(path, draft, busy_timeout_s)
            _link(draft, backup)  # whoever was faster had the older file before it
            sync_file(backup.parent)
        finally:
            draft.unlink(missing_ok=True)


def climb(path: Path, ladder: Ladder, busy_timeout_s: float) -> None:
    """Run the missing revisions, in one transaction; a file without any table runs them all."""
    from alembic import command
    from alembic.config import Config as AlembicConfig
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    engine = create_engine(
        "sqlite://", creator=lambda: raw_connection(path, Access.READ_WRITE, busy_timeout_s), poolclass=NullPool
    )
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(ladder.folder).replace("%", "%%"))
    try:
        with translated(path), engine.connect() as connection, connection.begin():
            settings.attributes["connection"] = connection
            command.upgrade(settings, ladder.revisions[-1])
            connection.exec_driver_sql(f"PRAGMA user_version = {len(ladder.revisions)}")
    except DBAPIError as error:
        raise translate(error.orig, path) from error


def _build(connection: sqlite3.Connection) -> None:
    for statement in DDL:
        connection.execute(statement)
    create_views(connection.execute)
    connection.execute(STAMP)
    connection.execute("INSERT INTO alembic_version VALUES (?)", (REVISIONS[-1],))
    connection.execute(f"PRAGMA user_version = {len(REVISIONS)}")


def _link(temporary: Path, path: Path) -> None:
    """Give the finished file its name, unless the name is taken by now."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    except OSError:
        # File systems without hard links; a second creator at the same instant is the price.
        if not path.exists():
            temporary.rename(path)


def _too_new(path: Path) -> StoreTooNewError:
    return StoreTooNewError(f"{path}: a newer version of ensession wrote this store; upgrade ensession to open it")
