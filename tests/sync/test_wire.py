"""Messages over pipes: whole, in order, and checked before anything is made of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ensession.config import Config
from ensession.errors import NotFoundError, SyncError
from ensession.model.parcels import ChunkParcel, VersionKey
from ensession.store import Store
from ensession.sync import serve, transfer
from ensession.sync.remote import RemoteSource, RemoteTarget
from ensession.sync.wire import LATER, MAX_MESSAGE_BYTES, METHODS, Asker, Hello, Pipe, read_question
from tests.sync.kit import Work, assert_sound, content


class Line:
    """A store that is served by a thread, and the pipes that lead to it."""

    def __init__(self, path: Path) -> None:
        with ExitStack() as stack:
            (there_in, self._out), (self._in, there_out) = os.pipe(), os.pipe()
            self.incoming = stack.enter_context(os.fdopen(self._in, "rb"))
            self.outgoing = stack.enter_context(os.fdopen(self._out, "wb"))
            self._stack = stack.pop_all()
        self._thread = threading.Thread(target=self._serve, args=(path, there_in, there_out))
        self._thread.start()
        self.asker = Asker(Pipe(self.incoming, self.outgoing), lambda: "")
        self.hello = self.asker.hello()

    def _serve(self, path: Path, incoming: int, outgoing: int) -> None:
        gone = suppress(SyncError, BrokenPipeError)  # whoever asked may not wait for the answer
        with gone, os.fdopen(incoming, "rb") as read, os.fdopen(outgoing, "wb") as write:
            with Store.create_or_open(path, Config()) as store:
                serve(store, read, write)

    def close(self) -> None:
        with suppress(BrokenPipeError):  # whoever left does not take what was still to be sent
            self._stack.close()
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture
def line(server: Store) -> Iterator[Line]:
    opened = Line(server.path)
    yield opened
    opened.close()


def test_a_store_behind_a_pipe_is_like_one_here(laptop: Store, server: Store, line: Line) -> None:
    assert (line.hello.protocol, line.hello.n_executions) == (1, 0)
    work = Work(laptop)
    for _ in range(5):
        work.cell(10_000, buffer=os.urandom(3 * 2**20))
    sent = transfer(laptop.exporter, RemoteTarget(line.asker))
    assert sent.n_payloads == 5
    assert content(server) == content(laptop)
    Work(server, seed=4).cell(2_000)
    assert transfer(RemoteSource(line.asker), laptop.importer).n_executions == 1
    assert content(server) == content(laptop)
    assert_sound([laptop, server])


def test_an_error_over_there_is_that_error_here(line: Line) -> None:
    with pytest.raises(NotFoundError, match="the other side says"):
        line.asker.ask("payload", VersionKey(b"?" * 32, 0))
    assert line.asker.ask("heads") == []  # the line is in step


def test_what_went_wrong_with_a_message_that_nobody_waited_for_is_raised_later(line: Line) -> None:
    line.asker.tell("add_chunks", [ChunkParcel(b"?" * 32, 3, "raw", b"abc")])
    with pytest.raises(Exception, match="do not match the address"):
        line.asker.ask("heads")


def test_a_payload_of_what_is_not_there_any_more_is_passed_over(laptop: Store, line: Line) -> None:
    Work(laptop).cell()
    keys, _ = laptop.exporter.payload_keys(0, 10)
    target = RemoteTarget(line.asker)
    target.add_payload(laptop.exporter.payload(keys[0]))
    assert target.missing_payloads(keys) == []  # its execution is not there, and the line is in step


@pytest.mark.parametrize(
    "sent",
    [b"Welcome to this machine!\n", b"\xff\xff\xff\xff", (5).to_bytes(4, "big") + b"\xc1\xc1\xc1\xc1\xc1"],
    ids=["a greeting", "endless", "no message"],
)
def test_who_speaks_something_else_is_told_and_left(server: Store, sent: bytes) -> None:
    line = Line(server.path)
    line.outgoing.write(sent)
    line.outgoing.flush()
    with pytest.raises(SyncError):
        line.asker.ask("heads")
    line.close()


def test_a_greeting_instead_of_a_store_is_named(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"Last login: Tuesday\n")
    os.close(write)
    with os.fdopen(read, "rb") as incoming, (tmp_path / "out").open("wb") as outgoing:
        with pytest.raises(SyncError, match="does not speak"):
            Asker(Pipe(incoming, outgoing), lambda: "").hello()


def test_nobody_at_the_other_end_says_what_its_last_words_were(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(write)
    with os.fdopen(read, "rb") as incoming, (tmp_path / "out").open("wb") as outgoing:
        with pytest.raises(SyncError, match=r"has gone \(command not found\)"):
            Asker(Pipe(incoming, outgoing), lambda: " (command not found)").hello()


@given(st.binary(max_size=200))
@example(b"\x92\xa3\x00\x00\x80")
def test_bytes_of_any_kind_are_a_question_or_an_error(body: bytes) -> None:
    with pytest.raises(SyncError):
        read_question(body)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=40) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.sampled_from(["heads", "line", "add_chunks", "add_executions", "add_payload", "nothing"]), _VALUES)
def test_arguments_of_any_kind_are_checked(method: str, arguments: Any) -> None:
    try:
        question = read_question(msgspec.msgpack.encode([method, arguments]))
    except SyncError:
        return
    assert question.method == method
    assert method != "nothing"


def test_the_longest_message_is_bounded() -> None:
    assert MAX_MESSAGE_BYTES < 2**31


def test_the_end_of_a_run_travels_both_ways(laptop: Store, server: Store, line: Line) -> None:
    work, away = Work(laptop), Work(server, seed=4)
    work.cell()
    away.cell()
    target, source = RemoteTarget(line.asker), RemoteSource(line.asker)
    transfer(laptop.exporter, target)
    transfer(source, laptop.importer)
    laptop.log.end_run(work.run)
    server.log.end_run(away.run)
    transfer(laptop.exporter, target)
    transfer(source, laptop.importer)

    def ends(store: Store) -> dict[str, float | None]:
        return {run.uid: run.ended_at for run in store.history.runs()}

    assert ends(laptop) == ends(server)
    assert None not in ends(laptop).values()


class OlderHello(msgspec.Struct, frozen=True):
    """The first message of an ensession from before :data:`ensession.sync.wire.LATER`."""

    protocol: int
    store_format: int
    n_executions: int


def test_a_peer_that_is_older_is_asked_for_nothing_that_it_does_not_know(
    laptop: Store, server: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ensession.sync.serving.Hello", lambda *words: OlderHello(*words[:3]))
    for method in LATER:
        monkeypatch.delitem(METHODS, method)
    line = Line(server.path)
    work = Work(laptop)
    work.cell()
    laptop.log.end_run(work.run)
    transfer(laptop.exporter, RemoteTarget(line.asker))
    Work(server, seed=4).cell()
    transfer(RemoteSource(line.asker), laptop.importer)
    line.close()
    assert content(server) == content(laptop)


def test_an_older_peer_reads_our_first_message() -> None:
    sent = msgspec.msgpack.encode(Hello(1, 3, 7, tuple(LATER)))
    assert msgspec.msgpack.decode(sent, type=OlderHello) == OlderHello(1, 3, 7)
