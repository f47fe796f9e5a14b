"""Payloads that are written after the call: a copy, in order, bounded, and never half there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ensession.config import Config
from ensession.model import BufferMode, Codec, PayloadSink, VersionId
from ensession.store import Store, behind, check_store
from tests.store.kit import ENVIRONMENT, draft, loaded, payload

CHUNK = 256 * 1024


class Gate:
    """Holds the writing thread at a point until it is opened."""

    def __init__(self) -> None:
        self.point = ""
        self.error: Exception | None = None
        self.opened = threading.Event()
        self.reached = threading.Event()

    def __call__(self, name: str) -> None:
        if name == self.point and threading.current_thread() is not threading.main_thread():
            self.reached.set()
            assert self.opened.wait(60)
            if self.error is not None:
                raise self.error


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def open_store(path: Path, config: Config, gate: Gate) -> Iterator[Store]:
    with Store.create_or_open(path, config, on_point=gate) as store:
        yield store
        gate.opened.set()


@pytest.fixture
def version(open_store: Store) -> VersionId:
    return new_version(open_store)


def new_version(store: Store) -> VersionId:
    return store.log.record(draft(store.log.begin_run(ENVIRONMENT).id)).versions[0]


def test_the_caller_goes_on_and_readers_wait(open_store: Store, version: VersionId, gate: Gate) -> None:
    gate.point = "payload:batch"
    array = bytearray(b"a" * CHUNK + b"b" * CHUNK)
    open_store.behind.add(version, payload(b"stream", [array]))
    array[:] = bytes(len(array))  # the next cell changes the object
    assert gate.reached.wait(60)
    assert open_store.history.version(version).payload is None
    assert open_store.behind.n_waiting == 1
    threading.Timer(0.05, gate.opened.set).start()
    assert loaded(open_store, version) == (b"stream", [b"a" * CHUNK + b"b" * CHUNK])
    assert open_store.behind.n_waiting == 0


def test_what_is_stored_already_is_not_copied(open_store: Store, version: VersionId, gate: Gate) -> None:
    array = bytearray(b"".join(bytes([number]) * CHUNK for number in range(20)))
    open_store.behind.add(version, payload(b"one", [array]))
    open_store.behind.flush()
    array[5 * CHUNK] ^= 255
    gate.point = "payload:batch"
    other = new_version(open_store)
    open_store.behind.add(other, payload(b"two", [array]))
    assert gate.reached.wait(60)
    assert open_store.behind._n_bytes <= CHUNK + len(b"two")
    gate.opened.set()
    assert loaded(open_store, other) == (b"two", [bytes(array)])


def test_a_full_buffer_makes_the_caller_wait(
    open_store: Store, version: VersionId, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behind, "BUFFER_BYTES", 4 * CHUNK)
    monkeypatch.setattr(behind, "BATCH_BYTES", 2 * CHUNK)
    gate.point = "payload:batch"
    most = 0

    def write(sink: PayloadSink) -> Codec:
        nonlocal most
        for number in range(40):
            sink.add_buffer(memoryview(bytes([number]) * CHUNK), BufferMode.READONLY)
            most = max(most, open_store.behind._n_bytes)
            if number == 3:
                threading.Timer(0.05, gate.opened.set).start()
        return Codec.PICKLE

    open_store.behind.add(version, write)
    assert most <= behind.BUFFER_BYTES
    assert loaded(open_store, version)[1] == [bytes([number]) * CHUNK for number in range(40)]


@pytest.mark.parametrize("point", ["payload:before-batch-commit", "payload:before-commit"])
def test_a_failure_is_told_once_and_leaves_nothing(
    open_store: Store, version: VersionId, gate: Gate, path: Path, config: Config, point: str
) -> None:
    gate.point, gate.error = point, OSError("no room")
    gate.opened.set()
    open_store.behind.add(version, payload(b"stream", [b"x" * CHUNK]))
    assert open_store.behind.flush()
    (reason,) = open_store.behind.failures().values()
    assert "StoreAccessError" in reason
    assert open_store.behind.failures() == {}
    assert open_store.history.version(version).payload is None
    gate.error = None
    other = new_version(open_store)
    open_store.behind.add(other, payload(b"again", [b"x" * CHUNK]))
    assert loaded(open_store, other) == (b"again", [b"x" * CHUNK])
    assert check_store(path, config) == []


def test_a_writer_that_fails_leaves_nothing(open_store: Store, version: VersionId, path: Path, config: Config) -> None:
    def write(sink: PayloadSink) -> Any:
        sink.add_buffer(memoryview(bytes(range(256)) * 4096 * 20), BufferMode.READONLY)
        raise ValueError("it changed")

    with pytest.raises(ValueError, match="it changed"):
        open_store.behind.add(version, write)
    assert open_store.behind.flush()
    assert open_store.history.version(version).payload is None
    assert open_store._database.rows("SELECT count(*) FROM chunk")[0][0] == 0
    assert open_store.behind.failures() == {}


def test_closing_writes_what_is_there(path: Path, config: Config) -> None:
    with Store.create_or_open(path, config) as store:
        version = new_version(store)
        store.behind.add(version, payload(b"stream", [b"x" * CHUNK] * 3))
    with Store.open(path, config) as store:
        assert loaded(store, version) == (b"stream", [b"x" * CHUNK] * 3)


def test_no_one_waits_inside_a_transaction(open_store: Store, version: VersionId, gate: Gate) -> None:
    gate.point = "payload:batch"
    open_store.behind.add(version, payload(b"stream", [b"x" * CHUNK]))
    gate.opened.set()
    with open_store._database.read():
        open_store.behind.flush()
    assert open_store.behind.flush()


def test_without_a_thread_the_next_payload_asks_for_one_again(
    open_store: Store, version: VersionId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container may be at its limit of threads for a moment; nothing was ever stored after that."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            open_store.behind.add(version, payload(b"", [b"a" * CHUNK]))
        assert not open_store.settle(0)
    other = new_version(open_store)
    open_store.behind.add(other, payload(b"", [b"b" * CHUNK]))
    assert open_store.behind.flush()
    assert loaded(open_store, other) == (b"", [b"b" * CHUNK])
    assert open_store.settle(10)
