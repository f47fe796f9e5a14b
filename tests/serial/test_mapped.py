"""Arrays in mapped files: over the same file again where that holds what it held, in memory otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ensession.serial.loading import Rebuilder, load
from tests.serial.worlds import Values, World, reloaded


def numbers(path: Path, mode: Any = "r+", **words: Any) -> Any:
    np.arange(4000, dtype=float).tofile(path)
    return np.memmap(path, dtype=float, mode=mode, **words)


def brought(values: Values, world: World) -> tuple[Values, list[str]]:
    memory = world.dumped(values)
    rebuilder = Rebuilder(World().live, {})
    return load(memory, rebuilder), rebuilder.without_file


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
@pytest.mark.parametrize("words", [{}, {"offset": 80}, {"offset": 20_000, "shape": (30, 20), "order": "F"}])
def test_it_comes_back_over_its_file(mode: str, words: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "x.dat"
    first = numbers(path, mode, **words)
    before, when = path.read_bytes(), path.stat().st_mtime_ns
    world = World()
    found, notes = brought({"x": first}, world)
    again = found["x"]
    assert notes == []
    assert type(again) is np.memmap
    for name in ("filename", "mode", "offset", "shape", "strides", "dtype"):
        assert getattr(again, name) == getattr(first, name)
    assert again.flags.writeable is first.flags.writeable
    assert np.array_equal(again, first)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, when)
    assert world.fingerprint({"x": again}) == world.fingerprint({"x": first})
    if mode == "r+":
        again[-1] = -1
        again.flush()
        assert first[-1].tolist() == again[-1].tolist()


def test_one_that_made_its_file_does_not_make_it_again(tmp_path: Path) -> None:
    first = np.memmap(tmp_path / "x.dat", dtype=int, mode="w+", shape=(3,))
    first[:] = 7
    found, _ = brought({"x": first}, World())
    assert (found["x"].mode, found["x"].tolist()) == ("r+", [7, 7, 7])


def test_views_and_plain_arrays_lie_in_the_one_file_again(tmp_path: Path) -> None:
    first = numbers(tmp_path / "x.dat", shape=(1000, 4))
    values = {"x": first, "part": first[::-2, 1], "plain": np.asarray(first)[5:]}
    found, other = reloaded(values, World())
    found["part"][0] = -1
    found["plain"][0] = -2
    assert (found["x"][999, 1], found["x"][5, 0]) == (-1, -2)
    assert (first[999, 1], first[5, 0]) == (-1, -2)
    again, _ = reloaded(found, other)
    assert all(np.shares_memory(again["x"], again[name]) for name in ("part", "plain"))
    assert again["part"].filename == first.filename


@pytest.mark.parametrize("take", [lambda x: x[::-3, 1], lambda x: np.asarray(x)[5:9, :2].T])
def test_a_view_alone_writes_to_the_file_again(take: Any, tmp_path: Path) -> None:
    first = numbers(tmp_path / "x.dat", shape=(1000, 4))
    part = take(first)
    found, _ = reloaded({"part": part}, World())
    found["part"][...] = -5
    assert np.all(part == -5)
    assert np.sum(first == -5) == part.size


def change(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(800)
        file.write(b"other")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (change, "holds something else now"),
        (lambda path: os.truncate(path, 100), "is not what it was"),
        (lambda path: path.unlink(), "can't be mapped"),
        (lambda path: (path.unlink(), path.mkdir()), "is not what it was"),
    ],
)
def test_it_comes_back_in_memory_where_the_file_is_another_one(spoil: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.dat"
    first = numbers(path)
    memory, content = World().dumped({"x": first, "part": first[1:]}), first.tolist()
    del first
    spoil(path)
    rebuilder = Rebuilder(World().live, {})
    found = load(memory, rebuilder)
    assert found["x"].tolist() == content
    assert np.shares_memory(found["x"], found["part"])
    assert found["x"].filename is None
    assert [said in why for why in rebuilder.without_file] == [True]
