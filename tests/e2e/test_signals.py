"""Signals from outside in the middle of a move or of a lazy load, in real kernels: all or nothing, for the user too."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import Ens, StartKernel
from tests.kernels import Kernel, KernelDied

DEADLINE_S = 30
WAITING = """\
import pathlib, time
def wait(what):
    gate, mark = pathlib.Path({gate!r}), pathlib.Path({mark!r})
    if gate.exists():
        mark.write_text(what)
        time.sleep(60)"""
SLOW = """\
%%ens never
class Slow:
    def __init__(self):
        self.v = bytes(20_000_000)  # so much is not loaded in the pause between two cells
    def __setstate__(self, state):
        wait("load")
        self.__dict__.update(state)
slow = Slow()
other = [1]; pair = (other, slow)"""
MADE = "wait('run')\nmade = (n for n in range(3))"
LATER = "del slow, pair, made\nother.append(2)\nlast = [other]"
IDS = "{n: id(v) for n, v in globals().items() if n in ('other', 'last', 'Slow', 'wait', 'slow', 'pair', 'made')}"


class Gate:
    """A file that makes recorded code wait where it is, and one that says that it does."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "gate"
        self.mark = folder / "mark"

    def cell(self) -> str:
        return WAITING.format(gate=str(self.path), mark=str(self.mark))

    @contextmanager
    def shut(self, kernel: Kernel, number: int) -> Iterator[None]:
        """Let the code wait, and send the kernel a signal once it does."""
        self.path.touch()

        def send() -> None:
            deadline = time.monotonic() + DEADLINE_S
            while not (self.mark.exists() and self.mark.read_text()) and time.monotonic() < deadline:
                time.sleep(0.01)
            os.kill(kernel.pid, number)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield
        finally:
            sender.join()
            self.path.unlink()

    def met(self) -> str:
        """Return where the code waited."""
        said = self.mark.read_text()
        self.mark.unlink()
        return said


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def _record(kernel: Kernel, store: Path, gate: Gate) -> None:
    kernel.run(f"%ens start {store} --all")
    for cell in (gate.cell(), SLOW, MADE, LATER):
        kernel.run(cell)
    kernel.run("%ens flush")


def _head(kernel: Kernel) -> str:
    return kernel.value("get_ipython().find_line_magic('ens').session.head")


def test_an_interrupt_in_a_move_leaves_every_object(
    start_kernel: StartKernel, tmp_path: Path, ens: Ens, gate: Gate
) -> None:
    kernel, store = start_kernel("one"), tmp_path / "s.ens"
    _record(kernel, store, gate)
    before = kernel.value(IDS), _head(kernel)
    for command, where in (("checkout @3", "load"), ("undo", "load"), ("checkout @4", "load")):
        with gate.shut(kernel, signal.SIGINT):
            said = kernel.fails(f"%ens {command}").error
        assert "KeyboardInterrupt" in said
        assert gate.met() == where
        assert (kernel.value(IDS), _head(kernel)) == before
    kernel.run("assert other == [1, 2] and last[0] is other")
    kernel.run("%ens checkout @4")
    kernel.run("assert other == [1] and pair[0] is other and pair[1] is slow and list(made) == [0, 1, 2]")
    ens.assert_clean(store)


def test_an_interrupt_in_a_cell_that_runs_again(start_kernel: StartKernel, tmp_path: Path, gate: Gate) -> None:
    kernel, store = start_kernel("one"), tmp_path / "s.ens"
    kernel.run(f"%ens start {store} --all")
    for cell in (gate.cell(), "other = [1]", MADE, "del made\nother.append(2)\nlast = [other]"):
        kernel.run(cell)
    before = kernel.value(IDS), _head(kernel)
    with gate.shut(kernel, signal.SIGINT):
        assert "KeyboardInterrupt" in kernel.fails("%ens undo").error
    assert gate.met() == "run"
    assert (kernel.value(IDS), _head(kernel)) == before
    assert kernel.holds("other == [1, 2] and last[0] is other")
    kernel.run("%ens undo")
    kernel.run("assert other == [1] and list(made) == [0, 1, 2]")


def test_an_interrupt_in_a_lazy_load(start_kernel: StartKernel, tmp_path: Path, gate: Gate) -> None:
    first, store = start_kernel("one"), tmp_path / "s.ens"
    _record(first, store, gate)
    first.kill()
    kernel = start_kernel("two")
    kernel.run(f"%ens restore {store} @3 --lazy")
    with gate.shut(kernel, signal.SIGINT):
        said = kernel.fails("begun = 1\nslow.v").error
    assert "interrupted" in said
    assert gate.met() == "load"
    assert "NameError" in kernel.fails("begun").error
    status = kernel.run("%ens status").text
    assert all(name in status.partition("Awaited:")[2] for name in ("other", "pair", "slow"))
    kernel.run("assert len(slow.v) == 20_000_000 and pair[1] is slow and pair[0] is other")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["checkout @3", "undo 1", "load", "cell"])
def test_a_kill_in_the_middle_costs_nothing(
    start_kernel: StartKernel, tmp_path: Path, ens: Ens, gate: Gate, command: str
) -> None:
    kernel, store = start_kernel("one"), tmp_path / "s.ens"
    _record(kernel, store, gate)
    state = ""
    if command in {"load", "cell"}:
        kernel.kill()
        kernel, state = start_kernel("two"), "@4"
        kernel.run(f"%ens restore {store} {state} --lazy")
    with gate.shut(kernel, signal.SIGKILL), pytest.raises(KernelDied):
        kernel.run("slow.v" if command == "cell" else f"%ens {command}")
    assert gate.met() in {"load", "run"}
    ens.assert_clean(store)
    again = start_kernel("three")
    again.run(f"%ens restore {store} {state}")
    if state:
        again.run("assert other == [1] and pair[0] is other and pair[1] is slow and list(made) == [0, 1, 2]")
    else:
        again.run("assert other == [1, 2] and last[0] is other and 'slow' not in globals()")
