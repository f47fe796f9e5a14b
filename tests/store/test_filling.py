"""Parts that are large enough for several threads: the same bytes, the same errors, in the same order."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.errors import ChunkCorruptError, ChunkMissingError, IntegrityError
from ensession.store import Store
from ensession.store.filling import IN_FLIGHT, PARALLEL_FROM_BYTES, PER_TASK
from tests.store.kit import ENVIRONMENT, draft, loaded, payload

CHUNK = 256 * 1024
N_CHUNKS = PARALLEL_FROM_BYTES // CHUNK + 2 * PER_TASK * (IN_FLIGHT + 1)
LARGE = random.Random(3).randbytes(CHUNK * N_CHUNKS - 100)
STREAM = bytes(PARALLEL_FROM_BYTES) + LARGE[: PARALLEL_FROM_BYTES + 7]


@pytest.fixture
def large(path: Path, config: Config) -> Path:
    """Return the path of a closed store with one large payload."""
    with Store.create_or_open(path, config) as store:
        run = store.log.begin_run(ENVIRONMENT).id
        version = store.log.record(draft(run)).versions[0]
        store.log.add_payload(version, payload(STREAM, [LARGE]))
    return path


def test_large_parts_come_back(large: Path, config: Config) -> None:
    with Store.open(large, config) as store:
        version = next(iter(store.history.state(store.history.executions()[0].id).values())).version.id
        assert loaded(store, version) == (STREAM, [LARGE])


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("UPDATE chunk SET data = zeroblob(length(data)) WHERE id IN", ChunkCorruptError),
        ("UPDATE chunk SET n_bytes = 'many' WHERE id IN", ChunkCorruptError),
        ("UPDATE chunk SET n_bytes = n_bytes + 1 WHERE id IN", ChunkCorruptError),
        ("DELETE FROM chunk WHERE id IN", (ChunkMissingError, IntegrityError)),
    ],
)
def test_the_first_damaged_chunk_is_named(
    large: Path, config: Config, sql: str, error: type[Exception] | tuple[type[Exception], ...]
) -> None:
    some = "(SELECT chunk FROM payload_chunk WHERE part = 1 AND seq IN (11, 30))"
    with closing(sqlite3.connect(large)) as connection:
        assert connection.execute(f"{sql} {some}").rowcount == 2
        (first,) = connection.execute("SELECT chunk FROM payload_chunk WHERE part = 1 AND seq = 11").fetchone()
        connection.commit()
    with Store.open(large, config) as store, pytest.raises(error) as caught:
        loaded(store, next(iter(store.history.state(store.history.executions()[0].id).values())).version.id)
    assert caught.type is IntegrityError or f"chunk {first} " in str(caught.value)
