"""Payloads on their way in: the sink that a pickler writes to, and the rows that make a payload exist."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ensession.digests import payload_digest
from ensession.errors import ChunkMissingError, UsageError
from ensession.model import BufferMode, Codec, Digest, PayloadInfo, PayloadSink, Seal, VersionId
from ensession.store.chunker import StreamCutter, cut_buffer
from ensession.store.chunks import PlainChunk, StoredChunk, plain_chunk
from ensession.store.engine import execute, insert_many
from ensession.store.seals import insert_seals
from ensession.store.statements import insert_sql

STREAM_MODE = "stream"
BATCH_BYTES = 32 * 2**20
"""Plain bytes that a writer holds in memory, and that one transaction brings in."""

WritePayload = Callable[[PayloadSink], Codec]
MakeSeal = Callable[[bytes], Seal | None]
Spill = Callable[[Sequence[PlainChunk]], None]

_INSERT_PAYLOAD = insert_sql("payload")
_INSERT_PART = insert_sql("payload_part")
_INSERT_PAYLOAD_CHUNK = insert_sql("payload_chunk")


@dataclass(slots=True)
class _Part:
    """A part while it is being written."""

    mode: str
    n_bytes: int
    addresses: list[bytes]


@dataclass(frozen=True, slots=True)
class PayloadDraft:
    """A payload that was written out in full, its chunks possibly not yet in the store.

    Attributes
    ----------
    parts : Sequence[tuple[str, int, Sequence[bytes]]]
        Mode, plain size and chunk addresses of the stream and of each buffer.
    rest : Sequence[PlainChunk]
        Chunks that were not spilled.
    """

    codec: Codec
    parts: Sequence[tuple[str, int, Sequence[bytes]]]
    rest: Sequence[PlainChunk]


class PayloadWriter:
    """A :class:`~ensession.model.PayloadSink` that cuts, hashes, and hands over full batches of chunks."""

    def __init__(self, spill: Spill | None = None) -> None:
        self._spill = spill
        self._cutter = StreamCutter()
        self._parts = [_Part(STREAM_MODE, 0, [])]
        self._pending: list[PlainChunk] = []
        self._n_pending_bytes = 0

    def write(self, piece: bytes | bytearray | memoryview, /) -> object:
        """Take the next piece of the pickle stream."""
        if isinstance(piece, memoryview):
            piece = piece.cast("B")
        stream = self._parts[0]
        stream.n_bytes += len(piece)
        for chunk in self._cutter.feed(piece):
            self._add(stream, chunk)
        return None

    def add_buffer(self, view: memoryview, mode: BufferMode) -> None:
        """Take one out-of-band buffer."""
        part = _Part(mode.value, view.nbytes, [])
        self._parts.append(part)
        # A buffer without bytes can't be cast, and has no chunks.
        if view.nbytes:
            for chunk in cut_buffer(view.cast("B")):
                self._add(part, chunk)

    def finish(self, codec: Codec) -> PayloadDraft:
        """Return what was written."""
        for chunk in self._cutter.finish():
            self._add(self._parts[0], chunk)
        parts = [(part.mode, part.n_bytes, part.addresses) for part in self._parts]
        return PayloadDraft(codec, parts, self._pending)

    def _add(self, part: _Part, piece: bytes | bytearray | memoryview) -> None:
        chunk = plain_chunk(piece)
        part.addresses.append(chunk.address)
        self._pending.append(chunk)
        self._n_pending_bytes += len(chunk.data)
        if self._spill is not None and self._n_pending_bytes >= BATCH_BYTES:
            batch, self._pending, self._n_pending_bytes = self._pending, [], 0
            self._spill(batch)


def write_payload(write: WritePayload, spill: Spill | None = None) -> PayloadDraft:
    """Let ``write`` write a payload."""
    sink = PayloadWriter(spill)
    return sink.finish(write(sink))


def insert_payload(
    connection: Connection,
    version: tuple[VersionId, Digest],
    draft: PayloadDraft,
    stored: Mapping[bytes, StoredChunk],
    seal: MakeSeal | None,
) -> PayloadInfo:
    """Insert the rows that make a payload exist; all its chunks are in the store."""
    id_, version_digest = version
    if any(address not in stored for _, _, addresses in draft.parts for address in addresses):
        raise ChunkMissingError(f"chunks of version {id_} were taken out of the store meanwhile; record it again")
    info = _info(draft, stored)
    digest = payload_digest(version_digest, info.codec, info.python, draft.parts)
    sizes = (info.n_stream_bytes, info.n_buffer_bytes, info.n_stored_bytes)
    execute(connection, _INSERT_PAYLOAD, (id_, info.codec.value, info.python, digest, *sizes))
    insert_many(connection, _INSERT_PART, [(id_, no, mode, n) for no, (mode, n, _) in enumerate(draft.parts)])
    chunks = [
        (id_, no, seq, stored[address].id)
        for no, (_, _, addresses) in enumerate(draft.parts)
        for seq, address in enumerate(addresses)
    ]
    insert_many(connection, _INSERT_PAYLOAD_CHUNK, chunks)
    if seal is not None:
        made = seal(digest)
        insert_seals(connection, [] if made is None else [made])
    return info


def _info(draft: PayloadDraft, stored: Mapping[bytes, StoredChunk]) -> PayloadInfo:
    if not isinstance(draft.codec, Codec):
        raise UsageError("the function that writes a payload has to return its codec")
    unique = {address for _, _, addresses in draft.parts for address in addresses}
    return PayloadInfo(
        codec=draft.codec,
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        n_stream_bytes=draft.parts[0][1],
        n_buffer_bytes=sum(n_bytes for _, n_bytes, _ in draft.parts[1:]),
        n_stored_bytes=sum(stored[address].n_stored_bytes for address in unique),
    )
