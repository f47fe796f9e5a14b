"""The tree of executions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensession.errors import NotFoundError
from ensession.history import History
from ensession.model import Digest, Execution, ExecutionId, ExecutionKind, KernelRunId, Outcome


def execution(number: int, parent: int | None = None, code: str = "") -> Execution:
    return Execution(
        id=ExecutionId(number),
        digest=Digest(number.to_bytes(32, "big")),
        parent=None if parent is None else ExecutionId(parent),
        run=KernelRunId(1),
        kind=ExecutionKind.CELL,
        code=code,
        cell_id=None,
        started_at=0.0,
        runtime_s=0.0,
        capture_s=0.0,
        outcome=Outcome.OK,
        error=None,
        no_replay=None,
        not_captured=None,
    )


@pytest.fixture
def forked() -> History:
    """1 → 2 → 3 → 6, 2 → 4 → 5, and a second root 7."""
    parents = {6: 3, 1: None, 2: 1, 3: 2, 4: 2, 5: 4, 7: None}
    return History(execution(n, p) for n, p in parents.items())


def e(*numbers: int) -> tuple[ExecutionId, ...]:
    return tuple(map(ExecutionId, numbers))


def test_lines_heads_and_children(forked: History) -> None:
    assert forked.path(ExecutionId(5)) == e(1, 2, 4, 5)
    assert forked.path(None) == ()
    assert forked.heads() == e(5, 6, 7)
    assert forked.children(ExecutionId(2)) == e(3, 4)
    assert forked.children(None) == e(1, 7)
    assert [x.id for x in forked] == [1, 2, 3, 4, 5, 6, 7]
    assert len(forked) == 7
    assert 7 in forked
    assert 8 not in forked


def test_ancestors(forked: History) -> None:
    one, five, six, seven = e(1, 5, 6, 7)
    assert forked.is_ancestor(one, five)
    assert forked.is_ancestor(five, five)
    assert forked.is_ancestor(None, None)
    assert not forked.is_ancestor(five, one)
    assert not forked.is_ancestor(six, five)
    assert forked.common_ancestor(five, six) == 2
    assert forked.common_ancestor(one, six) == 1
    assert forked.common_ancestor(seven, six) is None


def test_branches(forked: History) -> None:
    assert forked.branches() == (e(1, 2, 3, 6), e(4, 5), e(7))


def test_a_log_that_was_cut_off_has_its_first_execution_as_root() -> None:
    cut = History([execution(8, 7), execution(9, 8)])
    assert cut.path(ExecutionId(9)) == e(8, 9)
    assert cut.children(None) == e(8)


def test_what_does_not_exist_is_said(forked: History) -> None:
    with pytest.raises(NotFoundError, match="no execution 12"):
        forked.path(ExecutionId(12))


@given(st.lists(st.integers(0, 10**6), max_size=40))
def test_every_execution_is_in_one_branch_and_heads_end_them(draws: list[int]) -> None:
    tree = History(execution(n, draw % n or None) for n, draw in enumerate(draws, start=1))
    branches = tree.branches()
    assert sorted(x for branch in branches for x in branch) == [x.id for x in tree]
    assert sorted(branch[-1] for branch in branches) == list(tree.heads())
    for branch in branches:
        assert tree.path(branch[-1])[-len(branch) :] == branch
