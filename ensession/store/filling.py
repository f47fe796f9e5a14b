"""Filling a buffer with chunks on all cores: reading, decompressing, checking and copying overlap.

Hashing and zstd release the interpreter's lock, so threads help; what is in flight is bounded.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

from ensession.errors import ChunkCorruptError, IntegrityError
from ensession.store.chunks import Decoder

PARALLEL_FROM_BYTES = 2 * 2**20
"""Smaller parts are done before threads have started."""
PER_TASK = 8
"""Chunks that a thread is handed at once: handing over costs about as much as decoding one."""
IN_FLIGHT = 3
"""Tasks that wait or run: 6 MiB of plain bytes at most."""
Piece = tuple[str, Sequence[Any]]


def fill(target: memoryview, pieces: Iterable[Piece]) -> int:
    """Decode chunks one behind the other into ``target`` (format ``B``).

    Parameters
    ----------
    target : memoryview
        Filled in part when an error is raised.
    pieces : iterable of (str, Sequence)
        A label for messages, and what :meth:`~ensession.store.chunks.Decoder.decode` takes.

    Returns
    -------
    int
        Number of bytes filled.

    Raises
    ------
    ChunkMissingError, ChunkCorruptError
        Of the first chunk that is at fault.
    IntegrityError
        They are more than the target holds.
    """
    if len(target) < PARALLEL_FROM_BYTES:
        return _fill_in_turn(target, pieces)
    with ThreadPoolExecutor(_n_workers(), thread_name_prefix="ensession reader") as pool:
        return _Filler(target, pool).run(pieces)


def _fill_in_turn(target: memoryview, pieces: Iterable[Piece]) -> int:
    decoder, end = Decoder(), 0
    for label, row in pieces:
        plain = decoder.decode(label, row)
        start, end = end, end + len(plain)
        _require_room(target, end)
        target[start:end] = plain
    return end


class _Filler:
    """One buffer being filled by a pool of threads."""

    def __init__(self, target: memoryview, pool: ThreadPoolExecutor) -> None:
        self._target = target
        self._pool = pool
        self._own = threading.local()
        self._waiting: deque[Future[None]] = deque()

    def run(self, pieces: Iterable[Piece]) -> int:
        """Return the number of bytes filled; errors come in the order of the chunks."""
        end = 0
        try:
            for batch in _batches(pieces):
                start, end = end, end + sum(_claimed_bytes(label, row) for label, row in batch)
                _require_room(self._target, end)
                self._waiting.append(self._pool.submit(self._place, batch, start))
                if len(self._waiting) > IN_FLIGHT:
                    self._waiting.popleft().result()
            while self._waiting:
                self._waiting.popleft().result()
        finally:
            for future in self._waiting:
                future.cancel()
        return end

    def _place(self, batch: Sequence[Piece], start: int) -> None:
        decoder: Decoder | None = getattr(self._own, "decoder", None)
        if decoder is None:
            decoder = self._own.decoder = Decoder()
        for label, row in batch:
            plain = decoder.decode(label, row)
            self._target[start : start + len(plain)] = plain
            start += len(plain)


def _batches(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    source = iter(pieces)
    while batch := list(islice(source, PER_TASK)):
        yield batch


def _claimed_bytes(label: str, row: Sequence[Any]) -> int:
    n_bytes = row[1]
    if n_bytes is None:  # the chunk is missing: decoding it says so
        return 0
    if not isinstance(n_bytes, int) or n_bytes < 0:
        raise ChunkCorruptError(f"{label} has an impossible size or type")
    return n_bytes


def _require_room(target: memoryview, end: int) -> None:
    if end > len(target):
        raise IntegrityError("its chunks hold more than the part they belong to")


def _n_workers() -> int:
    available = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    return max(1, min(4, len(available)))
