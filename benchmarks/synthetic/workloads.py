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


def frame(scale: float) -> Workload:
    """1.5 million rows with a string column: a column added, a value changed, a column dropped, groups counted."""
    n = int(1_500_000 * scale)
    make = (
        "import numpy as np, pandas as pd\n"
        "chance = np.random.default_rng(1)\n"
        f"words = np.array([f'word {{k % 5000}}' for k in range({n})])\n"
        f"table = pd.DataFrame({{'n': np.arange({n}), 'x': chance.random({n}), 'word': words}})"
    )
    cells = [
        "table['double'] = table['x'] * 2",
        f"table.loc[{n // 2}, 'x'] = 0.5",
        "mean = float(table['x'].mean())",
        "table = table.drop(columns='double')",
        "groups = table.groupby('word')['x'].mean()",
        f"table.loc[{n // 3}, 'word'] = 'another'",
        "table['large'] = table['x'] > 0.5",
        "head = table.head(10)",
    ]
    return Workload("a table that is changed in its columns and in one value", [make], cells)


def loop(scale: float) -> Workload:
    """Loop 5 million steps in pure Python over globals."""
    body = f"total = 0\nfor i in range({int(5_000_000 * scale)}):\n    total += i % step"
    return Workload("pure-Python code over global names", ["step = 7"], [body] * 3)


def alias(scale: float) -> Workload:
    """200 names that share objects, changed through some of them."""
    names = range(max(4, int(200 * scale)))
    make = "shared, other = [0], {}\n" + "\n".join(f"name_{k} = [shared if {k} % 2 else other, {k}]" for k in names)
    changes = [f"name_{k % len(names) | 1}[0].append({k})" for k in range(10)]
    return Workload("many names for few objects", [make], [*changes, "other['key'] = shared", "count = len(shared)"])


def train(scale: float) -> Workload:
    """Fit for a minute; the result is a megabyte."""
    n_steps = max(2, int(1500 * scale))
    make = (
        "import numpy as np\nchance = np.random.default_rng(1)\n"
        "inputs, targets = chance.random((2000, 128)), chance.random((2000, 1024))"
    )
    fit = (
        f"weights = np.zeros((128, 1024))\nfor step in range({n_steps}):\n"
        "    error = inputs @ weights - targets\n    weights -= 1e-5 * (inputs.T @ error)\n"
        "loss = float((error ** 2).mean())"
    )
    return Workload("much work for a small result", [make], [fit, "best = float(weights.max())"])


def unstorable(scale: float) -> Workload:
    """Hold generators, connections and locks among ordinary values."""
    setting = [
        "import itertools, sqlite3, threading\nitems = list(range(1000))",
        "base = sqlite3.connect(':memory:')\nbase.execute('create table t (n)')",
        "lock = threading.Lock()",
        "squares = (n * n for n in itertools.count())",
    ]
    cells = [f"got_{k} = next(squares)\nitems.append({k})" for k in range(max(3, int(10 * scale)))]
    return Workload("values that nothing can write to a file", setting, [*cells, "n_rows = len(items)"])


WORKLOADS: dict[str, Callable[[float], Workload]] = {
    "array": array,
    "frame": frame,
    "dicts": dicts,
    "blobs": blobs,
    "loop": loop,
    "alias": alias,
    "many": many,
    "cheap-big": cheap_big,
    "unstorable": unstorable,
    "train": train,
    "long": long,
}
