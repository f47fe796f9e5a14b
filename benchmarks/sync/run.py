"""Measure ``ens push`` of a big session over ssh to this machine: ``make bench-sync``.

A session of a gigabyte is recorded; it is pushed and, in turn, copied with ``scp``; a small change is pushed; and
pushes into a new copy are killed at random moments until one comes through. Prints the figures, writes
``build/sync.json`` and, with ``--write``, ``docs/explanation/syncing.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from benchmarks.published import circumstances, publish
from ensession.config import Config
from ensession.store import Store, check_store
from tests.hosts import Host, NoServerError, ssh_server
from tests.kernels import Kernel, kernel_environment

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "build" / "sync.json"
ENS = str(Path(sys.executable).with_name("ens"))
N_ARRAYS = 20


class Trial:
    """One recorded session and places to bring it to."""

    def __init__(self, folder: Path, host: Host) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.store = folder / "here.ens"
        self._host = host

    def record(self, n_megabytes: int) -> Kernel:
        """Record a session of that size, most of it numbers that can't be compressed; return its kernel."""
        kernel = Kernel(self.folder / "kernel", self.home)
        kernel.run("%load_ext ensession")
        kernel.run(f"%ens start {self.store} --all")
        kernel.run("import numpy as np\nchance = np.random.default_rng(5)")
        n_bytes = n_megabytes * 1_000_000 // N_ARRAYS
        for number in range(N_ARRAYS):
            kernel.run(f"array_{number} = np.frombuffer(chance.bytes({n_bytes}), np.uint8).copy()")
        kernel.run("%ens flush")
        return kernel

    def push(self, there: Path) -> dict[str, Any]:
        """Push the session to a copy; return what it took."""
        done = subprocess.run(
            self._push(there), env=kernel_environment(self.home), check=True, capture_output=True, text=True
        )
        return cast(dict[str, Any], json.loads(done.stdout)["sent"])

    def push_and_kill(self, there: Path, after_s: float) -> bool:
        """Push and kill both ends after some time; say whether it came through before."""
        process = subprocess.Popen(
            self._push(there),
            env=kernel_environment(self.home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(after_s) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False

    def scp(self, there: Path) -> float:
        """Copy the file with scp and bring it to the disk; return the seconds that took."""
        started = time.perf_counter()
        port = ["-P", str(self._host.port)]
        subprocess.run(["scp", "-q", *port, *self._host.options, str(self.store), f"127.0.0.1:{there}"], check=True)
        return time.perf_counter() - started

    def _push(self, there: Path) -> list[str]:
        remote = f"ssh://127.0.0.1:{self._host.port}{there}"
        return [ENS, "push", str(self.store), remote, "--json", *self._host.ens_options()]


def race(trial: Trial, n_rounds: int) -> list[tuple[float, float]]:
    """Let push and scp take turns; return the seconds of each, for the same bytes."""
    found = []
    for number in range(n_rounds):
        pushed, copied = trial.folder / f"pushed-{number}.ens", trial.folder / f"copied-{number}.ens"
        started = time.perf_counter()
        trial.push(pushed)
        push_s = time.perf_counter() - started
        scp_s = trial.scp(copied)
        say(f"push {push_s:.1f} s, scp {scp_s:.1f} s")
        found.append((push_s, scp_s))
        copied.unlink()
        if number:
            pushed.unlink()
    return found


def interruptions(trial: Trial, count: int, whole_s: float, seed: int) -> tuple[int, int]:
    """Kill pushes at random moments, then let one come through; return kills, and bad copies seen on the way."""
    there, chance = trial.folder / "interrupted.ens", random.Random(seed)
    n_killed = n_bad = 0
    while n_killed < count:
        # The first ones soon, or there would be nothing left to interrupt.
        if trial.push_and_kill(there, chance.uniform(0.3, max(2.0, 2 * whole_s / count))):
            there.unlink()
            continue
        n_killed += 1
        if there.exists() and n_killed % 10 == 0:
            n_bad += bool(check_store(there, Config()))
    trial.push(there)
    n_bad += bool(check_store(there, Config())) + (_digests(there) != _digests(trial.store))
    n_bad += trial.push(there)["n_bytes"] != 0
    return n_killed, n_bad


def _digests(path: Path) -> set[bytes]:
    with Store.open_read_only(path, Config()) as store:
        return {execution.digest for execution in store.history.executions()}


def say(what: str) -> None:
    """Print a line about what just happened."""
    print(f"[{time.strftime('%H:%M:%S')}] {what}", flush=True)


def report(figures: dict[str, Any]) -> str:
    """Return the figures as text."""
    pairs: Sequence[Sequence[float]] = figures["race"]
    shares = [scp_s / push_s for push_s, scp_s in pairs]
    change = figures["change"]
    return "\n".join(
        [
            f"{platform.system()}, {os.cpu_count()} cores. {circumstances(figures['load'])}",
            "",
            "| what | figure |",
            "|---|---|",
            f"| the session | {figures['n_bytes'] / 1e6:.0f} MB |",
            f"| push, scp of the same file (seconds, in turn) | {', '.join(f'{a:.1f} / {b:.1f}' for a, b in pairs)} |",
            f"| rate of push over that of scp, median | {statistics.median(shares):.0%} |",
            f"| one element of one array changed, one variable made: moved | {change['n_bytes'] / 1e6:.2f} MB, "
            f"{change['n_bytes'] / figures['n_bytes']:.2%}, in {change['duration_s']:.1f} s |",
            f"| killed at random moments | {figures['n_killed']} times; copies that were not sound or not complete in "
            f"the end: {figures['n_bad']} |",
        ]
    )


@contextmanager
def _server(parser: argparse.ArgumentParser, folder: Path) -> Iterator[Host]:
    try:
        with ssh_server(folder) as host:
            yield host
    except NoServerError as error:
        parser.exit(2, f"{error}\n")


def main() -> int:
    """Measure; return 1 where a copy was not sound or not complete."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 100_000)
    parser.add_argument("--write", action="store_true", help="write the figures into the documentation")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ensession-sync-") as name, _server(parser, Path(name) / "ssh") as host:
        trial = Trial(Path(name), host)
        with trial.record(options.megabytes) as kernel:
            n_bytes = trial.store.stat().st_size
            say(f"recorded: {n_bytes / 1e6:.0f} MB")
            times = race(trial, options.rounds)
            kernel.run("array_3[1_000_000] ^= 1; note = 'small'")
            kernel.run("%ens flush")
            change = trial.push(trial.folder / "pushed-0.ens")
            say(f"a small change: {change['n_bytes'] / 1e6:.2f} MB")
            kernel.kill()
        (trial.folder / "pushed-0.ens").unlink()
        whole_s = statistics.median(push_s for push_s, _ in times)
        n_killed, n_bad = interruptions(trial, options.kills, whole_s, options.seed)
        say(f"{n_killed} kills (seed {options.seed}), {n_bad} bad copies")
    figures = {
        "n_bytes": n_bytes,
        "race": times,
        "change": change,
        "n_killed": n_killed,
        "n_bad": n_bad,
        "load": os.getloadavg()[0],
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    text = report(figures)
    print(f"\n{text}\n")
    if options.write:
        publish("explanation/syncing.md", "make bench-sync", text)
    return int(n_bad > 0)


if __name__ == "__main__":
    sys.exit(main())
