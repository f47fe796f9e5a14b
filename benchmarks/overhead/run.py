"""Measure what ensession adds to a trivial cell, to one that touches a large value, and to a kernel's start.

Two real kernels run side by side, one recording and one without ensession, and take turns cell by cell, so that
whatever else the machine does hits both. ``python -m benchmarks.overhead.run`` from the repository, or
``make bench-overhead``. Prints a table and writes ``build/overhead.json``.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.overhead import large
from tests.kernels import Kernel

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "build" / "overhead.json"
N_WARM_UP = 20

# A namespace like that of a notebook in use, so that a cell's cost is not measured in an empty room.
SETTING = (
    "import math\n"
    "words = [str(n) for n in range(1000)]\n"
    "table = {n: str(n) for n in range(10_000)}\n"
    "def scale(x):\n    return x * factor\n"
    "factor = 3\n"
    "class Box:\n    def __init__(self, n):\n        self.n = n\n"
    "boxes = [Box(n) for n in range(100)]"
)
TRIVIAL = {
    "nothing but a comment": "# nothing",
    "bind a number": "a = {n}",
    "read and bind": "b = math.sqrt(factor) + {n}",
    "call a function of the session": "c = scale({n})",
    "print": "print({n})",
}
BUDGET_MEDIAN_S = 0.003
BUDGET_START_S = 0.4


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def take_turns(recording: Kernel, plain: Kernel, n_rounds: int) -> dict[str, dict[str, list[float]]]:
    """Run each kind of cell in both kernels ``n_rounds`` times, in turn and in changing order."""
    times: dict[str, dict[str, list[float]]] = {what: {"on": [], "off": []} for what in TRIVIAL}
    kernels = [("on", recording), ("off", plain)]
    for number in range(-N_WARM_UP, n_rounds):
        kernels.reverse()
        for what, cell in TRIVIAL.items():
            for state, kernel in kernels:
                duration_s = kernel.run(cell.format(n=number)).duration_s
                if number >= 0:
                    times[what][state].append(duration_s)
    return times


def starts(folder: Path, n_rounds: int) -> dict[str, list[float]]:
    """Start kernels, loading the extension in every other one; return the time the load and the import took."""
    times: dict[str, list[float]] = {"kernel": [], "load_ext": [], "import": []}
    for number in range(n_rounds):
        with Kernel(folder / f"start-{number}", folder / "home") as kernel:
            times["kernel"].append(kernel.start_s)
            baseline_s = kernel.run("import sys").duration_s
            times["load_ext"].append(kernel.run("import ensession\n%load_ext ensession").duration_s - baseline_s)
        with Kernel(folder / f"import-{number}", folder / "home") as kernel:
            baseline_s = kernel.run("import sys").duration_s
            times["import"].append(kernel.run("import ensession").duration_s - baseline_s)
    return times


def summarised(times: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, float]]:
    """Return median and 95th percentile of each kind of cell, off and on, and their difference, in seconds."""
    together = {state: [value for kind in times.values() for value in kind[state]] for state in ("on", "off")}
    return {
        what: {
            "off_median_s": statistics.median(kind["off"]),
            "on_median_s": statistics.median(kind["on"]),
            "off_p95_s": quantile(kind["off"], 0.95),
            "on_p95_s": quantile(kind["on"], 0.95),
            "added_median_s": statistics.median(kind["on"]) - statistics.median(kind["off"]),
        }
        for what, kind in [*times.items(), ("all of them", together)]
    }


def print_table(cells: dict[str, dict[str, float]], start: dict[str, float]) -> None:
    """Print the figures in milliseconds."""
    print(f"{'cell':<34}{'off median':>12}{'on median':>12}{'off p95':>12}{'on p95':>12}{'added':>12}")
    for what, row in cells.items():
        figures = (row["off_median_s"], row["on_median_s"], row["off_p95_s"], row["on_p95_s"], row["added_median_s"])
        print(f"{what:<34}" + "".join(f"{figure * 1000:>9.2f} ms" for figure in figures))
    print()
    for what, median_s in start.items():
        print(f"{what + ', median':<34}{median_s * 1000:>9.0f} ms")


def main() -> int:
    """Measure, print, write, and return 1 when a budget of the project is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="how often each kind of cell runs (default 200)")
    parser.add_argument("--starts", type=int, default=7, help="how many kernels are started (default 7)")
    parser.add_argument("--touches", type=int, default=9, help="how often each large value is touched (default 9)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ensession-overhead-") as name:
        folder = Path(name)
        with Kernel(folder / "on", folder / "home") as recording, Kernel(folder / "off", folder / "home") as plain:
            recording.run("%load_ext ensession")
            recording.run(f"%ens start {folder / 'overhead.ens'}")
            for kernel in (recording, plain):
                kernel.run(SETTING)
            cells = summarised(take_turns(recording, plain, options.rounds))
        touches = large.measure(folder, options.touches)
        start = {what: statistics.median(values) for what, values in starts(folder, options.starts).items()}
    print_table(cells, start)
    large.print_table(touches)
    RESULT.parent.mkdir(exist_ok=True)
    about = {"python": platform.python_version(), "machine": platform.platform(), "at": time.time()}
    figures = {"about": about, "cells": cells, "large_s": touches, "start_s": start}
    RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    within = cells["all of them"]["added_median_s"] <= BUDGET_MEDIAN_S and start["load_ext"] <= BUDGET_START_S
    verdict = "within" if within else "OVER"
    print(f"\n{verdict} the budget: {BUDGET_MEDIAN_S * 1000:.0f} ms a cell, {BUDGET_START_S} s at start")
    return int(not within)


if __name__ == "__main__":
    sys.exit(main())
