"""Notebooks with much data that is quickly made, small results of slow work, and steps that nobody needs any more."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.notebooks.books import Book, Cell


def paths(scale: float) -> list[str]:
    """Simulate price paths, quickly, again and again; calibrate a model to the last of them, slowly."""
    n = int(20_000 * scale)
    return [
        "import numpy as np\nchance = np.random.default_rng(7)",
        f"prices = np.exp(np.cumsum(chance.normal(0.0002, 0.01, size=({n}, 250)), axis=1))",
        *[
            f"prices = prices * np.exp(np.cumsum(chance.normal(0, {k + 1} / 1000, size=({n}, 250)), axis=1))"
            for k in range(5)
        ],
        "final = prices[:, -1].copy()",
        "def misfit(volatility, n_rounds):\n"
        "    found = 0.0\n"
        "    for round_ in range(n_rounds):\n"
        "        sample = final[round_ % 97 :: 97]\n"
        "        found += float(((np.log(sample) / volatility) ** 2).mean() - 1.0) ** 2\n"
        "    return found",
        "trials = np.linspace(0.01, 0.4, 60)\nlosses = np.array([misfit(one, 8000) for one in trials])",
        "best = float(trials[losses.argmin()])",
    ]


def table(scale: float) -> list[str]:
    """Clean a table in steps, each in the place of the one before, and look for a pattern in pure Python."""
    n = int(1_200_000 * scale)
    return [
        "import numpy as np, pandas as pd\nchance = np.random.default_rng(3)",
        f"frame = pd.DataFrame({{'key': chance.integers(0, 5000, {n}), 'x': chance.random({n})}})\n"
        f"frame['y'] = chance.random({n})",
        "frame = frame[frame['x'] < 0.95].reset_index(drop=True)",
        "frame = frame.assign(x=(frame['x'] - frame['x'].mean()) / frame['x'].std(), z=frame['x'] * frame['y'])",
        "frame = frame.sort_values('z', kind='stable').reset_index(drop=True)",
        "runs, last, length = [], None, 0\n"
        "for _ in range(12):\n"
        "    for key in frame['key'].to_list():\n"
        "        if last is not None and (key ^ last) & 1 == 0:\n"
        "            length += 1\n"
        "        else:\n"
        "            runs.append(length)\n"
        "            length = 0\n"
        "        last = key\n"
        "longest = max(runs)\nruns = runs[:1000]",
        "means = frame.groupby('key')[['x', 'z']].mean()",
        "frame = frame.drop(columns='y')",
        "frame['large'] = frame['z'] > 0.5",
    ]


def matrix(scale: float) -> list[str]:
    """Multiply large matrices, each product in the place of the one before; the last is reduced to its spectrum."""
    n = int(2000 * scale)
    return [
        "import numpy as np\nchance = np.random.default_rng(11)",
        f"left, right = chance.random(({n}, {n})), chance.random(({n}, {n}))",
        "product = left @ right",
        *["product = (left @ product) / product.sum(axis=0)"] * 4,
        "spectrum = np.linalg.svd(product[:1600, :1600] + right[:1600, :1600], compute_uv=False)",
        "ranked = np.sort(spectrum)[::-1][:50].copy()",
        "del right",
    ]


SESSIONS: dict[str, Callable[[float], list[str]]] = {"paths": paths, "table": table, "matrix": matrix}


def session(name: str, scale: float) -> Book:
    """Return one of them as a notebook."""
    cells = SESSIONS[name](scale)
    return Book(name, tuple(Cell(f"{name}-{number}", text, False) for number, text in enumerate(cells, 1)))
