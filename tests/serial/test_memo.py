"""What a pickler has put into a payload, without a copy of its memo."""

from __future__ import annotations

import gc
import pickle
import weakref
from typing import Any, ClassVar

import pytest

from ensession.capture.namespace import UserNamespace
from ensession.model import Codec
from ensession.serial.kinds import key_of
from ensession.serial.memo import objects_in
from ensession.serial.pickling import Dump, dump
from ensession.serial.scope import Scope
from ensession.serial.sinks import HashSink


def dumped(codec: Codec = Codec.PICKLE, **values: Any) -> Dump:
    namespace = dict(values)
    made, _ = dump(values, Scope(namespace, UserNamespace(namespace, frozenset)), HashSink, codec=codec)
    return made


@pytest.mark.parametrize("codec", list(Codec))
def test_what_is_part_of_the_payload_is_found_and_nothing_else(codec: Codec) -> None:
    inner, outside = [1], [2]
    pickler = dumped(codec, x={"inner": inner}).pickler
    assert pickler.mutable_among(frozenset(map(key_of, (inner, outside)))).keys() == {id(inner)}
    assert pickler.mutable_ids().keys() >= {id(inner)}


@pytest.mark.parametrize("codec", list(Codec))
def test_the_picklers_own_parts_are_no_part_of_the_payload(codec: Codec) -> None:
    pickler = dumped(codec, x=[1]).pickler
    own = [vars(pickler), *vars(pickler).values(), pickler.namespace, type(pickler)]
    assert not pickler.mutable_among(frozenset(map(key_of, own)))
    assert not pickler.mutable_ids().keys() & set(map(id, own))


def test_the_namespace_is_part_of_a_payload_that_holds_it() -> None:
    namespace: dict[str, Any] = {"n": 1}
    namespace["x"] = [namespace]
    found, _ = dump({"x": namespace["x"]}, Scope(namespace, UserNamespace(namespace, frozenset)), HashSink)
    assert found.pickler.mutable_among(frozenset({key_of(namespace)})).keys() == {id(namespace)}


def test_the_memo_is_the_one_that_the_pickler_gives_away() -> None:
    chance = [{"id": n, "part": [str(n)], "pair": (n, [n])} for n in range(1000)]
    pickler = dumped(x=chance).pickler
    shown = {id(one): one for one in objects_in(pickler)}
    given = {key: one for key, (_, one) in pickler.memo.copy().items()}
    assert given.keys() <= shown.keys()
    assert all(shown[key] is one for key, one in given.items())
    own = shown.keys() - given.keys()
    assert own <= {*pickler._before, id(vars(pickler)), *map(id, vars(pickler).values())}


def test_sets_are_found_among_many_other_values() -> None:
    assert dumped(x=[{"n": n} for n in range(100)] + [{"a", "b"}]).pickler.holds_unordered()
    assert not dumped(x=[{"n": n} for n in range(100)] + [{1, 2}]).pickler.holds_unordered()
    assert not dumped(x=[{"n": n} for n in range(100)]).pickler.holds_unordered()


class Made:
    """What an object makes of itself to be pickled."""


class Making:
    endings: ClassVar[list[weakref.ref[Made]]] = []

    def __reduce__(self) -> Any:
        made = Made()
        self.endings.append(weakref.ref(made))
        return list, ([made],)


@pytest.mark.parametrize("codec", list(Codec))
def test_what_was_pickled_is_gone_with_its_look_also_where_somebody_asked_for_it(codec: Codec) -> None:
    """A table of a million objects, and copies of all arrays of a model, once lived on until the collector came."""
    gc.collect()
    gc.disable()
    try:
        made = dumped(codec, x=Making(), y=[1])
        ending = Making.endings[-1]
        assert made.pickler.mutable_ids()
        assert made.pickler.holds_unordered() is False
        assert ending() is not None
        del made
        assert ending() is None
    finally:
        gc.enable()


def test_a_pickler_is_gone_with_its_look() -> None:
    """Or all that it pickled would live on until the collector comes."""
    gc.disable()
    try:
        made = dumped(x=[b"1" * 10], y=pickle.PickleBuffer(b"buffer"))
        ending = weakref.ref(made.pickler)
        del made
        assert ending() is None
    finally:
        gc.enable()
