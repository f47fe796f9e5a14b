"""One notebook in all systems at once, taking turns cell by cell, so that a slow minute hits all of them alike."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.notebooks.books import Cell
from benchmarks.notebooks.trial import EXAMINE, ONE_CORE, Examined
from benchmarks.rivals.measured import Measured
from benchmarks.rivals.systems import LONGEST_S, NotOffered, System
from tests.kernels import CellFailed, Kernel, KernelDied

LONGEST_CELL_S = 120.0
"""What the longest cell of a notebook takes in plain Jupyter, on a slow machine."""
PROBE = "probe_of_the_fixed_cost = {n}"


@dataclass(frozen=True)
class Course:
    """A notebook to run, and how.

    Attributes
    ----------
    n_probes, n_restores : int
        Trivial cells after the notebook's own; restores in fresh kernels.
    patience_s : float
        A system that takes so much longer than plain Jupyter, for one cell or for all so far, is out.
    """

    name: str
    question: str
    cells: Sequence[Cell]
    n_probes: int = 40
    n_restores: int = 3
    patience_s: float = 90.0


class Seat:
    """One system at one notebook: its kernel, and what it has shown so far."""

    def __init__(self, system: System, python: str, course: Course) -> None:
        self.system = system
        self.found = Measured()
        self.is_out = False
        self.truth: Examined | None = None
        self.marks: dict[int, str] = {}
        self.last_mark = ""
        self._python = python
        self._course = course
        self.kernel = self._kernel(system, "first")

    def _kernel(self, system: System, name: str) -> Kernel:
        return Kernel(system.folder / name, system.home, {**ONE_CORE, **system.environment()}, self._python)

    @contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """Do something that may fail: then the system is out, with the reason."""
        try:
            yield
        except NotOffered:
            pass
        except (CellFailed, KernelDied, TimeoutError) as error:
            self.is_out = True
            self.found.problems.append(f"{what}: {_reason(error)}")

    def attempt(self, what: str, work: Callable[[], None]) -> None:
        """Do something unless the system is out; what fails puts it out, with the reason."""
        if not self.is_out:
            with self.trying(what):
                work()
        if self.is_out:
            self.kernel.close()

    def attach(self) -> None:
        """Attach the system, timed."""
        self.found.attach_s = _timed(lambda: self.system.attach(self.kernel))

    def run(self, number: int, cell: Cell) -> None:
        """Run one cell; a cell that fails where it should not is a problem, but the notebook goes on."""
        reply = self.kernel.execute(self.system.cell(cell.source), cell_id=cell.id, timeout_s=self._limit_s())
        self.found.cells_s.append(reply.duration_s)
        if (reply.status == "error") and not cell.fails:
            self.found.n_failed += 1
            self.found.problems.append(f"cell {number} failed: {reply.error.strip().splitlines()[-1]}")
        if number in (len(self._course.cells) // 2, len(self._course.cells) - 1, len(self._course.cells)):
            self.marks[number] = self.system.mark(self.kernel)

    def _limit_s(self) -> float:
        # Plain Jupyter may still have this cell before it, so that what it takes is not known.
        return LONGEST_S if self.system.reruns else LONGEST_CELL_S + self._course.patience_s

    def keep_up(self, plain: Measured) -> None:
        """Put the system out where it has lost the patience.

        Raises
        ------
        TimeoutError
            It has taken too much longer than plain Jupyter.
        """
        behind_s = sum(self.found.cells_s) - sum(plain.cells_s[: len(self.found.cells_s)])
        if behind_s > self._course.patience_s:
            raise TimeoutError(f"given up: {behind_s:.0f} s behind plain Jupyter")

    def probe(self, number: int) -> None:
        """Run a trivial cell."""
        cell = self.system.cell(PROBE.format(n=number))
        self.found.probes_s.append(self.kernel.run(cell).duration_s)

    def checkpoint(self) -> None:
        """Have the session in files; note memory, time and size."""
        if not self.system.reruns:
            self.found.checkpoint_s = _timed(lambda: self.system.checkpoint(self.kernel))
        self.last_mark = self.system.mark(self.kernel)
        self.found.peak_bytes = peak_bytes(self.kernel)
        if not self.system.reruns:
            self.found.n_bytes = sum(path.stat().st_size for path in self.system.files())

    def look(self) -> None:
        """Have the judge look at what is to come back."""
        self.truth = examine(self.kernel, self.system.own_names)

    def go_back(self) -> None:
        """Go one cell and half the notebook back, in the kernel that ran it."""
        last = len(self._course.cells)
        if self._course.n_probes:
            self.system.back(self.kernel, self.marks[last])
        self.found.back_one_s = _timed(lambda: self.system.back(self.kernel, self.marks[last - 1]))
        self.found.back_half_s = _timed(lambda: self.system.back(self.kernel, self.marks[last // 2]))

    def restore(self, copy: System, name: str) -> None:
        """Restore in a fresh kernel, timed; where coming back is running again, that."""
        with self._kernel(copy, name) as kernel:
            copy.attach(kernel)
            if self.system.reruns:
                took_s = sum(kernel.execute(cell.source, timeout_s=LONGEST_S).duration_s for cell in self._course.cells)
                kernel.run(PROBE.format(n=self._course.n_probes - 1))
            else:
                took_s = _timed(lambda: copy.restore(kernel, self.last_mark))
                estimate_s = copy.estimate_s(kernel)
                if estimate_s is not None:
                    self.found.estimates_s.append(estimate_s)
            self.found.restores_s.append(took_s)
            if self.truth is not None and len(self.found.restores_s) == 1:
                self.found.compare(self.truth, examine(kernel, self.system.own_names))


def compete(
    course: Course, systems: Mapping[str, type[System]], pythons: Mapping[str, str], folder: Path
) -> dict[str, Measured]:
    """Run a notebook in all systems."""
    seats = [Seat(kind(folder / name), pythons[name], course) for name, kind in systems.items()]
    try:
        for seat in seats:
            seat.attempt("attaching", seat.attach)
        order = list(seats)
        for number, cell in enumerate(course.cells, 1):
            order.append(order.pop(0))
            for seat in order:
                seat.attempt(f"cell {number}", lambda s=seat, n=number, c=cell: s.run(n, c))  # type: ignore[misc]
            for seat in order:
                seat.attempt(f"cell {number}", lambda s=seat: s.keep_up(seats[0].found))  # type: ignore[misc]
        for number in range(course.n_probes):
            order.append(order.pop(0))
            for seat in order:
                seat.attempt("a trivial cell", lambda s=seat, n=number: s.probe(n))  # type: ignore[misc]
        copies = _finish(seats)
    finally:
        for seat in seats:
            seat.kernel.close()
    _restore(seats, copies, course.n_restores)
    return {seat.system.name: seat.found for seat in seats}


def _finish(seats: Sequence[Seat]) -> dict[str, System]:
    """Checkpoint, look, copy, go back; return the copies."""
    copies = {}
    for seat in seats:
        seat.attempt("checkpoint", seat.checkpoint)
    for seat in seats:
        seat.attempt("looking at the variables", seat.look)
        if not seat.is_out:
            copies[seat.system.name] = seat.system.moved(seat.system.folder / "moved")
    for seat in seats:
        if not seat.is_out:
            seat.attempt("going back", seat.go_back)
            seat.is_out = False  # it may still restore
    return copies


def _restore(seats: Sequence[Seat], copies: Mapping[str, System], n_restores: int) -> None:
    for number in range(n_restores):
        for seat in seats:
            copy = copies.get(seat.system.name)
            if copy is None or seat.is_out or (seat.system.reruns and number):
                continue
            with seat.trying("restore"):
                seat.restore(copy, f"restore-{number}")


def examine(kernel: Kernel, own_names: Iterable[str]) -> Examined:
    """Have the judge of the notebooks look at a kernel's variables, but not at what a system bound for itself."""
    target = kernel.cwd / f"examined-{kernel.pid}.json"
    aside = f"{{**get_ipython().user_ns_hidden, **dict.fromkeys({sorted(own_names)!r})}}"
    call = f"['examine'](globals(), {aside}, {str(target)!r})"
    kernel.value(f"__import__('runpy').run_path({str(EXAMINE)!r}){call}", LONGEST_S)
    report = json.loads(target.read_text(encoding="utf-8"))
    target.unlink()
    return Examined(report["digests"], frozenset(report["belonging"]), report["random"])


def peak_bytes(kernel: Kernel) -> int:
    """Return the largest resident memory that a kernel has had."""
    status = Path(f"/proc/{kernel.pid}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if kernel.value("__import__('sys').platform") == "'darwin'" else 1024
    return int(kernel.value("__import__('resource').getrusage(0).ru_maxrss")) * unit


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    said = lines[-1] if lines else ""
    if isinstance(error, CellFailed):  # the code that failed, with paths of this machine, and the error that it raised
        said = re.sub(r"^__import__\(.*\): (?=\w+: )", "", said)
    return f"{type(error).__name__}: {said[:300]}"
