"""Payloads written behind the user's back: copied into a bounded buffer, compressed and stored by a thread.

The rows of an execution are committed before its cell's reply; the payload follows in transactions of its own
(invariant 3). What the thread gets is a copy, so that the next cell may change the object; pieces that the store
holds already are not even copied. When the buffer is full, whoever adds a payload waits until there is room.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ensession.model import VersionId
from ensession.store.adding import PayloadAdder
from ensession.store.chunks import PlainChunk, StoredChunk
from ensession.store.engine import Database
from ensession.store.writing import MakeSeal, PayloadDraft, PayloadWriter, WritePayload

BUFFER_BYTES = 32 * 2**20
"""Plain bytes that wait to be written."""
BATCH_BYTES = 4 * 2**20
"""Plain bytes of one transaction: so long a cell's own record may have to wait for the thread."""
_LOOK_S = 0.5


@dataclass(slots=True)
class _Job:
    """A payload on its way."""

    version: VersionId
    seal: MakeSeal | None
    spilled: dict[bytes, StoredChunk] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    """Chunks to store; or, with a draft, the payload to bring into being; or, with neither, a job to give up."""

    job: _Job
    chunks: Sequence[PlainChunk] = ()
    draft: PayloadDraft | None = None

    @property
    def n_bytes(self) -> int:
        """Room that it takes in the buffer."""
        return sum(len(chunk.data) for chunk in self.chunks)


class WriteBehind:
    """Writes payloads in a thread of its own, in the order in which they were added.

    Parameters
    ----------
    database : Database
    settle : callable
        Called after each payload.
    """

    def __init__(self, database: Database, settle: Callable[[], object]) -> None:
        self._database = database
        self._settle = settle
        self._here = PayloadAdder(database)
        self._there = PayloadAdder(database)
        self._condition = threading.Condition()
        self._tasks: deque[_Task] = deque()
        self._n_bytes = 0
        self._failures: dict[VersionId, str] = {}
        self.n_written = 0
        """Payloads written by now."""
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._process = os.getpid()

    def add(self, version: VersionId, write: WritePayload, seal: MakeSeal | None = None) -> None:
        """Take in the payload of a recorded version; it exists some time later.

        Parameters
        ----------
        version : VersionId
        write : callable
            Writes the payload into a sink and returns the codec; called once, before this returns.
        seal : callable, optional
            Called by the thread.

        Raises
        ------
        NotFoundError
            There is no such version.
        """
        if self._here.look_up(version) is not None:
            return
        job = _Job(version, seal)
        sink = PayloadWriter(lambda chunks: self._push_chunks(job, chunks), BATCH_BYTES, self._here.known)
        try:
            draft = sink.finish(write(sink))
            self._push_chunks(job, draft.rest)
        except BaseException:
            self._push(_Task(job))
            raise
        self._push(_Task(job, draft=replace(draft, rest=())))

    @property
    def n_waiting(self) -> int:
        """Number of payloads that are not written yet."""
        with self._condition:
            return len({task.job.version for task in self._tasks})

    @property
    def n_bytes_waiting(self) -> int:
        """Plain bytes of theirs that are held in memory until they are written."""
        with self._condition:
            return self._n_bytes

    def flush(self) -> bool:
        """Wait until everything is written, or has failed.

        Returns
        -------
        bool
            False where that can't be waited for: from inside a transaction, which the thread needs for itself, and
            in a process that was forked off.
        """
        if self._database.is_inside:
            return not self._tasks
        with self._condition:
            while self._tasks and self._is_alive():
                self._condition.wait(_LOOK_S)
            return not self._tasks

    def failures(self) -> dict[VersionId, str]:
        """Return the payloads that could not be written since the last call, and why."""
        with self._condition:
            found, self._failures = self._failures, {}
        return found

    def close(self) -> None:
        """Write what is there, and end the thread."""
        self.flush()
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()
        if self._thread is not None and self._is_alive():
            self._thread.join()

    def _start(self) -> None:
        """Have a thread that works; where the system gives none, the next payload asks again."""
        if self._thread is None or (not self._thread.is_alive() and self._process == os.getpid()):
            # Known before it runs: an interrupt in between must not have a second one take the same tasks.
            self._thread = threading.Thread(target=self._work, name="ensession writer", daemon=True)
            self._thread.start()

    def _is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and self._process == os.getpid()

    def _push_chunks(self, job: _Job, chunks: Sequence[PlainChunk]) -> None:
        known = self._here.known(chunk.address for chunk in chunks)
        fresh = [chunk for chunk in chunks if chunk.address not in known]
        if fresh:
            self._push(_Task(job, fresh))

    def _push(self, task: _Task) -> None:
        n_bytes = task.n_bytes
        with self._condition:
            self._start()
            # A single task may be larger than the buffer: it goes in alone.
            while self._n_bytes and self._n_bytes + n_bytes > BUFFER_BYTES and self._is_alive():
                self._condition.wait(_LOOK_S)
            self._tasks.append(task)
            self._n_bytes += n_bytes
            self._condition.notify_all()

    def _work(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._tasks or self._is_closed)
                if not self._tasks:
                    return
                task = self._tasks[0]
            self._carry_out(task)
            with self._condition:
                self._tasks.popleft()
                self._n_bytes -= task.n_bytes
                self._condition.notify_all()

    def _carry_out(self, task: _Task) -> None:
        job = task.job
        try:
            if task.chunks and job.failure is None:
                self._there.spill(task.chunks, job.spilled)
            elif task.draft is not None and job.failure is None:
                self._there.finish(job.version, task.draft, job.seal)
                self.n_written += 1
                self._database.point("payload:committed")
                self._settle()
            elif not task.chunks:
                self._give_up(job)
        except Exception as error:  # noqa: BLE001  (nobody is there to catch it: the user is told with the next cell)
            job.failure = f"{type(error).__name__}: {error}"
            with self._condition:
                self._failures[job.version] = job.failure
            if task.draft is not None:
                self._give_up(job)

    def _give_up(self, job: _Job) -> None:
        """Take a job's chunks out again, unless another job may count on them."""
        if self.n_waiting > 1:
            return
        try:
            self._there.remove(job.spilled)
        except Exception as error:  # noqa: BLE001  (they only take room)
            with self._condition:
                self._failures.setdefault(job.version, f"{type(error).__name__}: {error}")
