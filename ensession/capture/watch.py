"""Which names of a namespace were bound anew: found in time that hardly depends on how many there are.

A session may have thousands of variables, and IPython adds names of its own with every cell. Asking each of them
for its ``id`` before and after every cell would be felt; comparing two blocks of memory is not.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import Any

_POINTER_BYTES = 8
_BLOCK_BYTES = 512
_FEW = 24
Pointers = Callable[[tuple[Any, ...]], bytes]


class NamespaceWatch:
    """Watches what the names of a dict are bound to. Holds no reference to the values.

    What it can't see between two calls: what happens inside a value; a name that was bound to something else and back;
    as with every comparison of ids, a value that was freed and is followed by another one at the same address. And a
    name that came while one that does not count went and the last one was deleted and bound again, to the same value:
    their number and the last are as before. Names that a cell is seen to bind are looked at anyway.

    Parameters
    ----------
    namespace : dict
        Its keys are kept, its values are not.
    is_watched : Callable
        Whether a name counts. A shell keeps names of its own there, more with every cell: their values are left alone.
    """

    def __init__(self, namespace: dict[str, Any], is_watched: Callable[[str], bool] = lambda _: True) -> None:
        self._namespace = namespace
        self._is_watched = is_watched
        self._pointers = _pointers()
        self._last: str | None = None
        self._last_bound = self._n_known = 0
        self._names: tuple[str, ...] = ()
        self._values: Callable[[dict[str, Any]], tuple[Any, ...]] = _getter(())
        self._bound = b""
        self._places: dict[str, int] = {}

    def changed(self) -> set[str]:
        """Return the names that were bound, bound anew or deleted since the last call; all of them at the first."""
        came = self._came()
        if came is None:
            return self._changed_anywhere()
        try:
            bound = self._pointers(self._values(self._namespace))
        except KeyError:  # deleted by a thread meanwhile
            return self._changed_anywhere()
        found = {self._names[place] for place in self._differences(bound)} if bound != self._bound else set()
        self._bound = bound
        if came:
            self._mark(came[-1], self._n_known + len(came))
            found.update(self._add(came))
        return found

    def in_order(self, names: set[str]) -> list[str]:
        """Return names in the namespace's order, as of the last call of :meth:`changed`."""
        return sorted(names, key=lambda name: (self._places.get(name, len(self._places)), name))

    def _came(self) -> list[str] | None:
        """Return the names that came behind the others; None where others may have gone.

        A dict keeps the order in which names came. If none went, the last known one is where the number of the new
        ones says, bound to what it was: it was not deleted and bound again behind them.
        """
        last, namespace = self._last, self._namespace
        n_new = len(namespace) - self._n_known
        if n_new < 0 or last is None or id(namespace.get(last)) != self._last_bound:
            return None
        try:
            names = list(islice(reversed(namespace), n_new + 1))
        except RuntimeError:  # a thread bound a name meanwhile
            return None
        return names[::-1] if names.pop() == last else None

    def _mark(self, last: str, n_known: int) -> None:
        self._last, self._last_bound, self._n_known = last, id(self._namespace.get(last)), n_known

    def _add(self, came: list[str]) -> list[str]:
        """Watch further names; return those that count."""
        new = [name for name in came if self._is_watched(name)]
        if new:
            self._places.update(zip(new, range(len(self._names), len(self._names) + len(new)), strict=True))
            self._names += tuple(new)
            self._values = _getter(self._names)
            self._bound += self._pointers(tuple(map(self._namespace.get, new)))
        return new

    def _changed_anywhere(self) -> set[str]:
        """Compare name by name."""
        before: dict[str, bytes] = dict(zip(self._names, self._split(self._bound), strict=True))
        names = list(self._namespace)
        self._names, self._values, self._places, self._bound, self._last = (), _getter(()), {}, b"", None
        if names:
            self._mark(names[-1], len(names))
        self._add(names)
        now: dict[str, bytes] = dict(zip(self._names, self._split(self._bound), strict=True))
        return {name for name, pointer in now.items() if before.get(name) != pointer} | (before.keys() - now)

    def _differences(self, bound: bytes) -> Iterator[int]:
        before, width = self._bound, _POINTER_BYTES
        for start in range(0, len(before), _BLOCK_BYTES):
            old, new = before[start : start + _BLOCK_BYTES], bound[start : start + _BLOCK_BYTES]
            if old != new:
                for at in range(0, len(old), width):
                    if old[at : at + width] != new[at : at + width]:
                        yield (start + at) // width

    @staticmethod
    def _split(pointers: bytes) -> list[bytes]:
        return [pointers[at : at + _POINTER_BYTES] for at in range(0, len(pointers), _POINTER_BYTES)]


def _getter(names: tuple[str, ...]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    """Return what looks up names in one go; it raises KeyError where one is not there."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda namespace: tuple(namespace[name] for name in names)


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
        if len(items) < _FEW:
            return _asked(items)
        # The tuple is alive and can't change while its own memory is copied.
        return ctypes.string_at(id(items) + first, len(items) * _POINTER_BYTES)

    sample = ("a", 1.5, None, read) * _FEW
    return read if read(sample) == _asked(sample) else _asked


def _asked(items: tuple[Any, ...]) -> bytes:
    return array("Q", map(id, items)).tobytes()
