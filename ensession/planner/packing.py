"""Which payloads to take along to another machine: the least time until a state runs there. Pure: no I/O, no clock.

Taking a payload costs its bytes over the bandwidth and the time to load it; leaving it out costs running cells again
over there. That is the planner's minimum cut with other prices, and exact.

Two things are no part of a cut, and are brought into it by prices (Lagrange multipliers): bytes that several payloads
share travel once, so that their price is divided among them; and an upper limit on all bytes makes every byte dearer.
Each such cut also proves that no choice is better than some time, so the answer says how far it may be from the best.

References
----------
A. M. Geoffrion: *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2, 1974.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from types import MappingProxyType

from ensession.errors import PlanError
from ensession.model import HIDDEN_PREFIX, ExecutionId, Graph, GraphExecution, GraphVersion, Plan, VersionId
from ensession.planner.costs import LONGEST_S, CostModel
from ensession.planner.mincut import plan
from ensession.planner.situation import only_loaded

SHARE_ROUNDS = 12
"""Cuts that are tried to divide the price of shared bytes."""
LIMIT_ROUNDS = 40
"""Cuts that are tried to find the price of bytes under which they keep to a limit."""
FILL_ROUNDS = 40
"""Payloads that are tried one by one in the room that is left."""
_SAME_S = 1e-6
_LEFT_OUT = "left out when the state was packed"


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that travel once if any of some payloads does."""

    n_bytes: int
    users: frozenset[VersionId]


@dataclass(frozen=True, slots=True)
class Cargo:
    """What there is to send.

    Attributes
    ----------
    n_base_bytes : int
        What always travels: history and outputs.
    pieces : tuple[Piece, ...]
        What payloads consist of.
    """

    n_base_bytes: int
    pieces: tuple[Piece, ...]

    def n_bytes(self, loads: Collection[VersionId]) -> int:
        """Return how many bytes travel with these payloads."""
        taken = frozenset(loads)
        return self.n_base_bytes + sum(piece.n_bytes for piece in self.pieces if not taken.isdisjoint(piece.users))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The other machine.

    Attributes
    ----------
    costs : CostModel
        Of loading and running there.
    bytes_per_s : float
        Rate at which the file travels.
    doubtful : frozenset[ExecutionId]
        Cells that may lack something there (a file that they read): run only where nothing else brings a value.
    unrunnable : Mapping[ExecutionId, str]
        Cells that can't be counted on to run there at all, and why: an input of theirs is not what it was.
    """

    costs: CostModel
    bytes_per_s: float
    doubtful: frozenset[ExecutionId] = frozenset()
    unrunnable: Mapping[ExecutionId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is expected of a choice of payloads.

    Attributes
    ----------
    plan : Plan
        How the state is brought back with these payloads.
    n_doubtful : int
        Cells of the plan that may lack something there.
    """

    plan: Plan
    loads: frozenset[VersionId]
    n_bytes: int
    n_doubtful: int
    send_s: float
    restore_s: float

    @property
    def total_s(self) -> float:
        """Time until the state runs there."""
        return self.send_s + self.restore_s

    @property
    def rank(self) -> tuple[int, float]:
        """Order of preference, the least first: doubtful cells are worse than any time."""
        return self.n_doubtful, self.total_s


@dataclass(frozen=True, slots=True)
class Choice:
    """What to take along.

    Attributes
    ----------
    gap_s : float
        No choice is better by more than this; 0 where it is proven to be the best.
    everything : Estimate
        Of the whole store.
    history_only : Estimate or None
        Without a payload of any cell that can be run again; None where something would be lost.
    """

    best: Estimate
    gap_s: float
    everything: Estimate
    history_only: Estimate | None


@dataclass(frozen=True, slots=True)
class _Prices(CostModel):
    """Prices with the way there in them, and with doubtful cells dearer than any time."""

    extra_s: Mapping[VersionId, float] = field(default_factory=dict)
    doubtful: frozenset[ExecutionId] = frozenset()
    base: CostModel = field(default_factory=CostModel)

    def version_cost_s(self, version: GraphVersion) -> float:
        return self.base.version_cost_s(version) + self.extra_s.get(version.id, 0.0)

    def execution_cost_s(self, execution: GraphExecution) -> float:
        return self.base.execution_cost_s(execution) + (LONGEST_S if execution.id in self.doubtful else 0.0)


