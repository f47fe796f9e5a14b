"""Branches, tags and the latest state of copies that go on side by side."""

from __future__ import annotations

from ensession.store import Store
from tests.sync.kit import Work, assert_sound
from tests.sync.test_transfer import bring_together, send


def _named(store: Store) -> list[str]:
    return [ref.name for ref in store.refs.all()]


def test_two_copies_that_go_on_have_one_branch_for_each_side(laptop: Store, server: Store) -> None:
    works = [Work(laptop, seed=1), Work(server, seed=2)]
    for _ in range(4):
        for work in works:
            work.cell(branch="main")
        bring_together(laptop, server)
        bring_together(laptop, server)
        assert len(_named(laptop)) == len(_named(server)) == 3
    assert_sound([laptop, server])


def test_long_names_travel_like_others(laptop: Store, server: Store) -> None:
    long = "n" * 100
    for seed, store in enumerate((laptop, server)):
        made = Work(store, seed=seed).cell(branch=long)
        store.refs.add_tag("t" * 100, made.id)
        Work(store, seed=seed + 7).cell(branch=long)  # elsewhere: it grows a branch of its own
    for _ in range(2):
        bring_together(laptop, server)
    for store in (laptop, server):
        assert max(map(len, _named(store))) == 100
        assert all(store.refs.resolve(name) for name in _named(store))


def test_the_latest_state_is_the_same_in_both_copies(laptop: Store, server: Store) -> None:
    Work(laptop, seed=1).cell(started_at=1000.0)
    send(laptop, server)
    Work(server, seed=2).cell(started_at=2000.0)
    Work(laptop, seed=3).cell(started_at=3000.0)
    bring_together(laptop, server)
    for store in (laptop, server):
        latest = store.history.latest()
        assert latest is not None
        assert store.history.execution(latest).started_at == 3000.0


def test_what_goes_on_with_the_latest_state_is_the_latest_whatever_its_clock_says(laptop: Store) -> None:
    Work(laptop, seed=1).cell(started_at=3000.0)
    last = Work(laptop, seed=2).cell(started_at=1000.0)
    assert laptop.history.latest() == last.id
