"""Streams without frames: the same values, and what did not change stays the same bytes."""

from __future__ import annotations

import io
import pickle
import pickletools
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensession.serial.frames import UnframedSink, framed
from ensession.store.chunker import StreamCutter

PYTHON_PICKLER: Any = vars(pickle)["_Pickler"]
VALUES = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False) | st.binary(max_size=50) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=30,
)
BLOBS = st.sampled_from([0, 5, 70_000, 200_000])


class Store:
    """Takes a stream as a store's sink does: pieces may be reused after the call."""

    def __init__(self) -> None:
        self.stream = bytearray()

    def write(self, piece: Any, /) -> object:
        self.stream += piece
        return None

    def add_buffer(self, view: memoryview, mode: Any) -> None:
        raise AssertionError((view, mode))


def unframed(pickler: Any, value: object) -> bytes:
    store = Store()
    pickler(UnframedSink(store), 5).dump(value)
    return bytes(store.stream)


@pytest.mark.parametrize("pickler", [pickle.Pickler, PYTHON_PICKLER])
@settings(max_examples=40, deadline=None)
@given(value=VALUES, blob=BLOBS, repeat=st.sampled_from([1, 3000]))
def test_values_come_back(pickler: Any, value: object, blob: int, repeat: int) -> None:
    whole = [bytes(blob), "x" * blob, [value for _ in range(repeat)], [repeat + n for n in range(repeat)]]
    stream = unframed(pickler, whole)
    assert "FRAME" not in {opcode.name for opcode, _, _ in pickletools.genops(stream)}
    assert pickle.loads(stream) == whole
    assert pickle.Unpickler(io.BytesIO(framed(stream))).load() == whole


def test_streams_of_older_stores_are_loaded_as_they_are() -> None:
    for protocol in range(6):
        stream = pickle.dumps({"a": list(range(100))}, protocol)
        assert pickle.loads(framed(stream)) == {"a": list(range(100))}
    assert framed(pickle.dumps([1] * 50, 5)) == pickle.dumps([1] * 50, 5)
    assert framed(b"") == b""


def test_a_longer_item_in_a_long_list_shifts_little() -> None:
    chance = random.Random(4)
    items = [{"id": number, "name": f"name {chance.random()}"} for number in range(60_000)]

    def chunks() -> set[bytes]:
        cutter, stream = StreamCutter(), unframed(pickle.Pickler, items)
        return {bytes(chunk) for chunk in [*map(bytes, cutter.feed(stream)), *map(bytes, cutter.finish())]}

    before = chunks()
    items[chance.randrange(len(items))] = {"id": 1, "name": "a name that is a good deal longer than the others are"}
    assert len(chunks() - before) <= 4
    assert len(before) > 100
