"""What a look keeps of a payload, so that storing it does not pickle it again."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensession.capture.namespace import UserNamespace
from ensession.model import BufferMode
from ensession.serial.look import Look, look, write_payload
from ensession.serial.scope import Scope
from ensession.serial.sinks import Room


class Taken:
    def __init__(self) -> None:
        self.stream = b""

    def write(self, piece: Any, /) -> None:
        self.stream += bytes(piece)

    def add_buffer(self, view: memoryview, mode: BufferMode) -> None:
        raise AssertionError(mode)


def seen(room: Room | None, value: Any) -> tuple[Look, Scope]:
    namespace = {"x": value}
    scope = Scope(namespace, UserNamespace(namespace, frozenset))
    return look(namespace, scope, room), scope


def stored(room: Room | None, value: Any) -> bytes:
    found, scope = seen(room, value)
    sink = Taken()
    assert write_payload({"x": value}, scope, found, sink) == found.fingerprint
    return sink.stream


def test_a_kept_stream_is_stored_as_it_would_be_pickled_again() -> None:
    value = [{"n": n, "text": "word " * (n % 7)} for n in range(20_000)] + [b"blob" * 50_000, "text" * 50_000]
    assert stored(Room(100, 10**7), value) == stored(None, value)


def test_streams_are_kept_while_there_is_room_for_all_of_them() -> None:
    room = Room(100, 250_000)
    kept = [seen(room, [bytes(100_000), number])[0].sink is not None for number in range(3)]
    assert kept == [True, True, False]
    room.renew()
    assert seen(room, [bytes(100_000)])[0].sink is not None


def test_small_payloads_take_no_room() -> None:
    room = Room(1000, 5000)
    for number in range(100):
        assert seen(room, [bytes(500), number])[0].sink is not None
    assert room.left_bytes == 5000


def test_a_stream_is_let_go_as_it_is_written_and_pickled_again_where_it_is_wanted_twice() -> None:
    value = [{"n": n, "text": "word " * (n % 7)} for n in range(20_000)]
    found, scope = seen(Room(100, 10**7), value)
    assert found.sink is not None
    first, second = Buffers(), Buffers()
    assert write_payload({"x": value}, scope, found, first) == found.fingerprint
    assert not found.sink.is_kept
    assert write_payload({"x": value}, scope, found, second) == found.fingerprint
    value[7]["n"] = -1
    assert write_payload({"x": value}, scope, found, Buffers()) not in (found.fingerprint, None)


def test_large_buffers_are_not_copied() -> None:
    room, array = Room(1000, 10**6), np.arange(1000)
    found, scope = seen(room, array)
    assert found.sink is not None
    assert 10**6 - 1000 < room.left_bytes < 10**6
    sink = Buffers()
    assert write_payload({"x": array}, scope, found, sink) == found.fingerprint
    assert np.shares_memory(sink.views[0], array)


def test_a_buffer_that_changes_before_it_is_stored_is_noticed() -> None:
    array = np.arange(1000)
    found, scope = seen(Room(1000, 10**6), array)
    array[7] = -1
    assert write_payload({"x": array}, scope, found, Buffers()) is None


def test_a_buffer_that_changes_while_it_is_stored_is_noticed() -> None:
    array = np.arange(1000)

    class Slow(Buffers):
        def add_buffer(self, view: memoryview, mode: BufferMode) -> None:
            array[7] = -1

    found, scope = seen(Room(1000, 10**6), array)
    assert write_payload({"x": array}, scope, found, Slow()) is None


class Buffers:
    """Takes buffers where they are."""

    def __init__(self) -> None:
        self.views: list[memoryview] = []

    def write(self, piece: Any, /) -> None:
        pass

    def add_buffer(self, view: memoryview, mode: BufferMode) -> None:
        self.views.append(view)
