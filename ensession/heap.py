"""Gives memory back to the system that capture needed for a moment.

Pickling a million objects takes tables of a hundred megabytes, and the C library keeps what was freed for the next
time, often with a little in use above it. A session would seem larger, and be so to a batch system, by all that its
looks ever needed at once.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable

WORTH_IT_S = 0.05
"""A look of this length leaves tens of megabytes; giving them back takes a twentieth of that: 0.06 ms for 1 MB."""


def give_back() -> None:
    """Return free memory to the system, where the C library can (glibc)."""
    trim = _trim()
    if trim is not None:
        trim(0)


@functools.cache
def _trim() -> Callable[[int], int] | None:
    """Return glibc's ``malloc_trim``, which returns pages in the middle of the heap as well as those at its end."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
