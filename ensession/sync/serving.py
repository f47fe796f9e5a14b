"""The other end: answers requests about one store over a pair of pipes (``ens serve-stdio``). Runs nothing of it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

from ensession.errors import EnsessionError, SyncError
from ensession.store import Store
from ensession.store.migrate import REVISIONS
from ensession.sync.wire import PROTOCOL, Hello, Pipe, answer, failure, read_question


def serve(store: Store, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Answer requests until the other side is done.

    Parameters
    ----------
    store : Store
        Open for writing, or read-only: then it can only be read.
    incoming, outgoing : binary files
    """
    pipe = Pipe(incoming, outgoing)
    pipe.send(Hello(PROTOCOL, len(REVISIONS), store.history.count()))
    methods = _methods(store)
    for body in _ahead(pipe):
        try:
            if isinstance(body, SyncError):
                raise body
            question = read_question(body)
            reply = answer(methods[question.method](*question.arguments))
        except EnsessionError as error:
            reply = failure(error)
        pipe.send(reply)
        if isinstance(body, SyncError):  # the line is out of step: whatever follows can't be understood
            return


def _methods(store: Store) -> dict[str, Callable[..., Any]]:
    source, target = store.exporter, store.importer
    ends = (
        *(
            source.heads,
            source.line,
            source.executions,
            source.payload_keys,
            source.payload,
            source.chunks,
            source.refs,
        ),
        *(target.unknown, target.add_executions, target.missing_payloads, target.missing_chunks, target.add_chunks),
        *(target.add_payload, target.add_refs),
    )
    return {method.__name__: method for method in ends}


def _ahead(pipe: Pipe) -> Any:
    """Yield messages; the next ones are read while one is being dealt with."""
    waiting: queue.Queue[bytes | SyncError | None] = queue.Queue(2)

    def read() -> None:
        while True:
            try:
                body: bytes | SyncError | None = pipe.receive()
            except SyncError as error:
                body = error
            waiting.put(body)
            if body is None or isinstance(body, SyncError):
                return

    threading.Thread(target=read, name="ensession listener", daemon=True).start()
    while (body := waiting.get()) is not None:
        yield body
