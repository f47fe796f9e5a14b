"""Which state a run goes on from: executions made by hand, no store."""

from __future__ import annotations

from ensession.batch.resume import Wanted, place_before, places
from ensession.model import Digest, Execution, ExecutionId, ExecutionKind, KernelRunId, Outcome


class Past:
    """Executions, one after the other."""

    def __init__(self) -> None:
        self.executions: list[Execution] = []
        self.started_with: dict[ExecutionId, int] = {}

    def add(
        self,
        code: str,
        parent: int | None,
        outcome: Outcome = Outcome.OK,
        kind: ExecutionKind = ExecutionKind.CELL,
    ) -> int:
        id_ = ExecutionId(len(self.executions) + 1)
        before = None if parent is None else ExecutionId(parent)
        fixed = (KernelRunId(1), kind, code, None, 0.0, 0.0, 0.0, outcome, None, None, None)
        self.executions.append(Execution(id_, Digest(b""), before, *fixed))
        return id_

    def line(self, *codes: str, parent: int | None = None) -> int:
        for code in codes:
            parent = self.add(code, parent)
        assert parent is not None
        return parent

    def places(self, *codes: str) -> list[tuple[int, int]]:
        found = places([Wanted(code) for code in codes], self.executions, self.started_with)
        return [(one.execution, one.n_done) for one in found]


def test_the_longest_unchanged_beginning_comes_first() -> None:
    past = Past()
    past.line("a", "b", "c")
    assert past.places("a", "b", "c", "d") == [(3, 3), (2, 2), (1, 1)]
    assert past.places("a", "B", "c") == [(1, 1)]
    assert past.places("b", "c") == []
    assert past.places("a") == [(1, 1)]


def test_a_cell_that_failed_or_was_interrupted_is_not_finished() -> None:
    past = Past()
    a = past.line("a")
    past.add("b", a, Outcome.ERROR)
    past.add("b", a, Outcome.INTERRUPTED)
    assert past.places("a", "b") == [(1, 1)]
    fixed = past.add("b", a)
    assert past.places("a", "b") == [(fixed, 2), (1, 1)]


def test_a_cell_that_may_fail_is_finished_when_it_failed_but_not_when_it_was_interrupted() -> None:
    past = Past()
    a = past.line("a")
    past.add("b", a, Outcome.ERROR)
    wanted = [Wanted("a"), Wanted("b", may_fail=True)]
    assert [one.n_done for one in places(wanted, past.executions, {})] == [2, 1]
    past.executions[1] = past.executions[0]
    past.add("b", a, Outcome.INTERRUPTED)
    assert [one.n_done for one in places(wanted, past.executions, {})] == [1]


def test_what_follows_a_failed_cell_belongs_to_no_run() -> None:
    past = Past()
    failed = past.add("b", past.line("a"), Outcome.ERROR)
    past.line("c", parent=failed)
    assert past.places("a", "c") == [(1, 1)]


def test_the_latest_of_equal_lines_counts() -> None:
    past = Past()
    past.line("a", "b")
    last = past.line("a", "b")
    assert past.places("a", "b")[0] == (last, 2)


def test_a_line_that_began_with_variables_does_not_count() -> None:
    past = Past()
    root = past.add("", None, kind=ExecutionKind.ADOPTED)
    past.line("a", parent=root)
    assert past.places("a") == [(2, 1)]
    past.started_with[ExecutionId(root)] = 1
    assert past.places("a") == []


def test_what_happened_between_cells_belongs_to_the_cell_before() -> None:
    past = Past()
    between = past.add("", past.line("a"), kind=ExecutionKind.AMBIENT)
    assert past.places("a", "b") == [(between, 1)]


def test_cells_of_commands_need_no_execution() -> None:
    past = Past()
    past.line("a", "b")
    wanted = [Wanted(code) for code in ("%ens tag x", "a", "%ens tag y", "b", "%ens tag z")]
    best = places(wanted, past.executions, {})[0]
    assert best.made_by == (None, 1, None, 2)  # whether the last one ran is not known


def test_a_chosen_beginning_takes_the_line_with_most_in_common() -> None:
    past = Past()
    past.line("x", "y")
    past.line("a", "B")
    past.line("a", "C", "d")
    found = place_before(3, [Wanted(code) for code in ("a", "B", "c")], past.executions, {})
    assert found is not None
    assert (found.execution, found.differing) == (4, ())
    found = place_before(3, [Wanted(code) for code in ("a", "Z", "c")], past.executions, {})
    assert found is not None
    assert (found.execution, found.differing) == (6, (2,))
    assert place_before(3, [Wanted(code) for code in ("q", "r", "s")], past.executions, {}) is None
