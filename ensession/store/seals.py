"""Seals: message authentication codes over digests. Who holds which key is not the store's business."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from ensession.model import Seal
from ensession.store.engine import Database, insert_many
from ensession.store.statements import insert_sql

_INSERT = insert_sql("seal") + " ON CONFLICT (subject, key_id) DO UPDATE SET mac = excluded.mac"


class SealTable:
    """The seals of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, seals: Sequence[Seal]) -> None:
        """Add seals; a seal of the same key over the same digest is replaced."""
        with self._database.write() as connection:
            insert_seals(connection, seals)

    def get(self, subject: bytes, key_id: bytes) -> bytes | None:
        """Return the code of one key over one digest, None where there is none."""
        rows = self._database.rows("SELECT mac FROM seal WHERE subject = ? AND key_id = ?", (subject, key_id))
        if not rows:
            return None
        return rows[0][0] if isinstance(rows[0][0], bytes) else b""  # damage, which fits nothing


def insert_seals(connection: Connection, seals: Sequence[Seal]) -> None:
    """Insert seals into the running transaction."""
    insert_many(connection, _INSERT, [(seal.subject, seal.key_id, seal.mac) for seal in seals])
