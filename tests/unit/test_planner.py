"""The planner against brute force, and by hand."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from math import inf, isinf
from random import Random

import pytest
from hypothesis import given, settings

from ensession.model import ExecutionId, Graph, Plan, StepKind, VersionId, Word
from ensession.planner import CostModel, plan
from tests.unit.histories import UNIT, BruteForce, Case, cases, history, version


def plan_case(case: Case) -> Plan:
    return plan(
        case.graph,
        None,
        UNIT,
        wanted=case.wanted,
        unloadable=case.unloadable,
        unrunnable=case.unrunnable,
        live=case.live,
        unfaithful=case.unfaithful,
        done=case.done,
    )


def brief(made: Plan) -> str:
    """``L3 R4``: load version 3, then run execution 4."""
    return " ".join(f"L{s.version}" if s.kind is StepKind.LOAD else f"R{s.execution}" for s in made.steps)


@settings(max_examples=1500, deadline=None)
@given(cases())
def test_agrees_with_brute_force(case: Case) -> None:
    judge = BruteForce(case)
    made = plan_case(case)
    lost = set(case.wanted - case.live - judge.obtainable())
    assert set(made.missing) | set(made.renewed) == lost
    assert judge.forced <= set(made.runs)
    insisted = {c.id for c in case.graph.executions if Word.ALWAYS in c.words} - case.done
    assert set(made.omitted) == insisted - judge.forced
    best = judge.solve(case.wanted - lost)
    assert len(best) == 1, "the cheapest plan with the fewest runs is unique"
    assert round(made.cost_s) == best[0].cost
    assert set(made.runs) == best[0].runs
    assert set(made.loads) == best[0].loads


def test_what_was_stored_late_is_loaded_even_where_a_run_is_cheaper() -> None:
    graph = history([(1, [], [version(1, 1, "x", 50, unstorable="there was no time")])])
    assert brief(plan(graph, None, UNIT)) == "L1"
    assert brief(plan(graph, None, UNIT, unloadable={VersionId(1): "bad chunk"})) == "R1"


def test_a_generator_that_a_cell_brought_is_loaded_and_what_became_of_it_is_made_again() -> None:
    cells = [
        (9, [], [version(1, 1, "x", 50), version(2, 1, "<random>", 1)]),
        (1, [2], [version(3, 2, "y", 50), version(4, 2, "<random>", 1)]),
    ]
    assert brief(plan(history(cells), None, UNIT)) == "R1 L2 R2"


@settings(max_examples=300, deadline=None)
@given(cases())
def test_steps_are_in_order_and_find_what_they_need(case: Case) -> None:
    made = plan_case(case)
    position = {c.id: i for i, c in enumerate(case.graph.executions)}
    order = [(position[s.execution], s.kind is StepKind.LOAD) for s in made.steps]
    assert order == sorted(order)
    assert len(set(made.steps)) == len(made.steps)
    assert made.cost_s == pytest.approx(sum(s.cost_s for s in made.steps))
    assert made.cost_s <= min(made.load_all_s, made.run_all_s) + 1e-9
    reads = {c.id: c.reads for c in case.graph.executions}
    produces = {c.id: c.produces for c in case.graph.executions}
    there = set(case.live)
    for step in made.steps:
        if step.version is None:
            assert there.issuperset(reads[step.execution])
            there.update(v for v in produces[step.execution] if v not in case.never_run())
        else:
            there.add(step.version)
    assert there >= case.wanted - set(made.missing) - set(made.renewed)


def elastic(load: int, runtime: float) -> Graph:
    """Data, a model that took long to train, and a summary of both."""
    return history(
        [
            (runtime, [], [version(1, 1, "data", load)]),
            (60, [1], [version(2, 2, "model", 1)]),
            (2, [1, 2], [version(3, 3, "summary", 5)]),
        ]
    )


def test_worked_example_mixed() -> None:
    """Data is quick to make (4 against 10), the model quick to load (1 against 60), the summary quick to make."""
    made = plan(elastic(load=10, runtime=4), ExecutionId(3), UNIT)
    assert brief(made) == "R1 L2 R3"
    assert made.cost_s == pytest.approx(4 + 1 + 2)
    assert made.load_all_s == pytest.approx(10 + 1 + 5)
    assert made.run_all_s == pytest.approx(4 + 60 + 2)
    assert made.target == 3


def test_worked_example_load_all() -> None:
    made = plan(elastic(load=10, runtime=4), None, CostModel(load_fixed_s=0, stream_bytes_per_s=1e9, run_fixed_s=0))
    assert brief(made) == "L1 L2 L3"
    assert made.cost_s == pytest.approx(made.load_all_s)


def test_worked_example_run_all() -> None:
    made = plan(elastic(load=10, runtime=4), None, CostModel(stream_bytes_per_s=0.01, run_fixed_s=0))
    assert brief(made) == "R1 R2 R3"
    assert made.cost_s == pytest.approx(made.run_all_s)


def test_one_run_pays_for_several_versions() -> None:
    """Each version alone is cheaper to load (3 against 5), both together are not."""
    graph = history([(5, [], [version(1, 1, "a", 3), version(2, 1, "b", 3)])])
    assert brief(plan(graph, None, UNIT)) == "R1"
    assert brief(plan(graph, None, UNIT, wanted=[VersionId(1)])) == "L1"


def test_a_shared_input_is_paid_once() -> None:
    graph = history(
        [
            (6, [], [version(1, 1, "base", None)]),
            (0, [1], [version(2, 2, "a", 4)]),
            (0, [1], [version(3, 3, "b", 4), version(4, 3, "base", 0)]),
        ]
    )
    assert brief(plan(graph, None, UNIT)) == "R1 R2 R3"


def test_a_tie_is_a_load() -> None:
    graph = history([(3, [], [version(1, 1, "a", 3)]), (2, [1], [version(2, 2, "b", 2)])])
    made = plan(graph, None, UNIT)
    assert brief(made) == "L1 L2"
    assert made.cost_s == made.run_all_s


def test_a_requirement_is_brought_before_what_needs_it() -> None:
    """Loading an instance needs its class, even where only the instance is wanted, and though it comes later."""
    graph = history([(50, [], [version(1, 1, "obj", 1, requires=[3]), version(2, 1, "x", 1), version(3, 1, "Cls", 1)])])
    assert brief(plan(graph, None, UNIT)) == "L3 L1 L2"
    assert brief(plan(graph, None, UNIT, wanted=[VersionId(1)])) == "L3 L1"


def test_unfaithful_versions_are_loaded_after_the_run() -> None:
    graph = history([(5, [], [version(1, 1, "noise", 4), version(2, 1, "data", None)])])
    made = plan(graph, None, UNIT, unfaithful=[VersionId(1)])
    assert brief(made) == "R1 L1"
    assert isinf(made.run_all_s)
    assert brief(plan(graph, None, UNIT, wanted=[VersionId(1)], unfaithful=[VersionId(1)])) == "L1"
    assert brief(plan(graph, None, UNIT)) == "R1"


def test_an_unfaithful_version_without_payload_is_missing() -> None:
    graph = history([(5, [], [version(1, 1, "noise", None)])])
    made = plan(graph, None, UNIT, unfaithful=[VersionId(1)])
    assert made.missing == {1: "not stored; cell 1 makes another value when it is run again"}
    assert made.steps == ()


def test_live_versions_are_free() -> None:
    graph = history([(9, [], [version(1, 1, "df", 9)]), (1, [1], [version(2, 2, "mean", None)])])
    assert brief(plan(graph, None, UNIT, live=[VersionId(1)])) == "R2"
    assert brief(plan(graph, None, UNIT, live=[VersionId(1), VersionId(2)])) == ""


def test_a_live_version_that_a_cell_would_change_is_made_fresh() -> None:
    """Cell 2 did ``items.append(…)``: running it again must not touch the user's list."""
    graph = history([(9, [], [version(1, 1, "items", 3)]), (1, [1], [version(2, 2, "items n", None)])])
    assert brief(plan(graph, None, UNIT, live=[VersionId(1)])) == "L1 R2"


