"""Payloads that come after their execution: bounded transactions of chunks, then the rows that make them exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection

from ensession.errors import ChunkMissingError
from ensession.model import PayloadInfo, VersionId
from ensession.store.chunks import (
    MIN_COMPRESS_BYTES,
    Encoder,
    PlainChunk,
    StoredChunk,
    encode_missing,
    find_chunks,
    insert_chunks,
    insert_tiny,
    present_chunks,
)
from ensession.store.engine import Database, execute
from ensession.store.lookup import check_not_forgotten, payload_info, version_digests
from ensession.store.writing import (
    CompletePayload,
    MakeSeal,
    PayloadDraft,
    WritePayload,
    insert_payloads,
    write_payload,
)


class PayloadAdder:
    """Brings payloads into a store. For one thread: compressors can't be shared.

    Parameters
    ----------
    database : Database
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._encoder = Encoder()

    def add(self, version: VersionId, write: WritePayload, seal: MakeSeal | None) -> PayloadInfo:
        """Add the payload of a recorded version; see :meth:`~ensession.store.log.ExecutionLog.add_payload`."""
        present = self.look_up(version)
        if present is not None:
            return present
        try:
            return self._write_payload(version, write, seal)
        except ChunkMissingError:
            # A failed writer or ens gc took chunks out that this payload counted on.
            return self._write_payload(version, write, seal)

    def look_up(self, version: VersionId) -> PayloadInfo | None:
        """Return what is known of the payload of a version, None where it has none.

        Raises
        ------
        NotFoundError
        """
        with self._database.read() as connection:
            version_digests(connection, [version])  # is it there at all?
            return payload_info(connection, version)

    def known(self, addresses: Iterable[bytes]) -> set[bytes]:
        """Return those of some addresses that the store holds."""
        with self._database.read() as connection:
            return present_chunks(connection, addresses)

    def _write_payload(self, version: VersionId, write: WritePayload, seal: MakeSeal | None) -> PayloadInfo:
        spilled: dict[bytes, StoredChunk] = {}
        try:
            draft = write_payload(write, lambda chunks: self.spill(chunks, spilled))
            info = self.finish(version, draft, seal)
        except BaseException:
            self.remove(spilled)
            raise
        self._database.point("payload:committed")
        return info

    def finish(self, version: VersionId, draft: PayloadDraft, seal: MakeSeal | None) -> PayloadInfo:
        """Insert the rows that make a payload exist, and what of its chunks is still to come.

        Raises
        ------
        ChunkMissingError
            Chunks that were counted on are gone.
        ForgottenError
            The value was forgotten meanwhile.
        """
        point = self._database.point
        with self._database.write() as connection:
            # Another thread or process may have brought the same payload in meanwhile.
            present = payload_info(connection, version)
            if present is not None:
                return present
            check_not_forgotten(connection, version)
            self.store_chunks(connection, draft.rest)
            point("payload:last-chunks")
            # Looked up anew: who cleans up behind a failed writer may have taken out what we counted on.
            stored = find_chunks(connection, {address for _, _, part in draft.parts for address in part})
            # Its digest too: something that came before it may have been forgotten meanwhile.
            digest = version_digests(connection, [version])[version]
            (info,) = insert_payloads(connection, [CompletePayload(version, digest, draft, stored)], seal)
            point("payload:before-commit")
        return info

    def spill(self, chunks: Sequence[PlainChunk], spilled: dict[bytes, StoredChunk]) -> None:
        """Bring in a batch of chunks, in a transaction of its own; note in ``spilled`` where they are."""
        # Looking up and compressing go before the write lock is taken.
        fresh = [chunk for chunk in chunks if chunk.address not in spilled]
        with self._database.read() as connection:
            known = find_chunks(connection, (chunk.address for chunk in fresh))
        encoded = encode_missing(self._encoder, fresh, known)
        with self._database.write() as connection:
            # Another process may have been faster with some of them.
            known |= find_chunks(connection, (chunk.address for chunk in encoded))
            inserted = insert_chunks(connection, [chunk for chunk in encoded if chunk.address not in known])
            self._database.point("payload:before-batch-commit")
        spilled |= known | inserted
        self._database.point("payload:batch")

    def store_chunks(self, connection: Connection, chunks: Sequence[PlainChunk]) -> dict[bytes, StoredChunk]:
        """Bring chunks in within the running transaction."""
        if len(chunks) == 1 and len(chunks[0].data) < MIN_COMPRESS_BYTES:  # a number, most often
            stored = insert_tiny(connection, chunks[0])
            if stored is not None:
                return {chunks[0].address: stored}
        known = find_chunks(connection, (chunk.address for chunk in chunks))
        return known | insert_chunks(connection, encode_missing(self._encoder, chunks, known))

    def remove(self, spilled: Mapping[bytes, StoredChunk]) -> None:
        """Take chunks out again that were new, and that no payload refers to."""
        ids = [chunk.id for chunk in spilled.values() if chunk.is_new]
        if not ids:
            return
        with self._database.write() as connection:
            used = {row[0] for row in execute(connection, "SELECT DISTINCT chunk FROM payload_chunk")}
            for id_ in ids:
                if id_ not in used:
                    execute(connection, "DELETE FROM chunk WHERE id = ?", (id_,))
