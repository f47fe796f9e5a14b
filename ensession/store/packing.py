# ruff: noqa: S608 - the queries are joined from constants of this room; values are always parameters
"""A new store with the whole history of another one and some of its payloads, written from a consistent look at it.

The source is attached for reading and never written to. The new file is an ordinary store; numbers stay the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from ensession.errors import ConflictError
from ensession.model import VersionId
from ensession.store.engine import PAGE_SIZE, Access, raw_connection, read_access, store_uri
from ensession.store.failures import translated
from ensession.store.migrate import create_store
from ensession.store.pages import local_and_spilled
from ensession.store.tables import COLUMNS

_OF_PAYLOADS = {"payload": "version", "payload_part": "payload", "payload_chunk": "payload"}
_CHUNK = "chunk"
_USERS = (
    "SELECT DISTINCT pc.chunk, pc.payload FROM old.payload_chunk pc"
    " WHERE pc.payload IN (SELECT value FROM json_each(?))"
)
_SIZES = "SELECT id, length(data) FROM old.chunk"
_GONE = "SELECT count(*) FROM json_each(?) WHERE value NOT IN (SELECT version FROM payload)"
_RENEWED = (
    "SELECT count(*) FROM main.execution m LEFT JOIN old.execution o ON o.id = m.id WHERE o.digest IS NOT m.digest"
)
_LEFT_OUT = "SELECT version FROM old.payload EXCEPT SELECT version FROM main.payload ORDER BY version"
_ROW_BYTES = 110
"""A chunk's row besides its data, its entry in the index of addresses, and its place in a payload."""


class Parcel:
    """A store that is being packed."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def n_bytes(self) -> int:
        """Return the size of the file as it is now."""
        pages: int = self._connection.execute("PRAGMA main.page_count").fetchone()[0]
        return pages * PAGE_SIZE

    def sizes(self, versions: Collection[VersionId]) -> Iterator[tuple[int, frozenset[VersionId]]]:
        """Yield the room of each chunk that payloads of these versions consist of, and those versions."""
        users: dict[int, list[VersionId]] = {}
        with translated(self._path):
            for chunk, version in self._connection.execute(_USERS, (_listed(versions),)):
                users.setdefault(chunk, []).append(version)
        for chunk, own in users.items():
            yield self._rooms.get(chunk, 0), frozenset(own)

    def left_out(self) -> list[VersionId]:
        """Return the versions, of the whole source, whose payloads are not in the file."""
        return [VersionId(id_) for (id_,) in self._connection.execute(_LEFT_OUT)]

    def n_bytes_of_all(self) -> int:
        """Return the room of all chunks of the source."""
        return sum(self._rooms.values())

    @cached_property
    def _rooms(self) -> dict[int, int]:
        # In a query of its own: where rows are grouped, SQLite would carry the data of the chunks along.
        with translated(self._path):
            return {chunk: room_of(n_bytes) for chunk, n_bytes in self._connection.execute(_SIZES)}

    def add_payloads(self, versions: Collection[VersionId]) -> None:
        """Bring in the payloads of some versions.

        Raises
        ------
        ConflictError
            Somebody took one out of the source meanwhile, or let content be forgotten that came into the file before.
        """
        wanted = _listed(versions)
        with translated(self._path):
            self._connection.execute("BEGIN")  # an immediate one would lock the source
            for table, column in _OF_PAYLOADS.items():
                where = f"WHERE {column} IN (SELECT value FROM json_each(?))"
                self._connection.execute(_copy(table, where), (wanted,))
            self._connection.execute(_copy(_CHUNK, "WHERE id IN (SELECT chunk FROM main.payload_chunk)"))
            (n_gone,) = self._connection.execute(_GONE, (wanted,)).fetchone()
            (n_renewed,) = self._connection.execute(_RENEWED).fetchone()
            self._connection.execute("COMMIT")
        if n_renewed:
            raise ConflictError(f"{self._path}: something was forgotten in it meanwhile; try again")
        if n_gone:
            raise ConflictError(f"{self._path}: {n_gone} values were taken out of it meanwhile; try again")


@contextmanager
def begin_parcel(source: Path, target: Path, busy_timeout_s: float) -> Iterator[Parcel]:
    """Make the new file ``target`` with the history and outputs of ``source``; payloads can be added.

    Raises
    ------
    StoreBusyError, StoreAccessError, IntegrityError
    """
    create_store(target)
    with translated(target):
        connection = raw_connection(target, Access.READ_WRITE, busy_timeout_s)
    try:
        with translated(source):
            for pragma in ("trusted_schema = OFF", "synchronous = OFF", "journal_mode = OFF", "foreign_keys = OFF"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("ATTACH ? AS old", (store_uri(source, read_access(source)),))
            connection.execute("BEGIN")
            for table in COLUMNS:
                if table not in _OF_PAYLOADS and table != _CHUNK:
                    connection.execute(_copy(table))
            connection.execute("COMMIT")
        yield Parcel(connection, source)
    finally:
        connection.close()


def room_of(n_bytes: int) -> int:
    """Return about the room that a chunk of some stored bytes takes in the file."""
    local, n_pages = local_and_spilled(n_bytes)
    per_leaf = max(PAGE_SIZE // (local + _ROW_BYTES), 1)
    return n_pages * PAGE_SIZE + PAGE_SIZE // per_leaf


def _copy(table: str, where: str = "") -> str:
    columns = ", ".join(f'"{name}"' for name in COLUMNS[table].split())
    return f'INSERT INTO main."{table}" ({columns}) SELECT {columns} FROM old."{table}" {where}'


def _listed(versions: Collection[VersionId]) -> str:
    return json.dumps(sorted(versions))
