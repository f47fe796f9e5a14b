"""Gives memory back to the system that capture needed for a moment.

Pickling a million objects takes tables of a hundred megabytes, and the C library keeps what was freed for the next
time, often with a little in use above it. A session would seem larger, and be so to a batch system, by all that its
looks ever needed at once.
"""

from __future__ import annotations

import ctypes
import functools
import sys
import time
from collections.abc import Callable

WORTH_IT_S = 0.05
"""A look of this length leaves tens of megabytes; giving them back takes a twentieth of that: 0.06 ms for 1 MB."""
_SHARE = 0.1
"""What it may take of the time of the look. Where free memory lies scattered in a large heap it takes far longer."""

_lately_s = 0.0


def give_back_after(took_s: float) -> None:
    """Return free memory to the system, where the C library can (glibc), and where that is little against a look.

    Parameters
    ----------
    took_s : float
        How long the look took that leaves it.
    """
    global _lately_s
    if took_s < max(WORTH_IT_S, _lately_s / _SHARE):
        return
    trim = _trim()
    if trim is not None:
        start = time.perf_counter()
        trim(0)
        _lately_s = time.perf_counter() - start


@functools.cache
def _trim() -> Callable[[int], int] | None:
    """Return glibc's ``malloc_trim``, which returns pages in the middle of the heap as well as those at its end."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
