"""The synthetic notebooks: cells that set the scene, and cells that are measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Workload:
    """A notebook that asks one question.

    Attributes
    ----------
    question : str
    setting : Sequence[str]
        Cells that run first; they are recorded, and their time counts apart.
    cells : Sequence[str]
        Cells that are measured.
    flags : str
        For ``%ens start``: where the question is what states take, all of them are stored.
    """

    question: str
    setting: Sequence[str]
    cells: Sequence[str]
    flags: str = ""


def array(scale: float) -> Workload:
    """512 MB, read by ten cells, one element changed in place five times."""
    n = int(64 * 2**20 * scale)
    reads = [f"total = float(big[{k} :: 1024].sum())" for k in range(10)]
    changes = [f"big[{(k * 999_983) % n}] = {k}.5" for k in range(5)]
    setting = ["import numpy as np", f"big = np.random.default_rng(1).random({n})"]
    return Workload("a large array that is read, and changed in one place", setting, [*reads, *changes], "--all")


def dicts(scale: float) -> Workload:
    """1,000,000 small dicts, twenty replaced per cell."""
    n = int(1_000_000 * scale)
    item = '{"id": i, "name": f"user {i}", "score": chance.random()}'
    make = f"import random\nchance = random.Random(1)\nitems = [{item} for i in range({n})]"
    change = (
        "for place in chance.sample(range(len(items)), 20):\n"
        '    items[place] = {"id": place, "name": "changed " * 3, "score": chance.random()}'
    )
    return Workload("many small objects, a few of them replaced", [make], [change] * 5, "--all")


def blobs(scale: float) -> Workload:
    """1,000 byte strings of 100 kB, ten replaced per cell."""
    n = int(1000 * scale)
    make = f"import random\nchance = random.Random(1)\nblobs = [chance.randbytes(100_000) for _ in range({n})]"
    change = "for place in chance.sample(range(len(blobs)), 10):\n    blobs[place] = chance.randbytes(100_000)"
    return Workload("large objects in a list, a few of them replaced", [make], [change] * 10, "--all")


def many(scale: float) -> Workload:
    """5,000 untouched variables, 200 trivial cells."""
    make = f'for i in range({int(5000 * scale)}):\n    globals()[f"variable_{{i}}"] = [i]'
    return Workload("trivial cells beside thousands of variables", [make], [f"a = {k}" for k in range(200)])


def long(scale: float) -> Workload:
    """Thousands of trivial cells; the first and the last two hundred are compared."""
    return Workload(
        "the cost of a trivial cell as the history grows", [], [f"a = {k}" for k in range(int(10_000 * scale))]
    )


def cheap_big(scale: float) -> Workload:
    """1 GB made in a third of a second: must not be stored."""
    n = int(128 * 2**20 * scale)
    cells = [f"zeros = np.full({n}, 1.5)", f"ramp = np.arange({n}, dtype=float)"]
    return Workload("much that is cheap to make again", ["import numpy as np"], cells)


WORKLOADS: dict[str, Callable[[float], Workload]] = {
    "array": array,
    "dicts": dicts,
    "blobs": blobs,
    "many": many,
    "long": long,
    "cheap-big": cheap_big,
}
