"""Where people work: recording by itself from the startup file of the page, and what a kernel after a crash finds."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import StartKernel
from tests.kernels import Kernel

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-it-where-you-work.md"


@pytest.fixture
def next_kernel(tmp_path: Path, home: Path) -> Callable[[], Kernel]:
    """Start one kernel after the other for the notebook ``analysis.ipynb``, with the page's startup file."""
    (lines,) = re.findall(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    startup = home / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "50-ensession.ipy").write_text(lines, encoding="utf-8")
    return lambda: Kernel(tmp_path, home, {"JPY_SESSION_NAME": str(tmp_path / "analysis.ipynb")})


def test_every_notebook_records_by_itself_and_comes_back(next_kernel: Callable[[], Kernel], tmp_path: Path) -> None:
    with next_kernel() as first:
        first.run("x = [41]")
        first.run("y = x")
        first.kill()
    assert (tmp_path / "analysis.ens").exists()
    with next_kernel() as restarted:
        restarted.kill()  # nobody has run a cell in it
    with next_kernel() as second:
        assert "earlier work" in second.run("z = 1").stdout
        assert "earlier work" not in second.run("z = 1").stdout
        assert "earlier work" in second.run("%ens status").text
        told = second.run("%ens restore").text
        assert second.holds("y is x and x == [41] and 'z' not in globals()")
        assert "earlier work" not in second.run("%ens status").text
        (left,) = re.findall(r"%ens checkout (@\d+)", told)
        second.run(f"%ens checkout {left}")
        assert second.holds("z == 1 and 'x' not in globals()")


def test_without_a_move_a_second_restore_stays_where_it_is(start_kernel: StartKernel, tmp_path: Path) -> None:
    first = start_kernel("here")
    first.run(f"%ens start {tmp_path / 'work.ens'}")
    first.run("x = 1")
    first.kill()
    second = start_kernel("there")
    assert "earlier work" in second.run(f"%ens start {tmp_path / 'work.ens'}").stdout
    second.run("%ens restore")
    second.run("x += 1")
    second.run("%ens restore")
    assert second.holds("x == 2")
