"""The storage policy: is a new version worth a payload? Pure: no I/O, no clock.

A version is stored when storing and loading it is estimated cheaper than making it again from what is stored already.
Chains of cheap cells thus get a payload whenever the way back from the last one has become longer than storing another.

References
----------
Z. Li, P. Gor, R. Prabhu, H. Yu, Y. Mao, Y. Park: *ElasticNotebook: Enabling Live Migration for Computational
Notebooks*, PVLDB 17(2), 2023, section 5. There, what to store is decided for one state at the time of migration; a
recorder has to decide version by version, before it knows what comes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from math import inf

from ensession.config import StoragePolicy
from ensession.model import ExecutionId, Graph, GraphVersion, VersionId
from ensession.planner.costs import CostModel

LONGEST_CHAIN = 256
"""A version that takes more executions than this to make again counts as impossible to make again."""


@dataclass(frozen=True, slots=True)
class Recompute:
    """What it takes to make a version again.

    Attributes
    ----------
    executions : frozenset[ExecutionId]
        Earlier executions to run again, besides the version's own.
    loads : frozenset[VersionId]
        Payloads to load.
    cost_s : float
        Estimated time, the version's own execution included; infinite where it is impossible.
    """

    executions: frozenset[ExecutionId]
    loads: frozenset[VersionId]
    cost_s: float


IMPOSSIBLE = Recompute(frozenset(), frozenset(), inf)

Add = Callable[[GraphVersion, Recompute], tuple[int, int] | None]
"""Adds the payload of a version where that can be had and is worth it."""


def _add_nothing(version: GraphVersion, need: Recompute, /) -> None:
    del version, need


class StorageRule:
    """Decides, version by version along one line of history, what gets a payload.

    For each new execution: ``need = rule.assess(…)``, then ``rule.should_store(…, need)`` for each of its versions,
    and once it is recorded ``rule.observe(…)``.

    Parameters
    ----------
    policy : StoragePolicy
    costs : CostModel
    longest_chain : int
        Bounds the time and memory that the bookkeeping takes.
    """

    def __init__(self, policy: StoragePolicy, costs: CostModel, *, longest_chain: int = LONGEST_CHAIN) -> None:
        self.policy = policy
        self._costs = costs
        self._longest_chain = longest_chain
        self._run_s: dict[ExecutionId, float] = {}
        self._load_s: dict[VersionId, float] = {}
        self._ways: dict[VersionId, Recompute] = {}

    @classmethod
    def from_graph(
        cls,
        policy: StoragePolicy,
        costs: CostModel,
        graph: Graph,
        *,
        longest_chain: int = LONGEST_CHAIN,
        add: Add = _add_nothing,
    ) -> StorageRule:
        """Take up a recorded line of history, for example after a restore or a checkout.

        Parameters
        ----------
        add : callable
            Called in history order with each version that has no payload, and with what it takes to make it again from
            what is stored by then. Where it adds a payload it returns the plain sizes of stream and buffers.
        """
        rule = cls(policy, costs, longest_chain=longest_chain)
        for execution in graph.executions:
            no_replay, reads = execution.forbidden, execution.reads
            need = rule.assess(runtime_s=execution.runtime_s, no_replay=no_replay, reads=reads)
            stored: dict[VersionId, tuple[int, int]] = {}
            for version in map(graph.versions.__getitem__, execution.produces):
                payload = version.payload
                sizes = add(version, need) if payload is None else (payload.n_stream_bytes, payload.n_buffer_bytes)
                if sizes is not None:
                    stored[version.id] = sizes
            rule.observe(
                execution.id,
                runtime_s=execution.runtime_s,
                no_replay=no_replay,
                reads=reads,
                versions=execution.produces,
                stored=stored,
                need=need,
            )
        rule.forget(set(graph.versions).difference(graph.state.values()))
        return rule

    def renewed(self, graph: Graph, add: Add = _add_nothing) -> StorageRule:
        """Return a rule with the same policy and prices that knows a line of history as it is by now."""
        return self.from_graph(self.policy, self._costs, graph, longest_chain=self._longest_chain, add=add)

    def assess(self, *, runtime_s: float, no_replay: str | None, reads: Iterable[VersionId]) -> Recompute:
        """Estimate what it takes to run an execution again, given what is stored so far.

        Executions and payloads that several of its inputs need are counted once.

        Parameters
        ----------
        runtime_s : float
            How long the execution took.
        no_replay : str or None
            Why it can't be run again.
        reads : iterable of VersionId
            What it read.
        """
        if no_replay is not None:
            return IMPOSSIBLE
        executions: set[ExecutionId] = set()
        loads: set[VersionId] = set()
        for version in reads:
            if version in self._load_s:
                loads.add(version)
                continue
            way = self._ways.get(version, IMPOSSIBLE)
            if way is IMPOSSIBLE:
                return IMPOSSIBLE
            executions |= way.executions
            loads |= way.loads
        if len(executions) >= self._longest_chain:
            return IMPOSSIBLE
        cost_s = self._costs.run_cost_s(runtime_s)
        cost_s += sum(map(self._run_s.__getitem__, executions)) + sum(self._load_s.get(load, inf) for load in loads)
        return Recompute(frozenset(executions), frozenset(loads), cost_s)

    def should_store(self, n_stream_bytes: int, n_buffer_bytes: int, need: Recompute) -> bool:
        """Say whether a version of this plain size, whose execution was assessed, is worth a payload."""
        if self.policy is StoragePolicy.ALL:
            return True
        load_s = self._costs.estimate_load_s(n_stream_bytes, n_buffer_bytes)
        return load_s + self._costs.estimate_store_s(n_stream_bytes, n_buffer_bytes) < need.cost_s

    def store_s(self, n_stream_bytes: int, n_buffer_bytes: int) -> float:
        """Estimate the time to store a value of these plain sizes."""
        return self._costs.estimate_store_s(n_stream_bytes, n_buffer_bytes)

    def observe(
        self,
        execution: ExecutionId,
        *,
        runtime_s: float,
        no_replay: str | None,
        reads: Iterable[VersionId],
        versions: Collection[VersionId],
        stored: Mapping[VersionId, tuple[int, int]],
        need: Recompute | None = None,
    ) -> None:
        """Take note of a recorded execution.

        Parameters
        ----------
        versions : collection of VersionId
            What it made.
        stored : mapping of VersionId to (int, int)
            Those that have a payload or get one, and the plain sizes of stream and buffers.
        need : Recompute, optional
            What :meth:`assess` said of it, where that is at hand.
        """
        if need is None:
            need = self.assess(runtime_s=runtime_s, no_replay=no_replay, reads=reads)
        self._run_s[execution] = self._costs.run_cost_s(runtime_s)
        way = need
        if need is not IMPOSSIBLE:
            way = Recompute(need.executions | {execution}, need.loads, need.cost_s)
        for version in versions:
            if version in stored:
                self._load_s[version] = self._costs.estimate_load_s(*stored[version])
            else:
                self._ways[version] = way

    def should_store_late(self, version: VersionId, n_stream_bytes: int, n_buffer_bytes: int) -> bool:
        """Say whether a version that was observed without a payload is worth one all the same."""
        if version in self._load_s:
            return False
        return self.should_store(n_stream_bytes, n_buffer_bytes, self._ways.get(version, IMPOSSIBLE))

    def gain(self, version: VersionId, n_stream_bytes: int, n_buffer_bytes: int) -> None:
        """Take note that a version got a payload after all."""
        self._ways.pop(version, None)
        self._load_s[version] = self._costs.estimate_load_s(n_stream_bytes, n_buffer_bytes)

    def lose(self, version: VersionId) -> None:
        """Take note that a payload was not written after all: the version can't be counted on."""
        self._load_s.pop(version, None)
        self._ways[version] = IMPOSSIBLE

    def forget(self, versions: Iterable[VersionId]) -> None:
        """Drop versions that no name is bound to any more: later executions can't read them. Saves memory only."""
        for version in versions:
            self._ways.pop(version, None)
