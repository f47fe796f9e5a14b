"""Measures how hard chunks are compressed, and how it is found out whether that pays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks.constants.common import Effort, Figures, Table, Value, choices, in_turn, notebook, processor_s, sizes
from benchmarks.constants.samples import halves, sample_values
from ensession.model import VersionId
from ensession.store.chunks import Decoder, EncodedChunk, Encoder, PlainChunk
from ensession.store.writing import PayloadWriter

CONSTANTS = (
    "ensession.store.chunks.ZSTD_LEVEL",
    "ensession.store.chunks.SAMPLE_BYTES",
    "ensession.store.chunks.WORTH_RATIO",
)
LEVEL, SAMPLE, RATIO = CONSTANTS
LEVELS = (-3, -1, 1, 2, 3, 4, 6, 9)
SAMPLE_KIB = (4, 8, 16, 32)
RATIOS = (0.8, 0.9, 0.95, 1.0)
NO_SAMPLE = 2**30
"""So large a sample that every chunk is too short for it, and is compressed as a whole."""

_DECODER = Decoder()

Chunks = dict[str, list[PlainChunk]]


def measure(effort: Effort) -> dict[str, Table]:
    """Measure levels, samples, and from when on a chunk is kept raw."""
    values = sample_values(effort) | {"halves": Value(halves(effort))}
    cut = {name: _cut(value) for name, value in values.items()}
    samples = sizes(SAMPLE, "KiB", SAMPLE_KIB) | choices(SAMPLE, {"none, all compressed": NO_SAMPLE})
    candidates = {
        "zstd level": choices(LEVEL, {str(level): level for level in LEVELS}),
        "sample": samples,
        "compressed over plain from which a chunk is kept raw": choices(RATIO, {str(ratio): ratio for ratio in RATIOS}),
    }
    found = {title: in_turn(given, lambda: _encoded(cut), effort.n_rounds) for title, given in candidates.items()}
    levels = in_turn(candidates["zstd level"], lambda: _stored(effort, values), effort.n_rounds)
    return {"zstd level, with all else that storing takes": levels} | found


def _cut(value: Value) -> list[PlainChunk]:
    """Cut a value as the store does; each chunk once."""
    sink = PayloadWriter()
    draft = sink.finish(value.write(sink))
    return list({chunk.address: chunk for chunk in draft.rest}.values())


def _stored(effort: Effort, values: dict[str, Value]) -> Figures:
    """Store values and read them; return rates, and what the file takes."""
    n_mb = sum(value.n_bytes for value in values.values()) / 1e6
    with notebook(effort.folder / "level.ens") as book:
        empty = book.n_file_bytes()
        stored: list[VersionId] = []
        write_s = processor_s(lambda: stored.extend(map(book.add, values.values())))
        read_s = processor_s(lambda: sum(map(book.read, stored)))
        n_file = book.n_file_bytes() - empty
    return {"stored, MB/s": n_mb / write_s, "read, MB/s": n_mb / read_s, "file, MB": n_file / 1e6}


def _encoded(cut: Chunks) -> Figures:
    """Encode and decode chunks; return rates over all of them, and what is left of each kind."""
    n_mb = sum(_n_bytes(several) for several in cut.values()) / 1e6
    made: dict[str, list[EncodedChunk]] = {}
    encoder = Encoder()
    used_s = {name: processor_s(partial(_encode, encoder, name, several, made)) for name, several in cut.items()}
    decode_s = processor_s(lambda: [_decode(chunk) for several in made.values() for chunk in several])
    left = {name: sum(len(chunk.data) for chunk in several) for name, several in made.items()}
    return {
        "encoded, MB/s": n_mb / sum(used_s.values()),
        "floats encoded, MB/s": _n_bytes(cut["floats"]) / 1e6 / used_s["floats"],
        "decoded, MB/s": n_mb / decode_s,
        "left of all, %": 100 * sum(left.values()) / 1e6 / n_mb,
    } | {f"{name}, %": 100 * left[name] / _n_bytes(several) for name, several in cut.items()}


def _encode(encoder: Encoder, name: str, several: Sequence[PlainChunk], made: dict[str, list[EncodedChunk]]) -> None:
    made[name] = list(map(encoder.encode, several))


def _decode(chunk: EncodedChunk) -> bytes:
    return _DECODER.decode("chunk", (chunk.address, chunk.n_bytes, chunk.encoding, chunk.data))


def _n_bytes(several: Sequence[PlainChunk]) -> int:
    return sum(len(chunk.data) for chunk in several)
