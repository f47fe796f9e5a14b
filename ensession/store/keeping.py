# ruff: noqa: S608 - the queries are joined from constants of this room; values are always parameters
"""Room: what takes it, payloads that go, chunks that no payload refers to, and the file made smaller."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

from ensession.errors import RefMovedError
from ensession.model import VersionId
from ensession.model.upkeep import StoredValue, Usage
from ensession.store.engine import Access, Database, execute, raw_connection, rows
from ensession.store.failures import translated
from ensession.store.lookup import decode_names
from ensession.store.search import TABLE
from ensession.store.transaction import roll_back

SWEEP_BYTES = 64 * 2**20
"""Bytes of chunks that go in one transaction: so long a kernel's record may have to wait."""
_RETRY_S = 0.01

_VALUES = (
    "WITH first AS MATERIALIZED (SELECT chunk, min(payload) AS version FROM payload_chunk GROUP BY chunk),"
    # Sorting while the chunks are at hand would hold their data in memory.
    " own AS MATERIALIZED"
    " (SELECT f.version, length(c.data) AS n_bytes FROM first f JOIN chunk c ON c.id = f.chunk),"
    " room AS (SELECT version, sum(n_bytes) AS n_bytes FROM own GROUP BY version)"
    " SELECT v.id, v.execution, v.names, coalesce((SELECT b.type_name FROM binding b"
    " WHERE b.execution = v.execution AND b.version = v.id AND b.type_name IS NOT NULL ORDER BY b.name LIMIT 1), ''),"
    " p.n_stream_bytes + p.n_buffer_bytes, coalesce(r.n_bytes, 0)"
    " FROM payload p JOIN version v ON v.id = p.version LEFT JOIN room r ON r.version = v.id ORDER BY v.id"
)
_ROOM = (
    "SELECT (SELECT coalesce(sum(length(data)), 0) FROM chunk),"
    " (SELECT coalesce(sum(length(data)), 0) FROM chunk WHERE id NOT IN (SELECT chunk FROM payload_chunk)),"
    " (SELECT coalesce(sum(length(data)), 0) FROM output),"
    " (SELECT coalesce(sum(length(data)), 0) FROM module_source),"
    " (SELECT coalesce(sum(n_bytes), 0) FROM chunk WHERE id IN (SELECT chunk FROM payload_chunk))"
)
_MARK = (
    "SELECT (SELECT max(id) FROM execution), (SELECT max(id) FROM restore_run),"
    " (SELECT json_group_array(hex(digest)) FROM (SELECT digest FROM execution x WHERE NOT EXISTS"
    " (SELECT 1 FROM execution y WHERE y.parent = x.id) ORDER BY x.id)),"
    " (SELECT count(*) FROM payload), (SELECT total(version) FROM payload),"
    " (SELECT json_group_array(json_array(name, execution)) FROM tag),"
    " (SELECT json_group_array(json_array(name, execution)) FROM branch),"
    " (SELECT json_group_array(json_array(execution, word)) FROM word)"
)
_PIECES = "SELECT DISTINCT pc.payload, c.id, length(c.data) FROM payload_chunk pc JOIN chunk c ON c.id = pc.chunk"
_UNVERIFIABLE = "SELECT v.id FROM version v JOIN payload p ON p.version = v.id WHERE v.fingerprint IS NULL"
_UNUSED = "SELECT id, length(data) FROM chunk WHERE id NOT IN (SELECT chunk FROM payload_chunk) ORDER BY id"
_OPEN_RUNS = "SELECT hostname, pid FROM kernel_run WHERE ended_at IS NULL"
_GONE = (
    "DELETE FROM seal WHERE subject IN (SELECT digest FROM payload WHERE version IN (SELECT value FROM json_each(?)))",
    "DELETE FROM payload_chunk WHERE payload IN (SELECT value FROM json_each(?))",
    "DELETE FROM payload_part WHERE payload IN (SELECT value FROM json_each(?))",
    "DELETE FROM payload WHERE version IN (SELECT value FROM json_each(?))",
)
_UNUSED_OF = "WHERE id IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT chunk FROM payload_chunk)"

Mark = tuple[object, ...]


