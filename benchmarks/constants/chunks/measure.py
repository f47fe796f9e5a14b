"""Measures where payloads are cut: streams by content, buffers at fixed places."""

from __future__ import annotations

import numpy as np

from benchmarks.constants.common import (
    IN_USE,
    KIB,
    Constants,
    Effort,
    Figures,
    Table,
    Value,
    in_turn,
    notebook,
    processor_s,
    sizes,
    value_of,
)
from benchmarks.constants.samples import counts, floats, versions
from ensession.model import VersionId

CONSTANTS = (
    "ensession.store.chunker.STREAM_MIN_BYTES",
    "ensession.store.chunker.STREAM_AVG_BYTES",
    "ensession.store.chunker.STREAM_MAX_BYTES",
    "ensession.store.chunker.BUFFER_CHUNK_BYTES",
)
STREAM_KIB = (2, 4, 8, 16, 32, 64)
BUFFER_KIB = (64, 128, 256, 512, 1024)
SMALLEST, AVERAGE, LARGEST, BUFFER = CONSTANTS
_LIMITS = ("ensession.store.chunker.MAX_CHUNK_BYTES", "ensession.store.chunks.MAX_CHUNK_BYTES")

Pairs = dict[str, tuple[Value, Value]]


def measure(effort: Effort) -> dict[str, Table]:
    """Measure both kinds of cuts."""
    of_streams, of_buffers = versions(effort), _arrays(effort)
    return {
        "stream cuts: smallest/average/largest": in_turn(
            _stream_cuts(), lambda: _stored_twice(effort, of_streams), effort.n_rounds
        ),
        "buffer cuts": in_turn(_buffer_cuts(), lambda: _stored_twice(effort, of_buffers), effort.n_rounds),
    }


def _stream_cuts() -> dict[str, Constants]:
    """Return candidates; smallest and largest pieces go with the average, as they do in ensession."""
    return {
        f"{kib / 4:g}/{kib}/{kib * 4} KiB" + IN_USE * (kib * KIB == value_of(AVERAGE)): {
            SMALLEST: kib * KIB // 4,
            AVERAGE: kib * KIB,
            LARGEST: kib * KIB * 4,
        }
        for kib in STREAM_KIB
    }


def _buffer_cuts() -> dict[str, Constants]:
    """Return candidates; a reader refuses chunks that are larger than a chunk can be."""
    found = sizes(BUFFER, "KiB", BUFFER_KIB)
    return {label: {**given, **dict.fromkeys(_LIMITS, given[BUFFER])} for label, given in found.items()}


def _arrays(effort: Effort) -> Pairs:
    """Return arrays before and after changes in place."""
    places = np.random.default_rng(9).integers(0, effort.count(3_000_000), 20)
    return {
        "one float": (Value(floats(effort)), Value(_with(0.5, places[:1], floats(effort)))),
        "20 floats": (Value(floats(effort, seed=10)), Value(_with(0.5, places, floats(effort, seed=10)))),
        "20 counts": (Value(counts(effort)), Value(_with(1000, places, counts(effort)))),
    }


def _with(value: float, places: np.ndarray, array: np.ndarray) -> np.ndarray:
    array[places] = value
    return array


def _stored_twice(effort: Effort, pairs: Pairs) -> Figures:
    """Store each value, then the changed ones, read the first; return rates, and what the changes add."""
    n_mb = sum(before.n_bytes for before, _ in pairs.values()) / 1e6
    with notebook(effort.folder / "cuts.ens") as book:
        empty = book.n_file_bytes()
        stored: list[VersionId] = []
        write_s = processor_s(lambda: stored.extend(book.add(before) for before, _ in pairs.values()))
        n_first = book.n_file_bytes()
        read_s = processor_s(lambda: sum(map(book.read, stored)))
        added, n_bytes = {}, n_first
        for name, (_, after) in pairs.items():
            book.add(after)
            added[f"added by {name}, kB"] = (book.n_file_bytes() - n_bytes) / 1e3
            n_bytes = book.n_file_bytes()
    return {"stored, MB/s": n_mb / write_s, "read, MB/s": n_mb / read_s, "file, MB": (n_first - empty) / 1e6} | added
