"""Run the flights notebook in a real kernel, kill it, copy its store, restore it elsewhere, and compare.

Prints a table; the exit status is 0 only when no variable is different or missing. ``python -m benchmarks.demo.run``
from the repository, or ``make demo``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil

from tests.kernels import Kernel

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "docs" / "notebooks" / "flights.ipynb"
EXAMINE = Path(__file__).with_name("examine.py")
RESULT = ROOT / "build" / "demo.json"
QUICK_PARAMETERS = "N_BOOSTING_ROUNDS = 40\nN_TREES = 6"
CELL_TIMEOUT_S = 600.0

# What goes on in both processes after they were examined: (what should hold, a statement, what to look at).
PROBES = (
    ("a function sees a later change of its global", "LATE_MINUTES = 60", "late_share(joined)"),
    ("a view writes into its base", "evenings[1, 0, 0] = -99.0", "[mean_delay[1, 0, 18], jfk[0, 18]]"),
    ("two names stay one object", "shortlist.append('SFO')", "favourites"),
    (
        "instances belong to the session's class",
        "RouteBook.total = lambda self: sum(route['flights'] for route in self.routes.values())",
        "[newark.total(), type(newark) is RouteBook, books['EWR'] is newark]",
    ),
    ("a model predicts the same", "", "forest.predict_proba(filled(sample))[:5, 1].round(9).tolist()"),
    ("axes belong to their figure", "left.set_title('changed')", "[axes.get_title() for axes in figure.axes]"),
    ("random numbers go on where they were", "", "np.random.random(3).tolist()"),
)


@dataclass(frozen=True)
class Examined:
    """What a process looked like, seen from outside ensession."""

    digests: Mapping[str, str]
    belonging: frozenset[str]
    values_bytes: int
    resident_bytes: int
    random: str
    probes: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """What the demo measured."""

    plain_cells_s: Sequence[float]
    recorded_cells_s: Sequence[float]
    load_s: float
    restore_s: float
    store_bytes: int
    fates: Mapping[str, str]
    n_cells_run_again: int
    before: Examined
    after: Examined

    @property
    def different(self) -> list[str]:
        """Names whose value is not what it was, judged by the examination and by ensession's own report."""
        both = self.before.digests.keys() & self.after.digests.keys()
        examined = {name for name in both if self.before.digests[name] != self.after.digests[name]}
        return sorted(examined | {name for name, fate in self.fates.items() if fate == "different"})

    @property
    def missing(self) -> list[str]:
        """Names that are not there, or that ensession says nothing of (invariant 6)."""
        unreported = self.before.digests.keys() - self.fates.keys()
        absent = self.before.digests.keys() - self.after.digests.keys()
        return sorted(unreported | absent | {name for name, fate in self.fates.items() if fate == "missing"})

    @property
    def broken(self) -> list[str]:
        """Everything else that is not as it was."""
        belonging = self.before.belonging ^ self.after.belonging
        added = self.after.digests.keys() - self.before.digests.keys()
        probes = [what for what, seen in self.before.probes.items() if self.after.probes[what] != seen]
        random = [] if self.before.random == self.after.random else ["state of numpy.random"]
        return [*sorted(belonging), *(f"new name: {name}" for name in sorted(added)), *random, *probes]


def cells_of(notebook: Path, *, parameters: str | None) -> list[tuple[str, str]]:
    """Return identity and source of each code cell; ``parameters`` replaces the cell tagged so."""

    def source(cell: Any) -> str:
        is_parameters = "parameters" in cell.metadata.get("tags", ())
        return parameters if is_parameters and parameters is not None else str(cell.source)

    content = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    return [(cell.id, source(cell)) for cell in content.cells if cell.cell_type == "code"]


def run_cells(kernel: Kernel, cells: Sequence[tuple[str, str]]) -> list[float]:
    """Run the cells one after another and return how long each took, as its user sees it."""
    return [kernel.run(source, cell_id=cell_id, timeout_s=CELL_TIMEOUT_S).duration_s for cell_id, source in cells]


def examine(kernel: Kernel) -> Examined:
    """Look at a kernel from outside; no cell is recorded, but its user variables change: nothing comes after."""
    resident_bytes = psutil.Process(kernel.pid).memory_info().rss
    target = kernel.home / f"examined-{kernel.pid}.json"
    call = f"['examine'](globals(), get_ipython().user_ns_hidden, {str(target)!r})"
    kernel.value(f"__import__('runpy').run_path({str(EXAMINE)!r}){call}")
    report = json.loads(target.read_text(encoding="utf-8"))
    probes = {}
    for what, statement, look in PROBES:
        kernel.run(statement, silent=True)
        probes[what] = kernel.value(look)
    return Examined(
        digests=report["digests"],
        belonging=frozenset(report["belonging"]),
        values_bytes=report["n_bytes"],
        resident_bytes=resident_bytes,
        random=report["random"],
        probes=probes,
    )


