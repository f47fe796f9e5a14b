"""What a pickler has put into a payload, asked of the pickler itself."""

from __future__ import annotations

import functools
import gc
import io
import pickle
from typing import Any


def objects_in(pickler: Any) -> list[Any]:
    """Return the objects of a pickler's memo; of the fast pickler also what it uses itself.

    The fast one gives its memo away only as a copy, which takes twice as long as pickling a million objects. The
    collector's view of the pickler holds the same objects.
    """
    if isinstance(pickler, pickle.Pickler) and _shows_memo():
        return gc.get_referents(pickler)
    # The memo of dill's pickler holds other entries too: those are no pairs.
    return [entry[1] for entry in pickler.memo.copy().values() if type(entry) is tuple]


@functools.cache
def _shows_memo() -> bool:
    """Whether the collector sees the objects in a memo; early releases of Python 3.11 hid them."""
    inner: list[Any] = []
    pickler = pickle.Pickler(io.BytesIO())
    pickler.dump([inner])
    return any(one is inner for one in gc.get_referents(pickler))
