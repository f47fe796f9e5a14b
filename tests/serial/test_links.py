"""Whoever can be changed through another is linked with it, looked at or only glanced at."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ensession.serial.look import assumed, look
from tests.serial.test_tables import are_linked
from tests.serial.worlds import World

Pair = tuple[Any, Any]


class Node:
    def __init__(self, ref: Any = None) -> None:
        self.ref = ref
        self.x = [1]


class Row(tuple[int, ...]):
    """Can't change, and has attributes that can."""


def weakly() -> Pair:
    node = Node()
    return [Node(weakref.ref(node))], node


def in_labels() -> Pair:
    node = Node()
    return pd.DataFrame({"n": range(3)}, index=[node, 1, 2]), node


def in_levels() -> Pair:
    node = Node()
    return pd.Series(range(2), index=pd.MultiIndex.from_arrays([[node, 1], [1, 2]])), node


def in_categories() -> Pair:
    node = Node()
    return pd.Series(pd.Categorical([node] * 3)), node


def labels_over_an_array() -> Pair:
    array = np.arange(30) * 2
    return pd.DataFrame({"n": range(30)}, index=pd.Index(array, copy=False)), array


def attribute_of_a_row() -> Pair:
    items, row = [1], Row((1, 2))
    vars(row)["items"] = items
    return [row], items


BOTH = [weakly, in_labels, in_levels, in_categories, labels_over_an_array, attribute_of_a_row]


@pytest.mark.parametrize("way", [look, assumed])
@pytest.mark.parametrize("made", BOTH)
def test_what_is_reached_in_any_way_is_linked(made: Callable[[], Pair], way: Callable[..., Any]) -> None:
    one, other = made()
    if made is weakly and way is look:
        pytest.skip("a weak reference comes back without its object where nothing else holds it")
    assert are_linked(one, other, way)


def rows() -> Iterator[list[int]]:
    row: list[int] = []
    while True:
        row.append(len(row))
        yield row


def outer() -> Iterator[list[int]]:
    yield from rows()


def flat_iterator() -> Pair:
    array = np.arange(30.0)
    return array.flat, array


def mapped_image() -> Pair:
    image = pytest.importorskip("PIL.Image")
    array = np.zeros((30, 30), "u1")
    return image.fromarray(array), array


def tree_over_an_array() -> Pair:
    neighbors = pytest.importorskip("sklearn.neighbors")
    tree = neighbors.KDTree(np.arange(60.0).reshape(30, 2))
    return tree, np.asarray(tree.data)


def proxy() -> Pair:
    node = Node()
    return [weakref.proxy(node)], node


@pytest.mark.parametrize("made", [flat_iterator, mapped_image, tree_over_an_array, proxy])
def test_what_keeps_to_itself_what_it_holds_is_linked_with_everything(made: Callable[[], Pair]) -> None:
    one, other = made()
    assert are_linked(one, other, assumed)


def test_a_suspended_generator_holds_what_has_no_name() -> None:
    running = outer()
    first = next(running)
    scope = World().scope
    links = look({"v": running}, scope).links()
    assert id(first) in links.objects


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"n": [1.0], "s": ["a"]}),
        [Node(), {1: {2}}, (3, [4])],
        np.ma.array([1, 2]),
        {"f": [np.zeros(3)], "c": pd.Categorical(["a"])},
    ],
    ids=["table", "objects", "masked array", "mixed"],
)
def test_what_is_written_in_python_is_understood(value: Any) -> None:
    assert assumed({"v": value}, World().scope).is_complete


def test_labels_that_are_a_range_stay_one() -> None:
    table = pd.DataFrame({"n": range(3)})
    look({"v": table}, World().scope)
    assumed({"v": table}, World().scope)
    assert "_data" not in table.index._cache


@pytest.mark.parametrize("way", [look, assumed])
def test_the_masked_constant_is_no_link(way: Callable[..., Any]) -> None:
    assert not are_linked([np.ma.masked], {"m": np.ma.masked}, way)
    assert not are_linked([np.ma.masked], [np.ma.masked.data, np.ma.masked.mask], way)
    array = np.ma.array([1, 2], mask=[0, 1])
    assert are_linked([array], array, way)
