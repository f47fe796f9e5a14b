"""Running a notebook: where it may go on, cell by cell, and the result's file kept up to date."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ensession.batch.book import Cell, Json, Notebook, require_free
from ensession.batch.kernel import End, Kernel, Ran, start_kernel
from ensession.batch.outputs import Outputs
from ensession.batch.resume import Place, Wanted, place_before, places
from ensession.config import Config
from ensession.errors import KernelDiedError, RunInterruptedError, StoreAccessError, UsageError
from ensession.export import notebook_output
from ensession.model import ExecutionId, ExecutionKind
from ensession.store import Store

LED = "ensession.magic.led"
REDRAW_S = 2.0
"""While a cell runs, the result's file is written at most so often."""

Step = Callable[[int, int, str], None]
Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run.

    Attributes
    ----------
    notebook, store, result : Path
    parameters : Mapping[str, Any]
    first : int or None
        The cell to begin with, whatever was finished earlier; default: the first that is not finished.
    timeout_s : float or None
        For each cell.
    kernel : str or None
        Name of a kernel; default: this Python.
    cwd : Path
        Working directory of the kernel.
    """

    notebook: Path
    store: Path
    result: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    first: int | None = None
    timeout_s: float | None = None
    kernel: str | None = None
    cwd: Path = Path()


@dataclass(frozen=True, slots=True)
class Report:
    """What became of it.

    Attributes
    ----------
    n_cells : int
    n_resumed : int
        How many cells were finished earlier and not run now.
    resumed_from : ExecutionId or None
    cell : int or None
        The one that it ended at, where that is not the last.
    end : End
    error : str
    duration_s : float
    """

    n_cells: int
    n_resumed: int
    resumed_from: ExecutionId | None
    cell: int | None
    end: End
    error: str
    duration_s: float


def run_notebook(order: Order, stop_wanted: Callable[[], int], step: Step, note: Note) -> Report:
    """Run a notebook in a kernel of its own while its session is recorded.

    It begins behind the last cell that an earlier run recorded in the same store had finished, as far as the cells up
    to there are unchanged. The result's file is written as the run goes on, and is whole at every moment.

    Parameters
    ----------
    order : Order
    stop_wanted : callable
        Returns how often somebody has asked for an end by now: the first time the cell is interrupted, the
        second time the kernel is killed.
    step : callable
        Called with the number of finished cells, of all, and a label.
    note : callable
        Called with each sentence that the user should read.

    Raises
    ------
    NotFoundError, UsageError, SchemaError, TrustError, KernelDiedError
    """
    book = Notebook.read(order.notebook)
    _require_places(order)
    for name in book.undeclared(order.parameters):
        note(f"the notebook's cell tagged 'parameters' does not set {name}; it is set all the same")
    book = book.with_parameters(order.parameters)
    _require_python(book, order.notebook)
    book.clear()
    step(0, len(book.cells()), "starting the kernel")
    with start_kernel(order.kernel, order.cwd, stop_wanted) as kernel:
        return _Run(order, book, kernel, stop_wanted, step, note).carry_out()


class _Run:
    """One run."""

    def __init__(
        self, order: Order, book: Notebook, kernel: Kernel, stop_wanted: Callable[[], int], step: Step, note: Note
    ) -> None:
        self._order = order
        self._book = book
        self._cells = book.cells()
        self._kernel = kernel
        self._stop_wanted = stop_wanted
        self._step = step
        self._note = note
        self._outputs = Outputs()
        self._written_at = 0.0
        self._has_failed = self._has_begun = False
        self._started = time.monotonic()

    def carry_out(self) -> Report:
        """Run the cells that are to be run; whatever ends that early, the result says so."""
        try:
            return self._carry_out()
        except BaseException as error:
            if self._has_begun:
                with suppress(StoreAccessError):  # what ended it is what the user is told
                    self._write(_status(error))
            raise

    def _carry_out(self) -> Report:
        place = self._begin()
        n_done = place.n_done if place is not None else 0
        self._has_begun = True
        self._write("running")
        last, ran = None, Ran(End.OK)
        for cell in self._cells[n_done:]:
            ran = Ran(End.INTERRUPTED, "interrupted between two cells") if self._stop_wanted() else self._run(cell)
            if ran.end is not End.OK and not (ran.end is End.ERROR and cell.may_fail):
                last = cell.number
                break
            ran = Ran(End.OK)
        if self._kernel.is_alive:
            for name, reason in self._kernel.ask(LED, "finish()")["losses"].items():
                self._note(f"the state that the run ended with can't be brought back without {name}: {reason}")
        self._write("finished" if last is None else ran.end.value)
        resumed_from = place.execution if place is not None else None
        duration_s = time.monotonic() - self._started
        return Report(len(self._cells), n_done, resumed_from, last, ran.end, ran.error, duration_s)

    def _begin(self) -> Place | None:
        """Let the kernel record, behind what is finished already; return where that is."""
        candidates = self._candidates()
        label = f"back to cell {candidates[0].n_done}" if candidates else "beginning"
        self._step(0, len(self._cells), label)
        numbers = [(int(one.execution), one.n_done) for one in candidates]
        codes = [cell.code for cell in self._cells]
        begun = self._kernel.ask(LED, f"begin({str(self._order.store.absolute())!r}, {numbers}, {codes})")
        if begun["chosen"] is None:
            if self._order.first not in (None, 1):
                raise UsageError(f"the state before cell {self._order.first} can't be brought back; leave --from away")
            if begun["passed_over"]:
                self._note(f"beginning anew (cells as in ens log: {begun['passed_over']})")
            return None
        place: Place = candidates[begun["chosen"]]
        if begun["passed_over"]:
            best = candidates[0].n_done
            self._note(f"going on behind cell {place.n_done}, not {best} (cells as in ens log: {begun['passed_over']})")
        self._tell(place, begun)
        self._take_over(place)
        return place

    def _candidates(self) -> list[Place]:
        first = self._order.first
        if first is not None and not 1 <= first <= len(self._cells):
            raise UsageError(f"there is no cell {first}: {self._order.notebook} has {len(self._cells)} that run")
        if first == 1 or not self._order.store.exists():
            if first not in (None, 1):
                raise UsageError(f"there is no store {self._order.store} to go on from; leave --from away")
            return []
        wanted = [Wanted(cell.code, cell.may_fail) for cell in self._cells]
        with Store.open(self._order.store, Config()) as store:
            executions = store.history.executions()
            adopted = [one.id for one in executions if one.kind is ExecutionKind.ADOPTED]
            started_with = {id_: _n_variables(store, id_) for id_ in adopted}
        if first is None:
            return places(wanted, executions, started_with)
        found = place_before(first, wanted, executions, started_with)
        if found is None:
            raise UsageError(f"no run in {self._order.store} came as far as cell {first}; leave --from away")
        return [found]

    def _tell(self, place: Place, begun: Mapping[str, Any]) -> None:
        cell_of = {execution: number for number, execution in enumerate(place.made_by, 1)}
        if place.differing:
            changed = ", ".join(map(str, place.differing))
            self._note(f"recorded with other code than it has now, and taken as it was: cell {changed}")
        for execution, reason in begun["outdated"]:
            if (number := cell_of.get(execution)) is not None:
                self._note(f"cell {number} was not run again although {reason}; --from {number} does")
        for text in begun["notes"]:
            self._note(text)

    def _take_over(self, place: Place) -> None:
        """Put what finished cells put out into the result."""
        with Store.open_read_only(self._order.store, Config()) as store:
            for cell, execution in zip(self._cells, place.made_by, strict=False):
                if execution is None:
                    continue
                past = store.history.execution(execution)
                made = (notebook_output(one, cell.number) for one in store.history.outputs(execution))
                cell.body["outputs"] = [one for one in made if one is not None]
                cell.body["execution_count"] = cell.number
                self._mark(cell, execution=int(execution), runtime_s=past.runtime_s, resumed=True)

    def _run(self, cell: Cell) -> Ran:
        self._step(cell.number - 1, len(self._cells), f"cell {cell.number}: {cell.line}")
        outputs: list[Json] = []
        cell.body["outputs"], cell.body["execution_count"] = outputs, cell.number
        self._outputs.begin(outputs)
        metadata = {"cellId": cell.id, "tags": list(cell.tags)}
        ran = self._kernel.run(cell.code, metadata, self._outputs.take, self._order.timeout_s, self._redraw)
        if ran.end is End.DEAD or (ran.end is not End.OK and not any(o["output_type"] == "error" for o in outputs)):
            outputs.append({"output_type": "error", "ename": "RunEnded", "evalue": ran.error, "traceback": [ran.error]})
        head = None
        if ran.end in (End.OK, End.ERROR):
            head = self._kernel.ask(LED, "after_cell()")["head"]
        self._mark(cell, execution=head, runtime_s=ran.duration_s, resumed=False)
        self._show()
        self._step(cell.number, len(self._cells), "")
        return ran

    def _mark(self, cell: Cell, **facts: Any) -> None:
        cell.body.setdefault("metadata", {})["ensession"] = facts

    def _redraw(self) -> None:
        if time.monotonic() > self._written_at + REDRAW_S:
            self._show()

    def _show(self) -> None:
        """Write the result as far as it has come; where that fails, the run goes on, and says it once."""
        try:
            self._write("running")
        except StoreAccessError as error:
            self._written_at = time.monotonic()
            if not self._has_failed:
                self._note(f"{error}; the run goes on")
            self._has_failed = True

    def _write(self, status: str) -> None:
        order = self._order
        self._book.body.setdefault("metadata", {})["ensession"] = {
            "run": {
                "store": order.store.name,
                "notebook": order.notebook.name,
                "parameters": {name: _as_json(value) for name, value in order.parameters.items()},
                "status": status,
            }
        }
        self._book.write(order.result)
        self._written_at = time.monotonic()


def _status(error: BaseException) -> str:
    """Return what the result says of a run that an error ended between two cells."""
    end = End.INTERRUPTED if isinstance(error, KeyboardInterrupt | RunInterruptedError) else End.ERROR
    return str((End.DEAD if isinstance(error, KernelDiedError) else end).value)


def _as_json(value: Any) -> Any:
    """Return a parameter as a notebook can hold it: as it is written in Python, where JSON does not know its type."""
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError):
        return repr(value)


def _n_variables(store: Store, execution: ExecutionId) -> int:
    """Return how many variables of the user's an execution bound."""
    return sum(not name.startswith("<") for name, _ in store.history.bindings(execution))


def _require_places(order: Order) -> None:
    if order.store.resolve() == order.result.resolve():
        raise UsageError(f"{order.result} can't be the store and the result; give another path (-s, -o)")
    require_free(order.result)


def _require_python(book: Notebook, path: Path) -> None:
    spec = book.body.get("metadata", {}).get("kernelspec", {})
    language = spec.get("language", "python") if isinstance(spec, dict) else "python"
    if str(language).lower() != "python":
        raise UsageError(f"{path}: it is a notebook for {language}; only Python can be recorded")
