"""The walk over what values reach: what it finds, and that it ends in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ensession.serial.kinds import is_mutable
from ensession.serial.reach import LIMIT, Reach, walk

MANY = 2 * LIMIT


def reach(*values: Any, limit: int = LIMIT) -> Reach:
    return walk(list(values), {}, lambda _: False, lambda kind: is_mutable(kind) is False, limit)


@pytest.mark.parametrize(
    "column",
    [
        [f"text {number}" for number in range(MANY)],
        np.array([f"text {number}" for number in range(MANY)], dtype=object),
        dict.fromkeys(range(MANY), 0.5),
        [["one"]] * MANY,
    ],
    ids=["list", "array", "dict", "one object again and again"],
)
def test_columns_of_plain_values_are_walked_to_the_end_but_not_at_a_glance(column: Any) -> None:
    inner: list[Any] = []
    holder = [column, inner]
    found = reach(holder)
    assert found.is_complete
    assert {id(holder), id(column), id(inner)} <= found.objects.keys()
    assert not reach(holder, limit=2_000).is_complete


def test_more_objects_than_the_limit_are_not_walked_to_the_end() -> None:
    found = reach([[number] for number in range(1_000)], limit=500)
    assert not found.is_complete
    assert len(found.objects) <= 500


def test_what_hides_behind_plain_values_is_found() -> None:
    inner = [1]
    assert id(inner) in reach(["a"] * 1_000 + [inner]).objects  # type: ignore[operator]
    assert id(inner) in reach(np.array(["a"] * 1_000 + [inner, None], dtype=object)).objects  # type: ignore[list-item]
