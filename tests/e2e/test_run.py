"""``ens run`` in real processes: recorded, killed, resumed, stopped. What ran is read from the store itself."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.figures import tried
from tests.kernels import COLOURS, kernel_environment

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-in-batch.md"
WAIT_S = 60.0
DIE = "import os, signal\nif os.path.exists({name!r}):\n    os.kill(os.getppid(), 9); os.kill(os.getpid(), 9)\n"
"""A cell that takes its runner and itself with it, where a file says so."""


class Batch:
    """A folder with a notebook, and the command run in it."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.store, self.result = folder / "book.ens", folder / "book.out.ipynb"
        self._env = kernel_environment(home)

    def write(self, cells: Sequence[str | tuple[str, str]]) -> None:
        """Write the notebook; a pair is a cell and its tag."""
        pairs = [cell if isinstance(cell, tuple) else (cell, "") for cell in cells]
        bodies = [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {"tags": [tag]} if tag else {},
                "source": code.splitlines(keepends=True),
                "outputs": [],
                "execution_count": None,
            }
            for number, (code, tag) in enumerate(pairs)
        ]
        book = {"cells": bodies, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (self.folder / "book.ipynb").write_text(json.dumps(book))

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start ``ens run``."""
        command = [str(Path(sys.executable).with_name("ens")), "run", "book.ipynb", *options]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.folder, env=self._env, stdout=pipe, stderr=pipe, text=True)

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        process = self.start(*options)
        try:
            stdout, stderr = process.communicate(timeout=240)
        finally:
            process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def must_run(self, *options: str) -> str:
        """Run it; return what it says on stderr."""
        done = self.run(*options)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def outputs(self) -> list[list[dict[str, Any]]]:
        """Return the outputs of the result's code cells."""
        return [cell["outputs"] for cell in json.loads(self.result.read_text())["cells"]]

    def texts(self) -> list[str]:
        """Return the outputs as text, by cell."""
        return [
            "".join(one.get("text", "") + one.get("data", {}).get("text/plain", "") for one in outputs)
            for outputs in self.outputs()
        ]

    def runs(self) -> Counter[str]:
        """Return how often each cell ran to its end: as a cell, or again to bring a state back."""
        with closing(sqlite3.connect(self.store)) as store:
            codes = dict(store.execute("SELECT id, code FROM execution WHERE kind = 'cell'"))
            ended = store.execute("SELECT id FROM execution WHERE kind = 'cell' AND outcome = 'ok'").fetchall()
            plans = [json.loads(plan) for (plan,) in store.execute("SELECT plan FROM restore_run")]
        again = [step["execution"] for plan in plans for step in plan["steps"] if step["kind"] == "run"]
        return Counter(codes[id_] for id_ in [*(id_ for (id_,) in ended), *again])


@pytest.fixture
def batch(tmp_path: Path, home: Path) -> Batch:
    return Batch(tmp_path / "batch", home)


def test_a_startup_file_that_records_every_kernel_leaves_a_run_alone(batch: Batch, home: Path) -> None:
    (lines,) = re.findall(r"```text\n(.*?)```", PAGE.with_name("use-it-where-you-work.md").read_text("utf-8"), re.S)
    startup = home / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "50-ensession.ipy").write_text(lines, encoding="utf-8")
    (startup / "60-own.py").write_text("from_startup = 6", encoding="utf-8")
    told = "ens run records this session; nothing to do here.\n"
    for last, wanted in (("x.missing", ["", told, "False"]), ("x", ["", "", "False", "[6]"])):  # the second goes on
        batch.write(["x = [from_startup]", "%ens start other.ens", "import os\n'ENSESSION_LED' in os.environ", last])
        done = batch.run()
        assert done.returncode == (13 if last == "x.missing" else 0), done.stderr
        assert batch.texts()[: len(wanted)] == wanted
    assert [path.name for path in batch.folder.glob("*.ens")] == ["book.ens"]


