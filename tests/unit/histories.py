"""Small random histories for the planner's tests, and the planner's judge: trying everything out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from hypothesis import strategies as st

from ensession.model import (
    Codec,
    ExecutionId,
    ExecutionKind,
    Graph,
    GraphExecution,
    GraphVersion,
    Outcome,
    PayloadInfo,
    VersionId,
    Word,
)
from ensession.planner import CostModel

UNIT = CostModel(load_fixed_s=0.0, stream_bytes_per_s=1.0, buffer_bytes_per_s=1.0, run_fixed_s=0.0)
"""One byte costs one second: costs can be added up by hand."""


def payload(n_bytes: int) -> PayloadInfo:
    return PayloadInfo(Codec.PICKLE, "3.11.7", n_bytes, 0, n_bytes)


def version(
    number: int,
    execution: int,
    names: str,
    load: int | None,
    *,
    unstorable: str | None = None,
    requires: Sequence[int] = (),
) -> GraphVersion:
    """Make a version; ``load`` is its payload's size, None where it has no payload."""
    return GraphVersion(
        VersionId(number),
        ExecutionId(execution),
        tuple(names.split()),
        load or 0,
        unstorable,
        None if load is None else payload(load),
        tuple(VersionId(d) for d in requires),
    )


def history(
    cells: Sequence[tuple[float, Sequence[int], Sequence[GraphVersion]]], no_replay: Mapping[int, str] | None = None
) -> Graph:
    """Make a graph from (runtime, reads, versions made) of cells 1, 2, …"""
    versions: dict[VersionId, GraphVersion] = {}
    executions = []
    state: dict[str, VersionId] = {}
    bindings: dict[ExecutionId, dict[str, VersionId | None]] = {}
    for number, (runtime, reads, made) in enumerate(cells, start=1):
        versions.update((v.id, v) for v in made)
        bound = {name: v.id for v in made for name in v.names}
        state.update(bound)
        bindings[ExecutionId(number)] = dict(bound)
        executions.append(
            GraphExecution(
                ExecutionId(number),
                ExecutionKind.CELL,
                runtime,
                Outcome.OK,
                (no_replay or {}).get(number),
                tuple(VersionId(u) for u in reads),
                tuple(v.id for v in made),
            )
        )
    return Graph(tuple(executions), versions, state, bindings)


@dataclass(frozen=True)
class Case:
    """A history and what is known here and now."""

    graph: Graph
    wanted: frozenset[VersionId]
    unloadable: Mapping[VersionId, str] = field(default_factory=dict)
    unrunnable: Mapping[ExecutionId, str] = field(default_factory=dict)
    live: frozenset[VersionId] = frozenset()
    unfaithful: frozenset[VersionId] = frozenset()
    done: frozenset[ExecutionId] = frozenset()

    def never_run(self) -> frozenset[VersionId]:
        """Return what must not come from a run: what comes out wrong, and what nothing could be held against."""
        versions = self.graph.versions
        stored = {v for v, node in versions.items() if node.payload is not None and v not in self.unloadable}
        found = set(self.unfaithful)
        for late in (v for v in stored if versions[v].unstorable is not None):
            own = [v for v in versions if versions[v].execution == versions[late].execution]
            tied = {late}
            for _ in own:  # what refers to it, and what refers to that
                tied.update(v for v in own if tied.intersection(versions[v].requires))
            if tied <= stored:
                found |= tied
        return frozenset(found)


def random_case(random: Random, n_executions: int) -> Case:
    """Draw a history whose costs are small integers, so that ties are common."""
    made: list[GraphVersion] = []
    cells = []
    rate = random.random()
    for number in range(1, n_executions + 1):
        reads = random.sample([v.id for v in made], min(len(made), random.choice((0, 1, 1, 2, 3))))
        first = len(made) + 1
        own = range(first, first + random.choice((0, 1, 1, 2, 3)))
        new = [_random_version(random, v, number, own, rate) for v in own]
        made += new
        cells.append((random.randint(0, 6), reads, new))
    graph = history(cells, {n: "it sent mail" for n in range(1, n_executions + 1) if random.random() < rate / 4})
    if random.random() < 0.5:  # half of the users have nothing to say
        graph = replace(graph, executions=tuple(_with_words(random, c) for c in graph.executions))
    ids = sorted(graph.versions)

    def some(share: float) -> list[VersionId]:
        return [v for v in ids if random.random() < share]

    share = random.choice((0.0, 0.2))
    return Case(
        graph,
        frozenset(graph.state.values() if random.random() < 0.7 else some(0.3)),
        {v: "bad chunk" for v in some(share / 2)},
        {c.id: "file is gone" for c in graph.executions if random.random() < share / 2},
        frozenset(some(random.choice((0.0, 0.3)))),
        frozenset(some(share)),
        frozenset(c.id for c in graph.executions if random.random() < share / 2),
    )


