"""The logs beside a store, where its name passes from one file to another while processes have the first one open.

SQLite finds a log by its name, not by its store: a new file would take in what an old one left behind. (It takes no log
away when it closes a file that was deleted or moved.)
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOGS = ("-wal", "-journal")
_INDEX = "-shm"


def put_aside(path: Path) -> None:
    """Move a log out of the way of a new file: it belongs to one that was deleted or moved away.

    It may hold the last cells of that one, so it is kept. Who has it open goes on with it. Called inside of
    :func:`one_at_a_time`, and only where no file has the name: else the log may be somebody's.
    """
    for suffix in _LOGS:
        log = Path(f"{path}{suffix}")
        with suppress(FileNotFoundError):
            if log.stat().st_size:
                log.rename(f"{log}.left-{uuid.uuid4().hex[:8]}")
            else:
                log.unlink()
    Path(f"{path}{_INDEX}").unlink(missing_ok=True)


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let one process at a time look whether a name in a folder is free, put logs aside, and give the name.

    Where the system has no such lock (some network file systems, Windows), nobody waits.
    """
    descriptor = None
    if sys.platform != "win32":
        import fcntl

        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
