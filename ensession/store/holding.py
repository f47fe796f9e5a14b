"""Keeps hold of a store file whatever else the process does with it.

SQLite marks a file as in use by POSIX locks. A process loses all of its own as soon as it closes *any* descriptor of
the file: a cell that copies its own store with ``shutil.copy`` is enough. The next process that closes the store then
takes it for unused, and removes the write-ahead log that this one goes on writing to: all that it records is lost
(sqlite.org/howtocorrupt.html, section 2.2). A lock of the open file description, which Linux has, is held until its
own descriptor is closed.
"""

from __future__ import annotations

import os
import struct
import sys
from contextlib import suppress
from pathlib import Path

_SHARED_FIRST = 0x40000002
_SHARED_BYTES = 510
"""The bytes that SQLite's users of a file hold in common, and that who wants it for itself has to lock (format 3.x)."""


class Hold:
    """A share in a file's use, as SQLite's own. Only where there are such locks: see :func:`hold`.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)
        self.take()

    def take(self) -> None:
        """Take it."""
        self._set("F_RDLCK")

    def release(self) -> None:
        """Let go of it, before SQLite wants the file for itself; the descriptor stays open."""
        self._set("F_UNLCK")

    def close(self) -> None:
        """Close the descriptor. After SQLite's own, for this takes SQLite's locks with it."""
        os.close(self._descriptor)

    def _set(self, kind: str) -> None:
        import fcntl  # not everywhere

        lock = struct.pack("hhqqi4x", getattr(fcntl, kind), os.SEEK_SET, _SHARED_FIRST, _SHARED_BYTES, 0)
        with suppress(OSError):  # a file system without such locks: SQLite's own have to do
            fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLK, lock)


def hold(path: Path) -> Hold | None:
    """Hold a file that SQLite has open; None on systems that have no such locks, where a descriptor more only harms."""
    return Hold(path) if sys.platform == "linux" else None
