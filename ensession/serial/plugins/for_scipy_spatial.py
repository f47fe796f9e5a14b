"""SciPy: a spatial tree keeps the array that it was made from, and goes on sharing it with whoever holds it.

What plain pickle does: copies of that array and of the indices are written, and the addresses of the tree's nodes.
"""

from __future__ import annotations

import sys
from typing import Any

from ensession.serial.registry import Registry

NODES, DATA, INDICES = 0, 1, 7
"""Where these are in the state of a tree."""
N_STATE = 10
NODE_WORDS = 9
"""Machine words in a node."""
ADDRESSES = slice(5, 7)
"""The words of a node that are made anew when a tree is loaded."""


def _reduce_tree(tree: Any) -> Any:
    make, arguments, state, *_ = tree.__reduce_ex__(4)
    if len(state) != N_STATE:
        return NotImplemented
    parts = list(state)
    parts[NODES] = _without_addresses(parts[NODES], int(tree.size))
    parts[DATA], parts[INDICES] = tree.data, tree.indices
    return make, arguments, tuple(parts)


def _without_addresses(nodes: Any, n_nodes: int) -> Any:
    np = sys.modules["numpy"]
    if nodes.nbytes != n_nodes * NODE_WORDS * np.dtype(np.intp).itemsize:
        return nodes
    blank = np.array(nodes)
    blank.view(np.intp).reshape(n_nodes, NODE_WORDS)[:, ADDRESSES] = 0
    return blank


def register(registry: Registry) -> None:
    """Register the types of ``scipy.spatial``."""
    spatial = sys.modules["scipy.spatial"]
    registry.register(spatial.cKDTree, _reduce_tree)
    registry.register(spatial.KDTree, _reduce_tree)
