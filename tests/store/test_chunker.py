"""The cuts: nothing lost, the same every time, and an insertion shifts little."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from ensession.store.chunker import (
    BLOB_MIN_BYTES,
    BUFFER_CHUNK_BYTES,
    STREAM_MAX_BYTES,
    STREAM_MIN_BYTES,
    StreamCutter,
    cut_buffer,
    declares_blob,
)

DATA = random.Random(1).randbytes(3_000_000)


def cut(pieces: Iterable[bytes]) -> list[bytes]:
    cutter = StreamCutter()
    chunks = [bytes(chunk) for piece in pieces for chunk in cutter.feed(piece)]
    return chunks + [bytes(chunk) for chunk in cutter.finish()]


def split(data: bytes, places: Iterable[int]) -> list[bytes]:
    bounds = [0, *sorted(places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(bounds)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, len(DATA)), st.lists(st.integers(0, len(DATA)), max_size=20))
def test_streams_reassemble_whatever_the_pieces(size: int, places: list[int]) -> None:
    data = DATA[:size]
    chunks = cut(split(data, [place for place in places if place <= size]))
    assert b"".join(chunks) == data
    assert chunks == cut([data] if data else [])
    assert all(STREAM_MIN_BYTES <= len(chunk) <= STREAM_MAX_BYTES for chunk in chunks[:-1])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, len(DATA)), st.binary(min_size=1, max_size=1000))
def test_an_insertion_shifts_little(place: int, inserted: bytes) -> None:
    old, new = set(cut([DATA])), cut([DATA[:place] + inserted + DATA[place:]])
    assert sum(len(chunk) for chunk in new if chunk not in old) <= 4 * STREAM_MAX_BYTES


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2_000_000))
def test_buffers_are_cut_at_fixed_places(size: int) -> None:
    view = memoryview(DATA)[:size]
    chunks = list(cut_buffer(view))
    assert b"".join(chunks) == view
    assert all(len(chunk) == BUFFER_CHUNK_BYTES for chunk in chunks[:-1])


@settings(max_examples=25, deadline=None)
@given(st.integers(BLOB_MIN_BYTES, 1_000_000), st.binary(max_size=200), st.binary(max_size=200))
def test_a_large_object_has_cuts_of_its_own(size: int, before: bytes, after: bytes) -> None:
    blob = DATA[:size]
    alone = cut([blob])
    chunks = cut([before + b"B" + size.to_bytes(4, "little"), blob, after])
    assert chunks[1 : 1 + len(alone)] == alone
    assert b"".join(chunks) == before + b"B" + size.to_bytes(4, "little") + blob + after


def test_only_an_announced_object_counts_as_one() -> None:
    size = 100_000
    assert declares_blob(b"\x8e" + size.to_bytes(8, "little"), size)
    assert declares_blob(b"X" + size.to_bytes(4, "little"), size)
    assert not declares_blob(b"X" + size.to_bytes(4, "little"), size + 1)
    assert not declares_blob(b"X" + (10).to_bytes(4, "little"), 10)
    assert not declares_blob(b"", size)


def test_memory_is_bounded() -> None:
    cutter = StreamCutter()
    for _ in range(20):
        for _chunk in cutter.feed(DATA):
            assert len(cutter._pending) <= 2_500_000
