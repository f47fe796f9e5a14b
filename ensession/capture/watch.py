"""Which names of a namespace were bound anew: found in time that hardly depends on how many there are.

A session may have thousands of variables, and IPython adds names of its own with every cell. Asking each of them
for its ``id`` before and after every cell would be felt; comparing two blocks of memory is not.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

_POINTER_BYTES = 8
_BLOCK_BYTES = 512
Pointers = Callable[[tuple[Any, ...]], bytes]


class NamespaceWatch:
    """Watches what the names of a dict are bound to. Holds no reference to the values.

    As with every comparison of ids: a value that is freed and followed by another one at the same address looks
    unchanged. Names that a cell is seen to bind are looked at anyway.

    Parameters
    ----------
    namespace : dict
        Its keys are kept, its values are not.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._pointers = _pointers()
        self._names: tuple[str, ...] = ()
        self._keys = b""
        self._bound = b""
        self._places: dict[str, int] = {}

    def changed(self) -> set[str]:
        """Return the names that were bound, bound anew or deleted since the last call; all of them at the first."""
        names, values = self._read()
        keys, bound = self._pointers(names), self._pointers(values)
        n_before = len(self._names)
        if keys.startswith(self._keys):  # names at most came behind
            found = {names[place] for place in self._differences(bound)}
            found.update(names[n_before:])
            self._places.update(zip(names[n_before:], range(n_before, len(names)), strict=True))
        else:
            before = dict(zip(self._names, self._split(self._bound), strict=True))
            now = dict(zip(names, self._split(bound), strict=True))
            found = {name for name, pointer in now.items() if before.get(name) != pointer} | (before.keys() - now)
            self._places = {name: place for place, name in enumerate(names)}
        self._names, self._keys, self._bound = names, keys, bound
        return found

    def in_order(self, names: set[str]) -> list[str]:
        """Return names in the namespace's order, as of the last call of :meth:`changed`."""
        return sorted(names, key=lambda name: (self._places.get(name, len(self._places)), name))

    def _read(self) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        while True:  # a thread may bind a name between the two
            names, values = tuple(self._namespace), tuple(self._namespace.values())
            if len(names) == len(values):
                return names, values

    def _differences(self, bound: bytes) -> Iterator[int]:
        before, width = self._bound, _POINTER_BYTES
        for start in range(0, len(before), _BLOCK_BYTES):
            old, new = before[start : start + _BLOCK_BYTES], bound[start : start + _BLOCK_BYTES]
            if old != new[: len(old)]:
                for at in range(0, len(old), width):
                    if old[at : at + width] != new[at : at + width]:
                        yield (start + at) // width

    @staticmethod
    def _split(pointers: bytes) -> list[bytes]:
        return [pointers[at : at + _POINTER_BYTES] for at in range(0, len(pointers), _POINTER_BYTES)]


class Variables(Mapping[str, Any]):
    """Some names' values at one moment: looked up when asked for, and the same ever after.

    Parameters
    ----------
    names : Callable
        Returns all names.
    find : Callable
        Returns a name's value; raises KeyError where there is none.
    """

    def __init__(self, names: Callable[[], Iterator[str]], find: Callable[[str], Any]) -> None:
        self._all = names
        self._find = find
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return self._all()

    def __len__(self) -> int:
        return sum(1 for _ in self)


@cache
def _pointers() -> Pointers:
    """Return the fastest way to the ids of a tuple's items that holds in this interpreter."""
    if sys.implementation.name != "cpython" or sys.maxsize.bit_length() + 1 != 8 * _POINTER_BYTES:
        return _asked
    try:
        import ctypes
    except ImportError:  # built without it
        return _asked
    first = tuple.__basicsize__

    def read(items: tuple[Any, ...]) -> bytes:
        # The tuple is alive and can't change while its own memory is copied.
        return ctypes.string_at(id(items) + first, len(items) * _POINTER_BYTES)

    sample = ("a", 1.5, None, read)
    return read if read(sample) == _asked(sample) else _asked


def _asked(items: tuple[Any, ...]) -> bytes:
    return array("Q", map(id, items)).tobytes()