def test_a_version_of_another_history_is_missing() -> None:
    graph = history([(1, [99], [version(1, 1, "a", None)])])
    made = plan(graph, None, UNIT, wanted=[VersionId(1), VersionId(7)])
    assert made.missing == {
        1: "not stored; cell 1 can't be run again without version 99, which can't be brought back: "
        "not part of this history",
        7: "not part of this history",
    }


def test_reasons_name_the_root_cause() -> None:
    graph = history(
        [
            (1, [], [version(1, 1, "gen", None, unstorable="open generator")]),
            (1, [1], [version(2, 2, "a", None)]),
            (1, [2], [version(3, 3, "b", 4)]),
            (1, [], [version(4, 4, "obj", 1, requires=[1])]),
        ],
        {1: "it sent mail", 4: "it read data.csv, which is gone"},
    )
    made = plan(graph, None, UNIT, unloadable={VersionId(3): "chunk 7 is damaged"})
    cause = "unstorable: open generator; cell 1 can't be run again: it sent mail"
    assert made.missing == {
        1: cause,
        2: f"not stored; cell 2 can't be run again without gen of cell 1, which can't be brought back: {cause}",
        3: "can't be loaded: chunk 7 is damaged; cell 3 can't be run again without gen of cell 1, "
        f"which can't be brought back: {cause}",
        4: "can't be loaded without gen of cell 1; cell 4 can't be run again: it read data.csv, which is gone, "
        f"which can't be brought back: {cause}",
    }
    assert made.steps == ()


def test_unrunnable_and_unloadable_reasons_are_given_back() -> None:
    graph = history([(1, [], [version(1, 1, "a", 1)])])
    made = plan(graph, None, UNIT, unloadable={VersionId(1): "no torch"}, unrunnable={ExecutionId(1): "x.csv is gone"})
    assert made.missing == {1: "can't be loaded: no torch; cell 1 can't be run again: x.csv is gone"}
    assert (made.load_all_s, made.run_all_s) == (0, 0), "nothing is left that could be brought"


