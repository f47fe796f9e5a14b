"""The only writer of history: kernel runs, executions, payloads.

Concurrency: one process at a time holds the write lock, each transaction takes it at its beginning. An execution
and everything recorded with it is one transaction (invariant 3). A payload that comes later is brought in by
bounded transactions of chunks; the rows that make it exist come with the last one.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from sqlite3 import Connection
from types import MappingProxyType
from typing import Any

from ensession.errors import ChunkMissingError, UsageError
from ensession.model import (
    Digest,
    Environment,
    ExecutionDraft,
    ExecutionId,
    KernelRun,
    KernelRunId,
    PayloadInfo,
    Recorded,
    VersionId,
)
from ensession.store.chunks import Encoder, PlainChunk, StoredChunk, encode_missing, find_chunks, insert_chunks
from ensession.store.engine import Database, execute, insert_one
from ensession.store.inserting import insert_execution
from ensession.store.lookup import payload_info, version_digests
from ensession.store.refs import advance
from ensession.store.statements import insert_sql
from ensession.store.texts import clean, storable
from ensession.store.writing import (
    CompletePayload,
    MakeSeal,
    PayloadDraft,
    WritePayload,
    insert_payloads,
    write_payload,
)

_NOTHING: Mapping[int, WritePayload] = MappingProxyType({})
_INSERT_RUN = insert_sql("kernel_run")
_INSERT_RESTORE = insert_sql("restore_run")


class ExecutionLog:
    """Writes to a store.

    Parameters
    ----------
    database : Database
    clock : callable
        Unix time in seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._encoder = Encoder()

    def begin_run(self, env: Environment) -> KernelRun:
        """Record that a process attached itself to the store."""
        uid, now = uuid.uuid4().hex, self._clock()
        packages = json.dumps(dict(env.packages))
        texts = [clean(text) for text in (env.python, env.implementation, env.platform, env.hostname)]
        values = (None, uid, now, None, *texts, env.pid, clean(env.cwd), packages)
        with self._database.write() as connection:
            id_ = insert_one(connection, _INSERT_RUN, values)
        return KernelRun(KernelRunId(id_), uid, now, None, env)

    def end_run(self, id: KernelRunId) -> None:
        """Record that a process is done."""
        with self._database.write() as connection:
            execute(connection, "UPDATE kernel_run SET ended_at = ? WHERE id = ?", (self._clock(), id))

    def record(
        self, draft: ExecutionDraft, payloads: Mapping[int, WritePayload] = _NOTHING, seal: MakeSeal | None = None
    ) -> Recorded:
        """Record one execution in one transaction.

        Parameters
        ----------
        draft : ExecutionDraft
        payloads : Mapping[int, callable]
            For versions of the draft, by position: writes the payload into a sink and returns the codec. Called
            before the transaction begins; what they write is held in memory, so give only small ones.
        seal : callable, optional
            Given a digest, returns a seal over it.

        Raises
        ------
        NotFoundError
            The kernel run, the parent, or a version that the draft names does not exist.
        UsageError
            The draft contradicts itself.
        StoreBusyError, StoreAccessError
            Nothing of the execution is in the store.
        """
        point = self._database.point
        draft = storable(draft)
        written = {index: write_payload(write) for index, write in payloads.items()}
        if not all(0 <= index < len(draft.versions) for index in written):
            raise UsageError("a payload was given for a version that the draft does not have")
        point("record:before-begin")
        with self._database.write() as connection:
            point("record:begun")
            recorded, digests = insert_execution(connection, draft, seal, point)
            if draft.branch is not None:
                branch = advance(connection, draft.branch, draft.parent, recorded.id, self._clock())
                recorded = replace(recorded, branch=branch)
            stored = self._store_chunks(connection, [chunk for draft_ in written.values() for chunk in draft_.rest])
            point("record:chunks")
            complete = [
                CompletePayload(recorded.versions[index], digests[index], payload, stored)
                for index, payload in written.items()
            ]
            insert_payloads(connection, complete, seal)
            point("record:before-commit")
        point("record:committed")
        return recorded

    def add_payload(self, version: VersionId, write: WritePayload, seal: MakeSeal | None = None) -> PayloadInfo:
        """Add the payload of a recorded version, in transactions of bounded size.

        It exists from the last transaction on, and not before; adding it again does nothing. If ``write`` raises,
        the chunks that came in already are taken out again. In a rare race with another writer ``write`` is
        called a second time.

        Raises
        ------
        NotFoundError
            There is no such version.
        """
        with self._database.read() as connection:
            digest = version_digests(connection, [version])[version]
            present = payload_info(connection, version)
        if present is not None:
            return present
        try:
            return self._write_payload((version, digest), write, seal)
        except ChunkMissingError:
            # Another writer that failed took its chunks out again, and this payload counted on some of them.
            return self._write_payload((version, digest), write, seal)

    def record_restore(
        self,
        target: ExecutionId | None,
        started_at: float,
        duration_s: float,
        plan: Mapping[str, Any],
        report: Mapping[str, Any],
        run: KernelRunId | None = None,
    ) -> int:
        """Record that a plan was carried out; ``plan`` and ``report`` can be written as JSON. Returns its number."""
        values = (None, run, target, started_at, duration_s, json.dumps(dict(plan)), json.dumps(dict(report)))
        with self._database.write() as connection:
            return insert_one(connection, _INSERT_RESTORE, values)

    def _write_payload(
        self, version: tuple[VersionId, Digest], write: WritePayload, seal: MakeSeal | None
    ) -> PayloadInfo:
        spilled: dict[bytes, StoredChunk] = {}
        try:
            draft = write_payload(write, lambda chunks: self._spill(chunks, spilled))
            info = self._finish_payload(version, draft, seal)
        except BaseException:
            self._remove_chunks([chunk.id for chunk in spilled.values() if chunk.is_new])
            raise
        self._database.point("payload:committed")
        return info

    def _finish_payload(
        self, version: tuple[VersionId, Digest], draft: PayloadDraft, seal: MakeSeal | None
    ) -> PayloadInfo:
        point = self._database.point
        with self._database.write() as connection:
            # Another thread or process may have brought the same payload in meanwhile.
            present = payload_info(connection, version[0])
            if present is not None:
                return present
            self._store_chunks(connection, draft.rest)
            point("payload:last-chunks")
            # Looked up anew: who cleans up behind a failed writer may have taken out what we counted on.
            stored = find_chunks(connection, {address for _, _, part in draft.parts for address in part})
            (info,) = insert_payloads(connection, [CompletePayload(*version, draft, stored)], seal)
            point("payload:before-commit")
        return info

    def _spill(self, chunks: Sequence[PlainChunk], spilled: dict[bytes, StoredChunk]) -> None:
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

    def _store_chunks(self, connection: Connection, chunks: Sequence[PlainChunk]) -> dict[bytes, StoredChunk]:
        known = find_chunks(connection, (chunk.address for chunk in chunks))
        return known | insert_chunks(connection, encode_missing(self._encoder, chunks, known))

    def _remove_chunks(self, ids: Sequence[int]) -> None:
        """Take chunks out that no payload refers to."""
        if not ids:
            return
        with self._database.write() as connection:
            used = {row[0] for row in execute(connection, "SELECT DISTINCT chunk FROM payload_chunk")}
            for id_ in ids:
                if id_ not in used:
                    execute(connection, "DELETE FROM chunk WHERE id = ?", (id_,))
