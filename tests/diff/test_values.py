"""Values compared by type: what differs is named and counted, what is equal is called equal, and nothing raises."""

from __future__ import annotations

import copy
import linecache
from collections import OrderedDict
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ensession.diff import diff_values

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": [1.0, np.nan, 3.0], "c": ["x", "y", None]})


def define(source: str, name: str, filename: str) -> Any:
    """Define something as a cell does: its source is at hand."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, filename, "exec"), namespace)
    return namespace[name]


class Plain:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)

    def __repr__(self) -> str:  # the names of tests have to be the same in every process
        return f"Plain({self.__dict__})"


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: int) -> None:
        self.x = x

    def __repr__(self) -> str:
        return f"Slotted({self.x})"


class Opaque:
    __slots__ = ()

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("no")


class Hostile:
    def __eq__(self, other: object) -> bool:
        raise SystemError("gotcha")

    def __repr__(self) -> str:
        raise ValueError("gotcha")

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("before", "after", "headline"),
    [
        (1, 3, "1 → 3 (+2)"),
        (1.5, 1, "1.5 → 1 (-0.5)"),
        (1, "1", "type int → str"),
        ("abc", "abcd", "3 characters → 4"),
        (b"abc", b"abd", "3 bytes → 3, the first that differs is at 2"),
        ([1, 2], [1, 3, 4], "elements: 1 added, 1 changed"),
        ((1,), (), "element: 1 removed"),
        ([1], (1,), "type list → tuple"),
        ({"a": 1, "b": 2}, {"a": 2, "c": 3}, "keys: 1 added, 1 removed, 1 changed"),
        ({1, 2}, {2, 3, 4}, "elements: 2 added, 1 removed"),
        (np.zeros(4), np.array([0, 0, 2.5, -1]), "2 of 4 values differ, by at most 2.5"),
        (np.zeros(4), np.zeros((2, 2)), "shape (4,) → (2, 2)"),
        (np.zeros(4), np.zeros(4, "f4"), "dtype float64 → float32; equal values"),
        (np.array([1, None]), np.array([1, "x"], object), "1 of 2 values differs"),
        (np.array([1 + 1j]), np.array([1 - 1j]), "1 of 1 value differs, by at most 2"),
        (np.array(["2020-01-01"], "M8[D]"), np.array(["NaT"], "M8[D]"), "1 of 1 value differs"),
        (np.array([(1, 2.0)], "i4,f8"), np.array([(1, 3.0)], "i4,f8"), "fields that differ: 1 of 2"),
        (np.float64(1), np.float64(2), "1.0 → 2.0"),
        (Plain(x=1, y=2), Plain(x=1, z=2), "attributes: 1 added, 1 removed"),
        (Slotted(1), Slotted(2), "attribute: 1 changed"),
        (np, copy, "module numpy → copy"),
        (pd.Series([1, 2]), pd.Series([1, 3]), "1 of 2 values differs"),
        (pd.Series([1, 2]), pd.Series([1, 2, 3]), "rows 2 → 3"),
        (pd.Index([1, 2]), pd.Index([1, 2, 3]), "2 elements → 3"),
    ],
    ids=repr,
)
def test_what_differs_is_named_and_counted(before: Any, after: Any, headline: str) -> None:
    diff = diff_values(before, after)
    assert (diff.is_equal, diff.headline) == (False, headline)


@pytest.mark.parametrize(
    "value",
    [
        *(1, float("nan"), "text", b"bytes", None, [1, [2]], {"a": {1}}, OrderedDict(a=1), range(3)),
        *(np.array([1.0, np.nan]), np.array([None, "x", np.nan], object), np.zeros((0, 3)), np.array(["NaT"], "M8[D]")),
        *(FRAME, FRAME["c"], FRAME.index, FRAME.astype({"a": "Int64", "c": "category"}), FRAME.set_index(["a", "c"])),
        *(Plain(x=[1]), Slotted(1), RandomForestClassifier(n_estimators=2, random_state=0).fit([[0], [1]], [0, 1])),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_copy_is_equal(value: Any) -> None:
    diff = diff_values(value, copy.deepcopy(value))
    assert (diff.is_equal, diff.details) == (True, ())


def test_a_frame_tells_columns_rows_and_values() -> None:
    after = FRAME.drop(columns="c").assign(a=[1, 5, 3], d=0).astype({"b": "float32"})
    diff = diff_values(FRAME, after)
    assert diff.headline == "columns: 1 added, 1 removed, 2 columns changed"
    assert diff.details == (
        "+ column 'd' (int64)",
        f"- column 'c' ({FRAME['c'].dtype})",
        "~ column 'a': 1 of 3 values differs",
        "~ column 'b': dtype float64 → float32",
    )


def test_rows_are_matched_by_their_labels() -> None:
    diff = diff_values(FRAME, FRAME[FRAME.a > 1])
    assert (diff.headline, diff.details) == ("rows 3 → 2", ())
    shuffled = FRAME.iloc[[2, 0, 1]]
    assert diff_values(FRAME, shuffled).headline == "index changed"
    assert diff_values(FRAME, FRAME[["b", "a", "c"]]).headline == "columns in another order"


def test_a_frame_with_a_column_twice_is_not_called_equal() -> None:
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert diff_values(twice, twice.copy()).is_equal is True
    assert diff_values(twice, twice + 1).is_equal is False


def test_an_estimator_tells_parameters_and_what_it_learned() -> None:
    x, y = np.array([[0.0], [1.0], [2.0]]), np.array([0, 0, 1])
    before = LogisticRegression(C=1.0)
    after = LogisticRegression(C=0.1).fit(x, y)
    diff = diff_values(before, after)
    assert "~ C: 1.0 → 0.1 (-0.9)" in diff.details
    assert any(line.startswith("+ coef_") for line in diff.details)
    refitted = diff_values(after, LogisticRegression(C=0.1).fit(x, y[::-1]))
    assert any(line.startswith("~ coef_: ") for line in refitted.details)
    pipe = make_pipeline(StandardScaler(), before)
    other = make_pipeline(StandardScaler(), after)
    assert "~ logisticregression__C: 1.0 → 0.1 (-0.9)" in diff_values(pipe, other).details
    assert diff_values(before, StandardScaler()).headline.startswith("type LogisticRegression → StandardScaler")


def test_a_trained_forest_is_told_from_another() -> None:
    x = np.arange(40.0).reshape(-1, 1)
    make = lambda seed: RandomForestClassifier(n_estimators=3, random_state=seed).fit(x, (x[:, 0] * 7 % 5 > 2))  # noqa: E731
    assert diff_values(make(0), make(0)).is_equal is True
    assert diff_values(make(0), make(1)).is_equal is False


def test_definitions_are_compared_by_source() -> None:
    one = define("import math\ndef f(x):\n    return x + 1\n", "f", "<cell 1>")
    same = define("def f(x):\n    return x + 1\n", "f", "<cell 2>")
    other = define("def f(x):\n    return x + 2\n", "f", "<cell 3>")
    assert diff_values(one, same).is_equal is True
    diff = diff_values(one, other)
    assert diff.headline == "source changed"
    assert {"-    return x + 1", "+    return x + 2"} <= set(diff.details)
    c1 = define("class A:\n    def m(self):\n        return 1\n", "A", "<cell 4>")
    c2 = define("x = 3\nclass A:\n    k = 1\n    def m(self):\n        return 1\n", "A", "<cell 5>")
    assert "+    k = 1" in diff_values(c1, c2).details
    assert diff_values(c1, define("class A:\n    def m(self):\n        return 1\n", "A", "<cell 6>")).is_equal is True
    defaults = define("def f(x=[2]):\n    return x\n", "f", "<cell 7>")
    changed = define("def f(x=[2]):\n    return x\n", "f", "<cell 8>")
    changed.__defaults__[0].append(3)
    assert diff_values(defaults, changed).headline == "equal source, other defaults"


def test_what_can_not_be_told_is_not_called_equal() -> None:
    assert diff_values(Opaque(), Opaque()).is_equal is None
    assert diff_values(Hostile(), Hostile()).is_equal is True  # no attributes, and nothing of theirs was called
    hostile = diff_values([Hostile(), 1], [Hostile(), 2])
    assert hostile.is_equal is False
    assert diff_values({"a": Opaque()}, {"a": Opaque()}).is_equal is None
    assert diff_values(Hostile(), 1).headline == f"type {Hostile.__module__}.Hostile → int"
    deep: list[Any] = []
    deep.append(deep)
    assert diff_values(deep, [[[[[1]]]]]).is_equal is False


def test_many_differences_are_cut_short() -> None:
    diff = diff_values(list(range(100)), list(range(1, 101)))
    assert diff.headline == "elements: 100 changed"
    assert diff.details[-1] == "… and 89 more"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=12,
)


@given(values, values)
def test_equal_means_equal(before: Any, after: Any) -> None:
    assert diff_values(before, copy.deepcopy(before)).is_equal is True
    diff = diff_values(before, after)
    if diff.is_equal:
        assert repr(before).replace("-0.0", "0.0") == repr(after).replace("-0.0", "0.0") or before == after
    elif before == after and "nan" not in repr(before):
        # Python takes True for 1; the type differs all the same.
        assert "type" in repr(diff)


@given(st.lists(st.floats(width=32), max_size=30), st.data())
def test_the_number_of_values_that_differ_is_exact(numbers: list[float], data: st.DataObject) -> None:
    before = np.array(numbers, dtype="f4")
    places = data.draw(st.sets(st.integers(0, len(numbers) - 1))) if numbers else set()
    after = before.copy()
    for place in places:
        after[place] = 1.0 if not before[place] == 1.0 else 2.0
    diff = diff_values(before, after)
    assert diff.is_equal is (not places)
    assert not places or diff.headline.startswith(f"{len(places)} of {len(numbers)} value")


def test_figures_differ_in_what_they_show() -> None:
    from matplotlib.figure import Figure

    def draw(title: str, last: float) -> Figure:
        figure = Figure()
        axes = figure.subplots(1, 2)
        axes[0].plot([1.0, 2.0, last], label="line")
        axes[0].set_title(title)
        axes[0].legend()
        axes[1].bar(["a", "b"], [1, 2])
        axes[1].scatter([1, 2], [3, 4])
        return figure

    first = draw("before", 3.0)
    copied = copy.deepcopy(first)
    assert diff_values(first, copied).is_equal is True
    assert diff_values(first.axes[0], copied.axes[0]).is_equal is True
    diff = diff_values(first, draw("after", 2.5))
    assert diff.is_equal is False
    assert "~ axes 0: line 0: 1 of 6 values differs" in " ".join(diff.details)
    assert any(line.startswith("~ axes 0: title:") for line in diff.details)
    other = draw("before", 3.0)
    other.axes[1].bar(["c"], [5])
    assert any("axes 1: bar 2" in line for line in diff_values(first, other).details)


def test_objects_that_refer_to_each_other_along_many_ways_are_compared_once() -> None:
    def web(last: int) -> list[Plain]:
        found = [Plain(n=n) for n in range(60)]
        for node in found:
            node.others = list(found)
        found[-1].n = last
        return found

    assert diff_values(web(1)[0], web(1)[0]).is_equal is True
    assert diff_values(web(1)[0], web(2)[0]).is_equal is False