@contextmanager
def workspace(keep: Path | None) -> Iterator[Path]:
    """Yield a folder; it is removed afterwards unless the user named it."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="ensession-demo-") as folder:
        yield Path(folder)


def run_demo(folder: Path, cells: Sequence[tuple[str, str]]) -> Outcome:
    """Do all of it in ``folder``."""
    home = folder / "home"
    say("the notebook without ensession")
    with Kernel(folder / "plain", home) as kernel:
        plain_cells_s = run_cells(kernel, cells)

    say("the notebook, recorded")
    store = folder / "here" / "flights.ens"
    with Kernel(store.parent, home) as kernel:
        kernel.run("%load_ext ensession")
        kernel.run(f"%ens start {store}")
        recorded_cells_s = run_cells(kernel, cells)
        print(indented(kernel.run("%ens status").text))
        before = examine(kernel)
        say(f"SIGKILL to process {kernel.pid}")
        kernel.kill()

    copy = folder / "somewhere else" / "moved.ens"
    copy.parent.mkdir()
    shutil.copy(store, copy)
    store.parent.rename(folder / "out of reach")
    say(f"a fresh kernel in {copy.parent.name!r}, with nothing but the copied file")
    with Kernel(copy.parent, home) as kernel:
        load_s = kernel.run("%load_ext ensession").duration_s
        reply = kernel.run(f"%ens restore '{copy}'")
        fates, runs = kernel.last_restore()
        print(indented(remarkable(reply.text)))
        after = examine(kernel)
    return Outcome(
        plain_cells_s=plain_cells_s,
        recorded_cells_s=recorded_cells_s,
        load_s=load_s,
        restore_s=reply.duration_s,
        store_bytes=copy.stat().st_size,
        fates=fates,
        n_cells_run_again=len(runs),
        before=before,
        after=after,
    )


def say(what: str) -> None:
    """Print a line about what happens now."""
    print(f"[{time.strftime('%H:%M:%S')}] {what}", flush=True)


def indented(text: str) -> str:
    """Return a kernel's answer set off from our own lines."""
    return "\n".join(f"    {line}" for line in text.strip().splitlines())


def remarkable(report: str) -> str:
    """Return a restore's report without its progress and the variables that were simply loaded."""
    lines = [line.rpartition("\r")[2].rstrip() for line in report.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("[") and not line.endswith(" loaded"))


def table(outcome: Outcome) -> str:
    """Return the measurements as lines of text."""
    counts = Counter(fate for name, fate in outcome.fates.items() if name in outcome.before.digests)
    plain_s, recorded_s = sum(outcome.plain_cells_s), sum(outcome.recorded_cells_s)
    back_s = outcome.load_s + outcome.restore_s
    mib = 2**20
    rows = [
        ("time to re-run the notebook", f"{plain_s:.1f} s"),
        ("time of the same run, recorded", f"{recorded_s:.1f} s ({recorded_s / plain_s - 1:+.0%})"),
        ("time to restore", f"{back_s:.1f} s (of it loading the extension {outcome.load_s:.2f} s)"),
        ("ratio", f"{plain_s / back_s:.1f} times faster"),
        ("file size", f"{outcome.store_bytes / mib:.0f} MiB"),
        ("memory of the variables", f"{outcome.before.values_bytes / mib:.0f} MiB"),
        ("memory of the process", f"{outcome.before.resident_bytes / mib:.0f} MiB"),
        ("variables", str(len(outcome.before.digests))),
        ("  loaded", str(counts["loaded"])),
        ("  recomputed", str(counts["recomputed"] + counts["recomputed, not verifiable"])),
        ("    of them not verifiable", str(counts["recomputed, not verifiable"])),
        ("  different", listed(outcome.different)),
        ("  missing", listed(outcome.missing)),
        ("cells run again", f"{outcome.n_cells_run_again} of {len(outcome.plain_cells_s)}"),
        ("sharing facts checked", str(len(outcome.before.belonging))),
        ("continuations checked", str(len(outcome.before.probes))),
        ("other differences", listed(outcome.broken)),
    ]
    width = max(len(label) for label, _ in rows) + 2
    return "\n".join(f"{label:<{width}}{value}" for label, value in rows)


def listed(names: Sequence[str]) -> str:
    """Return how many, and which."""
    return f"{len(names)}: {', '.join(names)}" if names else "0"


def save(outcome: Outcome) -> None:
    """Write the figures for whoever wants to compare runs."""
    RESULT.parent.mkdir(exist_ok=True)
    figures = {
        "plain_cells_s": list(outcome.plain_cells_s),
        "recorded_cells_s": list(outcome.recorded_cells_s),
        "load_s": outcome.load_s,
        "restore_s": outcome.restore_s,
        "store_bytes": outcome.store_bytes,
        "values_bytes": outcome.before.values_bytes,
        "resident_bytes": outcome.before.resident_bytes,
        "fates": dict(outcome.fates),
        "different": outcome.different,
        "missing": outcome.missing,
        "broken": outcome.broken,
    }
    RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    """Run the demo and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="train less")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in this folder and leave everything there")
    options = parser.parse_args()
    with workspace(options.keep) as folder:
        outcome = run_demo(folder, cells_of(NOTEBOOK, parameters=QUICK_PARAMETERS if options.quick else None))
    save(outcome)
    print(f"\n{table(outcome)}\n")
    failed = bool(outcome.different or outcome.missing or outcome.broken)
    print("FAILED: the restored session is not the one that was killed." if failed else "The session is back, whole.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
