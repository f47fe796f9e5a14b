"""Minimum cuts: the local rules together with our solver against networkx."""

from __future__ import annotations

from random import Random

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from ensession.planner.cut import SINK, SOURCE, UNCUTTABLE, Network


def smallest_source_side(n_nodes: int, arcs: list[tuple[int, int, int]]) -> set[int]:
    """Ask networkx for the largest sink side of the mirrored network."""
    mirrored = nx.DiGraph()
    mirrored.add_nodes_from(range(n_nodes))
    for tail, head, width in arcs:
        known = mirrored.get_edge_data(head, tail, {"capacity": 0})["capacity"]
        mirrored.add_edge(head, tail, capacity=known + width)
    _, (sink_side, _) = nx.minimum_cut(mirrored, SINK, SOURCE)
    return set(range(n_nodes)) - set(sink_side)


@settings(max_examples=1000, deadline=None)
@given(st.integers(2, 12), st.integers(0, 40), st.integers(0, 2**32), st.booleans())
def test_agrees_with_networkx(n_nodes: int, n_arcs: int, seed: int, uncuttable: bool) -> None:
    random = Random(seed)
    widths = (0, 1, 2, 3, 7, UNCUTTABLE) if uncuttable else (0, 1, 2, 3)
    network = Network()
    for _ in range(n_nodes - 2):
        network.add_node()
    arcs = []
    for _ in range(n_arcs):
        tail, head = random.sample(range(n_nodes), 2)
        width = random.choice(widths)
        if (tail, head) == (SOURCE, SINK) or (width == UNCUTTABLE and SOURCE in (tail, head) and SINK in (tail, head)):
            continue
        arcs.append((tail, head, width))
        network.add_arc(tail, head, width)
    assert network.source_side() == smallest_source_side(n_nodes, arcs)


def test_a_long_chain_folds_up_without_a_solver() -> None:
    network = Network()
    tail = SOURCE
    for i in range(5_000):
        node = network.add_node()
        network.add_arc(tail, node, 10_000 - i)
        network.add_arc(node, SINK, 1)
        tail = node
    assert len(network.source_side()) == 5_001
