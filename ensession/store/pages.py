"""How rows with much data lie in SQLite's pages. Pure arithmetic.

A table's rows go into its leaves in the order of their ids, and one that does not fit into what is left of a leaf
begins the next. Pieces of streams are a fourth of a page long in the mean and up to a whole one: as they come, a fifth
of the file is such rests.

References
----------
SQLite, *Database File Format*, section 1.6: what does not fit into a leaf spills over to pages of its own.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

from ensession.store.engine import PAGE_SIZE

_MOST_LOCAL = PAGE_SIZE - 35
_LEAST_LOCAL = (PAGE_SIZE - 12) * 32 // 255 - 23
_SPILLED_BYTES = PAGE_SIZE - 4
_LEAF_BYTES = PAGE_SIZE - 8
_COLUMNS_BYTES = 47
"""A chunk's row besides its data: the address, the length, the encoding, and what SQLite says of the columns."""
_CELL_BYTES = 13
"""What a leaf needs for a row besides the row."""


def local_and_spilled(n_bytes: int) -> tuple[int, int]:
    """Return how many bytes of a row lie in its leaf, and how many pages the others take."""
    if n_bytes <= _MOST_LOCAL:
        return n_bytes, 0
    wished = _LEAST_LOCAL + (n_bytes - _LEAST_LOCAL) % _SPILLED_BYTES
    local = wished if wished <= _MOST_LOCAL else _LEAST_LOCAL
    return local, -(-(n_bytes - local) // _SPILLED_BYTES)


def in_full_leaves(sizes: Sequence[int]) -> list[int]:
    """Order chunks so that they fill the leaves of their table.

    Parameters
    ----------
    sizes : sequence of int
        Bytes of each as it is stored.

    Returns
    -------
    list of int
        Their places in ``sizes``, in the order in which they are to be inserted.

    Notes
    -----
    Best fit decreasing: each, the largest first, into the fullest leaf that still has room for it.
    """
    rooms = [local_and_spilled(size + _COLUMNS_BYTES)[0] + _CELL_BYTES for size in sizes]
    leaves: list[list[int]] = []
    left: list[tuple[int, int]] = []  # room left in a leaf, and which it is, the fullest first
    for index in sorted(range(len(rooms)), key=rooms.__getitem__, reverse=True):
        room = rooms[index]
        at = bisect_left(left, (room, -1))
        if at < len(left):
            free, leaf = left.pop(at)
        else:
            free, leaf = _LEAF_BYTES, len(leaves)
            leaves.append([])
        leaves[leaf].append(index)
        insort(left, (free - room, leaf))
    return [index for leaf in leaves for index in sorted(leaf)]
