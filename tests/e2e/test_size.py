"""How much a store grows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Ens, StartKernel

pytest.importorskip("numpy")

MIB = 2**20


def _store_bytes(store: Path) -> int:
    """Size of a store that nobody has open: all of it is in the one file."""
    beside = [path for suffix in ("-wal", "-journal") if (path := Path(f"{store}{suffix}")).exists()]
    return store.stat().st_size + sum(path.stat().st_size for path in beside)


# A cell that takes longer to run than its result takes to load is one whose result gets stored.
COSTLY = "import time; time.sleep({seconds})\n"


@pytest.mark.slow
def test_one_element_of_a_large_array_costs_little(start_kernel: StartKernel, tmp_path: Path, ens: Ens) -> None:
    store = tmp_path / "array.ens"
    kernel = start_kernel("here")
    sizes = []
    for cell in (
        "import numpy as np\narray = np.random.default_rng(7).integers(0, 2**63, size=2**26)",
        "array[12_345_678] = 1",
    ):
        kernel.run(f"%ens start {store}")
        kernel.run(COSTLY.format(seconds=5) + cell)
        kernel.run("%ens stop")
        sizes.append(_store_bytes(store))
    assert kernel.holds("array.nbytes == 512 * 2**20")
    kernel.shut_down()
    assert sizes[0] > 300 * MIB, "the array was not stored: nothing was measured"
    assert sizes[1] - sizes[0] < 2 * MIB
    ens.assert_clean(store)


NOTEBOOK = [
    "import numpy as np, random",
    "table = {f'key {n}': [n, str(n) * 5, n / 7] for n in range(20_000)}",
    "matrix = np.random.default_rng(3).normal(size=(1000, 2000))",
    "view = matrix[::2]\nmatrix[0, 0] = 5",
    "def scale(x):\n    return matrix * x\nbig = scale(3)",
    "class Model:\n    def __init__(self):\n        self.weights = np.ones(200_000)\nmodel = Model()",
    "for n in range(3):\n    print(n, big.sum())",
    "words = [random.Random(n).random() for n in range(100_000)]",
]


# Under "auto" what a quick cell makes is stored or not as the machine's mood goes, so quick cells store everything.
@pytest.mark.parametrize(("seconds", "policy"), [(0, "--all"), (0.5, "")], ids=["quick", "costly"])
def test_the_same_notebook_again_costs_almost_nothing(
    start_kernel: StartKernel, tmp_path: Path, ens: Ens, seconds: float, policy: str
) -> None:
    store = tmp_path / "twice.ens"
    sizes = []
    for folder in ("first", "second"):
        kernel = start_kernel(folder)
        kernel.run(f"%ens start {store} {policy}")
        for cell in NOTEBOOK:
            kernel.run(COSTLY.format(seconds=seconds) + cell)
        kernel.run("%ens stop")
        kernel.shut_down()
        sizes.append(_store_bytes(store))
    assert sizes[1] - sizes[0] < 0.05 * sizes[0], sizes
    ens.assert_clean(store)
