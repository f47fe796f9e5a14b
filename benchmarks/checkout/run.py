"""Measure what moving among states costs: undo beside large data, checkout of far states, questions to long histories.

``make bench-checkout``, or ``python -m benchmarks.checkout.run`` from the repository. Prints a table with the targets,
writes ``build/checkout.json``, and returns 1 when a target is missed. Moves are timed in a real kernel, from the
request to the reply; questions in processor time, which a busy machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.history.make import make_history
from benchmarks.history.run import measure
from tests.kernels import Kernel

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "build" / "checkout.json"
N_ARRAYS = 8
N_UNDO = 21
N_FAR = 5
FAR = """\
if {n} < 40:
    table_{k} = [{n}] * 500
else:
    table_{k}.append({n})
total_{k} = sum(table_{k})"""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, in seconds, beside its target where there is one."""

    what: str
    median_s: float
    target_s: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether the target, if any, is met."""
        return self.target_s is None or self.median_s <= self.target_s


def undo_beside(gigabytes: float, folder: Path) -> Iterator[Figure]:
    """Undo a change of one small variable, again and again, in a session that holds large arrays."""
    store = folder / "undo.ens"
    n_values = round(gigabytes * 1e9 / 8 / N_ARRAYS)
    with Kernel(folder / "undo", folder / "home") as kernel:
        kernel.run(f"%load_ext ensession\n%ens start {store}")
        kernel.run("import numpy as np\nrate = {'step': 0}")
        for number in range(N_ARRAYS):
            kernel.run(f"large_{number} = np.random.default_rng({number}).random({n_values})")
        kernel.run("%ens flush")
        times, plain = [], []
        for number in range(N_UNDO):
            plain.append(kernel.run("# nothing").duration_s)
            kernel.run(f"rate['step'] = {number + 1}")
            times.append(kernel.run("%ens undo").duration_s)
            assert kernel.holds("rate == {'step': 0}")
    loads = loaded_bytes(store)
    assert max(loads) < 1e6, "a large variable was read"
    yield Figure("a cell that does nothing, in the same kernel", statistics.median(plain))
    yield Figure(f"undo of a small change beside {gigabytes:g} GB", statistics.median(times), 0.03)


def far_states(n_cells: int, folder: Path) -> Iterator[Figure]:
    """Go to and fro between far states of a session with many cells."""
    with Kernel(folder / "far", folder / "home") as kernel:
        kernel.run(f"%load_ext ensession\n%ens start {folder / 'far.ens'}")
        for number in range(n_cells):
            kernel.run(FAR.format(n=number, k=number % 40))
        kernel.run("%ens flush")
        for what, at in (("the first tenth", n_cells // 10), ("the middle", n_cells // 2)):
            there, back = [], []
            for _ in range(N_FAR):
                there.append(kernel.run(f"%ens checkout @{at}").duration_s)
                back.append(kernel.run(f"%ens checkout @{n_cells}").duration_s)
            yield Figure(f"checkout from the end of {n_cells} cells to {what}", statistics.median(there))
            yield Figure(f"… and back from {what}", statistics.median(back))


def questions(n_executions: int, folder: Path) -> Iterator[Figure]:
    """Ask a long history."""
    found = measure(make_history(folder / "history.ens", n_executions))
    about = f"of {n_executions} executions"
    yield Figure(f"the state at the end {about}", found["state at the end"], 0.02)
    yield Figure(f"the state half-way {about}", found["state half-way"], 0.02)
    yield Figure(f"the log's last 20 {about}", found["last 20 executions"], 0.02)
    yield Figure(f"the plan, history read {about}", found["graph and plan"], 1.0)


def loaded_bytes(store: Path) -> list[int]:
    """Return how many bytes each move of a session has read from payloads."""
    with closing(sqlite3.connect(store)) as database:
        reports = [json.loads(text) for (text,) in database.execute("SELECT report FROM restore_run")]
    return [sum(n_stream + n_buffer for n_stream, n_buffer, _ in report["loads"]) for report in reports]


def print_table(figures: Sequence[Figure]) -> None:
    """Print milliseconds beside the targets."""
    for one in figures:
        target = "" if one.target_s is None else f"{one.target_s * 1000:>8.0f} ms  {'met' if one.is_met else 'MISSED'}"
        print(f"{one.what:<62}{one.median_s * 1000:>10.1f} ms{target}")


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2.0, help="large data beside which an undo is timed")
    parser.add_argument("--cells", type=int, default=400, help="cells of the session with far states")
    parser.add_argument("--executions", type=int, default=10_000, help="length of the history that is asked")
    options = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="ensession-checkout-") as name:
        for part in (
            undo_beside(options.gigabytes, Path(name)),
            far_states(options.cells, Path(name)),
            questions(options.executions, Path(name)),
        ):
            figures += part
    print_table(figures)
    RESULT.parent.mkdir(exist_ok=True)
    about = {"python": platform.python_version(), "machine": platform.platform(), "at": time.time()}
    rows = {one.what: {"median_s": one.median_s, "target_s": one.target_s} for one in figures}
    RESULT.write_text(json.dumps({"about": about, "figures": rows}, indent=2) + "\n", encoding="utf-8")
    return int(not all(one.is_met for one in figures))


if __name__ == "__main__":
    sys.exit(main())
