# ruff: noqa: S608 - the queries are joined from constants of this room; values are always parameters
"""Content that goes for good: out of the rows, and out of every digest that covers it.

An execution's digest covers its content and its parent's digest. So behind what is taken out every digest is
computed anew, and what the user's own key had sealed is sealed anew; seals of other keys over these digests go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from sqlite3 import Connection

from ensession.digests import payload_digest, version_digest, word_digest
from ensession.errors import IntegrityError
from ensession.model import Digest, ExecutionId, Seal, Word
from ensession.model.upkeep import Erasure
from ensession.store.chain import ChainWalker
from ensession.store.engine import Database, execute, insert_many, rows
from ensession.store.keeping import remove_payloads
from ensession.store.lookup import FORGOTTEN
from ensession.store.reading import payload_parts
from ensession.store.seals import insert_seals
from ensession.store.search import drop_index

NO_CODE = "its code was forgotten"
NO_RECORD = "the record of what it read and did outside was forgotten"

MakeSealAnew = Callable[[bytes, bytes], Seal | None]
"""Called with an old digest and the new one; returns a seal where the user's key had sealed the old one."""

_WANTED = "(SELECT value FROM json_each(?))"
_PAYLOADS = (
    "SELECT p.version, p.codec, p.python, p.digest, v.execution, v.ordinal FROM payload p"
    f" JOIN version v ON v.id = p.version WHERE v.execution IN {_WANTED} ORDER BY p.version"
)
_OF_VALUES = (
    f"UPDATE version SET fingerprint = NULL WHERE id IN {_WANTED}",
    # All of them: a value that a kernel is still writing must not come in behind (lookup.check_not_forgotten).
    f"UPDATE version SET unstorable = '{FORGOTTEN}' WHERE id IN {_WANTED}",
    f"UPDATE binding SET preview = '' WHERE preview IS NOT NULL AND version IN {_WANTED}",
)
_OF_REMARKS = tuple(
    f"UPDATE execution SET {column} = '{FORGOTTEN}' WHERE {column} IS NOT NULL AND id IN {_WANTED}"
    for column in ("error", "not_captured", "no_replay", "caution")
)
_OF_OUTSIDE = (
    f"UPDATE execution SET caution = '{NO_RECORD}' WHERE id IN {_WANTED}"
    " AND (id IN (SELECT execution FROM file_access) OR id IN (SELECT execution FROM effect))",
    f"DELETE FROM file_access WHERE execution IN {_WANTED}",
    f"DELETE FROM effect WHERE execution IN {_WANTED}",
    f"DELETE FROM module WHERE execution IN {_WANTED}",
)
_SOURCES = "DELETE FROM module_source WHERE id NOT IN (SELECT source FROM module)"
_CODE = f"UPDATE execution SET code = ?, no_replay = '{NO_CODE}' WHERE id = ?"
_REPORTS = (
    "UPDATE restore_run SET plan = '{}',"
    " report = json_object('loads', json(coalesce(json_extract(report, '$.loads'), '[]')))"
)


class Eraser:
    """Takes content out of a store.

    Parameters
    ----------
    database : Database
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def erase(self, erasure: Erasure, seal: MakeSealAnew) -> int:
        """Take content out of all rows, in one transaction; its bytes are in the file until it is swept and compacted.

        Returns
        -------
        int
            Number of executions that have a new digest.

        Raises
        ------
        IntegrityError
            The store contradicts itself: new digests would hide that. Nothing was changed.
        """
        with self._overwriting(), self._database.write() as connection:
            self._require_whole()
            self._database.point("forget:begun")
            _take_out(connection, erasure)
            drop_index(connection)
            execute(connection, _REPORTS)
            self._database.point("forget:taken-out")
            changed = {id_: (old, new) for id_, old, new in ChainWalker(self._database).renewed() if old != new}
            self._renew(connection, changed, seal)
            self._database.point("forget:before-commit")
        return len(changed)

    def _require_whole(self) -> None:
        for link in ChainWalker(self._database).walk():
            if link.fault is not None:
                raise IntegrityError(
                    f"{self._database.path}: execution {link.id}: {link.fault}; "
                    f"mend the store first: ens repair {self._database.path} OUT"
                )

    def _renew(
        self, connection: Connection, changed: Mapping[ExecutionId, tuple[Digest, Digest]], seal: MakeSealAnew
    ) -> None:
        subjects: list[tuple[bytes, bytes]] = list(changed.values())
        for execution, text in rows(connection, "SELECT execution, word FROM word"):
            if execution in changed:
                old, new = changed[execution]
                subjects.append((word_digest(old, Word(text)), word_digest(new, Word(text))))
        payloads = list(self._payloads(connection, changed))
        subjects += [(old, new) for _, old, new in payloads]
        seals = [made for old, new in subjects if (made := seal(old, new)) is not None]
        updates = [(new, id_) for id_, (_, new) in changed.items()]
        insert_many(connection, "UPDATE execution SET digest = ? WHERE id = ?", updates)
        insert_many(
            connection, "UPDATE payload SET digest = ? WHERE version = ?", [(new, id_) for id_, _, new in payloads]
        )
        insert_many(connection, "DELETE FROM seal WHERE subject = ?", [(old,) for old, _ in subjects])
        insert_seals(connection, seals)

    def _payloads(
        self, connection: Connection, changed: Mapping[ExecutionId, tuple[Digest, Digest]]
    ) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield number, old and new digest of the payloads that changed executions made."""
        for version, codec, python, recorded, execution, ordinal in rows(
            connection, _PAYLOADS, (json.dumps(sorted(changed)),)
        ):
            parts = payload_parts(self._database, version)
            both = (version_digest(one, ordinal) for one in changed[execution])
            old, new = (payload_digest(one, codec, python, parts) for one in both)
            if old != recorded:
                raise IntegrityError(
                    f"{self._database.path}: the payload of version {version} is not the one that was recorded; "
                    f"mend the store first: ens repair {self._database.path} OUT"
                )
            yield version, old, new

    @contextmanager
    def _overwriting(self) -> Iterator[None]:
        """Let SQLite write zeros over what goes."""
        with self._database.outside_transactions() as connection:
            ((before,),) = rows(connection, "PRAGMA secure_delete")
            execute(connection, "PRAGMA secure_delete = ON")
        try:
            yield
        finally:
            with self._database.outside_transactions() as connection:
                execute(connection, f"PRAGMA secure_delete = {int(before)}")


def _take_out(connection: Connection, erasure: Erasure) -> None:
    remove_payloads(connection, erasure.values)
    for statements, ids in (
        (_OF_VALUES, erasure.values),
        (_OF_REMARKS, erasure.remarks),
        (_OF_OUTSIDE, erasure.outside),
    ):
        for sql in statements:
            execute(connection, sql, (json.dumps(sorted(ids)),))
    execute(connection, _SOURCES)
    insert_many(connection, "DELETE FROM output WHERE execution = ? AND seq = ?", sorted(erasure.outputs))
    insert_many(connection, _CODE, [(code, id_) for id_, code in sorted(erasure.codes.items())])
