"""Maximum flows, exact in integers: what the local rules of a cut leave over. Pure: no I/O, no clock.

A solver of our own, because bringing a small session back took three times as long with the import of a library's.

References
----------
E. A. Dinic: *Algorithm for solution of a problem of maximum flow in networks with power estimation*, Soviet
Mathematics Doklady 11, 1970 (shortest augmenting paths, phase by phase).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise


class Residual:
    """A flow in a network, and the capacity that it leaves.

    Parameters
    ----------
    succ : Sequence[Mapping[int, int]]
        Capacity of the arc to each neighbour, by node.

    Attributes
    ----------
    left : list[dict[int, int]]
        Capacity left to each neighbour, that of taking flow back included, by node.
    """

    def __init__(self, succ: Sequence[Mapping[int, int]]) -> None:
        self.left: list[dict[int, int]] = [dict(arcs) for arcs in succ]
        for tail, arcs in enumerate(succ):
            for head in arcs:
                self.left[head].setdefault(tail, 0)

    def fill(self, source: int, sink: int) -> None:
        """Send as much from the source to the sink as there is room for."""
        while (distance := self._distances(source, sink))[source] >= 0:
            self._block(source, sink, distance)

    def reached(self, source: int) -> set[int]:
        """Return the nodes to which more could flow."""
        found, stack = {source}, [source]
        while stack:
            for head, width in self.left[stack.pop()].items():
                if width and head not in found:
                    found.add(head)
                    stack.append(head)
        return found

    def _distances(self, source: int, sink: int) -> list[int]:
        """Return the number of arcs with capacity left from each node to the sink; -1 where it is of no use."""
        left = self.left
        distance = [-1] * len(left)
        distance[sink] = 0
        layer, steps = [sink], 0
        while layer and distance[source] < 0:
            steps += 1
            following = []
            for head in layer:
                for tail in left[head]:  # whoever has an arc has its opposite
                    if distance[tail] < 0 and left[tail][head]:
                        distance[tail] = steps
                        following.append(tail)
            layer = following
        return distance

    def _block(self, source: int, sink: int, distance: Sequence[int]) -> None:
        """Fill the shortest paths until each has an arc without capacity left."""
        left = self.left
        untried: dict[int, list[int]] = {}
        path = [source]
        while path:
            tail = path[-1]
            if tail == sink:
                path = self._push(path)
                continue
            heads = untried.get(tail)
            if heads is None:
                nearer = distance[tail] - 1
                heads = untried[tail] = [head for head in left[tail] if distance[head] == nearer]
            while heads and not left[tail][heads[-1]]:
                heads.pop()
            if heads:
                path.append(heads[-1])
            else:
                path.pop()
                if path:
                    untried[path[-1]].pop()

    def _push(self, path: Sequence[int]) -> list[int]:
        """Send what a path has room for; return it up to its first arc without capacity left."""
        left = self.left
        arcs = list(pairwise(path))
        width = min(left[tail][head] for tail, head in arcs)
        for tail, head in arcs:
            left[tail][head] -= width
            left[head][tail] += width
        kept = next(number for number, (tail, head) in enumerate(arcs, 1) if not left[tail][head])
        return list(path[:kept])