def choose(
    graph: Graph, target: ExecutionId, cargo: Cargo, there: Elsewhere, n_max_bytes: float = inf, *, whole: int
) -> Choice:
    """Choose the payloads with which a state runs soonest on another machine.

    Parameters
    ----------
    graph : Graph
        The history of the state.
    target : ExecutionId
    cargo : Cargo
        Its pieces hold the payloads of the graph's versions.
    there : Elsewhere
    n_max_bytes : float
        More than this must not travel.
    whole : int
        Bytes of the whole store.

    Raises
    ------
    PlanError
        Nothing that keeps to the limit brings back what the whole store would.
    """
    packer = _Packer(graph, target, cargo, there, n_max_bytes)
    everything = packer.estimate(frozenset(packer.stored))
    assert everything is not None  # noqa: S101  (all payloads bring back what can be)
    packer.consider(everything.loads)
    history_only = packer.consider(_unrepeatable(graph, there.unrunnable) | packer.certain)
    packer.search()
    best = packer.best
    if best is None:
        raise PlanError(
            f"state {target} can't be packed into {n_max_bytes:.0f} bytes: what can't be made again, or not be "
            f"compared then, takes more; "
            f"about {packer.smallest} bytes are needed"
        )
    gap_s = max(best.total_s + LONGEST_S * best.n_doubtful - packer.bound_s, 0.0)
    all_sent = replace(everything, n_bytes=whole, send_s=whole / there.bytes_per_s)
    return Choice(best, gap_s if gap_s > _SAME_S * (1 + best.total_s) else 0.0, all_sent, history_only)


