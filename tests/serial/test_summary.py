"""What is told of a value at a glance."""

from __future__ import annotations

import datetime
import decimal
import pathlib
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ensession.model import PREVIEW_CHARS
from ensession.serial.summary import summarise
from ensession.store.shortened import is_previewed_shortened


@pytest.mark.parametrize(
    ("value", "shape", "preview"),
    [
        (3, "", "3"),
        (10**5000, "", "an integer of 16610 bits"),  # longer than Python writes
        ([10**5000, 1], "len 2", "[an integer of 16610 bits, 1]"),
        ([1, 2], "len 2", "[1, 2]"),
        (np.float64(0.25), "", "0.25"),
        (np.int8(3), "", "3"),
        (np.bool_(True), "", "True"),
        (np.zeros(3), "(3,)", "float64"),
        (np.zeros(()), "()", "float64"),
        (pd.Timestamp("2020-05-01"), "", "2020-05-01 00:00:00"),
        (pd.DataFrame({"a": [1], "b": [2]}), "(1, 2)", "a, b"),
        (datetime.date(2020, 5, 1), "", "2020-05-01"),
        (decimal.Decimal("1.10"), "", "1.10"),
        (pathlib.Path("a", "b"), "", str(pathlib.Path("a", "b"))),
    ],
    ids=lambda value: str(type(value)),
)
def test_shape_and_preview(value: Any, shape: str, preview: str) -> None:
    summary = summarise(value)
    assert (summary.shape, summary.preview) == (shape, preview)


def test_a_class_of_the_session_is_not_asked_for_its_text() -> None:
    class Path(pathlib.PurePosixPath):
        def __str__(self) -> str:
            raise AssertionError("its code ran")

    class Number(np.float64):
        def __str__(self) -> str:
            raise AssertionError("its code ran")

    assert summarise(Path("a")).preview == ""
    assert summarise(Number(1)).preview == ""


class Loud:
    """Something whose code must not run for a summary."""

    def __lt__(self, other: object) -> bool:
        raise AssertionError("its code ran")

    __repr__ = __str__ = __lt__  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "preview"),
    [
        ({}, "{}"),
        ({"w": [1, 2]}, "{'w': [1, 2]}"),
        ({"b": 1, "a": {"c": (2,)}}, "{'b': 1, 'a': {'c': (2,)}}"),
        ([[1, [2, [3]]]], "[[1, [2, [...]]]]"),
        ({number: number for number in range(9)}, "{0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, ...}"),
        (set(), "set()"),
        ({1}, "{1}"),
        (frozenset(), "frozenset()"),
        (frozenset(range(9)), "frozenset({0, 1, 2, 3, 4, 5, ...})"),
        (
            {**dict.fromkeys(range(6)), Loud(): 1, Loud(): 2},
            "{0: None, 1: None, 2: None, 3: None, 4: None, 5: None, ...}",
        ),
        ([[Loud()]], ""),
    ],
)
def test_containers_show_their_first_items(value: Any, preview: str) -> None:
    assert summarise(value).preview == preview


@pytest.mark.parametrize("shown", range(10))  # with some of them the cut is in the ellipsis of the last text
def test_what_is_cut_off_ends_with_an_ellipsis(shown: int) -> None:
    preview = summarise(["x" * 20] * 3 + ["y" * shown, "z" * 99]).preview
    assert len(preview) <= PREVIEW_CHARS
    assert preview.endswith("z…")
    assert is_previewed_shortened(preview, "z" * 99)
    assert summarise(["x" * 20] * 3).preview == repr(["x" * 20] * 3)


def test_a_wide_table_shows_that_it_has_more_columns() -> None:
    assert summarise(pd.DataFrame(columns=list("abcdefghijkl"))).preview == "a, b, c, d, e, f, g, h, i, j, k, l"
    assert summarise(pd.DataFrame(columns=list("abcdefghijklm"))).preview == "a, b, c, d, e, f, g, h, i, j, k, l, …"


def test_what_can_not_be_written_has_no_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"a": [1]})
    monkeypatch.setattr(pd.DataFrame, "columns", property(lambda _: 1 / 0))
    assert summarise(frame).preview == ""
    assert summarise(frame).type_name == "pandas.DataFrame"