def test_a_run_goes_on_where_a_cell_failed_and_from_a_changed_cell_on(batch: Batch) -> None:
    cells: list[str | tuple[str, str]] = [
        ("n = 3", "parameters"),
        "import time\ntime.sleep(1)\nslow = list(range(n * 10_000))",
        "print('counted', len(slow))\nlen(slow)",
        "with open('note.txt', 'w') as file: file.write('x')",
        "1 / zero",
        "total = sum(slow)\ntotal",
    ]
    batch.write(cells)
    failed = batch.run("-p", "n=4")
    assert failed.returncode == 13
    assert "cell 6" in failed.stderr
    assert "NameError" in failed.stderr
    error = batch.outputs()[5][0]
    assert (error["output_type"], error["ename"]) == ("error", "NameError")
    assert "1 / zero" in COLOURS.sub("", "".join(error["traceback"]))
    assert batch.outputs()[6] == []

    cells[4] = "fixed = 1 / 2"
    batch.write(cells)
    assert "back to cell 5" in batch.must_run("-p", "n=4")  # its closed file can't come back, and nothing needs it
    assert batch.texts()[3:] == ["counted 40000\n40000", "", "", str(sum(range(40_000)))]
    assert batch.runs()["import time\ntime.sleep(1)\nslow = list(range(n * 10_000))"] == 1

    again = batch.must_run("-p", "n=5")  # another parameter: from its cell on
    assert "back to cell 1" in again
    assert batch.texts()[3] == "counted 50000\n50000"
    book = json.loads(batch.result.read_text())
    assert [cell["execution_count"] for cell in book["cells"]] == [1, 2, 3, 4, 5, 6, 7]
    assert book["cells"][1]["source"] == "# Parameters\nn = 5"
    assert book["metadata"]["ensession"]["run"]["status"] == "finished"


def test_a_killed_run_goes_on_without_running_a_finished_expensive_cell_again(batch: Batch) -> None:
    _killed_at_each_cell(batch, n_cells=3, kill_at=(3,))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_run_of_twenty_cells_may_be_killed_at_each_of_them(batch: Batch) -> None:
    _killed_at_each_cell(batch, n_cells=20, kill_at=tuple(range(1, 21)))


def _killed_at_each_cell(batch: Batch, n_cells: int, kill_at: Sequence[int]) -> None:
    cells = ["import time, random\nrandom.seed(7)\nkept = []" + "\n" + DIE.format(name="die-1")]
    for number in range(2, n_cells + 1):
        slow = "time.sleep(1)\n" if number % 2 == 0 else ""
        work = f"v{number} = [random.random() for _ in range(2000)]\nkept.append(v{number})\nprint(sum(map(sum, kept)))"
        cells.append(f"{DIE.format(name=f'die-{number}')}{slow}{work}")
    batch.write(cells)
    for number in kill_at:
        marker = batch.folder / f"die-{number}"
        marker.touch()
        done = batch.run()
        assert done.returncode == -signal.SIGKILL, done.stderr
        marker.unlink()
        assert [bool(outputs) for outputs in batch.outputs()] == [False, *(n < number for n in range(2, n_cells + 1))]
        tried("SIGKILL of a batch run in a cell, gone on from there")
    batch.must_run()
    resumed = batch.texts()
    counts = batch.runs()
    assert {cells[number - 1]: counts[cells[number - 1]] for number in range(2, n_cells + 1, 2)} == {
        cells[number - 1]: 1 for number in range(2, n_cells + 1, 2)
    }

    whole = Batch(batch.folder.with_name("whole"), Path(batch._env["HOME"]))
    whole.write(cells)
    whole.must_run()
    assert whole.texts() == resumed


