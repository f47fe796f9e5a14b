"""A store file that is deleted, moved or replaced under a process that has it open.

SQLite goes on writing to a file that has no name any more, and all of it would be gone with the process. The open
connection still holds everything, so the file is written anew: under its name, or beside it where another file has that
name now.
"""

from __future__ import annotations

import os
import uuid
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

from ensession.errors import NameTakenError, StoreAccessError
from ensession.store.engine import Access, Database, raw_connection, sync_file
from ensession.store.failures import translated

RESCUED = "rescued"
_TRIES = 20


def place_for(database: Database) -> Path | None:
    """Return where the file has to be written anew, None where it is in its place.

    Raises
    ------
    StoreAccessError
        Its folder is gone, so there is no place.
    """
    if database.is_in_place():
        return None
    path = database.path
    if not path.parent.is_dir():
        raise StoreAccessError(
            f"{path}: its folder was removed; all that is recorded is lost with this process, unless the folder "
            f"{path.parent} is there again before it ends"
        )
    if not path.exists():
        return path
    names = (path.with_name(f"{path.stem}.{RESCUED}-{number}{path.suffix}") for number in range(1, 1000))
    return next(name for name in names if not name.exists())


def move_to(database: Database, target: Path) -> Path:
    """Write the file anew and go on with it; return where, as another process may be quicker to take the place.

    Raises
    ------
    StoreAccessError
        There is no room, or that happened again and again.
    """
    for _ in range(_TRIES):
        try:
            database.move(target, write_anew)
        except NameTakenError:
            target = place_for(database) or target
        else:
            return target
    raise StoreAccessError(
        f"{target}: other processes take every name beside it; it is tried again after the next cell"
    )


def write_anew(connection: Connection, target: Path) -> None:
    """Write all that a connection sees to a new file, complete or not at all.

    Raises
    ------
    NameTakenError
        There is a file of that name by now; it is as it was.
    StoreAccessError
    """
    draft = target.with_name(f".{target.name}.anew-{uuid.uuid4().hex[:8]}")
    with translated(target):
        try:
            draft.touch(mode=0o600, exist_ok=False)
            with closing(raw_connection(draft, Access.READ_WRITE, 0)) as new:
                connection.backup(new, pages=-1)
                new.execute("PRAGMA journal_mode = DELETE")
            sync_file(draft)
            _require_free(target)
            for suffix in ("-wal", "-shm"):  # what is left of the old file's must not meet the new one
                Path(f"{target}{suffix}").unlink(missing_ok=True)
            _give_name(draft, target)
            sync_file(target.parent)
        finally:
            draft.unlink(missing_ok=True)


def _give_name(draft: Path, target: Path) -> None:
    """Give a file its name, unless another one has it: renaming would take that one's place without a word."""
    try:
        os.link(draft, target)
    except OSError:  # it is taken, or this file system knows no links
        _require_free(target)
        draft.rename(target)


def _require_free(target: Path) -> None:
    if os.path.lexists(target):
        raise NameTakenError(f"{target}: another file got this name while the store was being written there")
