"""Pickle frames: taken out of what is stored, put back for loading.

Picklers put a header before every 64 KiB or so of a stream, wherever that happens to be. One value that becomes a
little longer moves all headers behind it, and nearly every chunk of a long stream would be a new one. Streams are
therefore stored without frames, which the format allows; the unpickler is much faster with them, so that a stream is
loaded as one frame.
"""

from __future__ import annotations

from ensession.model import BufferMode, PayloadSink

_FRAME = b"\x95"
_HEADER_BYTES = 9
_PROTO = b"\x80"
_PROTO_BYTES = 2
_FIRST_WITH_FRAMES = 4

Piece = bytes | bytearray | memoryview


class UnframedSink:
    """Hands a payload on, without the frames in its stream.

    Both CPython picklers write a frame as one piece, or its header as a piece of its own; the first piece of the
    fast one begins with the protocol.

    Parameters
    ----------
    sink : PayloadSink
    """

    def __init__(self, sink: PayloadSink) -> None:
        self._sink = sink

    def write(self, piece: Piece, /) -> int:
        """Take a piece of the pickle stream."""
        if type(piece) is bytes and piece.startswith((_FRAME, _PROTO)):
            start = _PROTO_BYTES if piece.startswith(_PROTO) else 0
            if _is_frame(piece, start):
                if start:
                    self._sink.write(piece[:start])
                rest = memoryview(piece)[start + _HEADER_BYTES :]
                if len(rest):
                    self._sink.write(rest)
                return len(piece)
        self._sink.write(piece)
        return len(piece)

    def add_buffer(self, view: memoryview, mode: BufferMode) -> None:
        """Take an out-of-band buffer."""
        self._sink.add_buffer(view, mode)


def framed(stream: bytes) -> bytes:
    """Return a stream as one frame; as it is where it has frames, or is of a protocol without them."""
    begins = stream[:1] == _PROTO and len(stream) > _PROTO_BYTES and stream[1] >= _FIRST_WITH_FRAMES
    if not begins or stream[_PROTO_BYTES : _PROTO_BYTES + 1] == _FRAME:
        return stream
    n_bytes = len(stream) - _PROTO_BYTES
    return b"".join((stream[:_PROTO_BYTES], _FRAME, n_bytes.to_bytes(8, "little"), memoryview(stream)[_PROTO_BYTES:]))


def _is_frame(piece: bytes, start: int) -> bool:
    """Whether a piece is a frame's header from ``start`` on, alone or with the whole frame behind it."""
    if piece[start : start + 1] != _FRAME or len(piece) < start + _HEADER_BYTES:
        return False
    n_bytes = int.from_bytes(piece[start + 1 : start + _HEADER_BYTES], "little")
    return len(piece) - start - _HEADER_BYTES in (0, n_bytes)
