"""What a namespace's names are bound to, watched without asking each of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensession.capture import watch as module
from ensession.capture.change import Tracked
from ensession.capture.registry import Registry
from ensession.capture.watch import NamespaceWatch
from ensession.model import VersionId

NAMES = st.sampled_from([f"n{number}" for number in range(12)])
ACTIONS = st.lists(st.tuples(NAMES, st.sampled_from(["bind", "delete", "keep"])), max_size=30)


def bindings(namespace: dict[str, Any]) -> dict[str, int]:
    return {name: id(value) for name, value in namespace.items()}


@pytest.mark.parametrize("way", ["fast", "asked"])
@given(rounds=st.lists(ACTIONS, max_size=8))
def test_it_tells_exactly_the_names_that_were_bound_or_deleted(way: str, rounds: list[Any]) -> None:
    alive: list[object] = []  # so that no address is used twice
    namespace: dict[str, Any] = {f"other{number}": object() for number in range(150)}
    watch = NamespaceWatch(namespace)
    if way == "asked":
        watch._pointers = module._asked
    assert watch.changed() == set(namespace)
    for actions in rounds:
        before = bindings(namespace)
        for name, action in actions:
            if action == "bind":
                namespace[name] = object()
                alive.append(namespace[name])
            elif action == "delete":
                namespace.pop(name, None)
        after = bindings(namespace)
        assert watch.changed() == {n for n in before | after if before.get(n) != after.get(n)}
        assert watch.in_order(set(namespace)) == list(namespace)


def test_nothing_is_left_for_a_while() -> None:
    namespace: dict[str, Any] = {"x": 1}
    watch = NamespaceWatch(namespace)
    watch.changed()
    value = namespace.pop("x")
    assert watch.changed() == {"x"}
    namespace["x"] = value
    for expected in ({"x"}, set(), set()):
        assert watch.changed() == expected


def test_names_that_do_not_count_may_come_and_go() -> None:
    namespace: dict[str, Any] = {"_1": 1, "x": [1]}
    watch = NamespaceWatch(namespace, lambda name: not name.startswith("_"))
    assert watch.changed() == {"x"}
    del namespace["_1"]
    namespace.update(y=[2], _2=2)
    assert watch.changed() == {"y"}
    namespace["x"] = [3]
    assert watch.changed() == {"x"}


def test_values_are_not_kept_alive() -> None:
    import weakref

    class Thing:
        pass

    namespace = {"a": Thing()}
    watch = NamespaceWatch(namespace)
    watch.changed()
    ghost = weakref.ref(namespace.pop("a"))
    assert ghost() is None


def tracked(name: str, references: tuple[str, ...] = (), labels: dict[int, tuple[Any, ...]] | None = None) -> Tracked:
    return Tracked((name,), VersionId(1), {name: 1}, None, None, references, (), frozenset(), labels or {})


def test_the_registry_finds_who_refers_to_a_name() -> None:
    registry = Registry()
    registry.update({"a": tracked("a", ("F",)), "b": tracked("b", ("F", "G")), "F": tracked("F", ("G",))})
    assert registry.referring({"F"}) == {"a", "b"}
    assert registry.references(["a"]) == {"a": ("F",), "F": ("G",)}
    registry["a"] = tracked("a")
    del registry["b"]
    assert registry.referring({"F"}) == set()
    assert registry.stirred == {"a", "b", "F"}
    registry.clear()
    assert registry.referring({"G"}) == set()


def test_the_registry_finds_who_holds_a_label_under_other_names() -> None:
    registry = Registry()
    registry["a"] = tracked("a", labels={7: ("x",)})
    assert list(registry.relabelled({7: ("x",), 8: ("y",)})) == []
    assert list(registry.relabelled({7: ("z",)})) == ["a"]
