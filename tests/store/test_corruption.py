"""Damage is found and named; damaged bytes are never handed out."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
import zstandard

from ensession.config import Config
from ensession.errors import ChunkCorruptError, ChunkMissingError, EnsessionError, IntegrityError
from ensession.model import ExecutionId, FileAccess, Output, VersionId
from ensession.store import Store, check_store
from ensession.store.engine import Database
from tests.store.kit import ENVIRONMENT, draft, loaded, payload

NOISE = random.Random(2).randbytes(600_000)


@pytest.fixture
def damaged(path: Path, config: Config) -> Path:
    """Return the path of a closed store with three executions; tests damage it."""
    with Store.create_or_open(path, config) as store:
        run = store.log.begin_run(ENVIRONMENT).id
        one = store.log.record(
            draft(run, names=["a"], outputs=(Output("stream", {"text": "hello"}),)), {0: payload(b"stream-a", [NOISE])}
        )
        two = store.log.record(
            draft(run, one.id, names=["b"], reads=one.versions, files=(FileAccess("/x", "r", 1, 1.5),)),
            {0: payload(b"stream-b", [bytes(10_000)])},
        )
        store.log.record(draft(run, two.id, names=["c"]), {0: payload(b"stream-c")})
    return path


def change(path: Path, sql: str, *parameters: object) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(sql, parameters).rowcount != 0
        connection.commit()


CHUNKS_OF = "SELECT chunk FROM payload_chunk WHERE payload = 1 AND part = 1"


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        (f"UPDATE chunk SET data = zeroblob(length(data)) WHERE id IN ({CHUNKS_OF})", ChunkCorruptError),
        (f"UPDATE chunk SET data = x'' WHERE id IN ({CHUNKS_OF})", ChunkCorruptError),
        (f"UPDATE chunk SET data = 'text' WHERE id IN ({CHUNKS_OF})", ChunkCorruptError),
        (f"UPDATE chunk SET n_bytes = -1 WHERE id IN ({CHUNKS_OF})", ChunkCorruptError),
        (f"UPDATE chunk SET encoding = 'zstd' WHERE id IN ({CHUNKS_OF})", ChunkCorruptError),
        (f"DELETE FROM chunk WHERE id IN ({CHUNKS_OF})", (ChunkMissingError, IntegrityError)),
        ("DELETE FROM payload_chunk WHERE payload = 1 AND part = 1 AND seq = 1", IntegrityError),
        ("UPDATE payload_chunk SET chunk = 1 WHERE payload = 1 AND part = 1", IntegrityError),
        ("UPDATE payload_part SET n_bytes = n_bytes - 1 WHERE payload = 1 AND part = 1", IntegrityError),
        ("UPDATE payload SET codec = 'dill' WHERE version = 1", IntegrityError),
    ],
)
def test_a_damaged_payload(
    damaged: Path, config: Config, sql: str, error: type[Exception] | tuple[type[Exception], ...]
) -> None:
    change(damaged, sql)
    with Store.open_read_only(damaged, config) as store:
        with pytest.raises(error):
            loaded(store, VersionId(1))
        assert loaded(store, VersionId(2)) == (b"stream-b", [bytes(10_000)])
    problems = check_store(damaged, config)
    assert any("a@1" in problem.variables for problem in problems)
    assert not any("c@3" in problem.variables for problem in problems)


def test_a_chunk_that_claims_to_be_huge_is_not_unpacked(damaged: Path, config: Config) -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(50_000_000))
    change(damaged, f"UPDATE chunk SET data = ?, encoding = 'zstd' WHERE id IN ({CHUNKS_OF})", bomb)
    with Store.open_read_only(damaged, config) as store, pytest.raises(ChunkCorruptError):
        loaded(store, VersionId(1))
    change(damaged, f"UPDATE chunk SET n_bytes = 50000000 WHERE id IN ({CHUNKS_OF})")
    with Store.open_read_only(damaged, config) as store, pytest.raises(ChunkCorruptError, match="impossible"):
        loaded(store, VersionId(1))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE execution SET code = 'evil()' WHERE id = 2",
        "UPDATE execution SET runtime_s = 0.2 WHERE id = 2",
        "UPDATE execution SET parent = NULL, line_start = 2 WHERE id = 2",
        "UPDATE execution SET line_start = 2 WHERE id = 2",
        "UPDATE execution SET digest = randomblob(32) WHERE id = 2",
        "UPDATE execution SET kind = 'other' WHERE id = 2",
        "UPDATE version SET fingerprint = randomblob(16) WHERE execution = 2",
        "UPDATE version SET names = '[\"z\"]' WHERE execution = 2",
        "UPDATE version SET names = '[' WHERE execution = 2",
        "UPDATE binding SET preview = 'other' WHERE execution = 2",
        "UPDATE binding SET version = 1 WHERE execution = 2",
        "DELETE FROM read WHERE execution = 2",
        "UPDATE file_access SET path = '/y' WHERE execution = 2",
        "INSERT INTO requirement VALUES (2, 1)",
        "INSERT INTO effect VALUES (2, 0, 'network', 'x')",
        "INSERT INTO output SELECT 2, seq, kind, n_bytes, data FROM output WHERE execution = 1",
    ],
)
def test_a_changed_log_is_seen(damaged: Path, config: Config, sql: str) -> None:
    change(damaged, sql)
    with Store.open_read_only(damaged, config) as store:
        store.verify_chain(ExecutionId(1))
        with pytest.raises(IntegrityError, match="execution 2"):
            store.verify_chain(ExecutionId(3))
    assert any(problem.where == "execution 2" for problem in check_store(damaged, config))


@pytest.mark.parametrize("sql", ["UPDATE output SET data = x'00'", "UPDATE output SET n_bytes = n_bytes + 1"])
def test_a_damaged_output(damaged: Path, config: Config, sql: str) -> None:
    change(damaged, sql)
    with Store.open_read_only(damaged, config) as store:
        with pytest.raises(IntegrityError):
            store.history.outputs(ExecutionId(1))
        with pytest.raises(IntegrityError, match="execution 1"):
            store.verify_chain(ExecutionId(3))


@pytest.mark.parametrize("seed", range(30))
def test_flipped_bytes_never_come_through(damaged: Path, config: Config, seed: int) -> None:
    numbers = random.Random(seed)
    content = bytearray(damaged.read_bytes())
    for _ in range(3):
        content[numbers.randrange(100, len(content))] ^= 1 << numbers.randrange(8)
    damaged.write_bytes(content)
    expected = {1: (b"stream-a", [NOISE]), 2: (b"stream-b", [bytes(10_000)]), 3: (b"stream-c", [])}
    try:
        with Store.open_read_only(damaged, config) as store:
            for version, value in expected.items():
                try:
                    assert loaded(store, VersionId(version)) == value
                except EnsessionError:
                    assert check_store(damaged, config) != []
    except EnsessionError:
        return  # refused to open


def test_a_truncated_file(damaged: Path, config: Config) -> None:
    damaged.write_bytes(damaged.read_bytes()[: -3 * 65536])
    assert check_store(damaged, config) != []


def test_a_table_whose_rows_go_back_ends_the_check(
    damaged: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of zeros is read by SQLite as rows with the number 0, again and again."""
    real = Database.rows

    def rows(database: Database, sql: str, parameters: Sequence[object] = ()) -> Sequence[object]:
        if sql.startswith(("SELECT id, address", "SELECT version, codec", "SELECT id FROM execution WHERE id > ?1")):
            return real(database, sql, (-1, *parameters[1:]))
        return real(database, sql, parameters)

    monkeypatch.setattr(Database, "rows", rows)
    found = [problem.what for problem in check_store(damaged, config)]
    assert sum("can't be looked at" in what for what in found) == 2
    assert sum("not in order" in what for what in found) == 1
