# ruff: noqa: S608 - the queries are joined from constants of this room; values are always parameters
"""A store's content as parcels: what another copy needs to have the same.

Row numbers stay here: everything is named by digests.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ensession.digests import payload_digest, version_digest, word_digest
from ensession.errors import IntegrityError, NotFoundError
from ensession.model import Digest, Environment, KernelRunId, Seal, Word
from ensession.model.parcels import (
    ChunkParcel,
    ExecutionParcel,
    OutputParcel,
    PayloadParcel,
    PayloadPart,
    RefParcel,
    RunEnd,
    RunParcel,
    VersionKey,
)
from ensession.store.chain import draft_of, read_rows
from ensession.store.ends import run_ends
from ensession.store.engine import Database
from ensession.store.failures import making_sense
from ensession.store.lines import LINE
from ensession.store.lookup import in_batches
from ensession.store.modules import plain_source
from ensession.store.numbers import Numbers
from ensession.store.reading import payload_parts
from ensession.store.words import forbidden, ignored

MESSAGE_BYTES = 8 * 2**20
"""Outputs and code of the executions that are handed out at once, compressed."""

_HEADS = "SELECT digest FROM execution WHERE id NOT IN (SELECT parent FROM execution WHERE parent IS NOT NULL)"
_LINE = (
    f"{LINE} SELECT x.digest FROM line CROSS JOIN execution x WHERE x.id BETWEEN line.first AND line.last"
    " ORDER BY x.id DESC LIMIT ?"
)
_RUN = (
    "SELECT uid, started_at, ended_at, python, implementation, platform, hostname, pid, cwd, packages"
    " FROM kernel_run WHERE id = ?"
)
_PAYLOADS = "SELECT version, codec, python, digest FROM payload WHERE version > ? ORDER BY version LIMIT ?"
_PAYLOAD = "SELECT codec, python, digest FROM payload WHERE version = ?"
_SEALS = "SELECT subject, key_id, mac FROM seal WHERE subject = ?"
_WORDS = "SELECT word FROM word WHERE execution = ? ORDER BY word"
_SOURCE = "SELECT n_bytes, data FROM module_source WHERE digest = ?"
_CHUNKS = "SELECT address, n_bytes, encoding, data FROM chunk WHERE address IN"
_REFS = (
    "SELECT 'tag', t.name, x.digest, t.created_at FROM tag t JOIN execution x ON x.id = t.execution"
    " UNION ALL SELECT 'branch', b.name, x.digest, b.moved_at FROM branch b JOIN execution x ON x.id = b.execution"
)


class Exporter:
    """Reads parcels out of a store; each method is one read transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers = Numbers(database)

    def heads(self) -> list[Digest]:
        """Return the executions without children."""
        return [row[0] for row in self._database.rows(_HEADS)]

    def line(self, head: Digest, limit: int) -> list[Digest]:
        """Return an execution and its nearest ancestors, ``limit`` in all, children first."""
        with self._database.read():
            return [row[0] for row in self._database.rows(_LINE, (self._numbers.execution(head), limit))]

    def executions(self, digests: Sequence[Digest]) -> list[ExecutionParcel]:
        """Return the first of some executions: at least one, and no more than fit into one message.

        Raises
        ------
        NotFoundError
            One of them is not here.
        IntegrityError
            The rows of one make no sense.
        """
        found: list[ExecutionParcel] = []
        room = MESSAGE_BYTES
        with self._database.read():
            for digest in digests:
                with making_sense(f"{self._database.path}: execution {digest.hex()[:12]}"):
                    parcel = self._execution(digest)
                room -= sum(len(output.data) for output in parcel.outputs) + len(parcel.draft.code)
                if found and room < 0:
                    break
                found.append(parcel)
        return found

    def payload_keys(self, after: int, limit: int) -> tuple[list[VersionKey], int]:
        """Return a page of the versions that have a payload, and where the next page begins (0: nowhere)."""
        with self._database.read():
            rows = self._database.rows(_PAYLOADS, (after, limit))
            keys = [self._numbers.key(row[0]) for row in rows]
        if rows and rows[-1][0] <= after:
            raise IntegrityError(f"{self._database.path}: payloads are not in order: the table is damaged")
        return keys, rows[-1][0] if len(rows) == limit else 0

    def payload(self, key: VersionKey) -> PayloadParcel:
        """Return the payload of a version.

        Raises
        ------
        NotFoundError
            It is not here (any more).
        IntegrityError
            It is not the one that was recorded.
        """
        with self._database.read():
            version = self._numbers.version(key)
            rows = self._database.rows(_PAYLOAD, (version,))
            if not rows:
                raise NotFoundError(f"{self._database.path}: version {version} has no payload")
            codec, python, digest = rows[0]
            with making_sense(f"{self._database.path}: the payload of version {version}"):
                found = payload_parts(self._database, version)
                if payload_digest(version_digest(key.execution, key.ordinal), codec, python, found) != digest:
                    raise IntegrityError(f"{self._database.path}: the payload of version {version} is damaged")
                parts = tuple(PayloadPart(mode, n_bytes, b"".join(addresses)) for mode, n_bytes, addresses in found)
                return PayloadParcel(key, digest, codec, python, parts, self._seals(digest))

    def chunks(self, addresses: Iterable[bytes]) -> list[ChunkParcel]:
        """Return those of the chunks that are here, in any order."""
        found: list[ChunkParcel] = []
        with self._database.read():
            for batch, marks in in_batches(addresses):
                found += [ChunkParcel(*row) for row in self._database.rows(f"{_CHUNKS} ({marks})", batch)]
        return found

    def refs(self) -> list[RefParcel]:
        """Return all tags and branches."""
        return [RefParcel(*row) for row in self._database.rows(_REFS)]

    def forbidden(self) -> list[Digest]:
        """Return the executions of which the user said that they must not run again."""
        return forbidden(self._database)

    def ignored(self) -> list[str]:
        """Return the variables of which the user said that they are ignored."""
        return ignored(self._database)

    def run_ends(self, uids: Sequence[str]) -> list[RunEnd]:
        """Return when some kernel runs ended; see :func:`ensession.store.ends.run_ends`."""
        return run_ends(self._database, uids)

    def _execution(self, digest: Digest) -> ExecutionParcel:
        number = self._numbers.execution(digest)
        ((head, children),) = read_rows(self._database, number, number)
        draft = draft_of(head, children)
        versions = [replace(version, requires=()) for version in draft.versions]
        words = tuple(Word(text) for (text,) in self._database.rows(_WORDS, (number,)))
        subjects = (digest, *(word_digest(digest, word) for word in words))
        return ExecutionParcel(
            digest,
            None if head[1] is None else self._numbers.digest(head[1]),
            self._run(head[5]),
            replace(
                draft,
                run=KernelRunId(0),
                parent=None,
                outputs=(),
                versions=tuple(versions),
                words=words,
                modules=tuple(replace(module, source=self._source(module.digest)) for module in draft.modules),
            ),
            tuple(OutputParcel(*row[1:]) for row in children["output"]),
            tuple(self._numbers.key(row[1]) for row in children["read"]),
            tuple(tuple(map(self._numbers.key, version.requires)) for version in draft.versions),
            tuple(seal for subject in subjects for seal in self._seals(subject)),
        )

    def _source(self, digest: bytes) -> bytes:
        ((n_bytes, data),) = self._database.rows(_SOURCE, (digest,))
        return plain_source(digest, n_bytes, data)

    def _run(self, number: int) -> RunParcel:
        uid, started_at, ended_at, *where = self._database.rows(_RUN, (number,))[0]
        python, implementation, platform, hostname, pid, cwd, packages = where
        environment = Environment(python, implementation, platform, hostname, pid, cwd, json.loads(packages))
        return RunParcel(uid, started_at, ended_at, environment)

    def _seals(self, subject: bytes) -> tuple[Seal, ...]:
        return tuple(Seal(*row) for row in self._database.rows(_SEALS, (subject,)))
