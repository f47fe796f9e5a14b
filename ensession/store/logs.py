"""The logs beside a store, where its name passes from one file to another while processes have the first one open.

SQLite finds a log by its name, not by its store: a new file would take in what an old one left behind, and who closes
the old file last takes away the new one's log.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ensession.store.identity import FileId, file_id

_LOG, _INDEX = "-wal", "-shm"


def logs_beside(path: Path) -> frozenset[FileId]:
    """Return what tells the logs beside a store from others that get their names later."""
    found = set()
    for suffix in (_LOG, _INDEX):
        with suppress(FileNotFoundError):
            found.add(file_id(Path(f"{path}{suffix}")))
    return frozenset(found)


def put_aside(path: Path) -> None:
    """Move a log out of the way of a new file: it belongs to one that was deleted or moved away.

    It may hold the last cells of that one, so it is kept. Who has it open goes on with it.
    """
    log = Path(f"{path}{_LOG}")
    with suppress(FileNotFoundError):
        if log.stat().st_size:
            log.rename(f"{log}.left-{uuid.uuid4().hex[:8]}")
        else:
            log.unlink()
    Path(f"{path}{_INDEX}").unlink(missing_ok=True)


@contextmanager
def others_kept(path: Path, own: Collection[FileId]) -> Iterator[None]:
    """Keep logs that are not a store's own while it is closed, which takes away whatever has their names.

    Parameters
    ----------
    path : Path
    own : collection of FileId
        The store's own logs.
    """
    kept = []
    for suffix in (_LOG, _INDEX):
        log, aside = Path(f"{path}{suffix}"), Path(f"{path}{suffix}.kept-{uuid.uuid4().hex[:8]}")
        with suppress(OSError):  # there is none, or this file system knows no links
            if file_id(log) not in own:
                os.link(log, aside)
                kept.append((log, aside))
    try:
        yield
    finally:
        for log, aside in kept:
            with suppress(FileExistsError):  # it was not the last one that closed
                os.link(aside, log)
            aside.unlink()
