"""Whether a process of this machine is alive."""

from __future__ import annotations

import os
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Return whether there is a process of that number here, as far as it can be told; a store may hold any number.

    Another process may have got the number since.
    """
    # Elsewhere the question itself would end it. What is no number of a process means a group of them, or all.
    if os.name != "posix" or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:  # another user's
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def has_open(pid: int, path: Path) -> bool:
    """Return whether a process of this machine has a file open; where that can't be told, it may."""
    try:
        wanted = path.stat()
        descriptors = [*os.scandir(f"/proc/{pid}/fd")]
    except OSError:  # another user's, or no Linux
        return True
    return any(_is(one, wanted) for one in descriptors)


def _is(descriptor: os.DirEntry[str], wanted: os.stat_result) -> bool:
    try:
        return os.path.samestat(descriptor.stat(), wanted)
    except OSError:  # closed meanwhile
        return False
