"""The two ends of a payload: where a pickler writes, and where a loader reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ensession.model.basic import BufferMode, Codec


class PayloadSink(Protocol):
    """Where a pickler puts a payload, piece by piece."""

    def write(self, piece: bytes | bytearray | memoryview, /) -> object:
        """Take the next piece of the pickle stream. The piece may be reused after the call."""

    def add_buffer(self, view: memoryview, mode: BufferMode) -> None:
        """Take one out-of-band buffer (contiguous, format ``B``), in the order of the stream's references."""


class BufferSource(Protocol):
    """One stored out-of-band buffer."""

    mode: BufferMode
    n_bytes: int

    def read_into(self, target: memoryview) -> None:
        """Fill ``target`` (writable, format ``B``, ``n_bytes`` long); checks every chunk."""


class PayloadSource(Protocol):
    """A stored payload, for the loader."""

    codec: Codec
    python: str

    def read_stream(self) -> bytes:
        """Return the whole pickle stream; checks every chunk."""

    def buffers(self) -> Sequence[BufferSource]:
        """Return the out-of-band buffers in order."""
