"""Arrays, their views and their types of items come back, with the memory that they share."""

from __future__ import annotations

import ctypes
import mmap
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ensession.serial import pickling
from ensession.serial.look import look
from tests.serial.worlds import Values, World, assert_comes_back, reloaded

DTYPES = st.sampled_from(
    ["f8", "i1", ">i4", "c16", "?", "U3", "S2", "M8[D]", "m8[s]", [("u", "i4"), ("w", "f8", (2,))], "O"]
)
CUTS = st.sampled_from(
    [
        lambda a: a,
        lambda a: a.T,
        lambda a: a[::2],
        lambda a: a[::-1],
        lambda a: a[1:],
        lambda a: a[..., :1],
        lambda a: a.reshape(-1),
        lambda a: np.asfortranarray(a),
        lambda a: a[...],
        lambda a: np.broadcast_to(a, (2, *a.shape)),
        lambda a: np.asmatrix(a),
        lambda a: a.view(np.recarray),
        lambda a: a.view(np.ndarray),
        lambda a: np.ma.array(a, copy=False),
        lambda a: a.view(Measured),
        lambda a: a[0],  # of a structured array: an item in its memory
    ]
)


class Measured(np.ndarray):
    """Says how it is pickled: with attributes, and cut loose from all memory."""

    def __reduce__(self) -> Any:
        """Add attributes to what NumPy says."""
        make, arguments, state = super().__reduce__()  # type: ignore[misc]
        return make, arguments, (*state, vars(self))

    def __setstate__(self, state: Any) -> None:
        """Take them back."""
        super().__setstate__(state[:-1])  # type: ignore[misc]
        vars(self).update(state[-1])


def mapped(array: Any) -> Any:
    """Return the same in the memory of a mapped file."""
    memory = mmap.mmap(-1, array.nbytes)
    memory.write(array.tobytes())
    return np.frombuffer(memory, array.dtype)


def of_ctypes(array: Any) -> Any:
    """Return the same in memory that ctypes has allocated."""
    return np.frombuffer((ctypes.c_char * array.nbytes).from_buffer_copy(array.tobytes()), array.dtype)


MEMORY = st.sampled_from([lambda array: array, lambda array: array, mapped, of_ctypes])


@st.composite
def many_arrays(draw: Any) -> Values:
    shape = draw(arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=draw(st.sampled_from([3, 20]))))
    dtype = np.dtype(draw(DTYPES))
    base = np.arange(int(np.prod(shape))).astype(dtype) if dtype.kind not in "VO" else np.zeros(shape, dtype)
    if base.nbytes and not base.dtype.hasobject:
        base = draw(MEMORY)(base)
    base = base.reshape(shape)
    made = [base]
    for _ in range(draw(st.integers(0, 3))):
        cut = draw(CUTS)
        try:
            made.append(cut(draw(st.sampled_from(made))))
        except (IndexError, ValueError, TypeError, AttributeError):  # of no dimensions or too many, an item, objects
            continue
    for array in made:
        if isinstance(array, np.ndarray) and draw(st.integers(0, 5)) == 0:
            array.flags.writeable = False
    kept = draw(st.lists(st.sampled_from(made), min_size=1, max_size=4))
    return {"x": kept, "y": kept[-1]}


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@given(many_arrays())
@settings(max_examples=400, deadline=None)
def test_arrays_and_their_views_come_back(values: Values) -> None:
    assert_comes_back(values, World())


def test_arrays_of_one_mapped_file_share_memory_again(tmp_path: Path) -> None:
    np.arange(1000.0).tofile(tmp_path / "numbers")
    numbers = np.memmap(tmp_path / "numbers", dtype=float, mode="r+")
    found, _ = reloaded({"numbers": numbers, "part": numbers[2:10], "plain": np.asarray(numbers)[3:]}, World())
    assert type(found["numbers"]) is type(found["part"]) is np.memmap
    found["numbers"][4] = -1.0
    assert found["part"][2] == found["plain"][1] == -1.0
    numbers.flush()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("n_columns", [9, 900])  # within the stream, and out of it
def test_a_view_stays_writable_when_its_owner_was_made_read_only(n_columns: int, order: Literal["C", "F"]) -> None:
    base = np.zeros((2, n_columns), order=order)
    values = {"base": base, "view": base.T, "locked": base[1:]}
    base.flags.writeable = values["locked"].flags.writeable = False
    found, world = reloaded(values, World())
    assert not found["base"].flags.writeable
    assert not found["locked"].flags.writeable
    found["view"][2, 1] = 50
    assert found["base"][1, 2] == found["locked"][0, 2] == 50
    again, _ = reloaded(found, world)
    assert np.shares_memory(again["base"], again["view"])
    assert np.shares_memory(again["base"], again["locked"])


