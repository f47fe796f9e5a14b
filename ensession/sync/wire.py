"""Messages over a pair of pipes: four bytes of length, then MessagePack. Nothing is unpickled, types are checked.

Each request ``[method, arguments]`` gets one answer, in order: ``[true, result]`` or ``[false, error]``. A request may
be sent before the answers to earlier ones were read, so that the line is never idle.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar, cast

import msgspec

from ensession import errors
from ensession.errors import EnsessionError, SyncError
from ensession.model import Digest
from ensession.model.parcels import (
    ChunkParcel,
    ExecutionParcel,
    PayloadParcel,
    RefChange,
    RefParcel,
    RefsBrought,
    RunEnd,
    VersionKey,
)

PROTOCOL = 1
MAX_MESSAGE_BYTES = 256 * 2**20
"""A longer message is refused before it is read: somebody else may be at the other end."""
WINDOW = 6
"""Requests that may be under way without an answer; their answers are short, or both sides might wait to be read."""

NOT_UNDERSTOOD = (msgspec.MsgspecError, UnicodeDecodeError)
"""What reading a message raises that is none; the second for bytes that should be text."""

T = TypeVar("T")
Passed = tuple[type[EnsessionError], ...]


class Hello(msgspec.Struct, frozen=True):
    """The first message from the other side."""

    protocol: int
    store_format: int
    n_executions: int
    later: tuple[str, ...] = ()
    """Which of the methods that came later it knows (:data:`LATER`); an older ensession says nothing of them."""


class _Failure(msgspec.Struct, frozen=True):
    kind: str
    message: str


LATER: dict[str, tuple[Any, Any]] = {
    "forbidden": (tuple[()], list[Digest]),
    "forbid": (tuple[list[Digest]], int),
    "run_ends": (tuple[list[str]], list[RunEnd]),
    "open_runs": (tuple[()], list[str]),
    "add_run_ends": (tuple[list[RunEnd]], int),
    "change_refs": (tuple[list[RefChange]], RefsBrought),
    "ignored": (tuple[()], list[str]),
    "ignore": (tuple[list[str]], int),
}
"""What can be asked for only where the other side says that it knows it: it may be older."""

METHODS: dict[str, tuple[Any, Any]] = {
    "heads": (tuple[()], list[Digest]),
    "line": (tuple[Digest, int], list[Digest]),
    "executions": (tuple[list[Digest]], list[ExecutionParcel]),
    "payload_keys": (tuple[int, int], tuple[list[VersionKey], int]),
    "payload": (tuple[VersionKey], PayloadParcel),
    "chunks": (tuple[list[bytes]], list[ChunkParcel]),
    "refs": (tuple[()], list[RefParcel]),
    "unknown": (tuple[list[Digest]], list[Digest]),
    "add_executions": (tuple[list[ExecutionParcel]], int),
    "missing_payloads": (tuple[list[VersionKey]], list[VersionKey]),
    "missing_chunks": (tuple[list[bytes]], list[bytes]),
    "add_chunks": (tuple[list[ChunkParcel]], int),
    "add_payload": (tuple[PayloadParcel], list[bytes]),
    "add_refs": (tuple[list[RefParcel]], RefsBrought),
    **LATER,
}
"""What can be asked for: the types of the arguments, and of the result."""


class Pipe:
    """Messages in and out."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def send(self, value: Any) -> None:
        """Send one message.

        Raises
        ------
        SyncError
            Nobody reads any more.
        """
        body = msgspec.msgpack.encode(value)
        try:
            self._outgoing.write(len(body).to_bytes(4, "big"))
            self._outgoing.write(body)
            self._outgoing.flush()
        except OSError as error:
            raise SyncError(f"the connection broke: {error.strerror or error}; run the same command again") from error

    def receive(self) -> bytes | None:
        """Return the next message, None at the end.

        Raises
        ------
        SyncError
            The line broke in the middle of a message, or what came is none.
        """
        head = self._read(4)
        if not head:
            return None
        n_bytes = int.from_bytes(head, "big")
        if len(head) < 4 or n_bytes > MAX_MESSAGE_BYTES:  # noqa: PLR2004 - the length's own
            raise SyncError(f"the other side does not speak ensession's protocol: it began with {head!r}")
        body = self._read(n_bytes)
        if len(body) < n_bytes:
            raise SyncError("the connection broke in the middle of a message; run the same command again")
        return body

    def _read(self, n_bytes: int) -> bytes:
        pieces, room = [], n_bytes
        while room and (piece := self._incoming.read(room)):
            pieces.append(piece)
            room -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


