"""What a cell pays for touching a large value: an array of 512 MB, and a million small dictionaries.

Three kernels take turns: without ensession, recording as by default, and recording without a budget, so that every
touch is a look at the whole value. Beside it stands what one ``pickle.dumps`` of the value takes.
"""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from pathlib import Path

from tests.kernels import Kernel

N_WARM_UP = 2
TIMEOUT_S = 300
DUMPS = "pickle.dumps"
RECORDING = {"default": "", "no budget": "%ens config budget=off"}
VALUES = {
    "reads a 512 MB array": (
        "import pickle\nimport numpy as np\nvalue = np.random.default_rng(1).random(64 * 2**20)",
        "one = float(value[{n}])",
    ),
    "reads 1,000,000 small dicts": (
        'import pickle\nvalue = [{"id": n, "name": f"user {n}", "score": n / 7} for n in range(1_000_000)]',
        'one = value[{n}]["score"]',
    ),
}


def measure(folder: Path, n_rounds: int) -> dict[str, dict[str, float]]:
    """Return for each value, in seconds: the plain cell, what each way of recording adds, one ``pickle.dumps``."""
    return {
        what: _measured(folder / f"large-{at}", make, cell, n_rounds)
        for at, (what, (make, cell)) in enumerate(VALUES.items())
    }


def _measured(folder: Path, make: str, cell: str, n_rounds: int) -> dict[str, float]:
    times: dict[str, list[float]] = {"plain": [], **{how: [] for how in RECORDING}, DUMPS: []}
    with ExitStack() as open_kernels:
        kernels = {
            how: open_kernels.enter_context(Kernel(folder / how.replace(" ", "-"), folder / "home"))
            for how in ("plain", *RECORDING)
        }
        for at, (how, setting) in enumerate(RECORDING.items()):
            kernels[how].run("%load_ext ensession")
            kernels[how].run(f"%ens start {folder / f'{at}.ens'}")
            if setting:
                kernels[how].run(setting)
        for kernel in kernels.values():
            kernel.run(make, timeout_s=TIMEOUT_S)
        for number in range(-N_WARM_UP, n_rounds):
            for how, kernel in kernels.items():
                duration_s = kernel.run(cell.format(n=number % 1000), timeout_s=TIMEOUT_S).duration_s
                if number >= 0:
                    times[how].append(duration_s)
            if number >= 0:
                times[DUMPS].append(kernels["plain"].run("len(pickle.dumps(value, 5))", timeout_s=TIMEOUT_S).duration_s)
    medians = {how: statistics.median(values) for how, values in times.items()}
    plain_s = medians["plain"]
    return {"plain": plain_s, **{how: medians[how] - plain_s for how in RECORDING}, DUMPS: medians[DUMPS] - plain_s}


def print_table(values: dict[str, dict[str, float]]) -> None:
    """Print the figures in milliseconds."""
    print(f"\n{'cell that':<34}" + "".join(f"{column:>15}" for column in ("plain", *RECORDING, DUMPS)))
    for what, row in values.items():
        print(f"{what:<34}" + "".join(f"{seconds * 1000:>12.2f} ms" for seconds in row.values()))
