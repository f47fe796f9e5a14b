"""Measures the store's constants: ``python -m benchmarks.chunks.measure [FOLDER]``. README.md has the discussion."""

from __future__ import annotations

import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from blake3 import blake3
from pyfastcdc import FastCDC

from ensession.config import Config
from ensession.model import (
    BindingDraft,
    BufferMode,
    Codec,
    Environment,
    ExecutionDraft,
    ExecutionId,
    ExecutionKind,
    Fingerprint,
    KernelRunId,
    Outcome,
    PayloadSink,
    Summary,
    VersionDraft,
)
from ensession.store import Store

MIB = 2**20
N_EXECUTIONS = 10_000
N_VARIABLES = 1_000
ARRAY_BYTES = 512 * MIB


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def chunking() -> Iterator[str]:
    """Cut and hash random bytes in memory."""
    data = os.urandom(64 * MIB)
    for average in (16, 64):
        cutter = FastCDC(average * 1024, min_size=average * 256, max_size=average * 4096)
        yield f"FastCDC, {average} KiB: {64 / seconds(lambda c=cutter: list(c.cut_buf(data))):.0f} MiB/s"  # type: ignore[misc]
    view = memoryview(data)
    starts = range(0, len(data), 256 * 1024)
    hashed = seconds(lambda: [blake3(bytes(view[start : start + 256 * 1024])).digest() for start in starts])
    yield f"copy and BLAKE3, 256 KiB: {64 / hashed:.0f} MiB/s"


def page_sizes(folder: Path) -> Iterator[str]:
    """Compare page sizes: one small row in each of ten tables, and 64 MiB of large blobs."""
    blob = os.urandom(256 * 1024)
    for page in (4096, 16384, 32768, 65536):
        path = folder / f"{page}.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for pragma in (f"page_size={page}", "journal_mode=WAL", "synchronous=NORMAL", "cache_size=-32768"):
                connection.execute(f"PRAGMA {pragma}")
            for table in range(10):
                connection.execute(f"CREATE TABLE t{table} (id INTEGER PRIMARY KEY, a)")

            def small(connection: sqlite3.Connection = connection) -> None:
                connection.execute("BEGIN IMMEDIATE")
                for table in range(10):
                    connection.execute(f"INSERT INTO t{table} (a) VALUES (?)", ("x" * 80,))
                connection.execute("COMMIT")

            def large(connection: sqlite3.Connection = connection) -> None:
                connection.execute("BEGIN IMMEDIATE")
                for _ in range(256):
                    connection.execute("INSERT INTO t0 (a) VALUES (?)", (blob,))
                connection.execute("COMMIT")

            times = [seconds(small) * 1e6 for _ in range(1000)]
            yield (
                f"page {page}: 10 rows in 10 tables {statistics.median(times):.0f} µs median,"
                f" {statistics.mean(times):.0f} mean; 64 MiB of blobs {seconds(large):.2f} s"
            )


def page_filling(folder: Path) -> Iterator[str]:
    """Compare page sizes by processor time and file size, for chunks as they come: whole, compressed, of streams."""
    draw = random.Random(1)
    kinds = {
        "buffers, raw": [256 * 1024] * 400,
        "buffers, compressed": [draw.randrange(60_000, 250_000) for _ in range(600)],
        "pieces of streams": [max(300, min(32_768, int(draw.expovariate(1 / 3000)))) for _ in range(20_000)],
    }
    for kind, sizes in kinds.items():
        for page in (8192, 16384, 32768, 65536):
            written, read, n_bytes = fill(folder / f"filled-{page}-{kind}.db", page, sizes)
            n_mb = sum(sizes) / 1e6
            yield (
                f"page {page}, {kind}: {n_mb / written:.0f} MB/s written, {n_mb / read:.0f} MB/s read (processor time),"
                f" file {n_bytes / sum(sizes):.3f} of its content"
            )


