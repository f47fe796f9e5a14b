"""How chunks lie in SQLite's pages: arithmetic, and real files."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ensession.config import Config
from ensession.store import Store
from ensession.store.chunker import MAX_CHUNK_BYTES, STREAM_MAX_BYTES, STREAM_MIN_BYTES
from ensession.store.engine import PAGE_SIZE
from ensession.store.pages import in_full_leaves, local_and_spilled

INSERT = "INSERT INTO chunk (id, address, n_bytes, encoding, data) VALUES (?, ?, ?, 'raw', ?)"


@given(st.lists(st.integers(0, MAX_CHUNK_BYTES), max_size=60))
def test_each_chunk_is_inserted_once(sizes: list[int]) -> None:
    assert sorted(in_full_leaves(sizes)) == list(range(len(sizes)))


@given(st.lists(st.integers(0, MAX_CHUNK_BYTES), min_size=1, max_size=60))
def test_no_order_needs_much_less(sizes: list[int]) -> None:
    ordered = leaves([sizes[index] for index in in_full_leaves(sizes)])
    assert ordered <= 11 / 9 * leaves(sizes) + 1  # what best fit decreasing promises against any order


@given(st.integers(0, 2**24))
def test_a_row_lies_in_its_leaf_or_fills_pages_of_its_own(n_bytes: int) -> None:
    local, n_pages = local_and_spilled(n_bytes)
    assert local + n_pages * (PAGE_SIZE - 4) >= n_bytes
    assert 0 <= local < PAGE_SIZE
    assert (n_pages == 0) == (local == n_bytes)


def test_pieces_of_streams_take_hardly_more_room_than_bytes(tmp_path: Path) -> None:
    source = random.Random(3)
    sizes = [source.randint(STREAM_MIN_BYTES, STREAM_MAX_BYTES) for _ in range(400)]
    as_they_come = file_bytes(tmp_path / "come.ens", sizes)
    ordered = file_bytes(tmp_path / "full.ens", [sizes[index] for index in in_full_leaves(sizes)])
    assert ordered <= 1.05 * sum(sizes)
    assert ordered < 0.9 * as_they_come


def file_bytes(path: Path, sizes: list[int]) -> int:
    """Return by how much a store grows when chunks come in."""
    Store.create_or_open(path, Config()).close()
    with closing(sqlite3.connect(path)) as database:
        before = database.execute("PRAGMA page_count").fetchone()[0]
        rows = [(n, random.randbytes(32), size, bytes(size)) for n, size in enumerate(sizes, start=1)]
        database.executemany(INSERT, rows)
        database.commit()
        return (database.execute("PRAGMA page_count").fetchone()[0] - before) * PAGE_SIZE


def leaves(sizes: list[int]) -> int:
    """Return how many leaves rows of some sizes take, each going where the one before went, if there is room."""
    count, free = 1, PAGE_SIZE - 8
    for size in sizes:
        room = local_and_spilled(size + 47)[0] + 13
        if room > free:
            count, free = count + 1, PAGE_SIZE - 8
        free -= room
    return count
