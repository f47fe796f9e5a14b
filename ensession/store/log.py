"""The only writer of history: kernel runs, executions, payloads.

Concurrency: one process at a time holds the write lock, each transaction takes it at its beginning. An execution
and everything recorded with it is one transaction (invariant 3). A payload that comes later is brought in by
bounded transactions of chunks; the rows that make it exist come with the last one.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ensession.errors import UsageError
from ensession.model import (
    Environment,
    ExecutionDraft,
    ExecutionId,
    KernelRun,
    KernelRunId,
    PayloadInfo,
    Recorded,
    VersionId,
)
from ensession.store.adding import PayloadAdder
from ensession.store.engine import Database, execute, insert_one
from ensession.store.inserting import insert_execution
from ensession.store.refs import advance
from ensession.store.statements import insert_sql
from ensession.store.texts import clean, storable
from ensession.store.writing import (
    CompletePayload,
    MakeSeal,
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
    adder : PayloadAdder
    """

    def __init__(self, database: Database, clock: Callable[[], float], adder: PayloadAdder) -> None:
        self._database = database
        self._clock = clock
        self._adder = adder

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
                recorded = Recorded(recorded.id, recorded.digest, recorded.versions, branch, recorded.parent_digest)
            stored = self._adder.store_chunks(
                connection, [chunk for draft_ in written.values() for chunk in draft_.rest]
            )
            point("record:chunks")
            complete = [
                CompletePayload(recorded.versions[index], digests[index], payload, stored)
                for index, payload in written.items()
            ]
            insert_payloads(connection, complete, seal)
            point("record:before-commit")
        point("record:committed")
        return recorded

    def newer(self, id: ExecutionId | None, run: KernelRunId) -> ExecutionId | None:
        """Return what a kernel run recorded after one of its executions, if anything."""
        sql = "SELECT max(id) FROM execution WHERE run = ? AND id > coalesce(?, 0)"
        found: ExecutionId | None = self._database.rows(sql, (run, id))[0][0]
        return found

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
        return self._adder.add(version, write, seal)

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
