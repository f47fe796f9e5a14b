"""Values that ens gc took out of one copy stay out of it while the other one is kept in step."""

from __future__ import annotations

from typing import Any

import pytest

from ensession.config import Config
from ensession.model import VersionId
from ensession.store import Store
from ensession.sync.courier import Courier
from ensession.sync.remote import Reach
from tests.sync.kit import Work, assert_sound


def drop(store: Store, *versions: int) -> None:
    store.keeper.drop_payloads([VersionId(one) for one in versions], store.keeper.mark())


def n_values(store: Store) -> int:
    return len(store.exporter.payload_keys(0, 100)[0])


@pytest.fixture
def told() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def courier(laptop: Store, server: Store, told: list[dict[str, Any]]) -> Courier:
    return Courier(laptop.path, laptop.file_id, str(server.path), Reach(), told.append)


@pytest.mark.parametrize("at_server", [False, True], ids=["here", "there"])
def test_what_was_dropped_is_not_brought_back(
    at_server: bool, laptop: Store, server: Store, courier: Courier, told: list[dict[str, Any]]
) -> None:
    work = Work(laptop)
    for _ in range(3):
        work.cell(5_000)
    courier.look(at_once=True)
    first, other = (server, laptop) if at_server else (laptop, server)
    drop(first, 1)
    for _ in range(2):
        work.cell(5_000)
        courier.look(at_once=True)
    assert (n_values(first), n_values(other)) == (4, 5)
    assert not any("error" in one for one in told)
    assert_sound([laptop, server])


def test_what_comes_from_there_and_is_dropped_there_stays_here(laptop: Store, server: Store, courier: Courier) -> None:
    Work(laptop).cell()
    Work(server, 9).cell(5_000)
    for _ in range(2):  # what came in the first one is in both from then on
        courier.look(at_once=True)
    drop(server, 1)
    courier.look(at_once=True)
    assert (n_values(laptop), n_values(server)) == (2, 1)


def test_a_copy_that_is_begun_anew_gets_all_that_there_is(laptop: Store, server: Store, courier: Courier) -> None:
    work = Work(laptop)
    work.cell(5_000)
    courier.look(at_once=True)
    server.close()
    server.path.unlink()
    courier.look(at_once=True)
    with Store.open(server.path, Config()) as anew:
        assert n_values(anew) == 1


def test_a_value_that_is_late_comes_later(
    laptop: Store, server: Store, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An execution that is recorded behind the look at which executions there are, with its value."""
    work = Work(laptop)
    work.cell(5_000)
    exporter = type(laptop.exporter)
    keys, recorded = exporter.payload_keys, list[object]()

    def and_a_cell_before(self: Any, after: int, limit: int) -> Any:
        if not recorded:
            recorded.append(work.cell(5_000))
        return keys(self, after, limit)

    monkeypatch.setattr(exporter, "payload_keys", and_a_cell_before)
    for _ in range(2):
        courier.look(at_once=True)
    assert recorded
    assert (n_values(laptop), n_values(server)) == (2, 2)
