"""Payloads out of a damaged store: those of which every byte holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ensession.digests import payload_digest
from ensession.errors import EnsessionError, IntegrityError
from ensession.model import Codec, Digest, VersionId
from ensession.store.chunks import Decoder, EncodedChunk, find_chunks, insert_chunks
from ensession.store.engine import Database
from ensession.store.failures import NONSENSE
from ensession.store.wreck import Wreck
from ensession.store.writing import CompletePayload, PayloadDraft, insert_payloads

_CHUNK_BATCH = 32

_PAYLOAD = "SELECT codec, python, digest FROM payload WHERE version = ?"
_PARTS = "SELECT part, mode, n_bytes FROM payload_part WHERE payload = ? ORDER BY part"
_PIECES = "SELECT part, chunk FROM payload_chunk WHERE payload = ? ORDER BY part, seq"
_CHUNK = "SELECT address, n_bytes, encoding, data FROM chunk WHERE id = ?"


class PayloadRescue:
    """Brings payloads from a damaged store into another one.

    Parameters
    ----------
    wreck : Wreck
    database : Database
        Of the new store.
    """

    def __init__(self, wreck: Wreck, database: Database) -> None:
        self._wreck = wreck
        self._database = database
        self._decoder = Decoder()

    def rescue(self, old: int, new: VersionId, old_digest: Digest, new_digest: Digest) -> bool | None:
        """Bring a payload over if every byte of it holds.

        Parameters
        ----------
        old, new : int
            Its version, there and here.
        old_digest, new_digest : Digest
            Of the version.

        Returns
        -------
        bool or None
            Whether it was brought over; None where there is none.
        """
        row = self._wreck.one(_PAYLOAD, (old,))
        if row is None:
            return False if self._wreck.one(_PARTS, (old,)) else None
        try:
            parts, stored = self._chunks(old)
            if payload_digest(old_digest, row[0], row[1], parts) != row[2]:
                raise IntegrityError("it is not the payload that was recorded")
            draft = PayloadDraft(Codec(row[0]), parts, (), row[1])
            with self._database.write() as connection:
                found = find_chunks(connection, stored)
                insert_payloads(connection, [CompletePayload(new, new_digest, draft, found)], None)
        except (*NONSENSE, EnsessionError):
            return False
        return True

    def _chunks(self, old: int) -> tuple[list[tuple[str, int, list[bytes]]], set[bytes]]:
        """Bring the chunks of a payload over, each held against its address; return the payload's parts."""
        parts = {part: (mode, n_bytes, list[bytes]()) for part, mode, n_bytes in self._wreck.rows(_PARTS, (old,))}
        sizes: dict[int, int] = defaultdict(int)
        stored: set[bytes] = set()
        batch: list[EncodedChunk] = []
        for part, chunk in self._wreck.rows(_PIECES, (old,)):
            row = self._wreck.one(_CHUNK, (chunk,))
            if row is None:
                raise IntegrityError(f"chunk {chunk} can't be read")
            sizes[part] += len(self._decoder.decode(f"chunk {chunk}", row))
            parts[part][2].append(row[0])
            if row[0] not in stored:
                stored.add(row[0])
                batch.append(EncodedChunk(*row))
            if len(batch) == _CHUNK_BATCH:
                self._store_chunks(batch)
                batch = []
        self._store_chunks(batch)
        if any(sizes[part] != n_bytes for part, (_, n_bytes, _) in parts.items()) or 0 not in parts:
            raise IntegrityError("its chunks do not add up")
        return [parts[part] for part in sorted(parts)], stored

    def _store_chunks(self, chunks: Sequence[EncodedChunk]) -> None:
        with self._database.write() as connection:
            known = find_chunks(connection, (chunk.address for chunk in chunks))
            insert_chunks(connection, [chunk for chunk in chunks if chunk.address not in known])