@dataclass(frozen=True, slots=True)
class Question:
    """A request that was read."""

    method: str
    arguments: Sequence[Any]


def read_question(body: bytes) -> Question:
    """Read a request.

    Raises
    ------
    SyncError
        It is none, or asks for something that there is not.
    """
    try:
        method, arguments = msgspec.msgpack.decode(body, type=tuple[str, msgspec.Raw])
        if method not in METHODS:
            raise SyncError(f"the other side asked for {method[:40]!r}, which this version does not know")
        return Question(method, msgspec.msgpack.decode(arguments, type=METHODS[method][0]))
    except NOT_UNDERSTOOD as error:
        raise SyncError(f"a request makes no sense: {error}") from error


def answer(result: Any) -> Any:
    """Return an answer as it is sent."""
    return [True, result]


def failure(error: EnsessionError) -> Any:
    """Return an error as it is sent."""
    return [False, _Failure(error.kind, str(error))]


@dataclass(frozen=True, slots=True)
class _Expected:
    """An answer that was not read yet: the type of its result, and which errors of it are none."""

    type: Any
    passing_over: Passed


class Asker:
    """Asks the other side, from any thread, one request at a time."""

    def __init__(self, pipe: Pipe, describe: Callable[[], str]) -> None:
        self._pipe = pipe
        self._describe = describe
        self._lock = threading.Lock()
        self._expected: deque[_Expected] = deque()
        self._later: frozenset[str] = frozenset()

    def hello(self) -> Hello:
        """Return the other side's first message.

        Raises
        ------
        SyncError
            There is nobody, or somebody else.
        """
        with self._lock:
            hello = cast(Hello, self._read(Hello))
        self._later = frozenset(hello.later)
        return hello

    def knows(self, method: str) -> bool:
        """Whether the other side knows a method that came later."""
        return method in self._later

    def ask(self, method: str, *arguments: Any) -> Any:
        """Ask and wait for the answer.

        Raises
        ------
        EnsessionError
            What went wrong there.
        SyncError
            The connection broke.
        """
        with self._lock:
            self._settle(0)
            self._send(method, arguments)
            return self._receive()

    def tell(self, method: str, *arguments: Any, passing_over: Passed = ()) -> None:
        """Ask without waiting for the answer; what went wrong is raised by a later call, or is passed over."""
        with self._lock:
            self._settle(WINDOW - 1)
            self._send(method, arguments, passing_over)

    def _settle(self, allowed: int) -> None:
        while len(self._expected) > allowed:
            with suppress(*self._expected[0].passing_over):
                self._receive()

    def _send(self, method: str, arguments: Sequence[Any], passing_over: Passed = ()) -> None:
        self._pipe.send([method, arguments])
        self._expected.append(_Expected(METHODS[method][1], passing_over))

    def _receive(self) -> Any:
        expected = self._expected.popleft()
        is_result, body = self._read(tuple[bool, msgspec.Raw])
        try:
            if is_result:
                return msgspec.msgpack.decode(body, type=expected.type)
            told = msgspec.msgpack.decode(body, type=_Failure)
        except NOT_UNDERSTOOD as error:
            raise SyncError(f"an answer makes no sense: {error}") from error
        raise error_of(told.kind)(f"the other side says: {told.message}")

    def _read(self, type_: Any) -> Any:
        body = self._pipe.receive()
        if body is None:
            raise SyncError(f"the other side has gone{self._describe()}; run the same command again")
        try:
            return msgspec.msgpack.decode(body, type=type_)
        except NOT_UNDERSTOOD as error:
            raise SyncError(f"the other side does not speak ensession's protocol: {error}") from error


def error_of(kind: str) -> type[EnsessionError]:
    """Return the error class of a kind."""
    classes = (one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, EnsessionError))
    return next((one for one in classes if one.kind == kind), SyncError)
