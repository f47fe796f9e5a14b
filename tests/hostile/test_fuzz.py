"""Stores with random bytes and random rows: reading one ends, with something to show or an error of ours."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.fuzz import Fuzzer

GROWTH_BYTES = 300 * 2**20


@pytest.fixture
def fuzzer(tmp_path: Path) -> Iterator[Fuzzer]:
    """Return a fuzzer; its files are in memory where the system has a place for that."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Fuzzer(Path(folder))


def n_resident_bytes() -> int:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_mutated_stores(fuzzer: Fuzzer) -> None:
    fuzzer.cases(range(300))
    assert fuzzer.counts["a look showed something"] > 300


def test_what_once_broke_a_reader(fuzzer: Fuzzer) -> None:
    fuzzer.cases((3_164, 31_850, 50_720, 65_658, 88_039))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_hundred_thousand_mutated_stores(fuzzer: Fuzzer) -> None:
    before = n_resident_bytes()
    fuzzer.cases(range(1_000, 101_000))
    assert n_resident_bytes() - before < GROWTH_BYTES
    print(dict(fuzzer.counts))