@pytest.mark.parametrize("kind", [object, float, np.longlong, "datetime64[ns]", "U5", [("a", "f8")]], ids=str)
def test_types_of_items_that_are_one_object_for_all_arrays_stay_that(kind: Any) -> None:
    array = np.zeros(3, kind)
    values = {"array": array, "dtype": array.dtype}
    world = World()
    found, other = reloaded(values, world)
    assert found["array"].dtype == array.dtype
    assert found["dtype"] is array.dtype or not array.dtype.isbuiltin
    # Beside another one that was made there, it is no other value than here.
    before = world.fingerprint({"x": [array, np.zeros(2, kind)]})
    if array.dtype.isbuiltin:
        assert before == other.fingerprint({"x": [found["array"], np.zeros(2, kind)]})


def test_a_view_of_what_others_hold_is_stored_without_it() -> None:
    elsewhere = np.array([1, 2, (n for n in ())], dtype=object)
    large = np.zeros(10**6)
    seen = look({"x": elsewhere[:2], "y": large[:5]}, World().scope)
    assert seen.unstorable is None
    assert seen.n_bytes < 1000


def test_views_are_known_in_the_first_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    once = pickling._one_pass

    def counted(*arguments: Any) -> Any:
        passes.append(arguments)
        return once(*arguments)

    monkeypatch.setattr(pickling, "_one_pass", counted)
    base = np.arange(100.0)
    shared = [base.reshape(10, 10), base.T[::-1], base, base[:0]]
    alone = [np.arange(10.0)[1:], np.arange(10.0).reshape(5, 2), np.arange(10.0).view(np.recarray)]
    assert look({"x": shared, "y": alone}, World().scope).unstorable is None
    assert [kind.__name__ for kind, *_ in passes] == ["_CPickler", "_Blind"]


class WithSlots(np.ndarray):
    """Keeps something where only it knows to put it back."""

    __slots__ = ("unit",)

    def __array_finalize__(self, other: Any) -> None:
        """Take the unit along."""
        self.unit = getattr(other, "unit", None)

    def __reduce__(self) -> Any:
        """Add the unit to what NumPy says."""
        make, arguments, state = super().__reduce__()  # type: ignore[misc]
        return make, arguments, (state, self.unit)

    def __setstate__(self, state: Any) -> None:
        """Take it back."""
        super().__setstate__(state[0])  # type: ignore[misc]
        self.unit = state[1]


def test_what_only_a_class_knows_of_is_left_to_it() -> None:
    one = np.arange(5.0).view(WithSlots)
    one.unit = "m"
    locked = one.copy()
    locked.flags.writeable = False
    found, _ = reloaded({"x": [one, one[1:]], "y": locked}, World())
    assert [part.unit for part in (*found["x"], found["y"])] == ["m", "m", "m"]


def test_attributes_are_one_dictionary_for_all_that_hold_it() -> None:
    one = np.arange(5.0).view(Measured)
    one.flags.writeable = False
    vars(one)["x"] = 1
    found, _ = reloaded({"x": one, "y": vars(one)}, World())
    assert vars(found["x"]) is found["y"]


def test_types_that_say_no_module_are_looked_at() -> None:
    seen = look({"x": np.ctypeslib.as_ctypes(np.zeros(3))}, World().scope)
    assert seen.unstorable is not None


_RECORD = [("n", "i8"), ("o", object), ("s", [("a", "f8"), ("q", object)])]


@pytest.mark.parametrize("kind", [np.ndarray, np.recarray])
@pytest.mark.parametrize(
    "take",
    [
        lambda a: a["n"],
        lambda a: a["o"][::-1],
        lambda a: a["s"]["q"][1:],
        lambda a: a["s"]["a"][1:].reshape(2, 1),
        lambda a: a["s"][["a"]],
        lambda a: a[["n", "o"]],
    ],
)
def test_fields_of_records_with_objects_share_memory_again(take: Any, kind: Any) -> None:
    base = np.array([(1, [], (0.5, {})), (2, "x", (1.5, None)), (3, None, (2.5, ()))], dtype=_RECORD).view(kind)
    values = {"base": base, "part": take(base)}
    assert_comes_back(values, World())
    found, world = reloaded(values, World())
    again, _ = reloaded(found, world)
    for one in (found, again):
        assert np.shares_memory(one["base"], one["part"])
        assert one["part"].tolist() == take(one["base"]).tolist()
        one["part"][-1] = one["part"][0]
        assert one["part"].tolist() == take(one["base"]).tolist()


def test_records_that_hold_arrays_beside_objects_come_back() -> None:
    base = np.zeros(3, dtype=[("p", float, (2,)), ("o", object), ("q", object, (2,))])
    base["o"][1] = []
    found, _ = reloaded({"base": base, "part": base["p"], "other": base["q"]}, World())
    assert str(found["base"].tolist()) == str(base.tolist())
    assert found["part"].tolist() == base["p"].tolist()
