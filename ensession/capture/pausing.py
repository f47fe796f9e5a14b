"""The cyclic collector, kept out of capture's way."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ensession import heap


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic collector from walking the user's objects while capture makes many of its own.

    What a long look needed for itself is given back to the system in the end.
    """
    was_enabled = gc.isenabled()
    start = time.thread_time()
    try:  # an interrupt may come as soon as it is disabled
        gc.disable()
        yield
    finally:
        if was_enabled:  # the outermost of several: only then everything has been let go
            gc.enable()
            heap.give_back_after(time.thread_time() - start)
