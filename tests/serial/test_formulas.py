"""Patsy's formulas and design matrices, which refuse to be pickled: they come back, and build more of their kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.serial.worlds import World, reloaded

patsy = pytest.importorskip("patsy")

DATA = pd.DataFrame({"y": [1.0, 2.0, 4.0, 3.0], "x": [1.0, 2.0, 3.0, 5.0], "group": list("abab")})
OTHERS = pd.DataFrame({"x": [2.0, 4.5], "group": ["b", "a"]})
FORMULA = "y ~ center(x) * C(group, Sum) + np.log(x) + bs(x, df=4) + Q('x')"


def back_again(values: dict[str, Any]) -> dict[str, Any]:
    return dict(reloaded(values, World())[0])


@pytest.mark.parametrize("kind", ["matrix", "dataframe"])
def test_a_design_builds_the_same_columns_of_other_data(kind: str) -> None:
    design = patsy.dmatrices(FORMULA, DATA, return_type=kind)[1]
    back = back_again({"design": design})["design"]
    assert type(back) is type(design)
    np.testing.assert_array_equal(back, design)
    assert back.design_info.column_names == design.design_info.column_names
    assert back.design_info.describe() == design.design_info.describe()
    expected, found = (patsy.build_design_matrices([one.design_info], OTHERS)[0] for one in (design, back))
    np.testing.assert_array_equal(expected, found)


def test_a_matrix_and_who_shares_its_memory_still_do() -> None:
    design = patsy.dmatrix("x", DATA)
    back = back_again({"design": design, "column": np.asarray(design)[:, 1]})
    back["column"][0] = 9
    assert back["design"][0, 1] == 9


def test_a_design_is_alike_at_each_look_and_in_each_world() -> None:
    design = patsy.dmatrices(FORMULA, DATA)[1]
    world, other = World(), World()
    assert world.fingerprint({"design": design}) == other.fingerprint(back_again({"design": design})) is not None


def test_a_class_of_the_session_keeps_its_own_way() -> None:
    way = "def __getstate__(self):\n        return {'mine': 3}"
    world = World(f"import patsy\nclass Mine(patsy.Treatment):\n    {way}\nclass Plain(patsy.Treatment): pass")
    values = {"mine": world.live["Mine"](1), "plain": world.live["Plain"](2)}
    required = {name: world.live[name] for name in ("Mine", "Plain")}
    back = reloaded(values, world, required)[0]
    assert [dict(vars(back[name])) for name in ("mine", "plain")] == [{"mine": 3}, {"reference": 2}]
