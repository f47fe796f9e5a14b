"""Payloads: what was written is what is read; the same bytes are stored once."""

from __future__ import annotations

import io
import pickle
import random
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.errors import NotFoundError, UsageError
from ensession.model import BufferMode, Codec, KernelRunId, PayloadSink, VersionId
from ensession.store import Store, check_store, writing
from tests.store.kit import draft, loaded, payload

RANDOM = random.Random(0)
LARGE = RANDOM.randbytes(3_000_000)


def test_small_payloads_come_with_the_record(store: Store, run: KernelRunId) -> None:
    recorded = store.log.record(
        draft(run, names=["x", "y"]), {0: payload(b"abc", [b"", b"buffer"]), 1: payload(b"", codec=Codec.DILL)}
    )
    assert loaded(store, recorded.versions[0]) == (b"abc", [b"", b"buffer"])
    assert loaded(store, recorded.versions[1]) == (b"", [])
    assert store.payloads.open(recorded.versions[1]).codec is Codec.DILL


@pytest.mark.parametrize("mode", list(BufferMode))
def test_large_payloads_follow(store: Store, run: KernelRunId, mode: BufferMode) -> None:
    version = store.log.record(draft(run)).versions[0]
    with pytest.raises(NotFoundError, match="no payload"):
        store.payloads.open(version)
    pieces = [LARGE[start : start + 70_001] for start in range(0, len(LARGE), 70_001)]
    info = store.log.add_payload(version, payload(pieces, [LARGE, bytes(2_000_000)], mode))
    assert (info.n_stream_bytes, info.n_buffer_bytes) == (len(LARGE), len(LARGE) + 2_000_000)
    assert store.history.version(version).payload == info
    assert loaded(store, version) == (LARGE, [LARGE, bytes(2_000_000)])
    assert [buffer.mode for buffer in store.payloads.open(version).buffers()] == [mode, mode]


def test_batches_are_bounded(store: Store, run: KernelRunId, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BATCH_BYTES", 300_000)
    version = store.log.record(draft(run)).versions[0]
    store.log.add_payload(version, payload(b"abc", [LARGE, LARGE]))
    assert loaded(store, version) == (b"abc", [LARGE, LARGE])
    assert store.n_file_bytes() < 1.9 * len(LARGE) * 2


def test_a_piece_may_be_reused_and_views_of_other_formats_come_in(store: Store, run: KernelRunId) -> None:
    def write(sink: PayloadSink) -> Codec:
        piece = bytearray(b"abc")
        sink.write(piece)
        piece[:] = b"xyz"
        sink.write(memoryview(piece))
        sink.add_buffer(memoryview(bytearray(16)).cast("d"), BufferMode.WRITABLE)
        return Codec.PICKLE

    version = store.log.record(draft(run), {0: write}).versions[0]
    assert loaded(store, version) == (b"abcxyz", [bytes(16)])


def test_adding_again_does_nothing(store: Store, run: KernelRunId) -> None:
    version = store.log.record(draft(run), {0: payload(b"abc")}).versions[0]

    def never(sink: PayloadSink) -> Codec:
        raise AssertionError

    info = store.log.add_payload(version, never)
    assert info == store.history.version(version).payload


def test_a_writer_that_fails_leaves_nothing(
    store: Store, run: KernelRunId, monkeypatch: pytest.MonkeyPatch, path: Path, config: Config
) -> None:
    monkeypatch.setattr(writing, "BATCH_BYTES", 300_000)
    kept = store.log.record(draft(run), {0: payload(b"", [LARGE[:1_000_000]])}).versions[0]
    version = store.log.record(draft(run)).versions[0]

    def write(sink: PayloadSink) -> Codec:
        sink.add_buffer(memoryview(LARGE), BufferMode.ARRAY)
        raise ZeroDivisionError

    n_chunks = store._database.rows("SELECT count(*) FROM chunk")
    with pytest.raises(ZeroDivisionError):
        store.log.add_payload(version, write)
    with pytest.raises(ZeroDivisionError):
        store.log.record(draft(run), {0: write})
    assert store._database.rows("SELECT count(*) FROM chunk") == n_chunks
    assert len(store.history.executions()) == 2
    assert store.history.version(version).payload is None
    assert loaded(store, kept) == (b"", [LARGE[:1_000_000]])
    assert check_store(path, config) == []


def test_no_payload_for_what_is_not_there(store: Store, run: KernelRunId) -> None:
    with pytest.raises(NotFoundError):
        store.log.add_payload(VersionId(5), payload(b""))
    with pytest.raises(NotFoundError):
        store.payloads.open(VersionId(5))
    with pytest.raises(UsageError):
        store.log.record(draft(run), {1: payload(b"")})
    assert store.history.executions() == []


def test_the_same_bytes_are_stored_once(store: Store, run: KernelRunId) -> None:
    def write() -> int:
        version = store.log.record(draft(run)).versions[0]
        store.log.add_payload(version, payload(b"abc", [LARGE]))
        return sum(n for (n,) in store._database.rows("SELECT length(data) FROM chunk"))

    first = write()
    assert [write() for _ in range(3)] == [first] * 3


def test_an_array_that_changes_in_place_costs_one_chunk(store: Store, run: KernelRunId) -> None:
    array = bytearray(LARGE)
    sizes = []
    for place in (None, 5, 2_999_999):
        if place is not None:
            array[place] ^= 1
        store.log.record(draft(run), {0: payload(b"abc", [bytes(array)])})
        sizes.append(sum(n for (n,) in store._database.rows("SELECT length(data) FROM chunk")))
    assert sizes[1] - sizes[0] <= 256 * 1024
    assert sizes[2] - sizes[1] <= 256 * 1024


def test_replacing_one_of_many_large_objects_costs_about_one(store: Store, run: KernelRunId) -> None:
    blobs = [RANDOM.randbytes(100_000) for _ in range(50)]
    sizes = []
    for index in (None, 3, 40):
        if index is not None:
            blobs[index] = RANDOM.randbytes(90_000 + index)

        def write(sink: PayloadSink) -> Codec:
            pickle.Pickler(sink, 5).dump(blobs)
            return Codec.PICKLE

        version = store.log.record(draft(run), {0: write}).versions[0]
        assert pickle.loads(store.payloads.open(version).read_stream()) == blobs
        sizes.append(sum(n for (n,) in store._database.rows("SELECT length(data) FROM chunk")))
    assert sizes[1] - sizes[0] < 110_000
    assert sizes[2] - sizes[1] < 110_000


def test_what_compresses_is_compressed(store: Store, run: KernelRunId) -> None:
    info = store.log.add_payload(store.log.record(draft(run)).versions[0], payload(b"", [bytes(5_000_000)]))
    assert info.n_stored_bytes < 10_000
    version = store.log.record(draft(run)).versions[0]
    assert store.log.add_payload(version, payload(b"", [LARGE])).n_stored_bytes == len(LARGE)


def test_python_pickler_streams_come_through(store: Store, run: KernelRunId) -> None:
    value = [LARGE[:200_000], {"a": "é" * 100_000}, bytearray(LARGE[:70_000])]
    expected = io.BytesIO()
    pickle._Pickler(expected, 5).dump(value)  # type: ignore[attr-defined]

    def write(sink: PayloadSink) -> Codec:
        pickle._Pickler(sink, 5).dump(value)  # type: ignore[attr-defined]
        return Codec.DILL

    version = store.log.record(draft(run), {0: write}).versions[0]
    assert store.payloads.open(version).read_stream() == expected.getvalue()
