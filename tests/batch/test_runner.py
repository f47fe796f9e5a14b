"""A run with a kernel that is none: what the runner itself makes of trouble."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ensession.batch import runner
from ensession.batch.book import Notebook, parse_parameter
from ensession.batch.kernel import End, Ran
from ensession.errors import KernelDiedError, RunError, RunInterruptedError, StoreAccessError, UsageError

CELLS = [
    {"cell_type": "code", "id": str(n), "metadata": {}, "source": f"x = {n}", "outputs": [], "execution_count": None}
    for n in range(3)
]


class Kernel:
    """Answers as a kernel would, and calls something while the second cell runs."""

    is_alive = True

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self.n_cells = 0
        self._meanwhile = meanwhile

    def ask(self, *_: Any) -> dict[str, Any]:
        return {"chosen": None, "passed_over": "", "losses": {}, "head": 1}

    def run(self, _code: str, _metadata: Any, _take: Any, _timeout_s: Any, redraw: Callable[[], None]) -> Ran:
        self.n_cells += 1
        if self.n_cells == 2:
            self._meanwhile()
            redraw()
            redraw()
        return Ran(End.OK)


def run(tmp_path: Path, kernel: Kernel, *parameters: str) -> tuple[runner.Report, list[str]]:
    (tmp_path / "n.ipynb").write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": CELLS}), encoding="utf-8"
    )
    (tmp_path / "out").mkdir()
    given = dict(map(parse_parameter, parameters))
    order = runner.Order(tmp_path / "n.ipynb", tmp_path / "n.ens", tmp_path / "out" / "r.ipynb", given)
    book, notes = Notebook.read(order.notebook).with_parameters(order.parameters), list[str]()
    made: Any = runner._Run(order, book, kernel, lambda: 0, lambda *_: None, notes.append)  # type: ignore[arg-type]
    return made.carry_out(), notes


def test_a_result_that_can_not_be_shown_for_a_while_ends_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "REDRAW_S", -1.0)
    out = tmp_path / "out"

    def away() -> None:
        out.rename(tmp_path / "elsewhere")

    kernel = Kernel(away)
    real, writes = Notebook.write, []

    def write(book: Notebook, path: Path) -> None:
        writes.append(path)
        if len(writes) == 5:  # behind the second cell it is back
            (tmp_path / "elsewhere").rename(out)
        real(book, path)

    monkeypatch.setattr(Notebook, "write", write)
    report, notes = run(tmp_path, kernel)
    assert (report.end, kernel.n_cells) == (End.OK, 3)
    assert [note for note in notes if "the run goes on" in note] == notes
    assert len(notes) == 1
    assert json.loads((out / "r.ipynb").read_text())["metadata"]["ensession"]["run"]["status"] == "finished"


def test_a_result_that_can_not_be_written_in_the_end_is_an_error(tmp_path: Path) -> None:
    kernel = Kernel(lambda: shutil.rmtree(tmp_path / "out"))
    with pytest.raises(StoreAccessError, match="can't be written"):
        run(tmp_path, kernel)
    assert kernel.n_cells == 3


def test_parameters_that_json_does_not_know_are_written_as_in_python(tmp_path: Path) -> None:
    run(tmp_path, Kernel(lambda: None), "a={1}", "b=[1, 2]")
    written = json.loads((tmp_path / "out" / "r.ipynb").read_text())
    assert written["metadata"]["ensession"]["run"]["parameters"] == {"a": "{1}", "b": [1, 2]}


class Mortal(Kernel):
    """Dies as soon as it is asked what a cell led to, or how the run ends."""

    def __init__(self, dies_at: str, error: BaseException) -> None:
        super().__init__(bool)
        self._dies_at = dies_at
        self._error = error

    def ask(self, *words: Any) -> dict[str, Any]:
        if words[1].startswith(self._dies_at):
            raise self._error
        return super().ask(*words)


@pytest.mark.parametrize("dies_at", ["after_cell", "finish"])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KernelDiedError("it died"), "dead"),
        (RunInterruptedError("stopped"), "interrupted"),
        (KeyboardInterrupt(), "interrupted"),
        (RunError("it could not record"), "error"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_the_result_of_a_run_that_ends_between_two_cells_says_so(
    dies_at: str, error: BaseException, status: str, tmp_path: Path
) -> None:
    with pytest.raises(type(error)):
        run(tmp_path, Mortal(dies_at, error))
    body = json.loads((tmp_path / "out" / "r.ipynb").read_text(encoding="utf-8"))
    assert body["metadata"]["ensession"]["run"]["status"] == status


def test_a_run_that_does_not_begin_leaves_an_earlier_result_alone(tmp_path: Path) -> None:
    with pytest.raises(KernelDiedError):
        run(tmp_path, Mortal("begin", KernelDiedError("it died")))
    assert not (tmp_path / "out" / "r.ipynb").exists()


@pytest.mark.parametrize("result", ["n.ens", "away/../n.ens", "other.ens"])
def test_a_result_never_takes_the_place_of_a_store(result: str, tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    body = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": CELLS}
    (tmp_path / "n.ipynb").write_text(json.dumps(body), encoding="utf-8")
    (tmp_path / "other.ens").write_bytes(b"SQLite format 3\0")
    order = runner.Order(tmp_path / "n.ipynb", tmp_path / "n.ens", tmp_path / result)
    with pytest.raises(UsageError, match="give another path"):
        runner.run_notebook(order, lambda: 0, lambda *_: None, lambda _: None)
    assert (tmp_path / "other.ens").read_bytes() == b"SQLite format 3\0"
