"""Chunks: pieces of payloads, addressed by the BLAKE3-256 of their plain bytes, stored once, checked on every read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any

import zstandard
from blake3 import blake3

from ensession.errors import ChunkCorruptError, ChunkMissingError
from ensession.store.chunker import MAX_CHUNK_BYTES
from ensession.store.engine import execute, insert_many, rows
from ensession.store.pages import in_full_leaves
from ensession.store.statements import insert_sql

ZSTD_LEVEL = 3
SAMPLE_BYTES = 16 * 1024
MIN_COMPRESS_BYTES = 128
WORTH_RATIO = 0.9
"""Compressed bytes over plain bytes from which on a chunk is kept raw."""

_LOOKUP = 200
_FIND = "SELECT address, id, length(data) FROM chunk WHERE address IN"
_PRESENT = "SELECT address FROM chunk WHERE address IN"
_INSERT = insert_sql("chunk")
_INSERT_NEW = (
    "INSERT INTO chunk (address, n_bytes, encoding, data) VALUES (?, ?, ?, ?) ON CONFLICT (address) DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class PlainChunk:
    """A chunk on its way into the store."""

    address: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """Where a chunk is in the store, and the room that it takes there."""

    id: int
    n_stored_bytes: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class EncodedChunk:
    """A chunk as it is stored."""

    address: bytes
    n_bytes: int
    encoding: str
    data: bytes


def plain_chunk(piece: bytes | bytearray | memoryview) -> PlainChunk:
    """Copy a piece and hash the copy: its owner may change it meanwhile, and hash and bytes have to agree."""
    data = bytes(piece)
    return PlainChunk(blake3(data).digest(), data)


class Encoder:
    """Compresses chunks where a sample says that it pays."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdCompressor(level=ZSTD_LEVEL)

    def encode(self, chunk: PlainChunk) -> EncodedChunk:
        """Return the chunk as it is stored."""
        data, n_bytes = chunk.data, len(chunk.data)
        if self._pays(data):
            small = self._zstd.compress(data)
            if len(small) < n_bytes * WORTH_RATIO:
                return EncodedChunk(chunk.address, n_bytes, "zstd", small)
        return EncodedChunk(chunk.address, n_bytes, "raw", data)

    def compress(self, data: bytes) -> bytes:
        """Compress something that is no chunk."""
        return self._zstd.compress(data)

    def _pays(self, data: bytes) -> bool:
        n_bytes = len(data)
        if n_bytes < MIN_COMPRESS_BYTES:
            return False
        if n_bytes < 4 * SAMPLE_BYTES:
            return True
        middle = n_bytes // 2
        sample = data[middle : middle + SAMPLE_BYTES]
        return len(self._zstd.compress(sample)) < SAMPLE_BYTES * WORTH_RATIO


def find_chunks(connection: Connection, addresses: Iterable[bytes]) -> dict[bytes, StoredChunk]:
    """Return those of the addresses that the store holds."""
    wanted = list(dict.fromkeys(addresses))
    found: dict[bytes, StoredChunk] = {}
    for start in range(0, len(wanted), _LOOKUP):
        batch = wanted[start : start + _LOOKUP]
        marks = ",".join("?" * len(batch))
        for address, id_, n_stored_bytes in rows(connection, f"{_FIND} ({marks})", batch):
            found[address] = StoredChunk(id_, n_stored_bytes, is_new=False)
    return found


def present_chunks(connection: Connection, addresses: Iterable[bytes]) -> set[bytes]:
    """Return which of the addresses the store holds: as :func:`find_chunks`, without touching the chunks."""
    wanted = list(dict.fromkeys(addresses))
    found: set[bytes] = set()
    for start in range(0, len(wanted), _LOOKUP):
        batch = wanted[start : start + _LOOKUP]
        marks = ",".join("?" * len(batch))
        found.update(row[0] for row in rows(connection, f"{_PRESENT} ({marks})", batch))
    return found


def insert_chunks(connection: Connection, chunks: Sequence[EncodedChunk]) -> dict[bytes, StoredChunk]:
    """Insert chunks that the store does not hold; call it in the write transaction that made sure of that."""
    if not chunks:
        return {}
    first = rows(connection, "SELECT coalesce(max(id), 0) + 1 FROM chunk")[0][0]
    ordered = [chunks[index] for index in in_full_leaves([len(chunk.data) for chunk in chunks])]
    values = [
        (first + offset, chunk.address, chunk.n_bytes, chunk.encoding, chunk.data)
        for offset, chunk in enumerate(ordered)
    ]
    insert_many(connection, _INSERT, values)
    return {row[1]: StoredChunk(row[0], len(row[4]), is_new=True) for row in values}


def insert_tiny(connection: Connection, chunk: PlainChunk) -> StoredChunk | None:
    """Insert one chunk that is too short to be compressed, in one statement; None where the store holds it."""
    n_bytes = len(chunk.data)
    cursor = execute(connection, _INSERT_NEW, (chunk.address, n_bytes, "raw", chunk.data))
    return StoredChunk(cursor.lastrowid or 0, n_bytes, is_new=True) if cursor.rowcount else None


def encode_missing(
    encoder: Encoder, chunks: Iterable[PlainChunk], known: Mapping[bytes, StoredChunk]
) -> list[EncodedChunk]:
    """Encode what the store does not hold yet, each once."""
    missing = {chunk.address: chunk for chunk in chunks if chunk.address not in known}
    return [encoder.encode(chunk) for chunk in missing.values()]


class Decoder:
    """Turns stored chunks back into plain bytes and checks them; never allocates more than a chunk can hold."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdDecompressor()

    def decode(self, label: str, row: Sequence[Any]) -> bytes:
        """Return the plain bytes of a chunk.

        Parameters
        ----------
        label : str
            For messages, such as ``chunk 17``.
        row : Sequence
            ``address, n_bytes, encoding, data``; all None where the chunk is missing.

        Raises
        ------
        ChunkMissingError, ChunkCorruptError
        """
        address, n_bytes, encoding, data = tuple(row)
        if address is None or data is None:
            raise ChunkMissingError(f"{label} is not in the store")
        if not isinstance(n_bytes, int) or not 0 <= n_bytes <= MAX_CHUNK_BYTES or not isinstance(data, bytes):
            raise ChunkCorruptError(f"{label} has an impossible size or type")
        plain = data if encoding == "raw" else self._decompressed(label, data, n_bytes)
        if len(plain) != n_bytes or blake3(plain).digest() != address:
            raise ChunkCorruptError(f"{label}: the bytes do not match the address")
        return plain

    def _decompressed(self, label: str, data: bytes, n_bytes: int) -> bytes:
        try:
            # The frame's own claim decides how much is allocated.
            if zstandard.frame_content_size(data) != n_bytes:
                raise ChunkCorruptError(f"{label}: the size inside does not match")
            return self._zstd.decompress(data, max_output_size=n_bytes)
        except zstandard.ZstdError as error:
            raise ChunkCorruptError(f"{label} can't be decompressed ({error})") from error
