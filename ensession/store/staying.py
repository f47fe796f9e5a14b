"""A store file that is deleted, moved or replaced under a process that has it open.

SQLite goes on writing to a file that has no name any more, and all of it would be gone with the process. The open
connection still holds everything, so the file is written anew: under its name, or beside it where another file has that
name now.
"""

from __future__ import annotations

import uuid
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

from ensession.errors import StoreAccessError
from ensession.store.engine import Access, Database, raw_connection, sync_file
from ensession.store.failures import translated

RESCUED = "rescued"


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


def write_anew(connection: Connection, target: Path) -> None:
    """Write all that a connection sees to a new file, complete or not at all."""
    draft = target.with_name(f".{target.name}.anew-{uuid.uuid4().hex[:8]}")
    with translated(target):
        try:
            draft.touch(mode=0o600, exist_ok=False)
            with closing(raw_connection(draft, Access.READ_WRITE, 0)) as new:
                connection.backup(new, pages=-1)
                new.execute("PRAGMA journal_mode = DELETE")
            sync_file(draft)
            for suffix in ("-wal", "-shm"):  # what is left of the old file's must not meet the new one
                Path(f"{target}{suffix}").unlink(missing_ok=True)
            draft.rename(target)
            sync_file(target.parent)
        finally:
            draft.unlink(missing_ok=True)
