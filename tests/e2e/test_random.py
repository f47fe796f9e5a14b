"""Cells that draw random numbers, run again for a restore in a real kernel: every array bit for bit as it was."""
# ruff: noqa: E501  (one cell, one line)

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Restored, StartKernel

np = pytest.importorskip("numpy")

LOOK = "__import__('hashlib').sha256(repr({expression}).encode()).hexdigest()"
BYTES = "[(a.dtype.str, a.shape, a.tobytes()) for a in map(__import__('numpy').asarray, ({names},))]"

NOTEBOOKS: dict[str, tuple[list[str], list[str]]] = {
    "random": (
        [
            "import random",
            "first = [random.random() for _ in range(500)]",  # nobody has seeded it
            "random.seed(17)\nhand = random.sample(range(10_000), 300)",
            "walk = [random.gauss(0, 1) for _ in range(301)]",  # an odd number: one is kept for later
            "random.shuffle(hand)",
            "try:\n    more = [random.expovariate(2) for _ in range(99)]\n    1 / 0\nexcept ZeroDivisionError:\n    pass",
            "def roll(n):\n    return [random.randint(1, 6) for _ in range(n)]\nrolls = roll(400) + roll(3)",
            "own = random.Random(5)\nfrom_own = [own.uniform(0, 1) for _ in range(50)]",
            "from_own += [own.gauss(0, 1) for _ in range(51)]",
        ],
        ["first", "hand", "walk", "more", "rolls", "from_own"],
    ),
    "numpy.random": (
        [
            "import numpy as np",
            "first = np.random.rand(1000)",
            "np.random.seed(3)\nnormal = np.random.standard_normal(7)",
            "order = np.random.permutation(5000)",
            "matrix = np.random.normal(size=(200, 30))\nmatrix -= matrix.mean(axis=0)",
            "np.random.shuffle(matrix)",
            "def resample(values, n=50):\n    return np.array([np.random.choice(values, 100).mean() for _ in range(n)])",
            "means = resample(normal)",
            "state = np.random.RandomState(9)\nfrom_state = state.poisson(4, 500)",
            "from_state[:10] = state.poisson(40, 10)",
        ],
        ["first", "normal", "order", "matrix", "means", "from_state"],
    ),
    "Generator": (
        [
            "import numpy as np",
            "rng = np.random.default_rng(11)\nfirst = rng.random(1000)",
            "floats = rng.standard_normal(1001, dtype='f4')",  # 32 bits of a word are kept for later
            "numbers = rng.integers(0, 1000, 501, dtype='i4')",
            "children = [np.random.Generator(np.random.Philox(s)) for s in np.random.SeedSequence(4).spawn(2)]",
            "spawned = np.concatenate([child.random(100) for child in children])",
            "rng.shuffle(first)\nagain = np.concatenate([child.normal(size=3) for child in children])",
            "def paths(n, *, generator=rng):\n    return generator.normal(size=(n, 50)).cumsum(axis=1)",
            "walks = paths(100)",
        ],
        ["first", "floats", "numbers", "spawned", "again", "walks"],
    ),
    "torch": (
        [
            "import torch",
            "first = torch.rand(1000)",
            "torch.manual_seed(2)\nnormal = torch.randn(50, 20)",
            "layer = torch.nn.Linear(20, 5)\nweights = layer.weight.detach().clone()",
            "dropped = torch.nn.functional.dropout(normal, 0.5)",
            "own = torch.Generator().manual_seed(8)\nfrom_own = torch.randperm(700, generator=own)",
            "more = torch.randint(0, 9, (300,), generator=own)",
            "for step in range(3):\n    weights += 0.01 * torch.randn_like(weights)",
            "last = torch.empty(99).uniform_()",
        ],
        ["first", "normal", "weights", "dropped", "from_own", "more", "last"],
    ),
}
AHEAD = {
    "random": "[random.random(), random.gauss(0, 1), own.random()]",
    "numpy.random": "[np.random.normal(), np.random.rand(), state.rand()]",
    "Generator": "[rng.random(dtype='f4'), rng.normal(), children[1].random()]",
    "torch": "[torch.rand(2), torch.rand(2, generator=own)]",
}


@pytest.mark.parametrize("library", NOTEBOOKS)
def test_random_numbers_come_out_bit_for_bit_when_their_cells_run_again(
    library: str, start_kernel: StartKernel, move: Callable[..., Restored], tmp_path: Path
) -> None:
    if library == "torch":
        pytest.importorskip("torch", reason="PyTorch is not installed: make fidelity brings it")
    cells, names = NOTEBOOKS[library]
    store = tmp_path / "here" / "random.ens"
    look = LOOK.format(expression=BYTES.format(names=", ".join(names)))

    with start_kernel("here") as kernel:
        kernel.run(f"%ens start {store}")
        for cell in cells:
            kernel.run(cell)
        before, ahead = kernel.value(look), kernel.value(AHEAD[library])
        kernel.kill()
    drop_payloads(store, names)
    restored = move(store)
    restored.assert_accounted_for()
    assert {restored.fates[name] for name in names} == {"recomputed"}, "else this test says nothing"
    assert restored.kernel.value(look) == before
    assert restored.kernel.value(AHEAD[library]) == ahead, "the generators go on where they were"


def drop_payloads(store: Path, names: list[str]) -> None:
    """Take the payloads of some variables out of a store: only running their cells brings them back."""
    with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as database:
        for name in names:
            chosen = "(SELECT version FROM binding WHERE name = ?)"
            for table, column in (("payload_chunk", "payload"), ("payload_part", "payload"), ("payload", "version")):
                database.execute(f"DELETE FROM {table} WHERE {column} IN {chosen}", (name,))
