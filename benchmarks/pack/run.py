"""Measure how soon a state runs elsewhere: ``python -m benchmarks.pack.run [NAME…]``, or ``make bench-pack``.

Each session of this folder, or notebook of ``benchmarks/notebooks`` that is named, is recorded once, every value
stored, and its kernel killed. Then its last state is brought into a kernel in another folder, over a line of 5, 50 and
500 MB/s, in three ways. Prints a table, writes ``build/pack.json`` and, with ``--write``, the table into
``docs/explanation/packing.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.notebooks.books import Book, chosen
from benchmarks.notebooks.trial import CELL_TIMEOUT_S, ONE_CORE, record
from benchmarks.pack.line import send
from benchmarks.pack.sessions import SESSIONS, session
from benchmarks.published import circumstances, publish
from ensession.config import Config
from ensession.display.units import counted
from ensession.model import ExecutionId
from ensession.planner.packing import Choice
from ensession.store import Store, copy_store
from ensession.sync.packing import Errand, pack_store
from tests.kernels import Kernel

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "build" / "pack.json"
RATES = (5e6, 50e6, 500e6)
WAYS = ("packed", "everything", "history only")


@dataclass(frozen=True)
class Trip:
    """One way from one machine to another.

    Attributes
    ----------
    prepare_s, send_s, restore_s : float
        Writing the file, sending it, and the restore over there until the prompt is back.
    expected_s : float
        What was predicted for sending and restoring.
    """

    book: str
    bytes_per_s: float
    way: str
    n_bytes: int
    prepare_s: float
    send_s: float
    restore_s: float
    expected_s: float
    n_runs: int
    n_wrong: int

    @property
    def total_s(self) -> float:
        """All of it."""
        return self.prepare_s + self.send_s + self.restore_s


class Traveller:
    """Takes one recorded session from one folder to another."""

    def __init__(self, book: Book, store: Path, folder: Path) -> None:
        self.book = book
        self.store = store
        self.folder = folder
        self._n_trips = 0
        self._expected: dict[float, Choice] = {}
        with Store.open_read_only(store, Config()) as opened:
            head = opened.history.head()
        assert head is not None
        self.state: ExecutionId = head

    def go(self, way: str, bytes_per_s: float) -> Trip:
        """Prepare, send, restore."""
        self._n_trips += 1
        place = self.folder / f"trip-{self._n_trips}"
        place.mkdir()
        ready, there = place / "ready.ens", place / "there.ens"
        started = time.perf_counter()
        expected_s = self._prepare(way, ready, bytes_per_s)
        prepare_s = time.perf_counter() - started
        with Kernel(place, self.folder / "home", ONE_CORE) as kernel:
            kernel.run("%load_ext ensession")
            send_s = send(ready, there, bytes_per_s)
            reply = kernel.run(f"%ens restore '{there}'", timeout_s=CELL_TIMEOUT_S)
            fates, runs = kernel.last_restore()
        wrong = sum(fate in {"different", "missing"} for fate in fates.values())
        n_bytes = ready.stat().st_size
        for file in (ready, there):
            file.unlink()
        return Trip(
            self.book.name,
            bytes_per_s,
            way,
            n_bytes,
            prepare_s,
            send_s,
            reply.duration_s,
            expected_s,
            len(runs),
            wrong,
        )

    def _prepare(self, way: str, ready: Path, bytes_per_s: float) -> float:
        """Write the file to send; return the time that is expected for the rest."""
        if way == "everything":
            copy_store(self.store, ready, Config())
        elif way == "packed":
            self._expected[bytes_per_s] = self._pack(ready, bytes_per_s)
        else:  # so slow a line that every value is left out that can be
            self._pack(ready, 1e-3)
        choice = self._expected[bytes_per_s]  # packing comes first
        estimate = choice.history_only if way == "history only" else choice.everything
        if way == "packed":
            estimate = choice.best
        return estimate.total_s if estimate is not None else float("nan")

    def _pack(self, out: Path, bytes_per_s: float) -> Choice:
        errand = Errand(self.state, bytes_per_s, files_are_there=True)
        return pack_store(self.store, out, errand, Config()).choice


def measure(book: Book, folder: Path, n_rounds: int) -> list[Trip]:
    """Record a notebook and take it elsewhere in every way, the ways in turn."""
    recording = record(folder / "here", folder / "home", book.cells, options="--all")
    say(f"{book.name}: recorded in {recording.wall_s:.1f} s, {recording.n_store_bytes / 1e6:.1f} MB")
    traveller = Traveller(book, recording.store, folder)
    found = []
    for bytes_per_s in RATES:
        for _ in range(n_rounds):
            for way in WAYS:
                trip = traveller.go(way, bytes_per_s)
                found.append(trip)
                say(
                    f"{book.name} at {bytes_per_s / 1e6:.0f} MB/s, {way}: {trip.n_bytes / 1e6:.1f} MB, "
                    f"{trip.prepare_s:.2f} + {trip.send_s:.2f} + {trip.restore_s:.2f} s, expected "
                    f"{trip.expected_s:.2f} s without preparing; {trip.n_runs} cells run, {trip.n_wrong} wrong"
                )
    return found


def say(what: str) -> None:
    """Print a line about what just happened."""
    print(f"[{time.strftime('%H:%M:%S')}] {what}", flush=True)


def table(trips: Sequence[Trip]) -> str:
    """Return medians as a table in Markdown."""
    lines = [
        "| notebook | line | way | MB | expected s | measured s | prepare + send + restore s | cells run |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for key in dict.fromkeys((trip.book, trip.bytes_per_s, trip.way) for trip in trips):
        own = [trip for trip in trips if (trip.book, trip.bytes_per_s, trip.way) == key]
        prepare_s, send_s, restore_s = (
            statistics.median(getattr(trip, part) for trip in own) for part in ("prepare_s", "send_s", "restore_s")
        )
        lines.append(
            f"| {key[0]} | {key[1] / 1e6:.0f} MB/s | {key[2]} | {own[0].n_bytes / 1e6:.1f} | {own[0].expected_s:.2f} "
            f"| {send_s + restore_s:.2f} | {prepare_s:.2f} + {send_s:.2f} + {restore_s:.2f} | {own[0].n_runs} |"
        )
    return "\n".join(lines)


def verdicts(trips: Sequence[Trip]) -> list[str]:
    """Say for each notebook and line whether packing was expected and measured to be the quickest."""
    found = []
    for book, rate in dict.fromkeys((trip.book, trip.bytes_per_s) for trip in trips):
        sums = {
            way: [trip for trip in trips if (trip.book, trip.bytes_per_s, trip.way) == (book, rate, way)]
            for way in WAYS
        }
        expected = {way: own[0].expected_s for way, own in sums.items()}
        measured = {way: statistics.median(one.send_s + one.restore_s for one in own) for way, own in sums.items()}
        whole = {way: statistics.median(one.total_s for one in own) for way, own in sums.items()}
        ratios = (min(one["everything"], one["history only"]) / one["packed"] for one in (expected, measured, whole))
        texts = [
            f"{what} {ratio:.2f}"
            for what, ratio in zip(("expected", "measured", "with preparing"), ratios, strict=True)
        ]
        found.append(f"{book} at {rate / 1e6:.0f} MB/s: the better plain way takes {', '.join(texts)} times as long")
    return found


def main() -> int:
    """Measure; return 0 where packing was the quickest everywhere, as expected and as measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="sessions or notebooks; default: all sessions")
    parser.add_argument("--scale", type=float, default=1.0, help="of the sessions")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where; in memory (/dev/shm) a slow disk is not what is measured")
    parser.add_argument("--write", action="store_true", help="write the table into the documentation")
    options = parser.parse_args()
    trips: list[Trip] = []
    names = options.names or list(SESSIONS)
    books = [session(name, options.scale) for name in names if name in SESSIONS]
    rest = [name for name in names if name not in SESSIONS]
    for book in [*books, *(chosen(rest) if rest else ())]:
        with tempfile.TemporaryDirectory(prefix="ensession-pack-", dir=options.folder) as folder:
            trips += measure(book, Path(folder), options.rounds)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps([asdict(trip) for trip in trips], indent=2) + "\n", encoding="utf-8")
    where = f"{platform.system()}, {os.cpu_count()} cores; medians of {counted(options.rounds, 'round')}"
    lines = [f"- {one}" for one in verdicts(trips)]
    scale = "" if options.scale == 1 else f" Sessions at {options.scale:g} of their size."
    text = "\n".join([f"{where}.{scale} {circumstances(os.getloadavg()[0])}", "", table(trips), "", *lines])
    print(f"\n{text}\n")
    if options.write:
        publish("explanation/packing.md", "make bench-pack", text)
    return int(any(trip.n_wrong for trip in trips))


if __name__ == "__main__":
    sys.exit(main())
