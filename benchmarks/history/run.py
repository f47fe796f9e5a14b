"""Measure queries and plans on growing histories, and draw the curves.

``python -m benchmarks.history.run`` from the repository. Prints a table, writes ``build/history.json``,
``docs/explanation/history.svg`` and the table in ``docs/explanation/scale.md``. Times are processor time of this
thread, the median of several: a busy machine disturbs them less.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.history.make import make_history
from benchmarks.published import circumstances, markdown_table, publish
from ensession.config import Config, StoragePolicy
from ensession.model import ExecutionId
from ensession.planner import CostModel, StorageRule, plan
from ensession.store import Store

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "build" / "history.json"
FIGURE = ROOT / "docs" / "explanation" / "history.svg"
SIZES = (100, 300, 1000, 3000, 10_000)
N_TIMES = 7


def median_s(work: Callable[[], object]) -> float:
    """Return the median processor time of some calls, in seconds."""
    times = []
    for _ in range(N_TIMES):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return statistics.median(times)


def measure(path: Path) -> dict[str, float]:
    """Return what each question to a store takes, in seconds."""
    start = time.thread_time()
    with Store.open_read_only(path, Config()) as store:
        head = store.history.head() or ExecutionId(0)
        found = {"open": time.thread_time() - start}
        graph = store.history.graph(head)
        costs = CostModel()
        questions: dict[str, Callable[[], object]] = {
            "state at the end": lambda: store.history.state(head),
            "state half-way": lambda: store.history.state(ExecutionId(head // 2)),
            "last 20 executions": lambda: store.history.executions(20),
            "versions of one name": lambda: store.history.versions_of("name_5"),
            "history graph": lambda: store.history.graph(head),
            "plan": lambda: plan(graph, head, costs),
            "graph and plan": lambda: plan(store.history.graph(head), head, costs),
            "policy taken up": lambda: StorageRule.from_graph(StoragePolicy.AUTO, costs, graph),
        }
        found |= {name: median_s(work) for name, work in questions.items()}
    return found


def draw(rows: dict[int, dict[str, float]], path: Path) -> None:
    """Draw time over length of the history, both logarithmic."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "history"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for name in ("state at the end", "last 20 executions", "versions of one name", "graph and plan"):
        axes.plot(list(rows), [row[name] * 1000 for row in rows.values()], marker="o", label=name)
    axes.axhline(20, linestyle=":", linewidth=1, color="grey")
    axes.text(min(rows), 21, "20 ms", fontsize=8, color="grey")
    axes.set(xscale="log", yscale="log", xlabel="executions in the history", ylabel="milliseconds")
    axes.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def print_table(rows: dict[int, dict[str, float]]) -> None:
    """Print milliseconds by question and length."""
    print(f"{'milliseconds':<24}" + "".join(f"{size:>10}" for size in rows))
    for name in next(iter(rows.values())):
        print(f"{name:<24}" + "".join(f"{row[name] * 1000:>10.2f}" for row in rows.values()))


def page_text(rows: dict[int, dict[str, float]]) -> str:
    """Return the table as a page of the documentation shows it."""
    head = ["processor time, ms", *(f"{size:,} executions" for size in rows)]
    questions = next(iter(rows.values()))
    lines = [[name, *(f"{row[name] * 1000:.1f}" for row in rows.values())] for name in questions if name != "open"]
    return markdown_table(head, lines) + "\n\n" + circumstances(os.getloadavg()[0])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="lengths of the histories")
    options = parser.parse_args(arguments)
    rows = {}
    with tempfile.TemporaryDirectory(prefix="ensession-history-") as folder:
        for size in options.sizes:
            rows[size] = measure(make_history(Path(folder) / f"{size}.ens", size))
    print_table(rows)
    RESULT.parent.mkdir(exist_ok=True)
    about = {"python": platform.python_version(), "machine": platform.platform(), "at": time.time()}
    RESULT.write_text(json.dumps({"about": about, "by_length": rows}, indent=2) + "\n", encoding="utf-8")
    draw(rows, FIGURE)
    publish("explanation/scale.md", "python -m benchmarks.history.run", page_text(rows))


if __name__ == "__main__":
    main()
