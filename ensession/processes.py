"""Whether a process of this machine is alive."""

from __future__ import annotations

import os


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
