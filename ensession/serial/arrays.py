"""Reducing NumPy arrays: memory out of band, views as views where they share memory inside one payload.

A plain pickle cuts every view loose from its base. Here an array that shares memory with another array of the
same payload is stored as a view of their common owner; one that shares with nobody is stored as its own
contents only, however large its base is. Instances of subclasses are views of plain arrays, with attributes.
"""

from __future__ import annotations

import copyreg
import sys
from pickle import PickleBuffer
from typing import Any

from ensession.model import BufferMode
from ensession.serial import mapped, rebuild
from ensession.serial.constructible import has_slots
from ensession.serial.fields import reduce_field

SMALL_BYTES = 2048
"""Arrays up to this size go into the stream: a part of its own would cost more than it saves."""

_WAYS = ("__reduce__", "__reduce_ex__", "__setstate__")
"""Where a class says how it is pickled."""

_NAMED: dict[int, tuple[Any, str | None]] = {}
"""Names of NumPy's own types of items, by id; they are kept alive here, so that no other gets the id."""


def array_types() -> tuple[type, ...]:
    """Return the types of arrays, and of items in the memory of structured ones, where NumPy is loaded."""
    numpy = sys.modules.get("numpy")
    return () if numpy is None else (numpy.ndarray, numpy.void)


def memory_root(array: Any) -> Any:
    """Return the object at the end of an array's chain of bases: the one that owns the memory."""
    ndarray = sys.modules["numpy"].ndarray
    root, passed = array, list[Any]()
    while True:
        base = root.obj if type(root) is memoryview else getattr(root, "base", None)
        if base is None:
            return root
        if not isinstance(base, ndarray):  # views that Cython makes are each other's base
            if any(base is one for one in passed):
                return min(passed[next(at for at, one in enumerate(passed) if one is base) :], key=id)
            passed.append(base)
        root = base


def memory_range(array: Any, root: Any) -> tuple[int, int]:
    """Return between which addresses the memory lies that an array and its owner use."""
    owner = root if isinstance(root, sys.modules["numpy"].ndarray) else array
    if owner.flags.forc:
        start = _address(owner)
        return start, start + owner.nbytes
    low, high = sys.modules["numpy"].lib.array_utils.byte_bounds(owner)
    return int(low), int(high)


def plain(array: Any) -> Any:
    """Return what lies in the memory of an instance of a subclass, as a plain array."""
    ndarray = sys.modules["numpy"].ndarray
    return ndarray.view(array, ndarray)


def is_all_attributes(kind: type) -> bool:
    """Whether instances of a subclass are memory and attributes, as far as their class says how they are pickled."""
    np = sys.modules["numpy"]
    masked = sys.modules.get("numpy.ma")
    if has_slots(kind, "numpy"):
        return False
    base = masked.MaskedArray if masked is not None and issubclass(kind, masked.MaskedArray) else np.ndarray
    return kind not in copyreg.dispatch_table and all(getattr(kind, way) is getattr(base, way) for way in _WAYS)


def reduce_subclassed(array: Any, contents: Any) -> tuple[Any, ...]:
    """Reduce an instance of a subclass as a view of its contents, a plain array, and its attributes."""
    made = rebuild.subclassed, (type(array), contents)
    if isinstance(array, sys.modules["numpy"].memmap):  # its attributes say where: the plain array knows, if it comes
        return made if mapped.file_of(array) is None else (*made, (), None, None, mapped.set_file)
    attributes = getattr(array, "__dict__", {})
    return (*made, attributes, None, None, rebuild.these_attributes) if attributes else made


def reduce_item(item: Any) -> Any:
    """Reduce an item of a structured array, through which the array can be changed, and which changes with it."""
    if item.base is None and not item.dtype.names:
        return NotImplemented
    return rebuild.item, (sys.modules["numpy"].asarray(item),)


def flat_bytes(array: Any) -> Any:
    """Return a one-dimensional ``uint8`` view of a contiguous array."""
    np = sys.modules["numpy"]
    ordered = array if array.flags.c_contiguous else array.T
    return ordered.reshape(-1).view(np.uint8)


