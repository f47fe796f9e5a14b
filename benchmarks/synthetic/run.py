"""Run the synthetic notebooks in two kernels that take turns cell by cell: one recorded, one plain.

``python -m benchmarks.synthetic.run [NAME …] [--scale 0.1]`` from the repository. Prints a table and writes
``build/synthetic.json``. What counts is the difference within one run: the machine may be busy.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.synthetic.workloads import WORKLOADS, Workload
from tests.kernels import Kernel

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "build" / "synthetic.json"
N_EDGE = 200


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def measure(workload: Workload, folder: Path) -> dict[str, Any]:
    """Run a workload beside a plain kernel; return times in seconds and sizes in bytes."""
    store = folder / "store.ens"
    times: dict[str, list[float]] = {"on": [], "off": []}
    with Kernel(folder / "on", folder / "home") as on, Kernel(folder / "off", folder / "home") as off:
        on.run("%load_ext ensession")
        on.run(f"%ens start {store} {workload.flags}")
        setting = {"on": sum(on.run(cell).duration_s for cell in workload.setting)}
        setting["off"] = sum(off.run(cell).duration_s for cell in workload.setting)
        on.run("%ens flush")
        n_bytes = [store.stat().st_size]
        kernels = [("on", on), ("off", off)]
        for cell in workload.cells:
            kernels.reverse()
            for state, kernel in kernels:
                times[state].append(kernel.run(cell).duration_s)
        on.run("%ens flush")
        on.run("%ens stop")
    n_bytes.append(store.stat().st_size)
    return {"setting_s": setting, "cells_s": times, "n_bytes": n_bytes}


def summarised(found: dict[str, Any]) -> dict[str, float]:
    """Return what the table shows."""
    on, off = found["cells_s"]["on"], found["cells_s"]["off"]
    added = [one - other for one, other in zip(on, off, strict=True)]
    edge = min(N_EDGE, len(added) // 2)
    return {
        "plain_median_s": statistics.median(off),
        "added_median_s": statistics.median(added),
        "added_p95_s": quantile(added, 0.95),
        "added_first_s": statistics.median(added[:edge]),
        "added_last_s": statistics.median(added[-edge:]),
        "setting_added_s": found["setting_s"]["on"] - found["setting_s"]["off"],
        "setting_bytes": found["n_bytes"][0],
        "cells_bytes": found["n_bytes"][1] - found["n_bytes"][0],
    }


def print_row(name: str, row: dict[str, float]) -> None:
    """Print one line of the table."""
    shares = ("plain_median_s", "added_median_s", "added_p95_s", "added_first_s", "added_last_s", "setting_added_s")
    print(
        f"{name:<10}"
        + "".join(f"{row[key] * 1000:>12.2f}" for key in shares)
        + f"{row['setting_bytes'] / 1e6:>12.2f}{row['cells_bytes'] / 1e6:>12.2f}",
        flush=True,
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *WORKLOADS], help="default: all")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the data and number of cells (default 1)")
    options = parser.parse_args()
    print("milliseconds: plain cell, added median, p95, first and last cells, added by the setting; MB: setting, cells")
    results = {}
    for name in options.names or WORKLOADS:
        with tempfile.TemporaryDirectory(prefix="ensession-synthetic-") as folder:
            results[name] = summarised(measure(WORKLOADS[name](options.scale), Path(folder)))
        print_row(name, results[name])
    about = {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "scale": options.scale,
        "at": time.time(),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"about": about, "workloads": results}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
