"""A fingerprint does not tell equal strings apart, and tells everything else."""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensession.serial.agreement import agrees
from ensession.serial.blind import LIMIT_BYTES, MOST_REMEMBERED, SMALL_BYTES, Remembered
from ensession.serial.look import look
from tests.serial.worlds import World

WORDS = ["a", "id", "name", "numpy", "date", "x", "two words", "ü", "\ud800", "long " * 30]
TEXTS = st.sampled_from(WORDS) | st.text(max_size=3)
BYTES = st.binary(max_size=3) | st.sampled_from([one.encode("utf-8", "surrogatepass") for one in WORDS])
ATOMS = TEXTS | BYTES | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none()
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXTS | st.integers(), inner, max_size=4)
        | st.tuples(inner, inner)
        | st.frozensets(TEXTS, max_size=3)
    ),
    max_leaves=12,
)


@pytest.fixture(autouse=True)
def _main() -> Iterator[None]:
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


class Note:
    def __init__(self, text: Any) -> None:
        self.text = text


def test_objects_too_long_for_it_are_stored_as_long_as_they_are_small() -> None:
    world = World()
    notes = [Note(f"n{number}") for number in range(3000)]
    seen = look({"x": notes}, world.scope)
    assert LIMIT_BYTES < seen.n_bytes < SMALL_BYTES
    assert seen.varies_by_process()
    assert not look({"x": notes[:100]}, world.scope).varies_by_process()
    assert not look({"x": [f"n{number}" for number in range(9000)]}, world.scope).varies_by_process()
    large = {"x": notes, "y": np.zeros(SMALL_BYTES // 8)}
    again = {"x": [Note(apart(note.text)) for note in notes], "y": np.zeros(SMALL_BYTES // 8)}
    again["x"][1].text = again["x"][0].text[:1] + "1"
    vars(again["x"][2])[apart("text")] = vars(again["x"][2]).pop("text")
    assert look(large, world.scope).fingerprint == look(again, world.scope).fingerprint
    assert not look(large, world.scope).varies_by_process()


def apart(text: Any) -> Any:
    """Return an equal string that is another object, as far as there can be one."""
    return (
        text.encode("utf-32", "surrogatepass").decode("utf-32", "surrogatepass")
        if type(text) is str
        else bytes(bytearray(text))
    )


def rebuilt(value: Any, string: Any) -> Any:
    """Return an equal value, each of its strings put through ``string``."""
    if isinstance(value, str | bytes):
        return string(value)
    if isinstance(value, list):
        return [rebuilt(one, string) for one in value]
    if isinstance(value, tuple):
        return tuple(rebuilt(one, string) for one in value)
    if isinstance(value, frozenset):
        return frozenset(rebuilt(one, string) for one in value)
    if isinstance(value, dict):
        return {rebuilt(key, string): rebuilt(one, string) for key, one in value.items()}
    return value


def typed(value: Any) -> Any:
    """Return a form that is equal for equal values of equal types only."""
    if isinstance(value, list | tuple):
        return type(value), [typed(one) for one in value]
    if isinstance(value, frozenset):
        return frozenset, value
    if isinstance(value, dict):
        return dict, [(typed(key), typed(one)) for key, one in value.items()]
    return type(value), repr(value)


@given(VALUES)
def test_equal_values_have_one_fingerprint_whichever_strings_are_shared(value: Any) -> None:
    world, table = World(), dict[Any, Any]()
    shared = rebuilt(value, lambda text: table.setdefault((type(text), text), text))
    assert world.fingerprint({"x": rebuilt(value, apart)}) == world.fingerprint({"x": shared})


@given(VALUES, VALUES)
def test_different_values_have_different_fingerprints(one: Any, other: Any) -> None:
    world = World()
    same = world.fingerprint({"x": one}) == world.fingerprint({"x": rebuilt(other, apart)})
    assert same is (typed(one) == typed(other))


@given(st.lists(ATOMS, min_size=1, max_size=4))
def test_which_lists_are_one_object_is_seen(parts: list[Any]) -> None:
    world, inner, again = World(), [*parts], [*parts]
    before = world.fingerprint({"x": [inner, "a", inner]})
    assert world.fingerprint({"x": [inner, "a", copy.copy(inner)]}) != before
    assert world.fingerprint({"x": [again, apart("a"), again]}) == before


@given(st.lists(TEXTS, min_size=1, max_size=5), st.data())
def test_one_string_for_another_is_seen(texts: list[str], data: st.DataObject) -> None:
    world = World()
    place = data.draw(st.integers(0, len(texts) - 1))
    changed = [*texts]
    changed[place] = data.draw(TEXTS.filter(lambda text: text != texts[place]))
    assert world.fingerprint({"x": texts}) != world.fingerprint({"x": changed})


def test_strings_that_read_alike_in_a_row_are_told_apart() -> None:
    world = World()
    alike: list[Any] = [["ab", "c"], ["a", "bc"], ["abc", ""], [b"ab", "c"], ["ab", b"c"], [b"ab", b"c"], [b"a", b"bc"]]
    assert len({world.fingerprint({"x": one}) for one in alike}) == len(alike)


@pytest.mark.parametrize("word", ["numpy", "numpy.random", "ndarray", "x", "text", "World", "ensession.serial.rebuild"])
def test_a_string_that_is_the_name_of_something_pickled_beside_it_is_a_string_like_others(word: str) -> None:
    world = World()

    def made(text: str) -> dict[str, Any]:
        return {"x": [text, np.arange(3), np.ndarray, Note(text), {"x": text}]}

    assert world.fingerprint(made(sys.intern(word))) == world.fingerprint(made(apart(word)))


def test_sets_and_what_is_observed_are_blind_too() -> None:
    world, lock = World(), threading.Lock()
    for extra in ({"a", "b", "c"}, lock):
        one: list[Any] = ["word", "word", extra]
        other = [apart("word"), apart("word"), extra]
        assert world.fingerprint({"x": one}) == world.fingerprint({"x": other}) is not None


def long(string: Any) -> list[dict[str, Any]]:
    return [{string("name"): string(f"n{number % 7}")} for number in range(LIMIT_BYTES // 5)]


def test_a_fingerprint_made_while_equal_strings_were_told_apart_still_counts() -> None:
    world = World()
    for value in (["word", "word"], long(str), {"a", "b"}, [{"a"}, "word"]):
        seen = look({"x": value}, world.scope)
        assert seen.written is not None
        assert agrees({"x": value}, world.scope, seen.written, seen)
    shared = look({"x": ["word"] * 2}, world.scope)
    other = {"x": [apart("word"), apart("wort")]}
    assert shared.written is not None
    assert not agrees(other, world.scope, shared.written, look(other, world.scope))


def test_a_value_just_too_long_for_the_second_pass_agrees_with_one_just_short_enough() -> None:
    world = World()
    short = {"x": ["word" * 16] * 500}
    many = {"x": [apart("word" * 16) for _ in range(500)]}
    recorded, seen = look(short, world.scope), look(many, world.scope)
    assert recorded.n_stream_bytes < LIMIT_BYTES < seen.n_stream_bytes
    assert recorded.fingerprint is not None
    assert seen.fingerprint != recorded.fingerprint
    assert agrees(many, world.scope, recorded.fingerprint, seen)


def test_only_the_latest_payloads_are_remembered() -> None:
    known: Any = Remembered()
    for number in range(MOST_REMEMBERED + 2):
        known.get(1)
        known.add(number, -number)
    assert known.get(0) is None
    assert (known.get(1), known.get(MOST_REMEMBERED + 1)) == (-1, -MOST_REMEMBERED - 1)


def placed(*places: slice) -> dict[str, Any]:
    return {"x": [Note(place) for place in places]}


def test_equal_slices_are_one_slice_or_several() -> None:
    world, one = World(), slice(0, 5, 1)
    assert world.fingerprint(placed(one, one)) == world.fingerprint(placed(one, slice(0, 5, 1)))
    several = [slice(0, 5, 1), slice(0, 5, 2), slice(0, 4, 1), slice(0, 5, None), slice("a", None), slice(0.0, 5, 1)]
    assert len({world.fingerprint(placed(one, other)) for other in several}) == len(several)
