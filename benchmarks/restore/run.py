"""Measure how soon a big session is usable again: lazily restored, fully restored, or run again.

``python -m benchmarks.restore.run [--megabytes 2000] [--rounds 3]`` from the repository, or ``make bench-restore``.
Prints a table and writes ``build/restore.json``. See README.md in this folder.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.published import circumstances, markdown_table, publish
from tests.kernels import Kernel

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "build" / "restore.json"
N_ARRAYS = 20
ARRAY_SHARE = 0.95
BUDGET_S = 0.5
"""Until the first trivial cell ran; and, besides the load of the array itself, until a cell ran that uses one."""

CHECKSUM = f"""\
import hashlib
def checksum():
    parts = [hashlib.blake2b(globals()[f"array_{{n}}"], digest_size=8).hexdigest() for n in range({N_ARRAYS})]
    return "".join(parts) + str(frame["value"].sum()) + str(len(rows)) + str(model.scale)"""


def session(n_megabytes: int) -> list[str]:
    """Return the cells of a session of about that size."""
    n_items = int(n_megabytes * 1e6 * ARRAY_SHARE / N_ARRAYS / 8)
    n_rows = int(n_megabytes * 1e6 * (1 - ARRAY_SHARE) / 2 / 24)
    return [
        "import numpy as np\nimport pandas as pd\nrng = np.random.default_rng(5)",
        "class Model:\n    def __init__(self, scale):\n        self.scale = scale\n"
        "    def apply(self, values):\n        return values * self.scale",
        "model = Model(2.0)",
        *(f"array_{n} = model.apply(np.sqrt(rng.normal(size={n_items}) ** 2))" for n in range(N_ARRAYS)),
        f"frame = pd.DataFrame({{'key': np.arange({n_rows}), 'value': rng.random({n_rows}), 'n': 1}})",
        f"rows = [{{'id': n, 'name': f'row {{n}}'}} for n in range({n_rows // 20})]",
        CHECKSUM,
        "expected = checksum()",
    ]


def timed(ask: Callable[[], object]) -> float:
    """Return how long something took, in seconds."""
    started = time.perf_counter()
    ask()
    return time.perf_counter() - started


class Bench:
    """One recorded session, and fresh kernels to take it up in."""

    def __init__(self, folder: Path, cells: list[str]) -> None:
        self.folder = folder
        self.cells = cells
        self.store = folder / "session.ens"
        self._n_kernels = 0

    def kernel(self, *, load: bool) -> Kernel:
        """Start a kernel, with the extension or without."""
        self._n_kernels += 1
        kernel = Kernel(self.folder / f"kernel-{self._n_kernels}", self.folder / "home")
        if load:
            kernel.run("%load_ext ensession")
        return kernel

    def record(self) -> int:
        """Run the session, record every value, kill the kernel; return the size of the file in bytes."""
        with self.kernel(load=True) as kernel:
            kernel.run(f"%ens start {self.store} --all")
            for cell in self.cells:
                kernel.run(cell)
            kernel.run(f"np.save({str(self.folder / 'array.npy')!r}, array_7)")
            kernel.run("%ens flush")
            kernel.kill()
        return self.store.stat().st_size

    def lazily(self) -> dict[str, float]:
        """Restore lazily, and go on as a user would."""
        with self.kernel(load=True) as kernel:
            command = timed(lambda: kernel.run(f"%ens restore {self.store} --lazy"))
            trivial = timed(lambda: kernel.run("x = 1"))
            array = timed(lambda: kernel.run("total = array_7.sum()"))
            rest = timed(lambda: kernel.run("%ens load"))
            self._check(kernel)
        return {"first trivial cell": command + trivial, "one array used": array, "everything there": rest}

    def at_once(self) -> dict[str, float]:
        """Restore everything."""
        with self.kernel(load=True) as kernel:
            command = timed(lambda: kernel.run(f"%ens restore {self.store}"))
            trivial = timed(lambda: kernel.run("x = 1"))
            self._check(kernel)
        return {"full restore": command + trivial}

    def again(self) -> dict[str, float]:
        """Run all cells again; and load one array alone, in the same kernel."""
        with self.kernel(load=False) as kernel:
            rerun = timed(lambda: [kernel.run(cell) for cell in self.cells])
            path = str(self.folder / "array.npy")
            alone = timed(lambda: kernel.run(f"alone = np.load({path!r}).sum()"))
        return {"run again": rerun, "that array with numpy.load": alone}

    @staticmethod
    def _check(kernel: Kernel) -> None:
        reply = kernel.run("str(checksum() == expected)")
        if ast.literal_eval(reply.outputs[-1]["data"]["text/plain"]) != "True":
            raise AssertionError("the restored session is not the one that was recorded")


def page_text(facts: dict[str, Any]) -> str:
    """Return the figures as a page of the documentation shows them."""
    rows = [
        [what, *(f"{figure:.2f} s" for figure in (statistics.median(values), min(values), max(values)))]
        for what, values in facts["seconds"].items()
    ]
    n_rounds = len(next(iter(facts["seconds"].values())))
    about = (
        f"{facts['megabytes']:,} MB of variables, a file of {facts['file_bytes'] / 1e6:,.0f} MB, rounds: {n_rounds}."
    )
    table = markdown_table(["", "median", "best", "worst"], rows)
    return f"{table}\n\n{about} {circumstances(os.getloadavg()[0])}"


def main() -> int:
    """Measure, print, write; return 1 when a figure of the project's is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2000, help="size of the variables (default 2000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is taken (default 3)")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/explanation/lazy.md")
    options = parser.parse_args()
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="ensession-restore-") as name:
        bench = Bench(Path(name), session(options.megabytes))
        n_bytes = bench.record()
        for _ in range(options.rounds):  # in turn, so that whatever else the machine does hits all of them
            for way in (bench.lazily, bench.at_once, bench.again):
                for what, duration_s in way().items():
                    found.setdefault(what, []).append(duration_s)
    print(f"variables: {options.megabytes} MB, file: {n_bytes / 1e6:.0f} MB, {options.rounds} rounds\n")
    print(f"{'':<30}{'median':>10}{'best':>10}{'worst':>10}")
    for what, values in found.items():
        figures = (statistics.median(values), min(values), max(values))
        print(f"{what:<30}" + "".join(f"{figure:>8.2f} s" for figure in figures))
    RESULT.parent.mkdir(exist_ok=True)
    about = {"python": platform.python_version(), "machine": platform.platform(), "at": time.time()}
    facts = {"about": about, "megabytes": options.megabytes, "file_bytes": n_bytes, "seconds": found}
    RESULT.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    if options.write:
        publish("explanation/lazy.md", "make bench-restore WRITE=1", page_text(facts))
    medians = {what: statistics.median(values) for what, values in found.items()}
    extra_s = medians["one array used"] - medians["that array with numpy.load"]
    within = medians["first trivial cell"] <= BUDGET_S and extra_s <= BUDGET_S
    print(f"\n{'within' if within else 'OVER'} the budget: {BUDGET_S} s to the first trivial cell, and")
    print(f"{BUDGET_S} s besides its load for a cell that uses one array ({extra_s:+.2f} s)")
    return int(not within)


if __name__ == "__main__":
    sys.exit(main())
