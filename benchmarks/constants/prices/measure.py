"""Measures the cost model: what loading and storing are taken to cost at first, against what they do."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from benchmarks.constants.common import (
    IN_USE,
    Effort,
    Figures,
    Table,
    Value,
    choices,
    held,
    in_order,
    notebook,
    wall_s,
)
from benchmarks.constants.samples import sample_values
from ensession.config import Config
from ensession.planner import CostModel
from ensession.serial.loading import Rebuilder, load
from ensession.store import Store
from tests.kernels import Kernel

RATES = ("stream_bytes_per_s", "buffer_bytes_per_s", "store_stream_bytes_per_s", "store_buffer_bytes_per_s")
FIXED = ("load_fixed_s", "run_fixed_s")
MODEL = "ensession.planner.costs.CostModel"
PRIOR = "ensession.planner.costs.PRIOR_BYTES"
CONSTANTS = (*(f"{MODEL}.{name}" for name in (*RATES, *FIXED)), PRIOR)
PRIORS_MB = (0, 16, 64, 256)
FACTORS = (0.25, 0.5, 1, 2, 4)
SLOW = 5
LARGE_BYTES = 20_000
N_RESTORES = 4
SESSION = (
    "import random, time\nimport numpy as np\nimport pandas as pd",
    "chance, rng = random.Random(1), np.random.default_rng(1)",
    "items = [{'id': n, 'name': f'user {n}', 'x': chance.random()} for n in range(int(2e5 * scale))]\ntime.sleep(2)",
    "array = rng.normal(size=int(4_000_000 * scale))\ntime.sleep(2)",
    "frame = pd.DataFrame({'n': np.arange(len(items)), 'x': rng.random(len(items)), 'w': [i['name'] for i in items]})",
    "words = {f'word {chance.randrange(10**9)}': n for n in range(int(100_000 * scale))}\ntime.sleep(2)",
    "mean = float(array.mean())",
    "small = [n for n in range(1000)]",
)

Times = dict[str, list[float]]


def measure(effort: Effort) -> dict[str, Table]:
    """Measure single payloads, and plans as they are carried out."""
    values = sample_values(effort)
    loads, stores = _timed(effort, values)
    model = CostModel()
    return {
        "payloads of each kind": {
            name: {
                "stream, MB": value.n_stream_bytes / 1e6,
                "buffers, MB": value.n_buffer_bytes / 1e6,
                "loaded, ms": statistics.median(loads[name]) * 1e3,
                "estimated, ms": model.estimate_load_s(value.n_stream_bytes, value.n_buffer_bytes) * 1e3,
                "stored, ms": statistics.median(stores[name]) * 1e3,
                "estimated for that, ms": model.estimate_store_s(value.n_stream_bytes, value.n_buffer_bytes) * 1e3,
            }
            for name, value in values.items()
        },
        "how far off estimates typically are, with one rate another": {
            f"{factor:g} times the default" + IN_USE * (factor == 1): {
                f"{name.removesuffix('_bytes_per_s')}, factor": _off(values, loads, stores, name, factor)
                for name in RATES
            }
            for factor in FACTORS
        },
        "bytes of measured loads that outweigh the defaults": _priors(values, loads),
        "a session, restored": _restores(effort),
    }


def _timed(effort: Effort, values: Mapping[str, Value]) -> tuple[Times, Times]:
    """Store and load each value several times, in turn."""
    loads: Times = {name: [] for name in values}
    stores: Times = {name: [] for name in values}
    for number in range(effort.n_rounds):
        with notebook(effort.folder / "prices.ens") as book:
            for name, value in in_order(values, number):
                version = book.cell()
                stores[name].append(wall_s(partial(book.store.log.add_payload, version, value.write)))
                source = book.store.payloads.open(version)
                loads[name].append(wall_s(partial(load, source, Rebuilder({}, {}))))
    return loads, stores


def _off(values: Mapping[str, Value], loads: Times, stores: Times, rate: str, factor: float) -> float:
    """Return by what factor estimates are typically wrong where one rate is so many times the default."""
    model = replace(CostModel(), **{rate: getattr(CostModel(), rate) * factor})
    is_store = rate.startswith("store")
    estimate = model.estimate_store_s if is_store else model.estimate_load_s
    times = stores if is_store else loads
    concerned = [
        name for name, value in values.items() if ("stream" in rate) == (value.n_stream_bytes > value.n_buffer_bytes)
    ]
    return _error(
        (estimate(values[name].n_stream_bytes, values[name].n_buffer_bytes), statistics.median(times[name]))
        for name in concerned
    )


def _error(pairs: Iterable[tuple[float, float]]) -> float:
    """Return the geometric mean of the factors between estimated and actual."""
    return math.exp(statistics.mean(abs(math.log(estimated / actual)) for estimated, actual in pairs))


def _priors(values: Mapping[str, Value], loads: Times) -> Table:
    """Learn from restores what the next takes: after one slow one, and where all are slow."""
    given = choices(PRIOR, {f"{n_mb} MB": max(n_mb, 1e-6) * 1e6 for n_mb in PRIORS_MB})
    usual = {name: statistics.median(times) for name, times in loads.items()}
    slow = {name: SLOW * time_s for name, time_s in usual.items()}
    found: dict[str, Figures] = {}
    for label, constants in given.items():
        with held(constants):
            found[label] = {
                "after one as usual, factor": _missed(values, usual, _learned(values, [usual])),
                f"after one {SLOW} times as slow, factor": _missed(values, usual, _learned(values, [slow])),
                "all are slow, first, factor": _missed(values, slow, CostModel()),
                "second, factor": _missed(values, slow, _learned(values, [slow])),
                "fourth, factor": _missed(values, slow, _learned(values, [slow] * 3)),
            }
    return found


def _learned(values: Mapping[str, Value], restores: Sequence[Mapping[str, float]]) -> CostModel:
    return CostModel().learned(
        (value.n_stream_bytes, value.n_buffer_bytes, restore[name])
        for restore in restores
        for name, value in values.items()
    )


def _missed(values: Mapping[str, Value], actual: Mapping[str, float], model: CostModel) -> float:
    return _error(
        (model.estimate_load_s(value.n_stream_bytes, value.n_buffer_bytes), actual[name])
        for name, value in values.items()
    )


def _restores(effort: Effort) -> Table:
    """Record a session in a kernel and restore it in fresh ones: first by the defaults, then by what that took."""
    path, home = effort.folder / "session.ens", effort.folder / "home"
    with Kernel(effort.folder / "recorded", home) as kernel:
        kernel.run("%load_ext ensession")
        kernel.run(f"%ens start {path}")
        kernel.run(f"scale = {effort.scale}")
        for cell in SESSION:
            kernel.run(cell)
        kernel.run("%ens flush")
        kernel.kill()
    for number in range(N_RESTORES):
        with Kernel(effort.folder / f"restored-{number}", home) as kernel:
            kernel.run("%load_ext ensession")
            kernel.run(f"%ens restore {path}")
            kernel.run("%ens stop")
    with Store.open_read_only(path, Config()) as store:
        rows = store.query("SELECT plan, report, duration_s FROM restore_run ORDER BY id").rows
    path.unlink()
    return {f"restore {number}": _restored(*row) for number, row in enumerate(rows, start=1)}


def _restored(plan_text: str, report_text: str, duration_s: float) -> Figures:
    plan, report = json.loads(plan_text), json.loads(report_text)
    estimates = [step["cost_s"] for step in plan["steps"] if step["kind"] == "load"]
    pairs = list(zip(estimates, report["loads"], strict=True))
    large = [(estimate, load[2]) for estimate, load in pairs if load[0] + load[1] >= LARGE_BYTES]
    small = [(estimate, load[2]) for estimate, load in pairs if load[0] + load[1] < LARGE_BYTES]
    return {
        "large values, ms": sum(actual for _, actual in large) * 1e3,
        "estimated for them, ms": sum(estimate for estimate, _ in large) * 1e3,
        "modules and small values, ms": sum(actual for _, actual in small) * 1e3,
        "estimated for these, ms": sum(estimate for estimate, _ in small) * 1e3,
        "whole restore, ms": duration_s * 1e3,
        "estimated, ms": plan["cost_s"] * 1e3,
    }
