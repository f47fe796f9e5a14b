"""Measures how much waits to be written behind a cell, in which bites, and how soon the file is complete."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.constants.common import (
    MIB,
    Constants,
    Effort,
    Figures,
    Notebook,
    Table,
    Value,
    choices,
    in_turn,
    notebook,
    processor_s,
    sizes,
    slowest_of_20,
    value_of,
    wall_s,
)
from benchmarks.constants.samples import counts, floats, records
from ensession.serial.sinks import Room
from ensession.store.writing import PayloadWriter

CONSTANTS = (
    "ensession.store.behind.BUFFER_BYTES",
    "ensession.store.behind.BATCH_BYTES",
    "ensession.store.writing.BATCH_BYTES",
    "ensession.session.storing.KEPT_STREAMS_BYTES",
    "ensession.store.settling._QUIET_S",
)
BUFFER, BATCH, DIRECT_BATCH, KEPT, QUIET = CONSTANTS
BUFFER_MIB = (4, 16, 32, 64, 256)
BATCH_MIB = (1, 2, 4, 8, 16)
DIRECT_MIB = (4, 8, 16, 32, 128)
KEPT_MIB = (0, 8, 16, 64)
QUIET_MS = (0, 20, 60, 200)
N_ARRAYS = 7
PAUSE_S = 0.1
"""Between two cells that make large values."""
N_BURST = 100
STEP_S = 0.003
"""Between two trivial cells that are run in one go."""


def measure(effort: Effort) -> dict[str, Table]:
    """Measure each of the bounds."""
    arrays = _arrays(effort)
    items = [Value(records(Effort(effort.folder, effort.scale * share))) for share in (0.5, 1.0, 1.5)]
    questions: dict[str, tuple[dict[str, Constants], Callable[[], Figures]]] = {
        "bytes that wait": (sizes(BUFFER, "MiB", BUFFER_MIB), lambda: _cells(effort, arrays)),
        "bytes of one transaction behind a cell": (sizes(BATCH, "MiB", BATCH_MIB), lambda: _beside(effort, arrays[:4])),
        "bytes of one transaction that the user waits for": (
            sizes(DIRECT_BATCH, "MiB", DIRECT_MIB),
            lambda: _direct(effort, arrays[:4]),
        ),
        "bytes of streams kept from the look": (sizes(KEPT, "MiB", KEPT_MIB), lambda: _kept(items)),
        "quiet before the log goes into the file": (
            choices(QUIET, {f"{ms} ms": ms / 1e3 for ms in QUIET_MS}),
            lambda: _burst(effort),
        ),
    }
    return {title: in_turn(given, ask, effort.n_rounds) for title, (given, ask) in questions.items()}


def _arrays(effort: Effort) -> list[Value]:
    """Return arrays of 24 MB, every other one easy to compress."""
    return [Value((counts if seed % 2 else floats)(effort, seed)) for seed in range(N_ARRAYS)]


def _cells(effort: Effort, arrays: Sequence[Value]) -> Figures:
    """Add a value behind each of two cells, then all others behind one; return how long the user waits."""
    with notebook(effort.folder / "behind.ens") as book:
        add = book.store.behind.add
        start = time.perf_counter()
        singly = []
        for value in arrays[:2]:
            singly.append(wall_s(partial(add, book.cell(), value.write)))
            time.sleep(PAUSE_S * effort.scale)
        versions = [book.cell() for _ in arrays[2:]]
        together_s, most = 0.0, 0
        for version, value in zip(versions, arrays[2:], strict=True):
            together_s += wall_s(partial(add, version, value.write))
            most = max(most, book.store.behind.n_bytes_waiting)
        book.store.behind.flush()
        all_s = time.perf_counter() - start
    return {
        "waited for one of 24 MB, ms": statistics.mean(singly) * 1e3,
        "for five in one cell, ms": together_s * 1e3,
        "until all is written, ms": all_s * 1e3,
        "in memory, MB": most / 1e6,
    }


def _beside(effort: Effort, arrays: Sequence[Value]) -> Figures:
    """Record trivial cells while values are being written behind; return how long they take."""
    times: list[float] = []
    with notebook(effort.folder / "beside.ens") as book:
        start = time.perf_counter()
        for value in arrays:
            book.store.behind.add(book.cell(), value.write)
            while book.store.behind.n_waiting:
                times.append(wall_s(book.trivial_cell))
                time.sleep(0.002)
        all_s = time.perf_counter() - start
    return {
        "trivial cell, ms": statistics.median(times) * 1e3,
        "slowest of 20, ms": slowest_of_20(times) * 1e3,
        "until all is written, ms": all_s * 1e3,
    }


def _direct(effort: Effort, arrays: Sequence[Value]) -> Figures:
    """Store values at once; return what that takes."""
    n_mb = sum(value.n_bytes for value in arrays) / 1e6
    with notebook(effort.folder / "direct.ens") as book:
        return {"stored, MB/s": n_mb / processor_s(lambda: [book.add(value) for value in arrays])}


def _kept(items: Sequence[Value]) -> Figures:
    """Look at values of one cell and cut them for the store; return what that takes, and what is kept meanwhile."""
    n_bytes = value_of(KEPT)
    room = Room(MIB, n_bytes)
    used_s = processor_s(lambda: [value.write_anew(PayloadWriter(), room) for value in items])
    return {"looked at and cut, ms": used_s * 1e3, "kept, MB": (n_bytes - room.left_bytes) / 1e6}


def _burst(effort: Effort) -> Figures:
    """Run quick cells one after the other; return what recording takes, and when the file is complete."""
    times = []
    with notebook(effort.folder / "burst.ens") as book:
        used_s = time.process_time()
        for _ in range(N_BURST):
            times.append(wall_s(partial(_settling_cell, book)))
            time.sleep(STEP_S)
        settler = book.store._settler  # to wait for it as its users do would have it begin at once
        complete_s = wall_s(partial(_wait_until, lambda: settler._done >= settler._asked))
        used_s = time.process_time() - used_s
    return {
        "trivial cell, ms": statistics.median(times) * 1e3,
        "slowest of 20, ms": slowest_of_20(times) * 1e3,
        "processor, ms a cell": used_s / N_BURST * 1e3,
        "file complete after, ms": complete_s * 1e3,
    }


def _settling_cell(book: Notebook) -> None:
    book.trivial_cell()
    book.store.settle(0)


def _wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError("the log did not come into the file")
        time.sleep(0.001)
