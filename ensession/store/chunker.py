"""Where payloads are cut into chunks. Pure: no database, no hashing, no compression.

Buffers are cut at fixed places: an in-place change of an array rewrites one chunk. Pickle streams are cut by
content (FastCDC 2020), so that an insertion does not shift all cuts behind it.

References
----------
W. Xia et al., "The Design of Fast Content-Defined Chunking for Data Deduplication Based Storage Systems",
IEEE TPDS 31(9), 2020.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from pyfastcdc import FastCDC

BUFFER_CHUNK_BYTES = 256 * 1024
STREAM_MIN_BYTES = 2 * 1024
STREAM_AVG_BYTES = 8 * 1024
STREAM_MAX_BYTES = 32 * 1024
MAX_CHUNK_BYTES = max(BUFFER_CHUNK_BYTES, STREAM_MAX_BYTES)

BLOB_MIN_BYTES = 64 * 1024
"""Picklers hand a bytes or str object from this size on over as a piece of its own."""

_WINDOW_BYTES = 32 * STREAM_MAX_BYTES
_TAIL_BYTES = 9
_BLOB_OPCODES_4 = (b"B", b"X")
_BLOB_OPCODES_8 = (b"\x8e", b"\x8d", b"\x96")

Piece = bytes | bytearray | memoryview


def cut_buffer(view: memoryview) -> Iterator[memoryview]:
    """Yield the chunks of an out-of-band buffer (format ``B``)."""
    for start in range(0, len(view), BUFFER_CHUNK_BYTES):
        yield view[start : start + BUFFER_CHUNK_BYTES]


def declares_blob(tail: bytes, n_bytes: int) -> bool:
    """Whether a stream that ends with ``tail`` announces one bytes, bytearray or str object of ``n_bytes`` next.

    Both CPython picklers write the opcode with the length, then the content. Guessing wrong costs a cut in an
    unlucky place, nothing else.
    """
    if n_bytes < BLOB_MIN_BYTES:
        return False
    short = n_bytes < 2**32 and tail[-5:-4] in _BLOB_OPCODES_4 and tail[-4:] == n_bytes.to_bytes(4, "little")
    return short or (tail[-9:-8] in _BLOB_OPCODES_8 and tail[-8:] == n_bytes.to_bytes(8, "little"))


class StreamCutter:
    """Cuts a pickle stream that arrives in pieces; holds at most about one window of it in memory.

    The cuts depend on the bytes and on where large objects begin and end, not on how the rest of the stream was
    cut into pieces. A large object gets cuts of its own, so that replacing it leaves its neighbours' chunks alone.

    Every yielded chunk is only valid until the next one is asked for.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._tail = b""

    def feed(self, piece: Piece) -> Iterator[Piece]:
        """Take a piece (format ``B``); yield the chunks that are settled by now. Exhaust the iterator."""
        n_bytes = len(piece)
        if declares_blob(self._tail, n_bytes):
            yield from self.finish()
            for chunk in self._cdc.cut_buf(piece):
                yield chunk.data
        else:
            for start in range(0, n_bytes, _WINDOW_BYTES):
                self._pending += piece[start : start + _WINDOW_BYTES]
                if len(self._pending) >= _WINDOW_BYTES:
                    yield from self._settled()
        self._tail = (self._tail + bytes(piece[-_TAIL_BYTES:]))[-_TAIL_BYTES:]

    def finish(self) -> Iterator[Piece]:
        """Yield what is left."""
        pending, self._pending = self._pending, bytearray()
        if 0 < len(pending) <= STREAM_MIN_BYTES:  # as most are: too short to be cut
            yield pending
            return
        for chunk in self._cdc.cut_buf(pending):
            yield chunk.data

    @functools.cached_property
    def _cdc(self) -> FastCDC:
        return FastCDC(STREAM_AVG_BYTES, min_size=STREAM_MIN_BYTES, max_size=STREAM_MAX_BYTES, normalized_chunking=1)

    def _settled(self) -> Iterator[Piece]:
        # A cut depends on nothing but the bytes from the cut before it; only the last one may be an artefact of
        # the data's end, so the last chunk waits for more.
        pending = self._pending
        last = None
        for chunk in self._cdc.cut_buf(pending):
            if last is not None:
                yield last.data
            last = chunk
        rest = b"" if last is None else bytes(last.data)
        self._pending = bytearray(rest)
