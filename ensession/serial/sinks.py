"""Sinks that hash, and keep a payload on the way.

Imports nothing above :mod:`ensession.model`.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable

import xxhash

from ensession.model import BufferMode, Fingerprint, PayloadSink
from ensession.serial.budget import Limit

_STRIDE_BYTES = 16 * 2**20
"""Bytes of a buffer that are hashed between two looks at the clock: a few milliseconds."""


class Room:
    """How much of the payloads that looks make is kept until they are stored, so that they are pickled once.

    Buffers take no room: what is kept of them is where they are.

    Parameters
    ----------
    payload_bytes : int
        Payloads up to this size are always kept.
    streams_bytes : int
        Larger streams are kept while they fit in here together.
    """

    def __init__(self, payload_bytes: int = 0, streams_bytes: int = 0) -> None:
        self.payload_bytes = payload_bytes
        self._streams_bytes = streams_bytes
        self.left_bytes = streams_bytes

    def renew(self) -> None:
        """Forget what was kept: it is gone."""
        self.left_bytes = self._streams_bytes

    def take(self, sink: HashSink) -> None:
        """Count what a sink has kept."""
        if sink.is_kept and sink.n_bytes > self.payload_bytes:
            self.left_bytes -= sink.n_stream_bytes


class HashSink:
    """Fingerprint a payload without storing it; keep the stream while it is short, and know the buffers.

    Parameters
    ----------
    room : Room, optional
        A payload that fits is kept and can be written elsewhere with :meth:`replay`; by default none is.
    limit : Limit, optional
        Asked while a large payload comes.

    Attributes
    ----------
    may_hold_sets : bool
        False: there is no set in the stream (subclasses of set aside).
    """

    def __init__(self, room: Room | None = None, limit: Limit | None = None) -> None:
        self._limit = limit
        self._keep_bytes = 0 if room is None else room.payload_bytes
        self._keep_stream_bytes = 0 if room is None else room.left_bytes
        self._stream = xxhash.xxh3_128()
        self._buffers = xxhash.xxh3_128()
        self._kept: list[tuple[BufferMode | None, bytes | bytearray | memoryview]] | None = []
        self.may_hold_sets = False
        self.n_stream_bytes = 0
        self.n_buffer_bytes = 0

    @property
    def n_bytes(self) -> int:
        """Size of the payload so far."""
        return self.n_stream_bytes + self.n_buffer_bytes

    @property
    def is_kept(self) -> bool:
        """Whether :meth:`replay` can be called."""
        return self._kept is not None

    def write(self, piece: bytes | bytearray | memoryview, /) -> int:
        """Take a piece of the pickle stream."""
        self._stream.update(piece)
        n_bytes = len(piece)
        # Opcodes ADDITEMS and FROZENSET; what comes in another type than bytes is one long string's content.
        if type(piece) is bytes and (b"\x90" in piece or b"\x91" in piece):
            self.may_hold_sets = True
        self.n_stream_bytes += n_bytes
        if self._limit is not None:
            self._limit.check(self.n_stream_bytes, self.n_buffer_bytes)
        self._keep(None, piece)
        return n_bytes

    def add_buffer(self, view: memoryview, mode: BufferMode) -> None:
        """Take an out-of-band buffer; its length is hashed with it, so that two buffers never read as one."""
        self._buffers.update(_head(view, mode))
        if self._limit is None:
            self._buffers.update(view)
            self.n_buffer_bytes += view.nbytes
        else:
            self._update_within(view, self._limit)
        self._keep(mode, view)

    def _update_within(self, view: memoryview, limit: Limit) -> None:
        for start in range(0, view.nbytes, _STRIDE_BYTES):
            piece = view[start : start + _STRIDE_BYTES]
            self._buffers.update(piece)
            self.n_buffer_bytes += piece.nbytes
            limit.check(self.n_stream_bytes, self.n_buffer_bytes)

    def fingerprint(self) -> Fingerprint:
        """Return the hash of everything taken so far."""
        return Fingerprint(xxhash.xxh3_128_digest(self._stream.digest() + self._buffers.digest()))

    def stream_digest(self) -> bytes:
        """Return the hash of the stream taken so far."""
        return self._stream.digest()

    def buffers_digest(self) -> bytes:
        """Return the hash of the buffers taken so far."""
        return self._buffers.digest()

    def replay(self, sink: PayloadSink) -> bool:
        """Write the kept payload into ``sink``, with the pieces as they came; then it is not kept any more.

        Each piece is let go once it is written: who takes them copies them, and a stream is not there twice.

        Returns
        -------
        bool
            Whether the buffers, which were not copied, are still what they were.
        """
        if self._kept is None:
            msg = "the payload was too large to be kept, or was written already"
            raise ValueError(msg)
        again = xxhash.xxh3_128()
        kept, self._kept = self._kept[::-1], None
        while kept:
            mode, piece = kept.pop()
            if mode is None:
                sink.write(piece)
            else:
                view = memoryview(piece)
                sink.add_buffer(view, mode)  # first: what changes meanwhile shows in the hash
                again.update(_head(view, mode))
                again.update(view)
        return again.digest() == self._buffers.digest()

    def stream(self) -> bytes:
        """Return the kept stream; nothing where none is kept."""
        return b"".join(piece for mode, piece in self._kept or () if mode is None)

    def _keep(self, mode: BufferMode | None, piece: bytes | bytearray | memoryview) -> None:
        if self._kept is None:
            return
        if mode is not None:
            self._kept.append((mode, piece))
        elif self.n_stream_bytes > max(self._keep_bytes - self.n_buffer_bytes, self._keep_stream_bytes):
            self._kept = None
        else:
            self._kept.append((None, bytes(piece)))


class KeptStream:
    """A small payload that is one piece of stream."""

    is_kept = True

    def __init__(self, stream: bytes) -> None:
        self._stream = stream

    def replay(self, sink: PayloadSink) -> bool:
        """Write the payload into ``sink``."""
        sink.write(self._stream)
        return True

    def stream(self) -> bytes:
        """Return the kept stream."""
        return self._stream


def _head(view: memoryview, mode: BufferMode) -> bytes:
    return f"{mode.value}:{view.nbytes}:".encode()


def stream_fingerprint(stream: bytes) -> Fingerprint:
    """Return the fingerprint that a :class:`HashSink` gives a payload without buffers."""
    return Fingerprint(xxhash.xxh3_128_digest(xxhash.xxh3_128_digest(stream) + _NO_BUFFERS))


_NO_BUFFERS = xxhash.xxh3_128_digest(b"")


class TeeSink:
    """Write a payload into a store's sink and fingerprint it in the same pass."""

    def __init__(self, sink: PayloadSink) -> None:
        self._sink = sink
        self.hash = HashSink()

    def write(self, piece: bytes | bytearray | memoryview, /) -> int:
        """Take a piece of the pickle stream."""
        self._sink.write(piece)
        return self.hash.write(piece)

    def add_buffer(self, view: memoryview, mode: BufferMode) -> None:
        """Take an out-of-band buffer."""
        self._sink.add_buffer(view, mode)
        self.hash.add_buffer(view, mode)


def receiver(sink: PayloadSink) -> tuple[Callable[[pickle.PickleBuffer], None], dict[int, BufferMode]]:
    """Return what hands a pickler's buffers on, and where it looks their modes up, by id of the buffer.

    It does not know the pickler: that would hold itself, and all that it pickled.
    """
    modes: dict[int, BufferMode] = {}

    def receive(buffer: pickle.PickleBuffer) -> None:
        view = buffer.raw()
        plain = BufferMode.READONLY if view.readonly else BufferMode.WRITABLE
        sink.add_buffer(view, modes.get(id(buffer), plain))

    return receive, modes
