"""Tags, branches, and where kernel runs are."""

from __future__ import annotations

from pathlib import Path

import pytest

from ensession.config import Config
from ensession.errors import ConflictError, NotFoundError, UsageError
from ensession.model import ExecutionId, KernelRunId, RefKind
from ensession.store import Store
from tests.store.kit import ENVIRONMENT, draft


class Line:
    """Records one execution after the other."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.run = store.log.begin_run(ENVIRONMENT).id
        self.head: ExecutionId | None = None
        self.branch: str | None = "main"

    def record(self, **others: object) -> ExecutionId:
        made = self.store.log.record(draft(self.run, self.head, branch=self.branch, **others))
        self.head, self.branch = made.id, made.branch
        return made.id

    def branches(self) -> dict[str, int]:
        return {ref.name: ref.execution for ref in self.store.refs.branches()}


@pytest.fixture
def line(tmp_path: Path):
    with Store.create_or_open(tmp_path / "s.ens", Config()) as store:
        yield Line(store)


def test_a_branch_moves_with_the_work_and_a_new_one_grows_elsewhere(line: Line) -> None:
    first, second = line.record(), line.record()
    assert line.branches() == {"main": second}
    line.head = first
    third = line.record()
    assert line.branches() == {"main": second, "main-2": third}
    fourth = line.record()
    assert (line.branch, line.branches()) == ("main-2", {"main": second, "main-2": fourth})
    line.head = first
    line.record()
    assert line.branch == "main-3"


def test_a_second_beginning_is_a_branch_of_its_own(line: Line) -> None:
    line.record()
    other = Line(line.store)
    other.record()
    assert other.branch == "main-2"
    assert line.store.refs.heads() == {line.run: line.head, other.run: other.head}


def test_two_kernels_on_one_branch_do_not_pull_it_apart(line: Line) -> None:
    line.record()
    other = Line(line.store)
    other.head = line.head
    mine, theirs = line.record(), other.record()
    assert (line.branch, other.branch) == ("main", "main-2")
    assert line.branches() == {"main": mine, "main-2": theirs}


def test_an_automatic_name_leaves_tags_alone(line: Line) -> None:
    first = line.record()
    line.store.refs.add_tag("main-2", first)
    line.record()
    line.head = first
    line.record()
    assert line.branch == "main-3"


def test_without_a_branch_none_moves(line: Line) -> None:
    line.branch = None
    line.record()
    assert line.branches() == {}


def test_a_branch_moves_with_the_execution_or_not_at_all(tmp_path: Path) -> None:
    armed = False

    def on_point(name: str) -> None:
        if armed and name == "record:before-commit":
            raise OSError("no room")

    with Store.create_or_open(tmp_path / "s.ens", Config(), on_point=on_point) as store:
        line = Line(store)
        first = line.record()
        armed = True
        with pytest.raises(OSError, match="no room"):
            line.record()
        armed = False
        assert line.branches() == {"main": first}
        assert store.history.head() == first


@pytest.mark.parametrize("word", ["1", "@1", "here", "@here", "main", "@main"])
def test_words_for_a_state(line: Line, word: str) -> None:
    first = line.record()
    line.store.refs.add_tag("here", first)
    assert line.store.refs.resolve(word) == first


def test_words_for_no_state_say_what_there_is(line: Line) -> None:
    line.record()
    with pytest.raises(NotFoundError, match="there are 1 to 1"):
        line.store.refs.resolve("@7")
    with pytest.raises(NotFoundError, match="there are main"):
        line.store.refs.resolve("@nowhere")
    for word in ("", "@", "two words", "-x", "1a", "a@b", "a'b"):
        with pytest.raises(UsageError, match="can't be the name"):
            line.store.refs.resolve(word)


def test_one_name_means_one_state(line: Line) -> None:
    first = line.record()
    line.store.refs.add_tag("v1", first)
    for add in (line.store.refs.add_tag, line.store.refs.add_branch):
        with pytest.raises(ConflictError, match=r"v1.*is a tag already.*--delete v1"):
            add("v1", first)
    with pytest.raises(UsageError, match="can't be the name"):
        line.store.refs.add_tag("12", first)
    with pytest.raises(NotFoundError, match="there are 1 to 1"):
        line.store.refs.add_tag("v2", ExecutionId(9))


def test_names_can_be_taken_away(line: Line) -> None:
    first = line.record()
    line.store.refs.add_tag("v1", first)
    with pytest.raises(NotFoundError, match="no branch is called 'v1'; there are: main"):
        line.store.refs.delete("v1", RefKind.BRANCH)
    assert line.store.refs.delete("v1", RefKind.TAG).execution == first
    assert line.store.refs.tags() == []


def test_the_head_of_a_run_is_where_it_moved_last(line: Line) -> None:
    first, second = line.record(started_at=10.0), line.record(started_at=20.0)
    assert line.store.refs.heads() == {line.run: second}
    line.store.log.record_restore(first, 30.0, 0.1, {}, {}, line.run)
    assert line.store.refs.heads() == {line.run: first}
    line.head = first
    third = line.record(started_at=40.0)
    assert line.store.refs.heads() == {line.run: third}
    new = line.store.log.begin_run(ENVIRONMENT).id
    line.store.log.record_restore(second, 50.0, 0.1, {}, {}, new)
    assert line.store.refs.heads() == {line.run: third, KernelRunId(new): second}
