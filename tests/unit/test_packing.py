"""What to take along: against trying every choice of payloads."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import inf
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ensession.errors import PlanError
from ensession.model import ExecutionId, Graph, VersionId, Word
from ensession.planner.packing import Cargo, Choice, Elsewhere, Estimate, Piece, choose
from ensession.planner.packing import _Packer as Packer  # the judge needs its estimates, not its choice
from tests.unit.histories import UNIT, history, random_case, version

BASE = 3


def stored(graph: Graph) -> list[VersionId]:
    return [id_ for id_, node in graph.versions.items() if node.payload is not None]


def own_cargo(graph: Graph, sizes: Random) -> Cargo:
    """Payloads that share nothing."""
    return Cargo(BASE, tuple(Piece(sizes.randint(1, 9), frozenset({id_})) for id_ in stored(graph)))


def shared_cargo(graph: Graph, random: Random) -> Cargo:
    """Payloads of which several consist of the same bytes."""
    ids = stored(graph)
    pieces = list(own_cargo(graph, random).pieces)
    for _ in range(random.randint(1, 4) if len(ids) > 1 else 0):
        users = frozenset(random.sample(ids, random.randint(2, min(4, len(ids)))))
        pieces.append(Piece(random.randint(1, 20), users))
    return Cargo(BASE, tuple(pieces))


def draw(random: Random) -> tuple[Graph, Elsewhere]:
    while True:
        graph = random_case(random, random.randint(1, 8)).graph
        if len(stored(graph)) <= 7:
            break
    doubtful = {c.id for c in graph.executions if random.random() < random.choice((0.0, 0.3))}
    return graph, Elsewhere(UNIT, random.choice((0.25, 1.0, 4.0)), frozenset(doubtful))


def every_choice(graph: Graph, cargo: Cargo, there: Elsewhere, n_max_bytes: float) -> list[Estimate]:
    packer = Packer(graph, ExecutionId(len(graph.executions)), cargo, there, inf)
    ids = stored(graph)
    found = [packer.estimate(frozenset(some)) for count in range(len(ids) + 1) for some in combinations(ids, count)]
    return [one for one in found if one is not None and one.n_bytes <= n_max_bytes]


def choice_of(graph: Graph, cargo: Cargo, there: Elsewhere, n_max_bytes: float = inf) -> Choice:
    return choose(
        graph, ExecutionId(len(graph.executions)), cargo, there, n_max_bytes, whole=cargo.n_bytes(stored(graph))
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
@example(130).via("a cell that may lack a file")
@example(11340).via("without a payload, a cell that should always run can't be")
def test_without_shared_bytes_the_choice_is_the_best_there_is(seed: int) -> None:
    random = Random(seed)
    graph, there = draw(random)
    cargo = own_cargo(graph, random)
    found = choice_of(graph, cargo, there)
    best = min(every_choice(graph, cargo, there, inf), key=lambda one: one.rank)
    assert found.best.n_doubtful == best.n_doubtful
    assert found.best.total_s == pytest.approx(best.total_s)
    assert found.gap_s == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_with_shared_bytes_no_choice_is_better_than_it_says(seed: int) -> None:
    random = Random(seed)
    graph, there = draw(random)
    cargo = shared_cargo(graph, random)
    found = choice_of(graph, cargo, there)
    best = min(every_choice(graph, cargo, there, inf), key=lambda one: one.rank)
    assert found.best.rank >= (best.n_doubtful, best.total_s - 1e-6)
    if found.best.n_doubtful == best.n_doubtful:
        assert found.best.total_s - found.gap_s <= best.total_s + 1e-6
    for plain in (found.everything, found.history_only):
        assert plain is None or found.best.rank <= (plain.n_doubtful, plain.total_s + 1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 1))
def test_under_a_limit_it_keeps_to_it_and_no_choice_is_better_than_it_says(seed: int, share: float) -> None:
    random = Random(seed)
    graph, there = draw(random)
    there = replace(there, doubtful=frozenset())
    cargo = shared_cargo(graph, random) if seed % 2 else own_cargo(graph, random)
    limit = BASE + share * (cargo.n_bytes(stored(graph)) - BASE)
    choices = every_choice(graph, cargo, there, limit)
    if not choices:
        with pytest.raises(PlanError, match="can't be packed"):
            choice_of(graph, cargo, there, limit)
        return
    best = min(one.total_s for one in choices)
    try:
        found = choice_of(graph, cargo, there, limit)
    except PlanError:  # shared bytes: that something fits at all was not found out
        assert seed % 2
        return
    assert found.best.n_bytes <= limit
    assert best - 1e-6 <= found.best.total_s
    assert found.best.total_s - found.gap_s <= best + 1e-6


def test_a_cell_that_needs_a_file_runs_only_where_nothing_else_helps() -> None:
    cells = [
        (1, [], [version(1, 1, "read", 100)]),
        (1, [1], [version(2, 2, "made", 100)]),
        (1, [], [version(3, 3, "unstored", None)]),
    ]
    graph = history(cells)
    cargo = Cargo(0, tuple(Piece(100, frozenset({VersionId(id_)})) for id_ in (1, 2)))
    careful = Elsewhere(UNIT, 1.0, frozenset({ExecutionId(1), ExecutionId(3)}))
    found = choice_of(graph, cargo, careful)
    assert (found.best.plan.runs, found.best.loads, found.best.n_doubtful) == ((2, 3), {1}, 1)
    assert found.best.restore_s == pytest.approx(102)
    bold = choice_of(graph, cargo, replace(careful, doubtful=frozenset()))
    assert (bold.best.plan.runs, bold.best.loads, bold.best.total_s) == ((1, 2, 3), set(), 3)


def test_what_the_user_wants_to_run_always_runs_there_too() -> None:
    graph = history([(5, [], [version(1, 1, "a", 1)]), (5, [1], [version(2, 2, "b", 1)])])
    always = replace(graph.executions[1], words=frozenset({Word.ALWAYS}))
    graph = replace(graph, executions=(graph.executions[0], always))
    cargo = Cargo(0, tuple(Piece(1, frozenset({VersionId(id_)})) for id_ in (1, 2)))
    found = choice_of(graph, cargo, Elsewhere(UNIT, 1.0))
    assert (found.best.plan.runs, found.best.loads) == ((2,), {1})


def test_what_a_cell_with_a_changed_input_made_comes_along_whatever_it_costs() -> None:
    cells = [(1, [], [version(1, 1, "read", 100)]), (1, [1], [version(2, 2, "made", 100)])]
    graph = history(cells)
    cargo = Cargo(0, tuple(Piece(100, frozenset({VersionId(id_)})) for id_ in (1, 2)))
    there = Elsewhere(UNIT, 1.0, unrunnable={ExecutionId(1): "its input in.csv has changed"})
    found = choice_of(graph, cargo, there)
    assert (found.best.plan.runs, found.best.loads) == ((2,), {1})
    assert found.history_only is not None
    assert found.history_only.loads == {1}
    with pytest.raises(PlanError, match="can't be packed into 50 bytes"):
        choice_of(graph, cargo, there, 50)
    assert choice_of(graph, cargo, replace(there, unrunnable={}), 50).best.loads == set()