def reduce_array(array: Any, out_of_band: dict[int, BufferMode]) -> tuple[Any, ...]:
    """Reduce an array by its contents.

    Parameters
    ----------
    array : numpy.ndarray
        Of exactly this type, without object fields.
    out_of_band : dict
        Takes the address of the buffer object that is handed to the pickler, with its mode.
    """
    np = sys.modules["numpy"]
    flags = array.flags
    writeable, is_in_c_order = bool(flags.writeable), flags.c_contiguous
    if not (is_in_c_order or flags.f_contiguous):
        array, is_in_c_order = np.ascontiguousarray(array), True
    order = "C" if is_in_c_order else "F"
    dtype = name_of(array.dtype) or array.dtype
    if array.nbytes <= SMALL_BYTES:
        return rebuild.small_array, (array.tobytes(order="A"), dtype, array.shape, order, writeable)
    # A read-only buffer gets a pickle opcode of its own that needs real memory at load.
    flat = flat_bytes(array)
    if not writeable:  # of a copy in order, which could be written
        flat.flags.writeable = False
    buffer = PickleBuffer(flat)
    out_of_band[id(buffer)] = BufferMode.ARRAY if flat.flags.writeable else BufferMode.READONLY
    return rebuild.array, (buffer, dtype, array.shape, order)


def name_of(dtype: Any) -> str | None:
    """Return a name for which NumPy gives this very type of items, one object for all arrays; None where it does not.

    Plain pickle makes another object of it, which is told from those of arrays that are made later.
    """
    known = _NAMED.get(id(dtype))
    if known is None and dtype.isbuiltin == 1:
        make = sys.modules["numpy"].dtype
        name = next((str(name) for name in (dtype.str, dtype.char) if make(name) is dtype), None)
        known = _NAMED[id(dtype)] = (dtype, name)
    return None if known is None else known[1]


def reduce_locked(array: Any) -> tuple[Any, ...]:
    """Reduce a read-only array of objects: numpy's own way forgets that it is one."""
    make, arguments, state = array.__reduce__()
    return make, arguments, state, None, None, rebuild.set_locked


def reduce_over(array: Any, buffer: Any) -> tuple[Any, ...] | None:
    """Reduce an array that lies in an object which plain pickle stores, and which the user may change; else None."""
    arrays = sys.modules.get("array")
    if type(buffer) is not bytearray and (arrays is None or type(buffer) is not arrays.array):
        return None
    np = sys.modules["numpy"]
    start = _address(array) - _address(np.frombuffer(buffer, np.uint8))
    dtype = name_of(array.dtype) or array.dtype
    return rebuild.over, (buffer, dtype, array.shape, array.strides, start, bool(array.flags.writeable))


def whole(buffer: Any) -> Any | None:
    """Return an array of all bytes of a mapped file, or of an object of ctypes; None for anything else."""
    ctypes, mmap = sys.modules.get("ctypes"), sys.modules.get("mmap")
    kinds = [] if ctypes is None else [ctypes.Array, ctypes.Structure]
    if mmap is not None:
        kinds.append(mmap.mmap)
    if not isinstance(buffer, tuple(kinds)):
        return None
    np = sys.modules["numpy"]
    try:
        return np.frombuffer(buffer, np.uint8)
    except (ValueError, BufferError):  # closed meanwhile
        return None


def reduce_view(array: Any, owner: Any) -> tuple[Any, ...] | None:
    """Reduce an array as a view of ``owner``; None where that can't be put together again."""
    np = sys.modules["numpy"]
    if not array.nbytes:  # nothing to share, and no place inside the owner
        return None
    if type(owner) is not np.ndarray or not (owner.flags.c_contiguous or owner.flags.f_contiguous):
        return None
    start = _address(array) - _address(owner)
    if array.dtype != owner.dtype and (array.dtype.hasobject or owner.dtype.hasobject):
        return reduce_field(array, owner, start)
    dtype = name_of(array.dtype) or array.dtype
    return rebuild.view, (owner, dtype, array.shape, array.strides, start, bool(array.flags.writeable))


def distance(array: Any, owner: Any) -> int:
    """Return how many bytes behind the first one of an owner an array begins."""
    return _address(array) - _address(owner)


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])
