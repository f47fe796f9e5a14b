"""What is told while recording: an outage once, and the next one again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ensession.errors import EnsessionError, StoreAccessError, StoreBusyError
from ensession.session.notices import Notices


class Place:
    """A store as far as notices look at it."""

    def __init__(self) -> None:
        self.path = Path("a.ens")
        self.behind = SimpleNamespace(n_written=0)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def notices(said: list[str], place: Place) -> Notices:
    return Notices(SimpleNamespace(warn=said.append), place)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [StoreBusyError("it is locked"), StoreAccessError("the disk is full")])
def test_each_outage_is_told_once_and_so_is_its_end(notices: Notices, said: list[str], error: EnsessionError) -> None:
    for _ in range(2):
        for _ in range(3):
            notices.not_recorded("the cell that just ran", error)
        notices.recorded()
        notices.recorded()
    assert len(said) == 4
    assert said[0].startswith("ensession did not record")
    assert "records again" in said[1]
    assert said[2:] == said[:2]


@pytest.mark.parametrize("reason", ["StoreBusyError: it is locked", "StoreAccessError: the disk is full"])
def test_values_that_cannot_be_stored_are_told_again_after_others_were(
    notices: Notices, place: Place, said: list[str], reason: str
) -> None:
    for version in range(3):  # small cells go on being recorded, large values find no room
        notices.not_stored("x", version, reason)
        notices.recorded()
        notices.recorded()
    assert len(said) == 1
    place.behind.n_written += 1
    notices.recorded()
    notices.not_stored("x", 4, reason)
    notices.recorded()
    assert len(said) == 2
