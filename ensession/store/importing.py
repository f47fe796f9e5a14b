"""Parcels into a store. Nothing that comes in is believed: digests and addresses are computed again.

The store is valid after every call: an execution comes after its parent, with all its rows, in one transaction; a
payload comes after all its chunks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from sqlite3 import Connection

from ensession.digests import DIGEST_SIZE, payload_digest, version_digest, word_digest
from ensession.errors import ChunkCorruptError, EnsessionError, IntegrityError
from ensession.model import Codec, Digest, ExecutionDraft, KernelRunId, Output, VersionId
from ensession.model.parcels import (
    ChunkParcel,
    ExecutionParcel,
    PayloadParcel,
    RefChange,
    RefParcel,
    RefsBrought,
    RunEnd,
    RunParcel,
    VersionKey,
)
from ensession.store.chunks import Decoder, EncodedChunk, find_chunks, insert_chunks, present_chunks
from ensession.store.ends import add_run_ends, open_runs
from ensession.store.engine import Database, execute, insert_one, rows
from ensession.store.failures import NONSENSE
from ensession.store.history import output_texts
from ensession.store.inflow import Inflow
from ensession.store.inserting import insert_execution
from ensession.store.lookup import FORGOTTEN, check_not_forgotten, in_batches
from ensession.store.naming import bring_refs, change_refs
from ensession.store.numbers import Numbers
from ensession.store.refs import RefTable
from ensession.store.seals import insert_seals
from ensession.store.statements import insert_sql
from ensession.store.texts import storable
from ensession.store.words import forbid, ignore
from ensession.store.writing import CompletePayload, PayloadDraft, insert_payloads

_INSERT_RUN = insert_sql("kernel_run")
_FIND_RUN = "SELECT id, ended_at FROM kernel_run WHERE uid = ?"
_LACKING = (
    "SELECT 1 FROM version v JOIN execution e ON e.id = v.execution LEFT JOIN payload p ON p.version = v.id"
    " WHERE v.execution = ? AND v.ordinal = ? AND e.digest = ? AND p.version IS NULL AND v.unstorable IS NOT ?"
)
_PAYLOAD = "SELECT 1 FROM payload WHERE version = ?"
_MOST_TOLD = 100
"""Missing chunks that are named: nobody waits for the answer, so it has to be short."""
_SIZES = "SELECT address, n_bytes FROM chunk WHERE address IN"


class Importer:
    """Writes parcels into a store."""

    def __init__(self, database: Database, refs: RefTable, inflow: Inflow) -> None:
        self._database = database
        self._numbers = Numbers(database)
        self._refs = refs
        self._decoder = Decoder()
        self._inflow = inflow

    def unknown(self, digests: Iterable[Digest]) -> list[Digest]:
        """Return those of the executions that are not here."""
        with self._database.read():
            return [digest for digest in digests if not self._numbers.knows(digest)]

    def add_executions(self, parcels: Sequence[ExecutionParcel]) -> int:
        """Add executions, parents first, in one transaction; those that are here already are passed over.

        Returns
        -------
        int
            How many were new.

        Raises
        ------
        IntegrityError
            One is not what its digest says, or its parent is neither here nor before it; nothing was added.
        """
        n_new = 0
        try:
            with self._database.write() as connection:
                for parcel in parcels:
                    if not self._numbers.knows(parcel.digest):
                        self._add_execution(connection, parcel)
                        n_new += 1
                self._database.point("import:before-commit")
        except BaseException:
            self._numbers.forget()  # numbers that were given inside the transaction are free again
            raise
        return n_new

    def missing_payloads(self, keys: Iterable[VersionKey]) -> list[VersionKey]:
        """Return the versions whose execution is here and whose payload is not; those that were forgotten apart."""
        with self._database.read():
            known = [key for key in keys if self._numbers.knows(key.execution)]
            return [key for key in known if self._lacks(key)]

    def missing_chunks(self, addresses: Iterable[bytes]) -> list[bytes]:
        """Return those of the chunks that are not here, each once."""
        wanted = list(dict.fromkeys(addresses))
        with self._database.read() as connection:
            found = present_chunks(connection, wanted)
        return [address for address in wanted if address not in found]

    def add_chunks(self, parcels: Sequence[ChunkParcel]) -> int:
        """Add chunks in one transaction; each is held against its address. Return how many were new.

        Raises
        ------
        ChunkCorruptError
            Of the first that is not what its address says; the others were added.
        """
        new, fault = self._checked(parcels)
        self._inflow.count(sum(len(chunk.data) for chunk in new.values()))
        with self._database.write() as connection:
            known = find_chunks(connection, new)
            insert_chunks(connection, [chunk for address, chunk in new.items() if address not in known])
            self._database.point("import:before-chunks-commit")
        if fault is not None:
            raise fault
        return len(new) - len(known)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Add chunks and payloads in one transaction; when anything is raised, nothing was added."""
        self._inflow.count(0)
        with self._database.write():
            yield

    def add_payload(self, parcel: PayloadParcel) -> list[bytes]:
        """Make a payload exist whose chunks are here.

        Returns
        -------
        list of bytes
            Addresses of chunks that are not here (any more), not all of them where they are many; when there are any,
            nothing was added.

        Raises
        ------
        NotFoundError
            Its execution is not here.
        ForgottenError
            The value was forgotten here.
        IntegrityError
            The list of its chunks is not what its digest says, or they do not add up.
        """
        parts = [(part.mode, part.n_bytes, _split(part.addresses)) for part in parcel.parts]
        of_version = version_digest(parcel.version.execution, parcel.version.ordinal)
        if not parts or payload_digest(of_version, parcel.codec, parcel.python, parts) != parcel.digest:
            raise IntegrityError(f"a payload that came in is not what its digest says ({parcel.digest.hex()[:12]}…)")
        with self._database.write() as connection:
            version = self._numbers.version(parcel.version)
            check_not_forgotten(connection, version)
            if rows(connection, _PAYLOAD, (version,)):
                return []
            needed = {address for _, _, addresses in parts for address in addresses}
            stored = find_chunks(connection, needed)
            missing = [address for address in needed if address not in stored]
            if missing:
                return missing[:_MOST_TOLD]
            _check_sizes(connection, parts)
            draft = PayloadDraft(Codec(parcel.codec), parts, (), parcel.python)
            insert_payloads(connection, [CompletePayload(version, of_version, draft, stored)], None)
            insert_seals(connection, [seal for seal in parcel.seals if seal.subject == parcel.digest])
            self._database.point("import:before-payload-commit")
        return []

    def add_refs(self, refs: Sequence[RefParcel]) -> RefsBrought:
        """Add tags and branches; see :func:`ensession.store.naming.bring_refs`.

        Raises
        ------
        IntegrityError
        """
        with self._database.write() as connection:
            return bring_refs(connection, self._refs, self._numbers, refs)

    def change_refs(self, changes: Sequence[RefChange]) -> RefsBrought:
        """Change tags and branches as they were changed elsewhere; see :func:`ensession.store.naming.change_refs`.

        Raises
        ------
        IntegrityError
        """
        with self._database.write() as connection:
            return change_refs(connection, self._refs, self._numbers, changes)

    def forbid(self, digests: Iterable[Digest]) -> int:
        """Say of executions that they must not run again, of those that are here; return of how many that was new."""
        known = [self._numbers.execution(digest) for digest in digests if self._numbers.knows(digest)]
        return forbid(self._database, known, time.time())

    def ignore(self, names: Iterable[str]) -> int:
        """Say of variables that they are ignored; return of how many that was new."""
        return ignore(self._database, names, time.time())

    def open_runs(self) -> list[str]:
        """Return the kernel runs that have not ended, as far as is known here."""
        return open_runs(self._database)

    def add_run_ends(self, ends: Sequence[RunEnd]) -> int:
        """Take note that kernel runs ended; see :func:`ensession.store.ends.add_run_ends`."""
        return add_run_ends(self._database, ends)

    def _lacks(self, key: VersionKey) -> bool:
        # By the digest, too: something that came before it may have been forgotten since its number was looked up.
        of_version = (self._numbers.execution(key.execution), key.ordinal, key.execution, FORGOTTEN)
        return bool(self._database.rows(_LACKING, of_version))

    def _add_execution(self, connection: Connection, parcel: ExecutionParcel) -> None:
        label = f"execution {parcel.digest.hex()[:12]}…"
        try:
            recorded, _ = insert_execution(connection, self._draft(connection, parcel), None, self._database.point)
        except EnsessionError as error:
            raise IntegrityError(f"{label} does not fit into this store: {error}") from error
        except NONSENSE as error:
            raise IntegrityError(f"{label} makes no sense ({error!r})") from error
        if recorded.digest != parcel.digest:
            raise IntegrityError(f"{label} is not what its digest says")
        subjects = {parcel.digest, *(word_digest(parcel.digest, word) for word in parcel.draft.words)}
        insert_seals(connection, [seal for seal in parcel.seals if seal.subject in subjects])

    def _draft(self, connection: Connection, parcel: ExecutionParcel) -> ExecutionDraft:
        versions = parcel.draft.versions
        if len(parcel.requires) != len(versions):
            raise ValueError("its versions and their requirements do not match")
        texts = output_texts(parcel.digest.hex()[:12], [(output.n_bytes, output.data) for output in parcel.outputs])
        return storable(
            replace(
                parcel.draft,
                run=self._run(connection, parcel.run),
                parent=None if parcel.parent is None else self._numbers.execution(parcel.parent),
                outputs=tuple(
                    Output(output.kind, json.loads(text)) for output, text in zip(parcel.outputs, texts, strict=True)
                ),
                reads=tuple(map(self._numbers.version, parcel.reads)),
                versions=tuple(
                    replace(version, requires=self._numbers_of(keys))
                    for version, keys in zip(versions, parcel.requires, strict=True)
                ),
            )
        )

    def _numbers_of(self, keys: Sequence[VersionKey]) -> tuple[VersionId, ...]:
        return tuple(map(self._numbers.version, keys))

    def _checked(self, parcels: Sequence[ChunkParcel]) -> tuple[dict[bytes, EncodedChunk], ChunkCorruptError | None]:
        """Return the chunks that are what their address says, and what is wrong with the first of the others."""
        sound: dict[bytes, EncodedChunk] = {}
        fault: ChunkCorruptError | None = None
        for parcel in parcels:
            try:
                self._decoder.decode(f"chunk {parcel.address.hex()[:12]}…", _fields(parcel))
            except ChunkCorruptError as error:
                fault = fault or error
            else:
                sound[parcel.address] = EncodedChunk(*_fields(parcel))
        return sound, fault

    @staticmethod
    def _run(connection: Connection, run: RunParcel) -> KernelRunId:
        found = rows(connection, _FIND_RUN, (run.uid,))
        if found:
            id_, ended_at = found[0]
            if ended_at is None and run.ended_at is not None:
                execute(connection, "UPDATE kernel_run SET ended_at = ? WHERE id = ?", (run.ended_at, id_))
            return KernelRunId(id_)
        env = run.environment
        texts = (env.python, env.implementation, env.platform, env.hostname, env.pid, env.cwd)
        values = (None, run.uid, run.started_at, run.ended_at, *texts, json.dumps(dict(env.packages)))
        return KernelRunId(insert_one(connection, _INSERT_RUN, values))


def _fields(parcel: ChunkParcel) -> tuple[bytes, int, str, bytes]:
    return parcel.address, parcel.n_bytes, parcel.encoding, parcel.data


def _split(addresses: bytes) -> list[bytes]:
    if len(addresses) % DIGEST_SIZE:
        raise IntegrityError("a list of chunks that came in has an impossible length")
    return [addresses[start : start + DIGEST_SIZE] for start in range(0, len(addresses), DIGEST_SIZE)]


def _check_sizes(connection: Connection, parts: Sequence[tuple[str, int, Sequence[bytes]]]) -> None:
    sizes: dict[bytes, int] = {}
    for batch, marks in in_batches(address for _, _, addresses in parts for address in addresses):
        sizes.update(rows(connection, f"{_SIZES} ({marks})", batch))
    for _, n_bytes, addresses in parts:
        if sum(sizes[address] for address in addresses) != n_bytes:
            raise IntegrityError("the chunks of a payload that came in do not add up to its size")