class _Packer:
    """Tries cuts under changing prices and keeps the best choice, and the best proof."""

    def __init__(self, graph: Graph, target: ExecutionId, cargo: Cargo, there: Elsewhere, n_max_bytes: float) -> None:
        self._graph = graph
        self._target = target
        self._cargo = cargo
        self._there = there
        self._n_max_bytes = n_max_bytes
        self.stored = {id_ for id_, version in graph.versions.items() if version.payload is not None}
        # A generator that nobody seeded starts elsewhere each time: hidden state is small, and always comes along. So
        # does what nothing there could be held against.
        self.certain = only_loaded(graph).union(id_ for id_ in self.stored if _is_hidden(graph.versions[id_]))
        self._shares = [dict.fromkeys(piece.users, 1 / len(piece.users)) for piece in cargo.pieces]
        self._tried: dict[frozenset[VersionId], Estimate | None] = {}
        self._lost = _lost(self._plan(self._prices({})))
        self.best: Estimate | None = None
        self.bound_s = 0.0
        self.smallest = cargo.n_bytes(self.stored)

    def search(self) -> None:
        """Find a good choice that keeps to the limit, and a bound on all such choices."""
        step = self._cut(0.0)
        for round_ in range(SHARE_ROUNDS):
            if step is None or not self._divide_anew(step.loads, 1 / (2 + round_)):
                break
            step = self._cut(0.0)
        if step is None or step.n_bytes > self._n_max_bytes:
            self._keep_to_limit()
            self._fill()

    def estimate(self, loads: frozenset[VersionId]) -> Estimate | None:
        """Say what is expected with these payloads there; None where something would be lost without others."""
        prices = self._prices({})
        left_out = dict.fromkeys(self.stored - loads, _LEFT_OUT)
        made = self._plan(prices, left_out)
        if _lost(made) != self._lost:
            return None
        n_doubtful = len(self._there.doubtful.intersection(made.runs))
        taken = frozenset(made.loads)
        n_bytes = self._cargo.n_bytes(taken)
        restore_s = made.cost_s - LONGEST_S * n_doubtful
        return Estimate(made, taken, n_bytes, n_doubtful, n_bytes / self._there.bytes_per_s, restore_s)

    def consider(self, loads: frozenset[VersionId]) -> Estimate | None:
        """Look at a choice, and keep it if it is the best so far."""
        if loads not in self._tried:
            self._tried[loads] = self.estimate(loads)
        found = self._tried[loads]
        if found is not None:
            self.smallest = min(self.smallest, found.n_bytes)
            is_better = self.best is None or found.rank < self.best.rank
            if found.n_bytes <= self._n_max_bytes and is_better:
                self.best = found
        return found

    def _cut(self, surcharge_s: float) -> Estimate | None:
        """Make the exact plan under prices with a surcharge per byte, and note what it proves."""
        per_byte_s = 1 / self._there.bytes_per_s + surcharge_s
        extra: dict[VersionId, float] = {}
        for piece, shares in zip(self._cargo.pieces, self._shares, strict=True):
            for version, share in shares.items():
                extra[version] = extra.get(version, 0.0) + piece.n_bytes * share * per_byte_s
        made = self._plan(self._prices(extra))
        bound_s = made.cost_s + self._cargo.n_base_bytes * per_byte_s
        if surcharge_s:
            bound_s -= surcharge_s * self._n_max_bytes
        self.bound_s = max(self.bound_s, bound_s)
        return self.consider(frozenset(made.loads))

    def _plan(self, prices: _Prices, left_out: Mapping[VersionId, str] = MappingProxyType({})) -> Plan:
        return plan(
            self._graph,
            self._target,
            prices,
            unloadable=left_out,
            unrunnable=self._there.unrunnable,
            unfaithful=self.certain,
        )

    def _divide_anew(self, loads: frozenset[VersionId], step: float) -> bool:
        """Move the price of shared bytes to the payloads that were taken; say whether any has moved."""
        has_moved = False
        for index, piece in enumerate(self._cargo.pieces):
            taken = piece.users & loads
            shares = self._shares[index]
            if taken and sum(shares[version] for version in taken) < 1 - _SAME_S:
                has_moved = True
                goal = 1 / len(taken)
                self._shares[index] = {
                    version: share + step * ((goal if version in taken else 0.0) - share)
                    for version, share in shares.items()
                }
        return has_moved

    def _keep_to_limit(self) -> None:
        """Find the least surcharge under which the cut keeps to the limit, by halving."""
        low, high = 0.0, 1 / self._there.bytes_per_s
        rounds = LIMIT_ROUNDS
        while rounds and not self._fits(self._cut(high)):
            low, high = high, 8 * high
            rounds -= 1
        for round_ in range(min(rounds, LIMIT_ROUNDS // 2)):
            middle = (low + high) / 2
            found = self._cut(middle)
            if found is not None:
                self._divide_anew(found.loads, 1 / (3 + round_))
            low, high = (low, middle) if self._fits(found) else (middle, high)

    def _fits(self, found: Estimate | None) -> bool:
        return found is not None and found.n_bytes <= self._n_max_bytes

    def _fill(self) -> None:
        """Put into the room that is left what a cut that took too much would have had there."""
        if self.best is None:
            return
        others = {version for loads in self._tried for version in loads} - self.best.loads
        for version in sorted(others, key=self._saved_per_byte, reverse=True)[:FILL_ROUNDS]:
            loads = self.best.loads | {version}
            if self._cargo.n_bytes(loads) <= self._n_max_bytes:
                self.consider(loads)

    def _saved_per_byte(self, version: VersionId) -> float:
        node = self._graph.versions[version]
        runtime_s = next((c.runtime_s for c in self._graph.executions if c.id == node.execution), 0.0)
        return runtime_s / (1 + self._cargo.n_bytes({version}) - self._cargo.n_base_bytes)

    def _prices(self, extra: Mapping[VersionId, float]) -> _Prices:
        return _Prices(base=self._there.costs, extra_s=extra, doubtful=self._there.doubtful)


def _unrepeatable(graph: Graph, unrunnable: Collection[ExecutionId]) -> frozenset[VersionId]:
    """Return the versions that no run of a cell brings back: found when recording began, or not to be run again."""
    barred = (c for c in graph.executions if c.forbidden is not None or c.id in unrunnable)
    return frozenset(v for c in barred for v in c.produces)


def _is_hidden(version: GraphVersion) -> bool:
    return all(name.startswith(HIDDEN_PREFIX) for name in version.names)


def _lost(made: Plan) -> tuple[set[VersionId], set[ExecutionId], set[VersionId]]:
    """Return what a plan does not bring, or not as it was, and what it can't run although it always should."""
    return set(made.missing), set(made.omitted), set(made.renewed)


def pieces_of(sizes: Iterable[tuple[int, frozenset[VersionId]]]) -> tuple[Piece, ...]:
    """Put together what always travels together."""
    sums: dict[frozenset[VersionId], int] = {}
    for n_bytes, users in sizes:
        sums[users] = sums.get(users, 0) + n_bytes
    return tuple(Piece(n_bytes, users) for users, n_bytes in sums.items() if users)
