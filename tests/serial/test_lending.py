"""Objects of two libraries that share memory come back with it: one is stored as lying in the other's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from ensession.serial.look import look
from ensession.serial.registry import Registry, shared_registry
from tests.serial.worlds import World, reloaded


class Block:
    """Memory of another library, as a tensor's storage is."""

    def __init__(self, memory: Any) -> None:
        self.memory = memory  # an array of bytes, its own or somebody else's

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """What NumPy asks for to make an array in this memory."""
        return self.memory.__array_interface__  # type: ignore[no-any-return]

    def array(self, dtype: Any = float) -> Any:
        """Return an array in this memory."""
        return np.asarray(self).view(dtype)


def make_block(content: bytes) -> Block:
    return Block(np.frombuffer(bytearray(content), np.uint8))


def make_block_in(owner: Any, start: int, n_bytes: int) -> Block:
    return Block(owner.ravel(order="K").view(np.uint8)[start : start + n_bytes])


def make_array_in(block: Block, dtype: Any, shape: Any, strides: Any, start: int) -> Any:
    return np.ndarray(shape, dtype, np.asarray(block), start, strides)


def lend(array: Any, block: Block) -> Any:
    start = array.__array_interface__["data"][0] - block.memory.__array_interface__["data"][0]
    return make_array_in, (block, array.dtype, array.shape, array.strides, start)


def memory(block: Block) -> tuple[int, int]:
    start = block.memory.__array_interface__["data"][0]
    return start, start + block.memory.nbytes


@pytest.fixture(autouse=True)
def registry() -> Iterator[Registry]:
    """Register the library as one that lends its memory and borrows that of arrays."""
    shared = shared_registry()
    knew = shared.knows_foreign_memory
    shared.register(
        Block,
        lambda block: (make_block, (block.memory.tobytes(),)),
        memory=memory,
        lend=lend,
        borrow=lambda block, owner, start: (make_block_in, (owner, start, block.memory.nbytes)),
    )
    yield shared
    del shared._reducers[Block]
    shared._found.clear()
    shared.knows_foreign_memory = knew


def come_back(**values: Any) -> dict[str, Any]:
    world = World()
    first = world.fingerprint(values)
    assert world.fingerprint(values) == first
    found, other = reloaded(values, world)
    assert other.fingerprint(found) == first
    return dict(found)


@pytest.mark.parametrize("n", [5, 5000])
def test_arrays_in_the_memory_of_another_library(n: int) -> None:
    block = make_block(np.arange(float(n)).tobytes())
    found = come_back(block=block, array=block.array(), part=block.array()[2:4])
    found["array"][3] = -1.0
    assert found["part"][1] == found["block"].array()[3] == -1.0


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_object_of_another_library_in_the_memory_of_an_array(order: Any) -> None:
    array = np.asarray(np.arange(600.0).reshape(20, 30), order=order)
    block = make_block_in(array, 80, 160)
    found = come_back(array=array, block=block, rows=array[1:3])
    found["array"][...] = 7.0
    assert set(found["block"].array()) == {7.0}
    assert set(found["rows"].ravel()) == {7.0}
    assert found["array"].flags.f_contiguous == (order == "F")


def test_without_the_array_that_owns_the_memory_it_is_drawn_in() -> None:
    array = np.arange(100.0)
    found = come_back(part=array[10:20], block=make_block_in(array, 80, 160))
    found["part"][0] = -1.0
    assert found["block"].array()[0] == -1.0


def test_alone_each_is_stored_by_its_contents() -> None:
    array = np.arange(100_000.0)
    seen = look({"part": array[:3]}, World().scope)
    block = make_block(array.tobytes())
    alone = look({"few": block.array()[:3]}, World().scope)
    assert seen.n_bytes < 1000
    assert alone.n_bytes < 1000


def test_what_can_not_be_put_together_again_is_refused() -> None:
    array = np.arange(100.0)
    block = make_block_in(array, 0, 160)
    array.flags.writeable = False
    seen = look({"array": array, "block": block}, World().scope)
    assert seen.codec is None
    assert seen.unstorable == "it shares memory between objects of two libraries"


def test_memory_that_is_given_to_another_array_is_not_taken_for_the_same() -> None:
    world = World()
    array = np.arange(100.0)
    block = make_block_in(array, 0, 160)
    world.fingerprint({"array": array, "block": block})
    other = np.arange(50.0)
    seen = look({"other": other, "block": block}, world.scope)
    assert seen.codec is not None
    assert seen.n_buffer_bytes + seen.n_stream_bytes < 2000
