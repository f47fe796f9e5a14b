"""Fingerprints that do not tell one string, or one slice, from another equal one.

A pickle stream writes an object once and refers to it from then on. Which equal strings are one object depends on
how a value came about: the interpreter joins those of one cell, a loaded value has those of its payload, and a word
may happen to be the name of a module that is pickled along with it. Two equal values would have different
fingerprints. Here a second pass over a small value writes each string as its number in a table of all strings, and
the table is hashed beside the stream. Slices are written out each time: pandas has some, which blocks of several
frames share or not, depending on what these were asked before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import xxhash

from ensession.model import BufferMode, Fingerprint

LIMIT_BYTES = 32 * 1024
"""Longest stream that a second pass is made for: a millisecond or two. Longer ones are hashed as they are."""
SMALL_BYTES = 4 * 2**20
"""Up to here a value with a longer stream is rather stored than made again."""
LONG_LIMIT_BYTES = 512 * 1024
"""Longest stream of larger values: the pass takes up to 15 ms, less than making such a value."""
MOST_REMEMBERED = 4096
_ENDS = frozenset({int, type(None)})
_PLAIN = frozenset({int, float, complex, bool, type(None)})


def blind_limit(n_bytes: int) -> int:
    """Return how long the stream of a value of this size may be for a second pass."""
    return LIMIT_BYTES if n_bytes <= SMALL_BYTES else LONG_LIMIT_BYTES


class Words:
    """The strings of one value, in the order of their first appearance; mixed into picklers."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._texts: dict[str, int] = {}
        self._bytes: dict[bytes, int] = {}

    def persistent_id(self, obj: Any) -> int | tuple[int | None, ...] | None:
        """Return the number of a string, or the ends of a slice; anything else is written as always."""
        kind = type(obj)
        if kind is str:
            return 2 * self._texts.setdefault(obj, len(self._texts))
        if kind is bytes:
            return 2 * self._bytes.setdefault(obj, len(self._bytes)) + 1
        if kind is slice:
            ends = (obj.start, obj.stop, obj.step)
            return ends if _ENDS.issuperset(map(type, ends)) else None
        return None

    def words_digest(self) -> bytes:
        """Return the hash of the strings; their lengths are part of it, so that two never read as one."""
        words = xxhash.xxh3_128()
        for table in ([one.encode("utf-8", "surrogatepass") for one in self._texts], list(self._bytes)):
            words.update(f"{len(table)}:{[len(one) for one in table]}".encode())
            words.update(b"".join(table))
        return words.digest()


class StreamHash:
    """A sink for the second pass: the buffers have been hashed in the first one."""

    def __init__(self) -> None:
        self._stream = xxhash.xxh3_128()

    def write(self, piece: bytes | bytearray | memoryview, /) -> int:
        """Take a piece of the pickle stream."""
        self._stream.update(piece)
        return len(piece)

    def add_buffer(self, view: memoryview, mode: BufferMode) -> None:
        """Take an out-of-band buffer."""

    def digest(self) -> bytes:
        """Return the hash of the stream."""
        return self._stream.digest()


def joined(stream: bytes, words: bytes, buffers: bytes) -> Fingerprint:
    """Return the fingerprint for the hashes of a stream, its strings and its buffers."""
    return Fingerprint(xxhash.xxh3_128_digest(b"words\0" + stream + words + buffers))


def has_strings(values: Mapping[str, Any]) -> bool:
    """Whether anything in a payload could be a string but the one name."""
    return len(values) > 1 or any(type(value) not in _PLAIN for value in values.values())


class Remembered:
    """Which blind fingerprint belongs to a payload: the one follows from the other.

    Holds the latest few, so that a value that is looked at again and again is passed over once.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[Fingerprint, Fingerprint] = OrderedDict()

    def get(self, written: Fingerprint) -> Fingerprint | None:
        """Return what belongs to the hash of a payload as it is written."""
        found = self._known.get(written)
        if found is not None:
            self._known.move_to_end(written)
        return found

    def add(self, written: Fingerprint, blind: Fingerprint) -> None:
        """Remember one more, and forget the oldest."""
        self._known[written] = blind
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
