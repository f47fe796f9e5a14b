"""Requests that came in while others were written are done together, and answered as if each were done for itself."""

from __future__ import annotations

import os
from typing import Any

import pytest

from ensession.model.parcels import ChunkParcel
from ensession.store import Store
from ensession.sync import transfer
from ensession.sync.serving import Desk
from ensession.sync.wire import Question
from tests.sync.kit import Work, assert_sound, content


@pytest.fixture
def chunks(laptop: Store) -> list[ChunkParcel]:
    """Chunks of a session, none twice."""
    Work(laptop).cell(1_000, buffer=os.urandom(2**20))
    addresses = [row[0] for row in laptop._database.rows("SELECT address FROM chunk")]
    return laptop.exporter.chunks(addresses)


def adding(chunk: ChunkParcel) -> Question:
    return Question("add_chunks", ([chunk],))


def commits(store: Store) -> list[str]:
    """Return a list that grows with each transaction of the store that writes."""
    seen: list[str] = []
    with store._database.outside_transactions() as connection:
        connection.set_trace_callback(lambda sql: seen.append(sql) if sql == "BEGIN IMMEDIATE" else None)
    return seen


def test_several_requests_share_a_transaction(chunks: list[ChunkParcel], server: Store) -> None:
    seen = commits(server)
    assert Desk(server).answers([adding(chunk) for chunk in chunks]) == [[True, 1] for _ in chunks]
    assert len(seen) == 1
    assert server.importer.missing_chunks([chunk.address for chunk in chunks]) == []


def test_a_request_that_fails_fails_alone(chunks: list[ChunkParcel], laptop: Store, server: Store) -> None:
    wrong = ChunkParcel(b"?" * 32, 3, "raw", b"abc")
    asked: list[Any] = [adding(chunks[0]), adding(wrong), adding(chunks[1])]
    first, second, third = Desk(server).answers(asked)
    assert first == third == [True, 1]
    assert second[0] is False
    assert "do not match the address" in second[1].message
    assert server.importer.missing_chunks([chunk.address for chunk in chunks[:2]]) == []
    transfer(laptop.exporter, server.importer)
    assert content(server) == content(laptop)
    assert_sound([server])


def test_a_payload_of_what_is_not_there_takes_nothing_along(
    chunks: list[ChunkParcel], laptop: Store, server: Store
) -> None:
    keys, _ = laptop.exporter.payload_keys(0, 1)
    asked = [adding(chunks[0]), Question("add_payload", (laptop.exporter.payload(keys[0]),))]
    added, refused = Desk(server).answers(asked)
    assert added == [True, 1]
    assert refused[1].kind == "not_found"
    assert server.importer.missing_chunks([chunks[0].address]) == []
