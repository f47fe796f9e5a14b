"""Payloads on their way out: read chunk by chunk, in order, every one checked against its address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from ensession.digests import payload_digest
from ensession.errors import IntegrityError, NotFoundError
from ensession.model import BufferMode, BufferSource, Codec, Digest, VersionId
from ensession.store.chunks import Decoder
from ensession.store.engine import Database
from ensession.store.filling import PARALLEL_FROM_BYTES, fill
from ensession.store.lookup import version_digests

READ_BATCH = 8
"""Chunks per query: 2 MiB of plain bytes at most, which a processor's cache still holds when they are decoded."""

_PAYLOAD = "SELECT codec, python, digest FROM payload WHERE version = ?"
_PARTS = "SELECT part, mode, n_bytes FROM payload_part WHERE payload = ? ORDER BY part"
_ADDRESSES = (
    "SELECT pc.part, c.address FROM payload_chunk pc LEFT JOIN chunk c ON c.id = pc.chunk"
    " WHERE pc.payload = ? ORDER BY pc.part, pc.seq"
)
_PIECES = (
    "SELECT c.address, c.n_bytes FROM payload_chunk pc JOIN chunk c ON c.id = pc.chunk"
    " WHERE pc.payload = ? ORDER BY pc.part, pc.seq"
)
_CHUNKS = (
    "SELECT pc.seq, pc.chunk, c.address, c.n_bytes, c.encoding, c.data"
    " FROM payload_chunk pc LEFT JOIN chunk c ON c.id = pc.chunk"
    " WHERE pc.payload = ? AND pc.part = ? AND pc.seq >= ? ORDER BY pc.seq LIMIT ?"
)


class PayloadReader:
    """Reads the payloads of a store.

    Parameters
    ----------
    database : Database
    flush : callable
        Waits for payloads that are still being written.
    """

    def __init__(self, database: Database, flush: Callable[[], object] = bool) -> None:
        self._database = database
        self._flush = flush

    def open(self, version: VersionId) -> StoredPayload:
        """Return a source of the payload of a version; its list of chunks is held against its digest.

        Raises
        ------
        NotFoundError
            There is no such version, or it has no payload.
        IntegrityError
            The list of its chunks was changed.
        """
        self._flush()
        with self._database.read():
            codec, python, digest = self._checked(version)
            rows = self._database.rows(_PARTS, (version,))
        parts = [StoredPart(self._database, version, part, mode, n_bytes) for part, mode, n_bytes in rows]
        return StoredPayload(codec, python, digest, parts)

    def digest(self, version: VersionId) -> Digest:
        """Return the digest of a version's payload, computed from the rows.

        Raises
        ------
        NotFoundError
            There is no such version, or it has no payload.
        IntegrityError
            It is not the digest that was recorded.
        """
        self._flush()
        with self._database.read():
            return self._checked(version)[2]

    def pieces(self, version: VersionId) -> list[tuple[bytes, int]]:
        """Return address and plain size of the chunks of a payload, in order; empty where there is none."""
        return [(address, n_bytes) for address, n_bytes in self._database.rows(_PIECES, (version,))]

    def _checked(self, version: VersionId) -> tuple[Codec, str, Digest]:
        rows = self._database.rows(_PAYLOAD, (version,))
        with self._database.read() as connection:
            of_version = version_digests(connection, [version])[version]
        if not rows:
            raise NotFoundError(f"version {version} has no payload in this store")
        codec, python, recorded = rows[0]
        digest = payload_digest(of_version, codec, python, payload_parts(self._database, version))
        if digest != recorded:
            raise IntegrityError(f"the payload of version {version} is not the one that was recorded")
        return Codec(codec), python, digest


class StoredPayload:
    """A stored payload (:class:`~ensession.model.PayloadSource`); bytes are read when they are asked for."""

    def __init__(self, codec: Codec, python: str, digest: Digest, parts: Sequence[StoredPart]) -> None:
        self.codec = codec
        self.python = python
        self.digest = digest
        self._parts = parts

    def read_stream(self) -> bytes:
        """Return the whole pickle stream."""
        return self._parts[0].read()

    def buffers(self) -> Sequence[BufferSource]:
        """Return the out-of-band buffers in order."""
        return [StoredBuffer(part) for part in self._parts[1:]]


class StoredBuffer:
    """One stored out-of-band buffer (:class:`~ensession.model.BufferSource`)."""

    def __init__(self, part: StoredPart) -> None:
        self.mode = BufferMode(part.mode)
        self.n_bytes = part.n_bytes
        self._part = part

    def read_into(self, target: memoryview) -> None:
        """Fill ``target``; when a chunk is damaged, the error leaves ``target`` filled in part."""
        self._part.read_into(target)


class StoredPart:
    """The stream or one buffer of a payload."""

    def __init__(self, database: Database, version: VersionId, part: int, mode: str, n_bytes: int) -> None:
        self.mode = mode
        self.n_bytes = n_bytes
        self._database = database
        self._version = version
        self._part = part

    def read(self) -> bytes:
        """Return the whole part.

        Raises
        ------
        ChunkMissingError, ChunkCorruptError
        IntegrityError
            The chunks do not add up to the part.
        """
        if self.n_bytes >= PARALLEL_FROM_BYTES:
            memory = bytearray(self.n_bytes)
            self.read_into(memoryview(memory))
            return bytes(memory)
        return b"".join(self.pieces())

    def read_into(self, target: memoryview) -> None:
        """Fill ``target``, as long as the part; raises as :meth:`read` does."""
        if fill(target, self._labelled()) != self.n_bytes:
            raise self._wrong_size()

    def pieces(self) -> Iterator[bytes]:
        """Yield the plain chunks in order; raises as :meth:`read` does."""
        n_bytes, decoder = 0, Decoder()
        for label, row in self._labelled():
            piece = decoder.decode(label, row)
            n_bytes += len(piece)
            if n_bytes > self.n_bytes:
                break
            yield piece
        if n_bytes != self.n_bytes:
            raise self._wrong_size()

    def _wrong_size(self) -> IntegrityError:
        return IntegrityError(f"part {self._part} of version {self._version} has the wrong size")

    def _labelled(self) -> Iterator[tuple[str, Any]]:
        for seq, chunk, *row in self._rows():
            yield f"chunk {chunk} (piece {seq} of version {self._version})", row

    def _rows(self) -> Iterator[Any]:
        seq = 0
        while True:
            rows = self._database.rows(_CHUNKS, (self._version, self._part, seq, READ_BATCH))
            if rows and rows[-1][0] < seq:
                raise IntegrityError(f"the list of chunks of version {self._version} is damaged")
            yield from rows
            if len(rows) < READ_BATCH:
                return
            seq = rows[-1][0] + 1


def payload_parts(database: Database, version: VersionId) -> list[tuple[str, int, list[bytes]]]:
    """Return mode, size and chunk addresses of every part; an empty address stands for a missing chunk."""
    with database.read():
        parts = database.rows(_PARTS, (version,))
        rows = database.rows(_ADDRESSES, (version,))
    addresses = {
        part: [row[1] if isinstance(row[1], bytes) else b"" for row in group]
        for part, group in groupby(rows, key=lambda row: row[0])
    }
    return [(mode, n_bytes, addresses.get(part, [])) for part, mode, n_bytes in parts]
