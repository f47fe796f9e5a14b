"""One trial: run a notebook in a recorded kernel, kill it, restore its store elsewhere, compare.

The truth is what the first process's variables were, looked at from outside ensession just before the kill
(``benchmarks/demo/examine.py``).
"""

from __future__ import annotations

import ast
import json
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.notebooks.books import Cell
from tests.kernels import CellFailed, Kernel

EXAMINE = Path(__file__).resolve().parents[1] / "demo" / "examine.py"
CELL_TIMEOUT_S = 900.0
ONE_CORE = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")}
LOSSES = '__import__("json").dumps(__import__("ensession").current_session().losses())'
AUDIT = "config audit=on"
"""Word to ``%ens`` before a recording: hold every variable against its last look after each cell."""
BACK = frozenset({"loaded", "recomputed", "recomputed, not verifiable", "kept"})


@dataclass(frozen=True)
class Interpreter:
    """A Python that kernels run under.

    Attributes
    ----------
    judge : str
        The function of ``examine.py`` that looks at values: ``examine`` within one environment,
        ``examine_portably`` between two.
    """

    python: str = sys.executable
    judge: str = "examine"


@dataclass(frozen=True)
class Examined:
    """What a process's variables were."""

    digests: Mapping[str, str]
    belonging: frozenset[str]
    random: str


@dataclass(frozen=True)
class Recording:
    """A recorded run that was killed.

    Attributes
    ----------
    cpu_s : float
        CPU time of the kernel over its cells: on a machine that does other things too, wall time says little.
    announced : Mapping[str, str]
        What the session itself said would not come back, and why.
    audits : tuple[str, ...]
        Changes that nothing in the code showed, as far as that was watched for.
    """

    store: Path
    truth: Examined
    announced: Mapping[str, str]
    n_store_bytes: int
    cpu_s: float
    wall_s: float
    audits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Return:
    """A restore in a fresh kernel."""

    found: Examined
    fates: Mapping[str, str]
    report: str
    n_runs: int
    cpu_s: float
    wall_s: float


@dataclass(frozen=True)
class Outcome:
    """What a trial showed."""

    book: str
    n_cells: int
    recording: Recording
    back: Return

    def count(self, fate: str) -> int:
        """Return how many of the user's variables have a fate."""
        return Counter(self.back.fates.get(name) for name in self.recording.truth.digests)[fate]

    @property
    def different(self) -> list[str]:
        """Names that are back with another value, by the examination or by the report."""
        truth, found = self.recording.truth.digests, self.back.found.digests
        seen = {name for name in truth.keys() & found.keys() if truth[name] != found[name]}
        return sorted(seen | {name for name, fate in self.back.fates.items() if fate == "different"})

    @property
    def missing(self) -> list[str]:
        """Names that are not back."""
        return sorted(self.recording.truth.digests.keys() - self.back.found.digests.keys())

    @property
    def problems(self) -> list[str]:
        """Everything that must not be: lost or wrong without having been announced, or reported as it is not."""
        announced, fates = self.recording.announced, self.back.fates
        truth, found = self.recording.truth, self.back.found
        said_back = [n for n in self.missing if fates.get(n) in BACK]
        return [
            *(f"{name} is different" for name in self.different if name not in announced),
            *(f"{name} is missing" for name in self.missing if name not in announced),
            *(f"{name} is missing and reported as {fates[name]}" for name in said_back),
            *(f"the report says nothing of {name}" for name in sorted(truth.digests.keys() - fates.keys())),
            *(f"{name} is new" for name in sorted(found.digests.keys() - truth.digests.keys())),
            *(f"not so before and after: {fact}" for fact in sorted(self._unlike_belonging())),
            *(f"audit: {what}" for what in self.recording.audits),
            *(["the state of numpy.random is another"] if truth.random != found.random else []),
        ]

    def _unlike_belonging(self) -> frozenset[str]:
        gone = {*self.missing, *self.different}
        facts = self.recording.truth.belonging ^ self.back.found.belonging
        return frozenset(fact for fact in facts if gone.isdisjoint(fact.split()))


def run_plain(folder: Path, home: Path, cells: Sequence[Cell]) -> tuple[float, float]:
    """Run cells without ensession; return CPU time and wall time."""
    with Kernel(folder, home, ONE_CORE) as kernel:
        return _run(kernel, cells)


def record(
    folder: Path,
    home: Path,
    cells: Sequence[Cell],
    interpreter: Interpreter = Interpreter(),
    options: str = "",
    words: Sequence[str] = (),
) -> Recording:
    """Run cells in a recorded kernel, look at its variables, kill it.

    Parameters
    ----------
    options : str
        Of ``%ens start``.
    words : Sequence of str
        What is said to ``%ens`` before that.
    """
    store = folder / "recorded.ens"
    with Kernel(folder, home, ONE_CORE, interpreter.python) as kernel:
        kernel.run("%load_ext ensession")
        for word in words:
            kernel.run(f"%ens {word}")
        kernel.run(f"%ens start '{store}' {options}")
        cpu_s, wall_s = _run(kernel, cells)
        announced = json.loads(ast.literal_eval(kernel.value(LOSSES)))
        truth = _examine(kernel, interpreter.judge)
        kernel.kill()
    return Recording(store, truth, announced, store.stat().st_size, cpu_s, wall_s, audits(store))


def audits(store: Path) -> tuple[str, ...]:
    """Return what audits of a recording said, by cell."""
    sql = """
        SELECT coalesce(cell_id, 'between two cells'), detail FROM effect JOIN execution ON execution.id = execution
        WHERE effect.kind = 'audit' ORDER BY execution
    """
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
        return tuple(f"{cell} {detail}" for cell, detail in database.execute(sql))


def restore(folder: Path, home: Path, store: Path, interpreter: Interpreter = Interpreter()) -> Return:
    """Copy a store into a folder and restore it there, in a fresh kernel."""
    folder.mkdir(parents=True)
    copy = folder / "moved.ens"
    shutil.copy(store, copy)
    with Kernel(folder, home, ONE_CORE, interpreter.python) as kernel:
        kernel.run("%load_ext ensession")
        before_s = _cpu_s(kernel)
        reply = kernel.run(f"%ens restore '{copy}'", timeout_s=CELL_TIMEOUT_S)
        cpu_s = _cpu_s(kernel) - before_s
        fates, runs = kernel.last_restore()
        found = _examine(kernel, interpreter.judge)
    return Return(found, fates, reply.text, len(runs), cpu_s, reply.duration_s)


def _run(kernel: Kernel, cells: Sequence[Cell]) -> tuple[float, float]:
    before_s, wall_s = _cpu_s(kernel), 0.0
    for cell in cells:
        reply = kernel.execute(cell.source, cell_id=cell.id, timeout_s=CELL_TIMEOUT_S)
        if (reply.status != "ok") is not cell.fails:
            raise CellFailed(f"{cell.source}\n{reply.error or 'should have raised'}")
        wall_s += reply.duration_s
    return _cpu_s(kernel) - before_s, wall_s


def _cpu_s(kernel: Kernel) -> float:
    times = psutil.Process(kernel.pid).cpu_times()
    return float(times.user + times.system)


def _examine(kernel: Kernel, judge: str) -> Examined:
    target = kernel.home / f"examined-{kernel.pid}.json"
    call = f"[{judge!r}](globals(), get_ipython().user_ns_hidden, {str(target)!r})"
    kernel.value(f"__import__('runpy').run_path({str(EXAMINE)!r}){call}")
    report = json.loads(target.read_text(encoding="utf-8"))
    return Examined(report["digests"], frozenset(report["belonging"]), report["random"])
