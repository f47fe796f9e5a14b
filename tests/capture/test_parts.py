"""Looks at parts: what is found to belong together before it is looked at, and what is not looked at alone."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ensession.capture.looking import Looker
from ensession.capture.namespace import UserNamespace
from ensession.capture.parts import Parts
from ensession.serial.look import Look
from ensession.serial.scope import Scope


class CountingLooker(Looker):
    """Remembers what it looked at."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.looked_at: list[tuple[str, ...]] = []

    def within_budget(self, values: Mapping[str, Any], *, is_open: bool = False) -> Look:
        """Look, and remember."""
        self.looked_at.append(tuple(values))
        return super().within_budget(values, is_open=is_open)


def parts_of(**variables: Any) -> tuple[Parts, CountingLooker]:
    looker = CountingLooker(Scope(variables, UserNamespace(variables, frozenset)))
    return Parts(looker, variables), looker


def alone(parts: Parts) -> list[tuple[str, ...]]:
    return [(name,) for name in parts.variables]


class Node:
    """Something that has attributes."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


def test_values_that_hold_one_another_are_one_part() -> None:
    inner = Node()
    for holder in ([inner], {"key": inner}, Node(inner=inner), Node(many=[inner]), np.array([inner, None])):
        parts, _ = parts_of(a=1, holder=holder, other=[2], inner=inner)
        assert parts.joined(alone(parts)) == [("a",), ("holder", "inner"), ("other",)]


def test_what_tables_share_without_sharing_changes_joins_nothing() -> None:
    labels = pd.Index(range(5))
    parts, _ = parts_of(labels=labels, table=pd.DataFrame({"a": range(5)}, index=labels), word="w", words=["w"])
    assert parts.joined(alone(parts)) == alone(parts)


def test_neither_the_namespace_nor_a_class_is_followed() -> None:
    variables: dict[str, Any] = {"x": [1]}
    variables |= {"it": iter(variables), "kind": Node}
    parts = Parts(CountingLooker(Scope(variables, UserNamespace(variables, frozenset))), variables)
    assert parts.joined(alone(parts)) == alone(parts)


def test_no_code_of_a_class_runs() -> None:
    class Touchy(list[Any]):
        def __len__(self) -> int:
            raise AssertionError

        def __iter__(self) -> Any:
            raise AssertionError

    inner: list[int] = []
    parts, _ = parts_of(touchy=Touchy([inner]), inner=inner)
    assert parts.joined(alone(parts)) == [("touchy", "inner")]


def test_a_value_deep_inside_another_one_is_not_looked_at_alone() -> None:
    inner = Node(n=1)
    deep = [[[[inner]]], *range(20_000)]
    parts, looker = parts_of(inner=inner, deep=deep, other=Node())
    found = parts.looks_at(alone(parts))
    assert looker.looked_at == [("deep",), ("other",)]
    assert found[0] == 1
    assert isinstance(found[1], Look)


def test_parts_are_looked_at_once() -> None:
    parts, looker = parts_of(x=[1], y=[2])
    assert parts.looks_at(alone(parts)) == parts.looks_at(alone(parts))
    both = parts.together(("x", "y"), parts.looks_at(alone(parts)))
    assert parts.together(("x", "y"), parts.looks_at(alone(parts))) is both
    assert looker.looked_at == [("x",), ("y",), ("x", "y")]


class Copying:
    """Reduces itself to a copy of what it holds, as models in compiled code do."""

    copies: ClassVar[list[weakref.ref[Any]]] = []
    most: ClassVar[int] = 0

    def __init__(self) -> None:
        self.content = np.zeros(2 * 2**20)
        self.part = self.content[1:]

    def __getstate__(self) -> dict[str, Any]:
        copy = self.content.copy()
        type(self).copies.append(weakref.ref(copy))
        type(self).most = max(self.most, sum(one() is not None for one in self.copies))
        return {"content": copy, "part": self.part, "whole": self.content}


def test_what_a_look_is_made_of_is_gone_before_there_is_more_of_it() -> None:
    parts, looker = parts_of(model=Copying(), other=Node())
    parts.variables["other"].model = parts.variables["model"]  # type: ignore[index]
    found = parts.looks_at(alone(parts))
    joint = parts.together(("model", "other"), found)
    assert looker.looked_at == [("model",), ("other",), ("model", "other")]
    assert joint.n_buffer_bytes >= 2 * 2**24
    assert len(Copying.copies) > 2
    assert Copying.most == 2  # what is to be written, and what the pass that is blind to equal strings makes


def test_what_is_not_looked_at_to_the_end_draws_in_all_that_can_be_shared() -> None:
    generator = (n for n in ())
    huge = [generator, *([k] for k in range(250_000))]
    parts, looker = parts_of(word="w", huge=huge, other=Node(), number=3)
    found = parts.looks_at(alone(parts))
    assert looker.looked_at == [("huge",), ("word",), ("number",)]
    assert found[2] == 1
