"""A value that is damaged does not come across, and keeps nothing else from coming."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

import pytest

from ensession.cli.entry import run
from ensession.config import Config
from ensession.errors import IncompleteTransferError
from ensession.model import ExecutionId
from ensession.model.upkeep import Erasure
from ensession.store import Store, check_store
from ensession.store.engine import execute
from ensession.sync import parse_address, require_complete, transfer
from ensession.sync.courier import Courier
from ensession.sync.remote import Reach, RemoteSource, RemoteTarget
from ensession.sync.together import bring_together
from tests.sync.kit import Work
from tests.sync.test_wire import Line

_SECOND = "(SELECT min(version) FROM payload WHERE version > (SELECT min(version) FROM payload))"
ROT = (
    "UPDATE chunk SET data = zeroblob(length(data))"
    f" WHERE id = (SELECT chunk FROM payload_chunk WHERE payload = {_SECOND})",
    f"UPDATE payload SET python = '?' WHERE version = {_SECOND}",
    f"UPDATE payload_part SET n_bytes = 'many' WHERE payload = {_SECOND}",
)


@pytest.fixture(params=ROT, ids=["a chunk", "its record", "its parts"])
def rotten(request: pytest.FixtureRequest, laptop: Store) -> Store:
    """A store of four values, the second of which is damaged."""
    work = Work(laptop)
    for _ in range(4):
        work.cell(40_000, buffer=os.urandom(300_000))
    laptop.refs.add_tag("good", 3)
    laptop.log.end_run(work.run)
    with laptop._database.write() as connection:
        execute(connection, request.param)
    return laptop


def assert_all_but_one(rotten: Store, target: Store) -> None:
    assert target.history.count() == rotten.history.count() == 4
    assert len(target.exporter.payload_keys(0, 100)[0]) == 3
    assert [ref.name for ref in target.refs.tags()] == ["good"]
    assert target.history.runs()[0].ended_at is not None
    assert check_store(target.path, Config()) == []


def test_all_others_come(rotten: Store, server: Store) -> None:
    done = transfer(rotten.exporter, server.importer)
    assert done.n_payloads == 3
    with pytest.raises(IncompleteTransferError, match="1 value did not come across"):
        require_complete(done)
    assert_all_but_one(rotten, server)


@pytest.mark.parametrize("pushed", [True, False], ids=["push", "pull"])
def test_all_others_come_over_a_line(pushed: bool, rotten: Store, server: Store) -> None:
    with closing(Line(server.path if pushed else rotten.path)) as line:
        ends = (rotten.exporter, RemoteTarget(line.asker)) if pushed else (RemoteSource(line.asker), server.importer)
        assert "1 value did not come across" in str(transfer(*ends).fault)
    assert_all_but_one(rotten, server)


def test_what_the_other_copy_has_comes_nevertheless(rotten: Store, server: Store) -> None:
    Work(server, 5).cell(3_000)
    done = bring_together(rotten.path, parse_address(str(server.path)), Config())
    assert done.sent.fault is not None
    assert (done.received.fault, done.received.n_executions) == (None, 1)
    assert digests(server) == digests(rotten)
    assert len(digests(rotten)) == 5


def digests(store: Store) -> set[bytes]:
    return {one.digest for one in store.history.executions()}


def test_autosync_says_so_and_still_brings_back_nothing_that_was_forgotten(rotten: Store, server: Store) -> None:
    told: list[dict[str, Any]] = []
    courier = Courier(rotten.path, rotten.file_id, str(server.path), Reach(), told.append)
    courier.look(at_once=True)
    assert "1 value did not come across" in told[-1]["error"]
    assert not courier.is_over
    server.eraser.erase(Erasure(codes={ExecutionId(1): ""}), lambda *_: None)
    courier.look(at_once=True)
    assert courier.is_over
    assert server.history.count() == 4


def test_the_command_says_what_went_and_fails(rotten: Store, server: Store, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["push", str(rotten.path), str(server.path)])
    said = capsys.readouterr()
    assert code == IncompleteTransferError.exit_code
    assert "sent: 4 executions, 3 values" in said.out
    assert "1 value did not come across" in said.err
