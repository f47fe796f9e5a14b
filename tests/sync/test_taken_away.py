"""Tags and branches that were taken away or moved in one copy, while the other one is kept in step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ensession.model import Digest, ExecutionId, RefKind
from ensession.store import Store
from ensession.sync.courier import Courier
from ensession.sync.remote import Reach, RemoteSource, RemoteTarget
from ensession.sync.wire import LATER, METHODS
from tests.sync.kit import Work, assert_sound
from tests.sync.test_wire import Line, OlderHello

ONE, TWO, THREE = map(ExecutionId, (1, 2, 3))
Look = Callable[[], None]


@pytest.fixture(params=["beside it", "over a line"])
def look(request: pytest.FixtureRequest, laptop: Store, server: Store, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Do two rounds of what keeps the two stores in step; none of them may fail."""
    if request.param == "over a line":
        over_a_line(server, monkeypatch)
    return looking(laptop, server)


def over_a_line(server: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def ends(*_: Any) -> Iterator[tuple[RemoteSource, RemoteTarget]]:
        line = Line(server.path)
        try:
            yield RemoteSource(line.asker), RemoteTarget(line.asker)
        finally:
            line.close()

    monkeypatch.setattr("ensession.sync.together.existing_or_new", ends)


def looking(laptop: Store, server: Store) -> Look:
    told: list[dict[str, Any]] = []
    courier = Courier(laptop.path, laptop.file_id, str(server.path), Reach(), told.append)

    def look() -> None:
        for _ in range(2):
            courier.look(at_once=True)
        assert not any("error" in one for one in told)

    return look


def named(store: Store) -> dict[str, Digest]:
    return {ref.name: store.history.execution(ref.execution).digest for ref in store.refs.all()}


def digests(store: Store) -> list[Digest]:
    return [execution.digest for execution in store.history.executions()]


def move(store: Store, to: ExecutionId) -> None:
    """What ``%ens tag`` does in ``ens run`` where the name is taken."""
    store.refs.delete("best", RefKind.TAG)
    store.refs.add_tag("best", to)


@pytest.mark.parametrize("at_server", [False, True], ids=["here", "there"])
@pytest.mark.parametrize("kind", [RefKind.TAG, RefKind.BRANCH])
def test_what_was_taken_away_stays_away(
    kind: RefKind, at_server: bool, laptop: Store, server: Store, look: Look
) -> None:
    work = Work(laptop)
    work.cell()
    (laptop.refs.add_tag if kind is RefKind.TAG else laptop.refs.add_branch)("best", ONE)
    look()
    assert set(named(server)) == {"main", "best"}
    (server if at_server else laptop).refs.delete("best", kind)
    for _ in range(2):
        look()
        assert named(laptop) == named(server) == {"main": digests(laptop)[-1]}
        work.cell()
    assert_sound([laptop, server])


def test_so_does_what_had_come_from_the_other_copy_a_moment_before(laptop: Store, server: Store) -> None:
    told: list[dict[str, Any]] = []
    courier = Courier(laptop.path, laptop.file_id, str(server.path), Reach(), told.append)
    Work(server).cell()
    server.refs.add_tag("best", ONE)
    courier.look(at_once=True)
    laptop.refs.delete("best", RefKind.TAG)
    courier.look(at_once=True)
    assert set(named(laptop)) == set(named(server)) == {"main"}


@pytest.mark.parametrize("at_server", [False, True], ids=["here", "there"])
def test_a_tag_that_was_moved_is_the_one_in_both(at_server: bool, laptop: Store, server: Store, look: Look) -> None:
    work = Work(laptop)
    for _ in range(2):
        work.cell()
    laptop.refs.add_tag("best", ONE)
    look()
    first, other = (server, laptop) if at_server else (laptop, server)
    move(first, TWO)
    look()
    move(other, ONE)
    move(other, TWO)
    look()
    assert named(laptop) == named(server) == dict.fromkeys(["main", "best"], digests(laptop)[1])
    first.refs.delete("best", RefKind.TAG)
    first.refs.add_branch("best", ONE)
    look()
    for store in (laptop, server):
        assert [(ref.name, ref.execution) for ref in store.refs.branches()] == [("best", 1), ("main", 2)]
    assert_sound([laptop, server])


def test_what_was_moved_comes_back_to_where_it_was_taken_away(laptop: Store, server: Store, look: Look) -> None:
    work = Work(laptop)
    for _ in range(2):
        work.cell()
    laptop.refs.add_tag("best", ONE)
    look()
    laptop.refs.delete("best", RefKind.TAG)
    move(server, TWO)
    look()
    assert named(laptop)["best"] == named(server)["best"] == digests(laptop)[1]


def test_what_both_moved_has_a_second_name_that_can_be_taken_away(laptop: Store, server: Store, look: Look) -> None:
    work = Work(laptop)
    for _ in range(3):
        work.cell()
    laptop.refs.add_tag("best", ONE)
    look()
    move(laptop, TWO)
    move(server, THREE)
    look()
    _, two, three = digests(laptop)
    seconds = {f"best.{digest.hex()[:8]}": digest for digest in (two, three)}
    assert named(laptop) == {"main": three, "best": two} | seconds
    assert named(server) == {"main": three, "best": three} | seconds
    for name in seconds:
        laptop.refs.delete(name, RefKind.TAG)
        look()
        assert name not in named(laptop).keys() | named(server).keys()
    move(laptop, THREE)  # now they agree
    look()
    server.refs.delete("best", RefKind.TAG)
    look()
    assert named(laptop) == named(server) == {"main": three}


def test_copies_that_go_on_have_one_branch_for_each_side(laptop: Store, server: Store, look: Look) -> None:
    works = [Work(laptop, seed=1), Work(server, seed=2)]
    for _ in range(4):
        for work in works:
            work.cell(branch="main")
        look()
        assert len(named(laptop)) == len(named(server)) == 3
        for work in works:
            assert work.store.refs.resolve("main") == work.head
    assert_sound([laptop, server])


def test_an_older_copy_keeps_what_was_taken_away_here(
    laptop: Store, server: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ensession.sync.serving.Hello", lambda *words: OlderHello(*words[:3]))
    for method in LATER:
        monkeypatch.delitem(METHODS, method)
    over_a_line(server, monkeypatch)
    look = looking(laptop, server)
    Work(laptop).cell()
    for name in ("best", "worst"):
        laptop.refs.add_tag(name, ONE)
    look()
    laptop.refs.delete("best", RefKind.TAG)
    server.refs.delete("worst", RefKind.TAG)
    look()
    assert (set(named(laptop)), set(named(server))) == ({"main"}, {"main", "best"})
