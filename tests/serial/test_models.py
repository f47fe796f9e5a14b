"""Models of statsmodels: what a formula learnt of its data comes back, whatever became of the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.serial.worlds import World, reloaded

smf = pytest.importorskip("statsmodels.formula.api")
NEW = pd.DataFrame({"x": [2.0]})


def frame() -> pd.DataFrame:
    x = np.arange(10.0)
    return pd.DataFrame({"x": x, "y": 3 * x + np.sin(x)})


def predicted(results: Any) -> float:
    return float(results.predict(NEW).iloc[0])


@pytest.mark.parametrize("formula", ["y ~ center(x)", "y ~ bs(x, df=4)", "y ~ x"])
def test_a_table_that_changed_since_the_fit(formula: str) -> None:
    table = frame()
    results = smf.ols(formula, table).fit()
    table["x"] = table["x"] + 100
    world = World()
    values = {"results": results, "table": table}
    found, other = reloaded(values, world)
    assert predicted(found["results"]) == predicted(results)
    assert found["results"].model.data.frame is found["table"]
    assert world.fingerprint(values) == other.fingerprint(found) is not None


def test_a_function_of_the_session_in_the_formula() -> None:
    world = World("def scaled(x): return (x - x.mean()) / x.std()")
    world.live |= {"smf": smf, "table": frame()}
    exec("results = smf.ols('y ~ scaled(x)', table).fit()", world.live)
    results = world.live["results"]
    values = {"results": results, "table": world.live["table"]}
    found, _ = reloaded(values, world, {"scaled": world.live["scaled"]})
    np.testing.assert_array_equal(found["results"].predict(frame()), results.predict(frame()))
