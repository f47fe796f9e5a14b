"""The other end: answers requests about one store over a pair of pipes (``ens serve-stdio``). Runs nothing of it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, BinaryIO

from ensession.errors import EnsessionError, SyncError
from ensession.store import Importer, Store
from ensession.store.migrate import REVISIONS
from ensession.sync.wire import LATER, PROTOCOL, WINDOW, Hello, Pipe, Question, answer, failure, read_question

TOGETHER = frozenset({"add_chunks", "add_payload"})
"""Nobody waits for their answers: as many as came in while others were written share a transaction."""

_Asked = Question | SyncError


def serve(store: Store, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Answer requests until the other side is done.

    Parameters
    ----------
    store : Store
        Open for writing, or read-only: then it can only be read.
    incoming, outgoing : binary files
    """
    pipe = Pipe(incoming, outgoing)
    pipe.send(Hello(PROTOCOL, len(REVISIONS), store.history.count(), tuple(LATER)))
    desk = Desk(store)
    for turn in _turns(pipe):
        for reply in desk.answers(turn):
            pipe.send(reply)


class Desk:
    """Answers requests about a store."""

    def __init__(self, store: Store) -> None:
        self._importer = store.importer
        self._methods = _methods(store, self._importer)

    def answers(self, turn: Sequence[_Asked]) -> list[Any]:
        """Answer some requests; what they change is committed before they are answered.

        Several are done in one transaction. Where one of them fails nothing was done, and each is done for itself.
        """
        if len(turn) > 1:
            # Nothing of what failed together stays; done for itself, each brings its own result or its own error.
            with suppress(EnsessionError), self._importer.together():
                return [self._result(asked) for asked in turn]
        return [self._answer(asked) for asked in turn]

    def _answer(self, asked: _Asked) -> Any:
        try:
            return self._result(asked)
        except EnsessionError as error:
            return failure(error)

    def _result(self, asked: _Asked) -> Any:
        if isinstance(asked, SyncError):
            raise asked
        return answer(self._methods[asked.method](*asked.arguments))


def _methods(store: Store, target: Importer) -> dict[str, Callable[..., Any]]:
    source = store.exporter
    ends = (
        *(
            source.heads,
            source.line,
            source.executions,
            source.payload_keys,
            source.payload,
            source.chunks,
            source.refs,
            source.run_ends,
            source.forbidden,
            source.ignored,
        ),
        *(target.unknown, target.add_executions, target.missing_payloads, target.missing_chunks, target.add_chunks),
        *(target.add_payload, target.add_refs, target.change_refs, target.open_runs, target.add_run_ends),
        *(target.forbid, target.ignore),
    )
    return {method.__name__: method for method in ends}


def _turns(pipe: Pipe) -> Iterator[list[_Asked]]:
    """Yield requests, one by one or several that may be done together; the next ones are read meanwhile."""
    waiting: queue.Queue[_Asked | None] = queue.Queue(WINDOW)
    threading.Thread(target=_listen, args=(pipe, waiting), name="ensession listener", daemon=True).start()
    turn: list[_Asked] = []
    while (asked := waiting.get()) is not None:
        if turn and not _may_share(asked):
            yield turn
            turn = []
        turn.append(asked)
        if waiting.empty() or len(turn) == WINDOW or not _may_share(asked):
            yield turn
            turn = []
    if turn:
        yield turn


def _may_share(asked: _Asked) -> bool:
    return isinstance(asked, Question) and asked.method in TOGETHER


def _listen(pipe: Pipe, waiting: queue.Queue[_Asked | None]) -> None:
    """Read requests until the other side is done, or says what can't be understood: then the line is out of step."""
    while True:
        try:
            body = pipe.receive()
        except SyncError as error:
            waiting.put(error)
            body = None
        if body is None:
            waiting.put(None)
            return
        waiting.put(_understood(body))


def _understood(body: bytes) -> _Asked:
    try:
        return read_question(body)
    except SyncError as error:
        return error
