"""Places of their own: with IPython and without, nothing of the process is different afterwards."""

from __future__ import annotations

import builtins
import os
import random
import sys
from pathlib import Path

import pytest

from ensession.browse import scratch
from ensession.browse.scratch import scratch_bench


@pytest.fixture(params=["IPython", "plain"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "plain":
        monkeypatch.setattr(scratch, "find_spec", lambda name: None)
    return str(request.param)


def outside() -> tuple[object, ...]:
    """Return what a cell may reach of the process."""
    hooks = (sys.displayhook, sys.excepthook, sys.stdout, sys.stderr)
    return (sys.modules["__main__"], random.getstate(), os.getcwd(), list(sys.path), set(vars(builtins)), hooks)


@pytest.mark.usefixtures("kind")
def test_a_cell_runs_and_leaves_nothing_outside(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = outside()
    with scratch_bench() as bench:
        bench.replace({"x": 2})
        code = f"import os, random\nrandom.seed(1)\nos.chdir({str(tmp_path)!r})\ny = x + 1\nprint('loud')"
        assert bench.run(code + "\ndef f(): return y") is None
        found = bench.variables()
        assert (found["y"], found["f"].__module__) == (3, "__main__")
        assert sys.modules["__main__"].__dict__ is bench.namespace
    assert outside() == before
    assert found["f"]() == 3
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore:To exit")  # what IPython tells who calls exit
@pytest.mark.usefixtures("kind")
def test_what_a_cell_raises_is_returned() -> None:
    before = outside()
    with scratch_bench() as bench:
        assert isinstance(bench.run("1/0"), ZeroDivisionError)
        assert isinstance(bench.run("this is no Python"), SyntaxError)
        assert isinstance(bench.run("import sys; sys.exit(3)"), SystemExit)
        assert bench.run("z = 1") is None
    assert outside() == before


def test_an_interrupt_goes_through_and_everything_is_put_back(kind: str) -> None:
    del kind
    before = outside()
    with pytest.raises(KeyboardInterrupt), scratch_bench() as bench:
        bench.run("import random; random.seed(2)\nraise KeyboardInterrupt")
    assert outside() == before


def test_magics_need_ipython(kind: str) -> None:
    with scratch_bench() as bench:
        error = bench.run("%time x = 1")
        if kind == "plain":
            assert "ensession[notebook]" in str(error)
        else:
            assert error is None
            assert bench.variables()["x"] == 1
