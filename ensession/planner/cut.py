"""Minimum cuts in small flow networks, exact in integers. Pure: no I/O, no clock.

Networks of history graphs are long and thin, so most of a cut is decided by local rules; what is left goes to
a solver of maximum flows.
"""

from __future__ import annotations

from ensession.planner.flow import Residual

SOURCE = 0
SINK = 1
UNCUTTABLE = 1 << 80
"""Capacity of an arc that must not be cut: more than any sum of costs in nanoseconds."""


class Network:
    """A flow network whose arcs are added one by one.

    Attributes
    ----------
    succ, pred : list[dict[int, int]]
        Capacity of the arc to (from) each neighbour, by node.
    """

    def __init__(self) -> None:
        self.succ: list[dict[int, int]] = [{}, {}]
        self.pred: list[dict[int, int]] = [{}, {}]

    def add_node(self) -> int:
        """Add a node without arcs and return its number."""
        self.succ.append({})
        self.pred.append({})
        return len(self.succ) - 1

    def add_arc(self, tail: int, head: int, capacity: int) -> None:
        """Add capacity to the arc between two nodes; arcs that no cut of interest has are left out."""
        if tail in (head, SINK) or head == SOURCE or capacity == 0:
            return
        total = self.succ[tail].get(head, 0) + capacity
        self.succ[tail][head] = total
        self.pred[head][tail] = total

    def source_side(self) -> set[int]:
        """Return the source's side of the minimum cut; among equal ones, of that with the fewest nodes there.

        The smallest source side is unique (minimum cuts are closed under intersection), so the answer does not
        depend on the order of arcs or on the solver. The network is used up.
        """
        reduction = _Reduction(self)
        reduction.run()
        side = _solve(self)
        return reduction.unfold(side)


class _Reduction:
    """Local rules that decide nodes without a solver; each keeps the smallest minimum cut.

    1. A node whose arc to the sink is at least as wide as all its arcs in belongs to the sink.
    2. A node whose arc from the source is wider than all its arcs out belongs to the source.
    3. A node with one arc in goes with that neighbour when the arc is wider than all its arcs out. When it has no
       arc out but to the sink, rule 1 or 3 always applies: trees fold up completely.
    """

    def __init__(self, network: Network) -> None:
        self.succ = network.succ
        self.pred = network.pred
        self.width_in = [sum(arcs.values()) for arcs in network.pred]
        self.width_out = [sum(arcs.values()) for arcs in network.succ]
        self.follows: list[tuple[int, int]] = []

    def run(self) -> None:
        """Apply the rules until none fits."""
        queue = list(range(2, len(self.succ)))
        waiting = [True] * len(self.succ)
        while queue:
            node = queue.pop()
            waiting[node] = False
            goal = self._decide(node)
            if goal is None:
                continue
            for neighbour in self._merge(node, goal):
                if neighbour > SINK and not waiting[neighbour]:
                    waiting[neighbour] = True
                    queue.append(neighbour)

    def unfold(self, side: set[int]) -> set[int]:
        """Add the merged nodes to a source side, last merged first."""
        for node, goal in reversed(self.follows):
            if goal in side:
                side.add(node)
        return side

    def _decide(self, node: int) -> int | None:
        """Return the node that this one always goes with, if a rule says so."""
        arcs_in = self.pred[node]
        if self.succ[node].get(SINK, 0) >= self.width_in[node]:
            return SINK
        if arcs_in.get(SOURCE, 0) > self.width_out[node]:
            return SOURCE
        if len(arcs_in) == 1 and self.width_in[node] > self.width_out[node]:
            return next(iter(arcs_in))
        return None

    def _merge(self, node: int, goal: int) -> set[int]:
        """Move a node's arcs to the node it goes with; return the nodes for which that may matter."""
        self.follows.append((node, goal))
        arcs_in, arcs_out = self.pred[node], self.succ[node]
        self.pred[node], self.succ[node] = {}, {}
        for tail, width in arcs_in.items():
            del self.succ[tail][node]
            self.width_out[tail] -= width
            self._widen(tail, goal, width)
        for head, width in arcs_out.items():
            del self.pred[head][node]
            self.width_in[head] -= width
            self._widen(goal, head, width)
        return {*arcs_in, *arcs_out, goal}

    def _widen(self, tail: int, head: int, width: int) -> None:
        if tail in (head, SINK) or head == SOURCE or (tail == SOURCE and head == SINK):
            return
        total = self.succ[tail].get(head, 0) + width
        self.succ[tail][head] = total
        self.pred[head][tail] = total
        self.width_out[tail] += width
        self.width_in[head] += width


def _solve(network: Network) -> set[int]:
    """Return the smallest source side of a minimum cut."""
    residual = Residual(network.succ)
    residual.fill(SOURCE, SINK)
    return residual.reached(SOURCE)