def _with_words(random: Random, execution: GraphExecution) -> GraphExecution:
    rates = {Word.ALWAYS: 0.2, Word.ALLOW: 0.1, Word.NEVER: 0.1}
    words = [word for word, rate in rates.items() if random.random() < rate]
    caution = "it wrote out.csv" if random.random() < 0.2 else None
    return replace(execution, caution=caution, words=frozenset(words))


def _random_version(random: Random, number: int, execution: int, own: range, rate: float) -> GraphVersion:
    requires = []
    if number > 1 and random.random() < 0.3:
        requires = [d for d in {random.randint(1, number - 1), random.choice(own)} if d != number]
    names = " ".join(sorted(set(random.choices("abcdef", k=random.choice((1, 1, 2))))))
    load = None if random.random() < rate else random.randint(0, 8)
    reason = "a lock" if load is None else "there was no time" if random.random() < 0.1 else None
    return version(number, execution, names, load, unstorable=reason, requires=requires)


@st.composite
def cases(draw: st.DrawFn, max_executions: int = 12) -> Case:
    n_executions = draw(st.integers(1, max_executions))
    return random_case(Random(draw(st.integers(0, 2**32))), n_executions)


@dataclass(frozen=True)
class Solution:
    cost: int
    runs: frozenset[ExecutionId]
    loads: frozenset[VersionId]

    def rank(self) -> tuple[int, int]:
        return self.cost, len(self.runs)


class BruteForce:
    """Tries every choice of executions that makes a difference; shares no code with the planner."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.graph = case.graph
        self._never_run = case.never_run()
        self.forced: frozenset[ExecutionId] = frozenset()
        self.forced = frozenset(c.id for c in self.graph.executions if self._must_run(c))

    def _must_run(self, c: GraphExecution) -> bool:
        if Word.ALWAYS not in c.words or c.id in self.case.done or not self._can_run(c):
            return False
        last = len(self.graph.executions) - 1
        return bool(self._search(last, frozenset(self._inputs(c)), 0, frozenset(), frozenset()))

    def solve(self, goal: Collection[VersionId]) -> list[Solution]:
        """Return the best solutions: all with the least cost and, of these, the fewest runs."""
        last = len(self.graph.executions) - 1
        found = self._search(last, frozenset(goal) - self.case.live, 0, frozenset(), frozenset())
        return [s for s in found if s.rank() == min(t.rank() for t in found)]

    def obtainable(self) -> set[VersionId]:
        return {v for v in self.graph.versions if self.solve({v})}

    def _search(
        self,
        index: int,
        needed: frozenset[VersionId],
        cost: int,
        runs: frozenset[ExecutionId],
        loads: frozenset[VersionId],
    ) -> list[Solution]:
        if index < 0:
            return [Solution(cost, runs, loads)] if needed <= set(self.graph.versions) else []
        c = self.graph.executions[index]
        own = set(c.produces)
        while True:  # requirements of what is needed, also among the execution's own versions
            more = {d for v in needed & own for d in self.graph.versions[v].requires} - self.case.live
            if more <= needed:
                break
            needed |= more
        mine = needed & own
        must_load = mine & self._never_run
        found = []
        if c.id in self.forced:
            price = cost + int(c.runtime_s) + self._load(must_load)
            if not self._can_load(must_load):
                return []
            return self._search(index - 1, needed | self._inputs(c), price, runs | {c.id}, loads | must_load)
        if self._can_load(mine):
            found += self._search(index - 1, needed, cost + self._load(mine), runs, loads | mine)
        if mine - must_load and self._can_run(c) and self._can_load(must_load):
            price = cost + int(c.runtime_s) + self._load(must_load)
            found += self._search(index - 1, needed | self._inputs(c), price, runs | {c.id}, loads | must_load)
        return found

    def _inputs(self, c: GraphExecution) -> set[VersionId]:
        rebound = {name for v in c.produces for name in self.graph.versions[v].names}
        kept = {u for u in c.reads if u in self.case.live and not rebound & set(self.graph.versions[u].names)}
        return set(c.reads) - kept

    def _can_run(self, c: GraphExecution) -> bool:
        is_allowed = c.caution is None or Word.ALLOW in c.words or Word.ALWAYS in c.words
        return c.no_replay is None and is_allowed and Word.NEVER not in c.words and c.id not in self.case.unrunnable

    def _can_load(self, versions: Collection[VersionId]) -> bool:
        return all(self.graph.versions[v].payload and v not in self.case.unloadable for v in versions)

    def _load(self, versions: Collection[VersionId]) -> int:
        return sum(self.graph.versions[v].n_bytes for v in versions)
