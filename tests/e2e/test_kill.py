"""SIGKILL at random moments (invariant 3): what was answered is there, and what is there can be restored."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Ens, Restored, StartKernel
from tests.figures import tried
from tests.kernels import Kernel, KernelDied

N_CELLS = 30
N_QUICK_ROUNDS = int(os.environ.get("ENSESSION_KILL_ROUNDS", "6"))
N_SLOW_ROUNDS = 200

# Every cell adds its number to what the ones before it left, through names that share the same list.
FIRST = "seen = []\nalias = seen\nstate = {'seen': seen, 'blob': bytes(300_000)}\ndef note(n):\n    alias.append(n)"
LATER = "note({n})\ntotal = sum(seen)\nstate['blob'] = bytes([{n}]) * 300_000\nvalue_{n} = list(range({n} * 100))"


def _cells() -> list[str]:
    return [FIRST, *(LATER.format(n=n) for n in range(1, N_CELLS))]


def _facts(n_last: int) -> list[str]:
    """What holds after cell ``n_last``."""
    blob = "bytes(300_000)" if n_last == 0 else f"bytes([{n_last}]) * 300_000"
    facts = [
        f"seen == list(range(1, {n_last + 1}))",
        "alias is seen and state['seen'] is seen and note.__globals__ is globals()",
        f"state['blob'] == {blob}",
        f"all(globals()[f'value_{{n}}'] == list(range(n * 100)) for n in range(1, {n_last + 1}))",
    ]
    return facts if n_last == 0 else [*facts, "total == sum(seen)"]


def _run_until_killed(kernel: Kernel, delay_s: float) -> int:
    """Run the cells, kill the kernel after ``delay_s``, and return how many of them were answered."""
    timer = threading.Timer(delay_s, kernel.kill, kwargs={"after_s": 0})
    timer.start()
    n_answered = 0
    try:
        for cell in _cells():
            assert kernel.execute(cell).status == "ok"
            n_answered += 1
    except KernelDied:
        pass
    finally:
        timer.join()
    return n_answered


def _one_round(
    start_kernel: StartKernel, restore_in: Callable[..., Restored], ens: Ens, folder: Path, delay_s: float
) -> None:
    kernel = start_kernel(f"{folder.name}/recorded")
    store = folder / "recorded" / "work.ens"
    kernel.run(f"%ens start {store}")
    n_answered = _run_until_killed(kernel, delay_s)
    kernel.close()

    ens.assert_clean(store)
    listing = ens.json("log", store)
    rows = listing["executions"] if isinstance(listing, dict) else listing
    logged = [row["code"] for row in sorted(rows, key=lambda row: row["id"]) if row["kind"] == "cell"]
    assert logged == _cells()[: len(logged)]
    assert n_answered <= len(logged) <= n_answered + 1
    if logged:
        restored = restore_in(f"{folder.name}/restored", store)
        restored.assert_accounted_for()
        wrong = [fact for fact in _facts(len(logged) - 1) if not restored.kernel.holds(fact)]
        assert wrong == [], json.dumps({"answered": n_answered, "logged": len(logged), "fates": restored.fates})
        restored.kernel.close()


def _duration_s(start_kernel: StartKernel, store: Path) -> float:
    """Return how long the cells take when nobody interferes."""
    kernel = start_kernel("timing")
    kernel.run(f"%ens start {store}")
    started = time.perf_counter()
    for cell in _cells():
        kernel.run(cell)
    duration_s = time.perf_counter() - started
    kernel.close()
    return duration_s


def _rounds(
    n_rounds: int, seed: int, start_kernel: StartKernel, restore_in: Callable[..., Restored], ens: Ens, tmp_path: Path
) -> None:
    duration_s = _duration_s(start_kernel, tmp_path / "timing.ens")
    moments = random.Random(seed)
    for number in range(n_rounds):
        _one_round(start_kernel, restore_in, ens, tmp_path / f"round-{number}", moments.uniform(0.0, duration_s))
        tried("SIGKILL of a kernel at a random moment")


def test_a_kill_at_a_random_moment_loses_nothing_that_was_answered(
    start_kernel: StartKernel, restore_in: Callable[..., Restored], ens: Ens, tmp_path: Path
) -> None:
    _rounds(N_QUICK_ROUNDS, 20130101, start_kernel, restore_in, ens, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_hundred_kills(
    start_kernel: StartKernel, restore_in: Callable[..., Restored], ens: Ens, tmp_path: Path
) -> None:
    _rounds(N_SLOW_ROUNDS, 336776, start_kernel, restore_in, ens, tmp_path)
