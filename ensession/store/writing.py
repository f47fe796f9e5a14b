"""Payloads on their way in: the sink that a pickler writes to, and the rows that make a payload exist."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from sqlite3 import Connection

from blake3 import blake3

from ensession.digests import payload_digest
from ensession.errors import ChunkMissingError
from ensession.model import BufferMode, Codec, Digest, PayloadInfo, PayloadSink, Seal, VersionId
from ensession.store.chunker import StreamCutter, cut_buffer
from ensession.store.chunks import PlainChunk, StoredChunk, plain_chunk
from ensession.store.engine import insert_many
from ensession.store.seals import insert_seals
from ensession.store.statements import insert_sql

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
STREAM_MODE = "stream"
BATCH_BYTES = 8 * 2**20
"""Plain bytes that a writer holds in memory, and that one transaction brings in."""

WritePayload = Callable[[PayloadSink], Codec]
MakeSeal = Callable[[bytes], Seal | None]
Spill = Callable[[Sequence[PlainChunk]], None]
Known = Callable[[Sequence[bytes]], Collection[bytes]]

_GROUP = 64
"""Pieces of a buffer that are looked up at once."""

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
    python : str
        Minor version that wrote it.
    """

    codec: Codec
    parts: Sequence[tuple[str, int, Sequence[bytes]]]
    rest: Sequence[PlainChunk]
    python: str = PYTHON


class PayloadWriter:
    """A :class:`~ensession.model.PayloadSink` that cuts, hashes, and hands over full batches of chunks.

    Parameters
    ----------
    spill : callable, optional
        Takes full batches; without it everything stays in memory.
    batch_bytes : int, optional
        When a batch is full; default: :data:`BATCH_BYTES`.
    known : callable, optional
        Returns those of some addresses that the store holds: pieces of buffers are then hashed where they lie, and
        copied only when they are not among them.
    """

    def __init__(self, spill: Spill | None = None, batch_bytes: int | None = None, known: Known | None = None) -> None:
        self._spill = spill
        self._batch_bytes = BATCH_BYTES if batch_bytes is None else batch_bytes
        self._known = known
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
            pieces = iter(cut_buffer(view.cast("B")))
            while group := list(islice(pieces, _GROUP)):
                self._add_group(part, group)

    def finish(self, codec: Codec) -> PayloadDraft:
        """Return what was written."""
        for chunk in self._cutter.finish():
            self._add(self._parts[0], chunk)
        parts = [(part.mode, part.n_bytes, part.addresses) for part in self._parts]
        return PayloadDraft(codec, parts, self._pending)

    def _add_group(self, part: _Part, group: Sequence[memoryview]) -> None:
        addresses = [] if self._known is None else [blake3(piece).digest() for piece in group]
        known = self._known(addresses) if self._known is not None else ()
        for piece, address in zip_longest(group, addresses):
            if address in known:
                part.addresses.append(address)
            else:
                self._add(part, piece)

    def _add(self, part: _Part, piece: bytes | bytearray | memoryview) -> None:
        chunk = plain_chunk(piece)
        part.addresses.append(chunk.address)
        self._pending.append(chunk)
        self._n_pending_bytes += len(chunk.data)
        if self._spill is not None and self._n_pending_bytes >= self._batch_bytes:
            batch, self._pending, self._n_pending_bytes = self._pending, [], 0
            self._spill(batch)


def write_payload(write: WritePayload, spill: Spill | None = None) -> PayloadDraft:
    """Let ``write`` write a payload."""
    sink = PayloadWriter(spill)
    return sink.finish(write(sink))


@dataclass(frozen=True, slots=True)
class CompletePayload:
    """A payload whose chunks are all in the store; ``digest`` is its version's."""

    version: VersionId
    digest: Digest
    draft: PayloadDraft
    stored: Mapping[bytes, StoredChunk]


def insert_payloads(
    connection: Connection, payloads: Sequence[CompletePayload], seal: MakeSeal | None
) -> list[PayloadInfo]:
    """Insert the rows that make payloads exist."""
    infos = [_info(payload) for payload in payloads]
    heads, parts, chunks, seals = [], [], [], []
    for payload, info in zip(payloads, infos, strict=True):
        id_, draft = payload.version, payload.draft
        digest = payload_digest(payload.digest, info.codec, info.python, draft.parts)
        sizes = (info.n_stream_bytes, info.n_buffer_bytes, info.n_stored_bytes)
        heads.append((id_, info.codec.value, info.python, digest, *sizes))
        for part, (mode, n_bytes, addresses) in enumerate(draft.parts):
            parts.append((id_, part, mode, n_bytes))
            chunks += [(id_, part, seq, payload.stored[address].id) for seq, address in enumerate(addresses)]
        seals.append(None if seal is None else seal(digest))
    insert_many(connection, _INSERT_PAYLOAD, heads)
    insert_many(connection, _INSERT_PART, parts)
    insert_many(connection, _INSERT_PAYLOAD_CHUNK, chunks)
    insert_seals(connection, [made for made in seals if made is not None])
    return infos


def _info(payload: CompletePayload) -> PayloadInfo:
    draft, stored = payload.draft, payload.stored
    unique = {address for _, _, addresses in draft.parts for address in addresses}
    if not all(address in stored for address in unique):
        raise ChunkMissingError(
            f"chunks of version {payload.version} were taken out of the store meanwhile; add its payload again"
        )
    return PayloadInfo(
        codec=draft.codec,
        python=draft.python,
        n_stream_bytes=draft.parts[0][1],
        n_buffer_bytes=sum(n_bytes for _, n_bytes, _ in draft.parts[1:]),
        n_stored_bytes=sum(stored[address].n_stored_bytes for address in unique),
    )
