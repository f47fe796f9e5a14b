"""What gets a payload."""

from __future__ import annotations

import time
from collections.abc import Collection
from math import inf, isinf

import pytest
from hypothesis import given, settings

from ensession.config import StoragePolicy
from ensession.model import ExecutionId, Graph, GraphVersion, VersionId
from ensession.planner import CostModel, Recompute, StorageRule, plan
from tests.unit.histories import UNIT, Case, cases, history, version


def rule(policy: StoragePolicy = StoragePolicy.AUTO, longest_chain: int = 256) -> StorageRule:
    return StorageRule(policy, UNIT, longest_chain=longest_chain)


def observe(
    taught: StorageRule, execution: int, runtime_s: float, reads: Collection[int], stored: dict[int, int | None]
) -> None:
    """Observe an execution whose versions have payloads of these sizes, or none."""
    taught.observe(
        ExecutionId(execution),
        runtime_s=runtime_s,
        no_replay=None,
        reads=[VersionId(u) for u in reads],
        versions=[VersionId(v) for v in stored],
        stored={VersionId(v): (size, 0) for v, size in stored.items() if size is not None},
    )


def cost_s(taught: StorageRule, runtime_s: float, reads: Collection[int], no_replay: str | None = None) -> float:
    return taught.assess(runtime_s=runtime_s, no_replay=no_replay, reads=[VersionId(u) for u in reads]).cost_s


def test_cheaper_to_load_is_stored_and_a_tie_is_not() -> None:
    need = rule().assess(runtime_s=5, no_replay=None, reads=[])
    assert rule().should_store(4, 0, need)
    assert not rule().should_store(3, 2, need)


def test_what_cannot_be_run_again_is_stored() -> None:
    need = rule().assess(runtime_s=0, no_replay="it sent mail", reads=[])
    assert isinf(need.cost_s)
    assert rule().should_store(10**9, 10**9, need)


def test_all_stores_all() -> None:
    everything = rule(StoragePolicy.ALL)
    assert everything.should_store(10**9, 0, everything.assess(runtime_s=0, no_replay=None, reads=[]))


def test_shared_cells_and_payloads_are_counted_once() -> None:
    taught = rule()
    observe(taught, 1, 10, [], {1: None, 2: 7})
    observe(taught, 2, 1, [1, 2], {3: None})
    observe(taught, 3, 2, [1, 2], {4: None})
    assert cost_s(taught, 0.5, [3, 4]) == pytest.approx(0.5 + 1 + 2 + 10 + 7)


def test_a_stored_version_ends_the_chain() -> None:
    taught = rule()
    observe(taught, 1, 100, [], {1: 3})
    assert cost_s(taught, 1, [1]) == pytest.approx(4)


def test_a_version_never_seen_is_impossible() -> None:
    assert cost_s(rule(), 1, [99]) == inf


def test_what_descends_from_the_impossible_is_impossible() -> None:
    taught = rule()
    taught.observe(ExecutionId(1), runtime_s=1, no_replay="sent", reads=[], versions=[VersionId(1)], stored={})
    observe(taught, 2, 1, [1], {2: None})
    assert cost_s(taught, 1, [2]) == inf


def test_long_chains_count_as_impossible() -> None:
    taught = rule(longest_chain=20)
    for n in range(1, 31):
        observe(taught, n, 1, [n - 1] if n > 1 else [], {n: None})
        assert isinf(cost_s(taught, 1, [n])) == (n >= 20)


def test_a_chain_of_cheap_cells_is_stored_once_the_way_back_is_longer_than_a_load() -> None:
    """Steps of 1 s, values of 9 s: the tenth is the first worth it; from then on the way back begins with a load."""
    taught = rule()
    stored = []
    for n in range(1, 13):
        reads = [n - 1] if n > 1 else []
        keep = taught.should_store(
            9, 0, taught.assess(runtime_s=1, no_replay=None, reads=[VersionId(u) for u in reads])
        )
        stored += [n] if keep else []
        observe(taught, n, 1, reads, {n: 9 if keep else None})
    assert stored == [10, 11, 12]


def test_forgetting_changes_no_answer_about_what_is_bound() -> None:
    taught = rule()
    observe(taught, 1, 1, [], {1: None})
    observe(taught, 2, 1, [1], {2: None})
    taught.forget([VersionId(1)])
    assert cost_s(taught, 1, [2]) == pytest.approx(3)


def without_facts(graph: Graph) -> Graph:
    """Drop requirements: the rule does not look at them."""
    made = [
        (
            c.runtime_s,
            c.reads,
            [version(v, c.id, " ".join(graph.versions[v].names), _size(graph, v)) for v in c.produces],
        )
        for c in graph.executions
    ]
    return history(made, {c.id: c.no_replay for c in graph.executions if c.no_replay is not None})


