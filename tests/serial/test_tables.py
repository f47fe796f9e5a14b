"""What pandas' tables share with each other: labels and memory that nobody changes are no link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ensession.capture.covariables import link
from ensession.capture.grouping import links_of
from ensession.serial.look import assumed, look
from ensession.serial.pickling import dump
from ensession.serial.sinks import HashSink
from tests.serial.worlds import World


def table() -> pd.DataFrame:
    return pd.DataFrame({"n": np.arange(300.0), "s": ["x"] * 300}, index=pd.date_range("2020", periods=300))


def are_linked(one: object, other: object, way: Callable[..., Any]) -> bool:
    scope = World().scope
    looks = [way({"v": value}, scope) for value in (one, other)]
    return link(links_of(looks), [None, None]) == [[0, 1]]


ALONE: dict[str, Callable[[pd.DataFrame], object]] = {
    "rows": lambda one: one[one.n > 5],
    "a column": lambda one: one.n,
    "columns": lambda one: one[["n"]],
    "a shallow copy": lambda one: one.copy(deep=False),
    "labels": lambda one: one.index,
    "another index": lambda one: one.reset_index(),
    "two levels": lambda one: one.set_index("s", append=True),
    "periods": lambda one: one.to_period("M"),
    "a calculation": lambda one: one.n * 2,
}


@pytest.mark.parametrize("way", [look, assumed])
@pytest.mark.parametrize("name", ALONE)
def test_tables_made_of_others_are_on_their_own(name: str, way: Callable[..., Any]) -> None:
    one = table()
    assert not are_linked(one, ALONE[name](one), way)


@pytest.mark.parametrize("way", [look, assumed])
def test_tables_with_the_same_levels_are_on_their_own(way: Callable[..., Any]) -> None:
    one = table().set_index("s", append=True)
    assert not are_linked(one, one[one.n > 3], way)
    cut = table().groupby(pd.cut(table().n, 3), observed=True).n.sum()
    assert not are_linked(cut, cut * 2, way)


@pytest.mark.parametrize("way", [look, assumed])
@pytest.mark.parametrize(
    "part",
    [
        lambda one: one.n.to_numpy(),
        lambda one: [one],
        lambda one: one.groupby("s"),
        lambda one: one.n.array,
    ],
)
def test_what_can_be_changed_through_another_is_linked(part: Callable[[Any], object], way: Callable[..., Any]) -> None:
    one = table()
    assert are_linked(one, part(one), way)


@pytest.mark.parametrize("way", [look, assumed])
def test_objects_in_a_column_are_linked(way: Callable[..., Any]) -> None:
    one = pd.DataFrame({"o": [[1], [2]]})
    assert are_linked(one, one[one.o.map(len) > 0], way)
    assert are_linked(one, one.o.iloc[1], way)


def test_labels_that_others_hold_cost_no_second_pass() -> None:
    one = table()
    others = [one.n * number for number in range(5)]  # all of them hold the labels
    values = {"v": one.n * 7}
    assert np.shares_memory(others[0].index.to_numpy(), values["v"].index.to_numpy())
    attempts = []

    def new_sink() -> HashSink:
        attempts.append(HashSink())
        return attempts[-1]

    dump(values, World().scope, new_sink)
    assert len(attempts) == 1
