"""Arrays that lie in a mapped file (``numpy.memmap``): stored with what they hold and where that was.

They come back over the same file where it still holds that; nothing is ever written to it for it. Otherwise they
come back in memory. :func:`over_file` is named by payloads.
"""

from __future__ import annotations

import mmap
import os
import stat
import sys
from pathlib import Path
from typing import Any

from ensession.errors import LoadFailedError
from ensession.serial import rebuild

_PIECE_BYTES = 16 * 2**20
_ACCESS = {"r": mmap.ACCESS_READ, "c": mmap.ACCESS_COPY, "r+": mmap.ACCESS_WRITE}


def over_file(contents: Any, file: tuple[str, bool, str, int], start: int, strides: tuple[int, ...]) -> Any:
    """Return an array over a file, or else ``contents``; the loader does it."""
    place = f"{file} {start} {strides} {type(contents)}"
    raise LoadFailedError(f"{place}: this payload can only be loaded through ensession")


def set_file(target: Any, _: object) -> None:
    """Tell a ``memmap`` of its file, where it lies in one: a view of a plain array does not know."""
    holder = file_of(target.base)
    if holder is not None:
        _set_place(target, holder._mmap, holder.filename, holder.mode, holder.offset)


def file_of(array: Any) -> Any | None:
    """Return the ``memmap`` that an array lies in, itself or a base of it; None where none has a file with a name."""
    np = sys.modules["numpy"]
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap) and isinstance(array._mmap, mmap.mmap) and array.filename is not None:
            return array
        array = array.base
    return None


def reduce_in_file(array: Any, contents: Any, holder: Any, start: int) -> tuple[Any, ...]:
    """Reduce an array by what it holds, and by where in a file that is.

    Parameters
    ----------
    array : numpy.ndarray
    contents : numpy.ndarray
        The same, as another object: it is reduced by its contents.
    holder : numpy.memmap
        Knows the file.
    start : int
        Bytes between the beginning of the mapped part of the file and the first item of the array.
    """
    is_path = not isinstance(holder.filename, str)
    mode = "r+" if holder.mode == "w+" else holder.mode  # it was made then, and emptied: not again
    file = (os.fspath(holder.filename), is_path, mode, int(holder.offset))
    mapped_from = holder.offset - holder.offset % mmap.ALLOCATIONGRANULARITY
    return over_file, (contents, file, mapped_from + start, array.strides)


def open_again(
    contents: Any, file: tuple[str, bool, str, int], start: int, strides: tuple[int, ...]
) -> tuple[Any, str]:
    """Return an array over a file that holds ``contents`` there; otherwise these, and the reason."""
    filename, is_path, mode, offset = file
    lows = [min(0, (n - 1) * step) for n, step in zip(contents.shape, strides, strict=True)]
    highs = [max(0, (n - 1) * step) for n, step in zip(contents.shape, strides, strict=True)]
    low, high = start + sum(lows), start + sum(highs) + contents.itemsize
    mapped_from = low - low % mmap.ALLOCATIONGRANULARITY
    try:
        memory = _mapped(filename, mode, mapped_from, high)
    except (OSError, ValueError) as error:
        return contents, f"{filename} can't be mapped ({error})"
    if memory is None:
        return contents, f"{filename} is not what it was"
    np = sys.modules["numpy"]
    holder = np.ndarray.__new__(np.memmap, contents.shape, contents.dtype, memory, start - mapped_from, strides)
    made = holder.view(np.ndarray)
    if not _are_same(made, contents):
        return contents, f"{filename} holds something else now"
    _set_place(holder, memory, Path(filename) if is_path else filename, mode, offset)
    if not contents.flags.writeable:
        made.flags.writeable = False
    return made, ""


def _mapped(filename: str, mode: str, start: int, stop: int) -> mmap.mmap | None:
    """Map a part of a file; None where that is no file, or too short."""
    found = os.stat(filename)
    if not stat.S_ISREG(found.st_mode) or found.st_size < stop:
        return None
    with open(filename, "r+b" if mode == "r+" else "rb") as file:
        return mmap.mmap(file.fileno(), stop - start, access=_ACCESS[mode], offset=start)


def _set_place(target: Any, memory: mmap.mmap, filename: Any, mode: str, offset: int) -> None:
    target._mmap, target.filename, target.mode, target.offset = memory, filename, mode, offset


def _are_same(some: Any, others: Any) -> bool:
    """Whether two arrays of one type and shape hold the same bytes."""
    np = sys.modules["numpy"]
    if not (some.flags.c_contiguous and others.flags.c_contiguous):
        some, others = (one.T if one.flags.f_contiguous else one for one in (some, others))
        some, others = np.ascontiguousarray(some), np.ascontiguousarray(others)
    first, second = (one.reshape(-1).view(np.uint8) for one in (some, others))
    pieces = range(0, len(first), _PIECE_BYTES)
    return all(np.array_equal(first[at : at + _PIECE_BYTES], second[at : at + _PIECE_BYTES]) for at in pieces)


rebuild.mark(__name__)
