"""Fields of structured arrays that hold objects: views whose items are of another type than their owner's.

References to objects have no bytes to look at, so that such a view is taken of the owner by the name of its field.
:func:`field_view` is named by payloads.
"""

from __future__ import annotations

import sys
from typing import Any

from ensession.serial.rebuild import mark

Path = tuple[Any, ...]
"""For each level the name of a field, or a list of names."""


def reduce_field(array: Any, owner: Any, start: int) -> tuple[Any, ...] | None:
    """Reduce an array as a view of a field of its owner's items; None where it is none.

    Neither where a field is an array itself: NumPy hands out views of these when the owner is written, which are what
    it holds.

    Parameters
    ----------
    array, owner : numpy.ndarray
    start : int
        Bytes between the first items of the two.
    """
    index, inside = divmod(start, owner.dtype.itemsize)
    path = None if _holds_arrays(owner.dtype) else path_to(array.dtype, owner.dtype, inside)
    if path is None:
        return None
    return field_view, (owner, path, array.shape, array.strides, index, bool(array.flags.writeable))


def _holds_arrays(dtype: Any) -> bool:
    kinds = [kind for kind, *_ in (dtype.fields or {}).values()]
    return any(kind.subdtype is not None or _holds_arrays(kind) for kind in kinds)


def path_to(wanted: Any, dtype: Any, at: int) -> Path | None:
    """Return the fields that lead to a type of items, so many bytes behind the beginning of an item of another type."""
    names = list(wanted.names or ())
    if at == 0 and names and set(names) <= set(dtype.names or ()) and dtype[names] == wanted:
        return (names,)
    for name, (kind, offset, *_) in (dtype.fields or {}).items():
        if at == offset and kind == wanted:
            return (name,)
        if offset <= at < offset + kind.itemsize:
            further = path_to(wanted, kind, at - offset)
            if further is not None:
                return name, *further
    return None


def field_view(
    owner: Any, path: Path, shape: tuple[int, ...], strides: tuple[int, ...], index: int, writeable: bool
) -> Any:
    """Make a view of a field of ``owner``, a structured array."""
    np = sys.modules["numpy"]
    is_locked = writeable and not owner.flags.writeable
    if is_locked:  # the view was made before its owner was made read-only
        owner.flags.writeable = True
    items = (owner if owner.flags.c_contiguous else owner.T).reshape(-1)
    made: Any = np.lib.stride_tricks.as_strided(items[index:], shape, strides)
    for name in path:
        made = made[name]
    if is_locked:
        owner.flags.writeable = False
    if not writeable:
        made.flags.writeable = False
    return made


mark(__name__)
