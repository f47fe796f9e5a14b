"""Notebooks with much data that is quickly made, small results of slow work, and both."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.notebooks.books import Book, Cell


def paths(scale: float) -> list[str]:
    """Simulate many price paths, quickly, and calibrate a model to them, slowly."""
    n = int(250_000 * scale)
    return [
        "import numpy as np\nchance = np.random.default_rng(7)",
        f"steps = chance.normal(0.0002, 0.01, size=({n}, 250))",
        "prices = np.exp(np.cumsum(steps, axis=1))",
        "final = prices[:, -1].copy()",
        "def misfit(volatility, n_rounds):\n"
        "    found = 0.0\n"
        "    for round_ in range(n_rounds):\n"
        "        sample = final[round_ % 97 :: 97]\n"
        "        found += float(((np.log(sample) / volatility) ** 2).mean() - 1.0) ** 2\n"
        "    return found",
        "trials = np.linspace(0.01, 0.4, 60)\nlosses = np.array([misfit(one, 6000) for one in trials])",
        "best = float(trials[losses.argmin()])",
        "quantiles = np.quantile(prices[:, ::10], [0.05, 0.5, 0.95], axis=0)",
    ]


def table(scale: float) -> list[str]:
    """Clean a table in several steps, each a new one, and look for a pattern in pure Python."""
    n = int(1_500_000 * scale)
    return [
        "import numpy as np, pandas as pd\nchance = np.random.default_rng(3)",
        f"raw = pd.DataFrame({{'key': chance.integers(0, 5000, {n}), 'x': chance.random({n})}})\n"
        f"raw['y'] = chance.random({n})",
        "clean = raw[raw['x'] < 0.95].reset_index(drop=True)",
        "scaled = clean.assign(x=(clean['x'] - clean['x'].mean()) / clean['x'].std(), z=clean['x'] * clean['y'])",
        "ranked = scaled.sort_values('z', kind='stable').reset_index(drop=True)",
        "runs, last, length = [], None, 0\n"
        "for _ in range(12):\n"
        "    for key in ranked['key'].to_list():\n"
        "        if last is not None and (key ^ last) & 1 == 0:\n"
        "            length += 1\n"
        "        else:\n"
        "            runs.append(length)\n"
        "            length = 0\n"
        "        last = key\n"
        "longest = max(runs)\nruns = runs[:1000]",
        "means = ranked.groupby('key')[['x', 'z']].mean()",
        "clean = clean.drop(columns='y')",
    ]


def matrix(scale: float) -> list[str]:
    """Multiply large matrices: the result is as large as what it is made of, and takes seconds."""
    n = int(4000 * scale)
    return [
        "import numpy as np\nchance = np.random.default_rng(11)",
        f"left, right = chance.random(({n}, {n})), chance.random(({n}, {n}))",
        "product = left @ right",
        "again = left.T @ product",
        "spectrum = np.linalg.svd(product[:900, :900], compute_uv=False)",
        "trace = float(np.trace(again))",
        "product[0, 0] = trace",
    ]


SESSIONS: dict[str, Callable[[float], list[str]]] = {"paths": paths, "table": table, "matrix": matrix}


def session(name: str, scale: float) -> Book:
    """Return one of them as a notebook."""
    cells = SESSIONS[name](scale)
    return Book(name, tuple(Cell(f"{name}-{number}", text, False) for number, text in enumerate(cells, 1)))
