"""Memory that a look needed for itself goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ensession import heap

CODE = """
import gc, sys
from ensession import heap
from ensession.capture import pausing

def resident():
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * 4096

heap.WORTH_IT_S = float(sys.argv[1])
before = resident()
with pausing.collector_paused():
    pieces = [b"x" * 100_000 for _ in range(1000)]
    above = [b"x" * 100_000 for _ in range(10)]  # what is in use above it keeps the C library from giving it back
    del pieces
print((resident() - before) // 2**20)
"""


def left_mb(worth_it_s: float) -> int:
    """Return how much larger a process is after a look that needed 100 MB for itself."""
    done = subprocess.run([sys.executable, "-c", CODE, str(worth_it_s)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc that can do this")
def test_a_long_look_leaves_no_memory_behind() -> None:
    assert left_mb(0.0) < left_mb(1e9) - 60


def test_a_short_look_does_not_pay_for_it() -> None:
    code = """
from ensession import heap
from ensession.capture import pausing
def refuse(): raise AssertionError
heap._trim = refuse
with pausing.collector_paused():
    pass
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_where_giving_back_takes_long_only_long_looks_pay_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    trims = []
    monkeypatch.setattr(heap, "_trim", lambda: trims.append)
    monkeypatch.setattr(heap, "_lately_s", 0.02)  # as in a large heap with free memory scattered over it
    heap.give_back_after(0.15)
    assert not trims
    heap.give_back_after(0.25)
    assert len(trims) == 1
    heap.give_back_after(0.15)  # by now it takes no time
    assert len(trims) == 2
