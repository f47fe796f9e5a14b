"""Parts of an object that are stored where they can be, and left out where not: the object is worth more than they.

Functions that PyTorch calls with a gradient are such: a library that watches a model hangs some of its own in there,
with files and threads behind them, and the model would be unstorable for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ensession.serial.rebuild import mark

if TYPE_CHECKING:
    from ensession.serial.reducers import Reducers

_MOST_REFUSED = 8
"""So many are tried in vain, in one pass: each may lead through a whole model before it turns out."""
_ANYTHING = (BaseException,)
"""What ``__reduce__`` raises when it is tried."""


@dataclass(frozen=True, slots=True, eq=False)
class IfStorable:
    """Stands for a collection in the state of an object: it is stored as itself, or else as an empty one."""

    value: Any


@dataclass(slots=True)
class Trials:
    """What a pass has tried.

    Attributes
    ----------
    pickler : Reducers or None
        What was tried with success is in its memo, and takes no time again.
    n_refused : int
    """

    pickler: Any = None
    n_refused: int = 0


class Nowhere:
    """A sink that keeps nothing."""

    def write(self, piece: bytes | bytearray | memoryview, /) -> int:
        """Take a piece of the pickle stream."""
        return len(piece)


def kept(value: Any) -> Any:
    """Return what stood for itself."""
    return value


def reduce_if_storable(reducers: Reducers, part: IfStorable) -> Any:
    """Reduce a part to itself, or to an empty one of its type."""
    return (kept, (part.value,)) if _can_be_stored(reducers, part.value) else (type(part.value), ())


def _can_be_stored(reducers: Reducers, value: Any) -> bool:
    """Whether plain pickle takes a value; what is optional inside of it does not count."""
    trials = reducers.trials
    if trials is None or trials.n_refused >= _MOST_REFUSED:
        return False
    if trials.pickler is None:
        trials.pickler = reducers.on_trial()
    try:
        trials.pickler.dump(value)
    except KeyboardInterrupt:
        raise
    except _ANYTHING:
        trials.pickler = None  # it takes for written what it was about to write
        trials.n_refused += 1
        return False
    return True


mark(__name__)