def saying(graph: Graph, words: dict[int, Word], cautions: dict[int, str] | None = None) -> Graph:
    """Say something of executions."""
    made = tuple(
        replace(
            c,
            words=frozenset({words[c.id]} if c.id in words else ()),
            caution=(cautions or {}).get(c.id),
        )
        for c in graph.executions
    )
    return replace(graph, executions=made)


def test_what_must_always_run_is_run_with_its_inputs() -> None:
    """The connection needs its address; nothing of both is in the target state, and it costs what it costs."""
    graph = history(
        [
            (1, [], [version(1, 1, "address", 50)]),
            (900, [1], [version(2, 2, "db", None, unstorable="a connection")]),
            (1, [], [version(3, 3, "x", 1)]),
        ]
    )
    graph = replace(saying(graph, {2: Word.ALWAYS}), state={"x": VersionId(3)})
    made = plan(graph, None, UNIT)
    assert brief(made) == "R1 R2 L3"
    assert (made.cost_s, made.load_all_s, made.run_all_s) == (902, 951, 902)
    assert brief(plan(graph, None, UNIT, done=[ExecutionId(2)])) == "L3"


def test_what_must_always_run_and_can_not_is_told() -> None:
    graph = history(
        [
            (1, [], [version(1, 1, "key", None, unstorable="a lock")]),
            (1, [1], [version(2, 2, "db", None, unstorable="a connection")]),
            (1, [], [version(3, 3, "x", 1)]),
        ],
        {1: "it was interrupted"},
    )
    graph = saying(graph, {2: Word.ALWAYS, 3: Word.ALWAYS})
    made = plan(graph, None, UNIT, unrunnable={ExecutionId(3): "a.csv is gone"})
    assert made.omitted == {2: "it needs key of cell 1", 3: "a.csv is gone"}
    assert brief(made) == "L3"


def test_a_caution_holds_until_the_user_allows_it() -> None:
    graph = history([(1, [], [version(1, 1, "a", None), version(2, 1, "b", 5)])])
    held = plan(saying(graph, {}, {1: "it wrote a.csv"}), None, UNIT)
    assert brief(held) == "L2"
    assert held.missing == {1: "not stored; cell 1 can't be run again: it wrote a.csv (%ens allow 1 permits it)"}
    assert held.advice == {1: "%ens allow 1 lets a restore run that cell again; or %ens pin a stores it from now on"}
    for word in (Word.ALLOW, Word.ALWAYS):
        assert brief(plan(saying(graph, {1: word}, {1: "it wrote a.csv"}), None, UNIT)) == "R1"
    never = plan(saying(graph, {1: Word.NEVER}), None, UNIT)
    assert never.missing == {1: "not stored; cell 1 can't be run again: you said that it must never run again"}


def test_a_lost_connection_is_replaced_by_the_one_that_is_always_made() -> None:
    """Cell 2 used the connection and sent something, so the connection of the target state can't be had."""
    connection = {"unstorable": "a connection"}
    graph = history(
        [
            (1, [], [version(1, 1, "db", None, **connection)]),
            (1, [1], [version(2, 2, "db", None, **connection), version(3, 2, "rows", 3)]),
            (1, [2], [version(4, 3, "db", None, **connection)]),
        ],
        {2: "it sent mail"},
    )
    assert set(plan(graph, None, UNIT).missing) == {4}
    made = plan(saying(graph, {1: Word.ALWAYS}), None, UNIT)
    assert (brief(made), made.renewed, made.missing) == ("R1 L3", {4: 1}, {})


def test_nothing_to_do() -> None:
    made = plan(history([]), None, UNIT)
    assert (made.steps, made.cost_s, made.load_all_s, made.run_all_s) == ((), 0, 0, 0)


def test_impossible_alternatives_are_infinite() -> None:
    graph = history([(1, [], [version(1, 1, "gen", None)]), (1, [], [version(2, 2, "sent", 1)])], {2: "it sent mail"})
    made = plan(graph, None, UNIT)
    assert brief(made) == "R1 L2"
    assert (made.load_all_s, made.run_all_s) == (inf, inf)


def notebook(random: Random, n_executions: int) -> Graph:
    """Make a long history: cells read a few recent variables and some old ones, and change what they read."""
    names = [f"v{i}" for i in range(200)]
    state: dict[str, int] = {}
    cells = []
    number = 0
    for n in range(1, n_executions + 1):
        read = [name for name in random.sample(names, 3) if name in state]
        made = []
        for name in {random.choice(names), *read[:1]}:
            number += 1
            load = random.choice((None, 10**3, 10**6, 10**8))
            made.append(version(number, n, name, load))
        cells.append((random.choice((0.001, 0.05, 0.2, 5.0)), [state[name] for name in read], made))
        state.update({v.names[0]: v.id for v in made})
    return history(cells, {n: "sent" for n in range(1, n_executions + 1) if random.random() < 0.02})


def test_long_histories_are_planned() -> None:
    """What it takes is measured by make bench-checkout; here a plan that takes minutes would end the test."""
    made = plan(notebook(Random(1), 10_000), None, CostModel())
    assert made.runs
    assert made.loads


def test_import_is_light() -> None:
    code = "import sys, ensession.planner; print('networkx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