def test_a_cell_that_takes_too_long_is_interrupted(batch: Batch) -> None:
    batch.write(["x = 1", "import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.05)", "x"])
    done = batch.run("--timeout", "2")
    assert done.returncode == 14, done.stderr
    assert "it took longer than 2 s (--timeout)" in done.stderr
    assert batch.texts()[1] == "begun\n"
    assert [one["output_type"] for one in batch.outputs()[1]] == ["stream", "error"]
    batch.write(["x = 1", "y = x + 1", "y"])
    assert "back to cell 1" in batch.must_run("--timeout", "60")
    assert batch.texts()[2] == "2"


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_run_that_is_stopped_ends_its_cell_and_says_so(batch: Batch, number: int) -> None:
    started = "import time, os\nos.environ['BEGUN'] = '1'\nopen('begun', 'x').close()\nwhile True: time.sleep(0.05)"
    batch.write(["x = 1", started])
    process = batch.start()
    _wait_for(batch.folder / "begun", process)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130, stderr
    assert "KeyboardInterrupt" in batch.outputs()[1][0]["ename"]
    with closing(sqlite3.connect(batch.store)) as store:
        assert store.execute("SELECT outcome FROM execution WHERE kind = 'cell'").fetchall() == [
            ("ok",),
            ("interrupted",),
        ]
        assert store.execute("SELECT count(*) FROM kernel_run WHERE ended_at IS NULL").fetchone() == (0,)


@pytest.mark.slow
def test_a_kernel_that_dies_ends_the_run_and_the_next_one_goes_on(batch: Batch) -> None:
    batch.write(["x = 1", "import os\nif os.path.exists('die'): os._exit(1)\nx + 1"])
    (batch.folder / "die").touch()
    done = batch.run()
    assert done.returncode == 15, done.stderr
    assert "the kernel died" in batch.outputs()[1][0]["evalue"]
    (batch.folder / "die").unlink()
    assert "back to cell 1" in batch.must_run()
    assert batch.texts()[1] == "2"


@pytest.mark.slow
def test_a_cell_can_be_chosen_to_begin_with(batch: Batch) -> None:
    batch.write(["x = 1", "y = x + 1", "print(y)"])
    batch.must_run()
    batch.write(["x = 1  # the same", "y = x + 1", "print(y, y)"])
    said = batch.must_run("--from", "3")
    assert "taken as it was: cell 1" in said
    assert batch.texts()[2] == "2 2\n"
    assert batch.runs()["x = 1"] == 1
    nowhere = batch.run("--from", "7")
    assert nowhere.returncode == 2
    assert "3 that run" in nowhere.stderr


@pytest.mark.slow
def test_notebooks_that_record_themselves_run_too(batch: Batch) -> None:
    batch.write(["%load_ext ensession\n%ens start other.ens", "x = 1", "%ens tag here", "x + 1", "%ens stop"])
    batch.must_run()
    batch.must_run()
    assert not (batch.folder / "other.ens").exists()
    assert batch.texts()[3] == "2"
    with closing(sqlite3.connect(batch.store)) as store:
        assert store.execute("SELECT name FROM tag").fetchall() == [("here",)]


def test_the_how_to_page_does_what_it_says(batch: Batch) -> None:
    page = PAGE.read_text(encoding="utf-8")
    sources = re.findall(r"```python\n(.*?)```", page, re.S)
    batch.write([(sources[0].rstrip(), "parameters"), *(source.rstrip() for source in sources[1:])])
    (batch.folder / "book.ipynb").rename(batch.folder / "analysis.ipynb")
    program = Path(sys.executable).with_name("ens")
    for line in re.findall(r"^\s*\$ ens (.*)$", page, re.M):
        done = subprocess.run(
            [program, *line.split()], cwd=batch.folder, env=batch._env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
        assert os.fspath(batch.folder) not in done.stdout
    result = json.loads((batch.folder / "report.ipynb").read_text())
    assert result["cells"][-1]["outputs"][0]["data"]["text/plain"] == "1999000"


def _wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