class Keeper:
    """Takes care of a store's room.

    Parameters
    ----------
    database : Database
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def usage(self) -> Usage:
        """Return what takes the room."""
        with self._database.read() as connection:
            ((chunks, unused, outputs, modules, distinct),) = rows(connection, _ROOM)
            values = tuple(
                StoredValue(version, execution, decode_names(names), *rest)
                for version, execution, names, *rest in rows(connection, _VALUES)
            )
            page_size, n_pages, n_free = (
                rows(connection, f"PRAGMA {what}")[0][0] for what in ("page_size", "page_count", "freelist_count")
            )
            index = _index_bytes(connection)
        log = Path(f"{self._database.path}-wal")
        return Usage(
            n_file_bytes=n_pages * page_size,
            n_log_bytes=log.stat().st_size if log.exists() else 0,
            n_free_bytes=n_free * page_size,
            n_chunk_bytes=chunks,
            n_unused_bytes=unused,
            n_output_bytes=outputs,
            n_module_bytes=modules,
            n_index_bytes=index,
            n_value_bytes=sum(value.n_bytes for value in values),
            n_distinct_bytes=distinct,
            values=values,
        )

    def mark(self) -> Mark:
        """Return what changes whenever a kernel records, moves, names or says something, or content goes or comes."""
        return tuple(self._database.rows(_MARK)[0])

    def open_runs(self) -> list[tuple[str, int]]:
        """Return host name and process of the kernel runs that have not ended, as far as the store knows."""
        return [(hostname, pid) for hostname, pid in self._database.rows(_OPEN_RUNS)]

    def unverifiable(self) -> set[VersionId]:
        """Return the stored versions without a fingerprint: made again, nobody could tell whether they are the same."""
        return {row[0] for row in self._database.rows(_UNVERIFIABLE)}

    def pieces(self) -> Mapping[VersionId, Mapping[int, int]]:
        """Return, for each payload, its chunks and the room that each takes."""
        found: dict[VersionId, dict[int, int]] = defaultdict(dict)
        for payload, chunk, n_bytes in self._database.rows(_PIECES):
            found[payload][chunk] = n_bytes
        return found

    def drop_payloads(self, versions: Collection[VersionId], mark: Mark) -> None:
        """Take payloads out, all or none; their chunks stay until they are swept.

        Parameters
        ----------
        versions : collection of VersionId
        mark : Mark
            What :meth:`mark` said before it was decided which ones.

        Raises
        ------
        RefMovedError
            A kernel went on meanwhile; nothing was taken out.
        """
        with self._database.write() as connection:
            if self.mark() != mark:
                raise RefMovedError(f"{self._database.path}: a kernel went on meanwhile; decide again")
            self._database.point("gc:begun")
            remove_payloads(connection, versions)
            self._database.point("gc:before-commit")

    def unused_chunks(self) -> dict[int, int]:
        """Return the chunks that no payload refers to, and the room that each takes."""
        return dict(self._database.rows(_UNUSED))

    def sweep(self, chunks: Mapping[int, int]) -> int:
        """Take those of some chunks out that no payload refers to, in transactions of bounded size.

        Returns
        -------
        int
            Bytes that are free now.
        """
        n_freed, batch, n_bytes = 0, [], 0
        path, timeout_s = self._database.path, self._database.busy_timeout_s
        # A connection of its own: with foreign keys on, SQLite goes through all lists of chunks for each one that goes.
        with translated(path), closing(raw_connection(path, Access.READ_WRITE, timeout_s)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            for chunk, size in chunks.items():
                batch.append(chunk)
                n_bytes += size
                if n_bytes >= SWEEP_BYTES:
                    n_freed += self._sweep_batch(connection, batch, chunks)
                    batch, n_bytes = [], 0
            if batch:
                n_freed += self._sweep_batch(connection, batch, chunks)
        return n_freed

    def compact(self) -> bool:
        """Write the file anew without free room, and empty the log beside it.

        Returns
        -------
        bool
            Whether the log is empty: False where another process reads an older state, and keeps it.

        Raises
        ------
        StoreBusyError, StoreAccessError
            There is no room for a second copy, or somebody writes; the store is as it was.
        """
        path, timeout_s = self._database.path, self._database.busy_timeout_s
        # A connection of its own: its temporary file is to be on the disk, not in memory.
        with translated(path), closing(raw_connection(path, Access.READ_WRITE, timeout_s)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("VACUUM")
            return _empty_log(connection, time.monotonic() + timeout_s)

    def _sweep_batch(self, connection: Connection, chunks: Collection[int], sizes: Mapping[int, int]) -> int:
        wanted = (json.dumps(sorted(chunks)),)
        connection.execute("BEGIN IMMEDIATE")
        try:
            unused = [row[0] for row in rows(connection, f"SELECT id FROM chunk {_UNUSED_OF}", wanted)]
            execute(connection, f"DELETE FROM chunk {_UNUSED_OF}", wanted)
            self._database.point("gc:before-sweep-commit")
            connection.execute("COMMIT")
        except BaseException:
            roll_back(connection)
            raise
        self._database.point("gc:swept")
        return sum(sizes[chunk] for chunk in unused)


def remove_payloads(connection: Connection, versions: Collection[VersionId]) -> None:
    """Take payloads and the seals over them out, in the running transaction."""
    wanted = json.dumps(sorted(versions))
    for sql in _GONE:
        execute(connection, sql, (wanted,))


def _empty_log(connection: Connection, until: float) -> bool:
    """Bring all of the log into the file and cut it off; say whether that could be done before ``until``.

    For readers of an older state SQLite waits by itself, but not for another checkpoint: who brings the log into the
    file behind the user's back may be doing so just now.
    """
    while True:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy or time.monotonic() >= until:
            return not busy
        time.sleep(_RETRY_S)


def _index_bytes(connection: Connection) -> int:
    try:
        sql = f"SELECT (SELECT coalesce(sum(length(text)), 0) FROM {TABLE}), (SELECT coalesce(sum(length(block)), 0)"
        return sum(rows(connection, f"{sql} FROM {TABLE}_fts_data)")[0])
    except sqlite3.OperationalError:  # nobody has searched yet
        return 0