def _size(graph: Graph, number: VersionId) -> int | None:
    payload = graph.versions[number].payload
    return None if payload is None else payload.n_stream_bytes


@settings(max_examples=300, deadline=None)
@given(cases())
def test_an_estimate_is_possible_whenever_a_plan_is_and_never_below_it(case: Case) -> None:
    graph = without_facts(case.graph)
    taught = StorageRule.from_graph(StoragePolicy.AUTO, UNIT, graph)
    reads = sorted(set(graph.state.values()))
    best = plan(graph, None, UNIT)
    assessed = taught.assess(runtime_s=0, no_replay=None, reads=reads)
    assert isinf(assessed.cost_s) == bool(best.missing)
    if not best.missing:
        assert assessed.cost_s >= best.cost_s - 1e-9


def test_bookkeeping_stays_quick() -> None:
    taught = StorageRule(StoragePolicy.AUTO, CostModel())
    started = time.perf_counter()
    for n in range(1, 5_001):
        observe(taught, n, 0.0, range(max(1, n - 5), n), {n: None})
    assert time.perf_counter() - started < 2


def test_the_price_of_storing_counts() -> None:
    costs = CostModel(0.0, 1.0, 1.0, 0.0, store_stream_bytes_per_s=0.5, store_buffer_bytes_per_s=1.0)
    taught = StorageRule(StoragePolicy.AUTO, costs)
    need = taught.assess(runtime_s=12, no_replay=None, reads=[])
    assert taught.should_store(3, 1, need)  # 4 s to load, 7 s to store
    assert not taught.should_store(4, 0, need)
    assert not StorageRule(StoragePolicy.AUTO, CostModel()).should_store(
        0, 10**9, taught.assess(runtime_s=0.3, no_replay=None, reads=[])
    )


def test_steps_of_a_chain_wait_until_they_are_worth_another_payload() -> None:
    costs = CostModel(0.0, 1.0, 1.0, 0.0, store_stream_bytes_per_s=0.25)  # 1 byte: 1 s to load, 4 s to store
    taught = StorageRule(StoragePolicy.AUTO, costs)
    observe(taught, 1, 100, [], {1: 1})
    stored = []
    for number in range(2, 14):
        need = taught.assess(runtime_s=1, no_replay=None, reads=[VersionId(number - 1)])
        stored.append(taught.should_store(1, 0, need))
        observe(taught, number, 1, [number - 1], {number: 1 if stored[-1] else None})
    assert stored == ([False] * 4 + [True]) * 2 + [False] * 2


def test_a_payload_that_was_lost_is_not_counted_on() -> None:
    taught = rule()
    observe(taught, 1, 5, [], {1: 2})
    taught.lose(VersionId(1))
    assert isinf(cost_s(taught, 1, [1]))


def test_rates_are_learned_from_loads_and_the_defaults_count_as_well() -> None:
    costs = CostModel(load_fixed_s=0.0, stream_bytes_per_s=64e6, buffer_bytes_per_s=640e6)
    assert costs.learned([]) == costs
    slow = costs.learned([(64_000_000, 0, 3.0)])
    assert slow.stream_bytes_per_s == pytest.approx(32e6)
    assert slow.buffer_bytes_per_s == pytest.approx(costs.buffer_bytes_per_s)
    fast = costs.learned([(0, 64_000_000 * 9, 0.1)] * 5 + [(10, 64_000_000 * 5, 0.0)])
    assert costs.buffer_bytes_per_s < fast.buffer_bytes_per_s < 64e6 * 51 / 0.5


def test_the_import_of_a_library_is_not_taken_for_the_rate_of_the_bytes_that_asked_for_it() -> None:
    costs = CostModel()
    imports = [(150, 0, 0.2), (30_000, 10, 1.5), (10, 200, 0.4)] * 20
    taught = costs.learned(imports)
    assert taught.stream_bytes_per_s > 0.9 * costs.stream_bytes_per_s
    assert taught.buffer_bytes_per_s > 0.9 * costs.buffer_bytes_per_s
    slow = costs.learned([(100_000_000, 0, 8 * 100_000_000 / costs.stream_bytes_per_s)])
    assert slow.stream_bytes_per_s < costs.stream_bytes_per_s / 3


def test_what_is_added_to_a_history_counts_for_what_comes_behind_it() -> None:
    graph = history([(5, [], [version(1, 1, "a", None)]), (1, [1], [version(2, 2, "b", None)])], {1: "it sent mail"})
    asked: list[tuple[int, float]] = []

    def add(one: GraphVersion, need: Recompute) -> tuple[int, int] | None:
        asked.append((one.id, need.cost_s))
        return (3, 0) if one.id == 1 else None

    taught = rule().renewed(graph, add)
    assert asked == [(1, inf), (2, 4)]
    assert cost_s(taught, 1, [2]) == pytest.approx(5)
    assert isinf(cost_s(rule().renewed(graph), 1, [2]))