def fill(path: Path, page: int, sizes: Sequence[int]) -> tuple[float, float, int]:
    """Write random chunks of these sizes, read them; return both processor times in seconds, and the file's size."""
    start = time.process_time()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in (f"page_size={page}", "journal_mode=WAL", "synchronous=NORMAL", "cache_size=-32768"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE chunk (id INTEGER PRIMARY KEY, address BLOB UNIQUE, data BLOB)")
        for first in range(0, len(sizes), 200):
            connection.execute("BEGIN IMMEDIATE")
            for id_, size in enumerate(sizes[first : first + 200], start=first):
                connection.execute("INSERT INTO chunk VALUES (?, ?, ?)", (id_, os.urandom(32), os.urandom(size)))
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    written = time.process_time() - start
    with closing(sqlite3.connect(path)) as connection:
        start = time.process_time()
        for id_ in range(len(sizes)):
            connection.execute("SELECT data FROM chunk WHERE id = ?", (id_,)).fetchone()
        return written, time.process_time() - start, path.stat().st_size


def draft(run: KernelRunId, parent: ExecutionId | None, number: int) -> ExecutionDraft:
    """Return an execution that binds three of the variables."""
    names = [f"v{(number * 3 + offset) % N_VARIABLES}" for offset in range(3)]
    return ExecutionDraft(
        run=run,
        parent=parent,
        kind=ExecutionKind.CELL,
        code=f"x = {number}\n" * 5,
        started_at=float(number),
        runtime_s=0.1,
        outcome=Outcome.OK,
        versions=tuple(VersionDraft((name,), Fingerprint(os.urandom(16)), 50) for name in names),
        bindings=tuple(BindingDraft(name, index, Summary("int", "", "5")) for index, name in enumerate(names)),
    )


def payload(stream: bytes, buffer: memoryview | None = None) -> Callable[[PayloadSink], Codec]:
    """Return a function that writes a payload."""

    def write(sink: PayloadSink) -> Codec:
        sink.write(stream)
        if buffer is not None:
            sink.add_buffer(buffer, BufferMode.ARRAY)
        return Codec.PICKLE

    return write


def history(store: Store, run: KernelRunId) -> Iterator[str]:
    """Record many executions, then read the state and the graph of the last."""
    parent, times = None, []
    for number in range(N_EXECUTIONS):
        given = draft(run, parent, number)
        small = {index: payload(os.urandom(50)) for index in range(3)}
        start = time.perf_counter()
        parent = store.log.record(given, small).id
        times.append((time.perf_counter() - start) * 1e3)
    assert parent is not None
    last = parent
    yield f"record(): {statistics.median(times):.2f} ms median, {statistics.mean(times):.2f} mean, {max(times):.0f} max"
    for name, read in {
        "state": lambda: store.history.state(last),
        "graph": lambda: store.history.graph(last),
        "verify_chain": lambda: store.verify_chain(last),
    }.items():
        yield f"{name}() at {N_EXECUTIONS}: {min(seconds(read) for _ in range(3)) * 1e3:.1f} ms"


def arrays(store: Store, run: KernelRunId) -> Iterator[str]:
    """Write and read one large array, then write it again with one byte changed."""
    array = bytearray(os.urandom(ARRAY_BYTES))
    n_mib = ARRAY_BYTES / MIB
    for word in ("first", "one byte changed"):
        version = store.log.record(draft(run, None, 0)).versions[0]
        before = store.n_file_bytes()
        duration = seconds(lambda v=version: store.log.add_payload(v, payload(b"", memoryview(array))))  # type: ignore[misc]
        grown = (store.n_file_bytes() - before) / MIB
        yield f"array of {n_mib:.0f} MiB, {word}: {duration:.2f} s, {n_mib / duration:.0f} MiB/s, file {grown:+.0f} MiB"
        array[ARRAY_BYTES // 2] ^= 1
    target = memoryview(bytearray(ARRAY_BYTES))
    duration = seconds(lambda: store.payloads.open(version).buffers()[0].read_into(target))
    yield f"read and checked: {duration:.2f} s, {n_mib / duration:.0f} MiB/s"


def main(folder: Path) -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for parts in (chunking(), page_sizes(Path(place)), page_filling(Path(place))):
            print(*parts, sep="\n")
        with Store.create_or_open(Path(place) / "a.ens", Config()) as store:
            run = store.log.begin_run(Environment("3", "CPython", "", "", 1, "", {})).id
            for parts in (history(store, run), arrays(store, run)):
                print(*parts, sep="\n", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd())
