"""The rows of one execution, inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import zstandard
from sqlalchemy import Connection

from ensession.digests import encode_output, execution_digest, version_digest
from ensession.errors import NotFoundError
from ensession.model import Digest, ExecutionDraft, ExecutionId, Recorded, VersionId
from ensession.store.engine import execute, insert_many
from ensession.store.lookup import version_digests
from ensession.store.seals import insert_seals
from ensession.store.statements import insert_sql
from ensession.store.writing import MakeSeal

_INSERT_EXECUTION = insert_sql("execution")
_INSERT_VERSION = insert_sql("version")
_INSERT_BINDING = insert_sql("binding")
_INSERT_READ = insert_sql("read")
_INSERT_REQUIREMENT = insert_sql("requirement")
_INSERT_OUTPUT = insert_sql("output")
_INSERT_FILE = insert_sql("file_access")
_INSERT_EFFECT = insert_sql("effect")


def insert_execution(
    connection: Connection, draft: ExecutionDraft, seal: MakeSeal | None, point: Callable[[str], None]
) -> tuple[Recorded, tuple[Digest, ...]]:
    """Insert an execution with everything but payloads; return it, and the digests of its versions."""
    run_uid = _run_uid(connection, draft)
    (next_id,) = execute(connection, "SELECT coalesce(max(id), 0) + 1 FROM execution").one()
    parent_digest, line_start = _parent(connection, draft.parent, next_id)
    required = {version for item in draft.versions for version in item.requires}
    known = version_digests(connection, [*draft.reads, *required])
    texts = [encode_output(output) for output in draft.outputs]
    digest = execution_digest(parent_digest, run_uid, draft, [known[v] for v in draft.reads], known, texts)
    id_ = ExecutionId(next_id)
    _insert_head(connection, draft, id_, line_start, digest)
    point("record:execution")
    versions = _insert_versions(connection, draft, id_)
    _insert_names(connection, draft, id_, versions)
    point("record:names")
    _insert_surroundings(connection, draft, id_, texts)
    made = None if seal is None else seal(digest)
    insert_seals(connection, [] if made is None else [made])
    digests = tuple(version_digest(digest, ordinal) for ordinal in range(len(versions)))
    return Recorded(id_, digest, versions), digests


def _run_uid(connection: Connection, draft: ExecutionDraft) -> str:
    row = execute(connection, "SELECT uid FROM kernel_run WHERE id = ?", (draft.run,)).fetchone()
    if row is None:
        raise NotFoundError(f"there is no kernel run {draft.run} in this store; begin one first")
    return str(row[0])


def _parent(connection: Connection, parent: ExecutionId | None, next_id: int) -> tuple[Digest | None, int]:
    """Return the parent's digest, and where the unbroken line of ids begins that the new execution ends."""
    if parent is None:
        return None, next_id
    row = execute(connection, "SELECT digest, line_start FROM execution WHERE id = ?", (parent,)).fetchone()
    if row is None:
        raise NotFoundError(f"there is no execution {parent} in this store, so it can't be a parent")
    return row[0], row[1] if parent == next_id - 1 else next_id


def _insert_head(
    connection: Connection, draft: ExecutionDraft, id_: ExecutionId, line_start: int, digest: Digest
) -> None:
    execute(
        connection,
        _INSERT_EXECUTION,
        (
            *(id_, draft.parent, line_start, digest, draft.run, draft.kind.value),
            *(draft.started_at, draft.runtime_s, draft.capture_s, draft.outcome.value),
            *(draft.cell_id, draft.no_replay, draft.not_captured, draft.error, draft.code),
        ),
    )


def _insert_versions(connection: Connection, draft: ExecutionDraft, id_: ExecutionId) -> tuple[VersionId, ...]:
    if not draft.versions:
        return ()
    (first,) = execute(connection, "SELECT coalesce(max(id), 0) + 1 FROM version").one()
    ids = tuple(VersionId(first + ordinal) for ordinal in range(len(draft.versions)))
    rows = [
        (version, id_, ordinal, json.dumps(item.names), item.fingerprint, item.n_bytes, item.unstorable)
        for ordinal, (version, item) in enumerate(zip(ids, draft.versions, strict=True))
    ]
    insert_many(connection, _INSERT_VERSION, rows)
    pairs = {
        (version, required)
        for version, item in zip(ids, draft.versions, strict=True)
        for required in [*item.requires, *(ids[index] for index in item.requires_new)]
    }
    insert_many(connection, _INSERT_REQUIREMENT, sorted(pairs))
    return ids


def _insert_names(
    connection: Connection, draft: ExecutionDraft, id_: ExecutionId, versions: tuple[VersionId, ...]
) -> None:
    rows = []
    for binding in draft.bindings:
        version = None if binding.version is None else versions[binding.version]
        summary = binding.summary
        texts = (None, None, None) if summary is None else (summary.type_name, summary.shape, summary.preview)
        rows.append((id_, binding.name, version, *texts))
    insert_many(connection, _INSERT_BINDING, rows)
    insert_many(connection, _INSERT_READ, [(id_, version) for version in sorted(set(draft.reads))])


def _insert_surroundings(
    connection: Connection, draft: ExecutionDraft, id_: ExecutionId, texts: Sequence[bytes]
) -> None:
    if texts:
        zstd = zstandard.ZstdCompressor()
        rows = [
            (id_, seq, output.kind, len(text), zstd.compress(text))
            for seq, (output, text) in enumerate(zip(draft.outputs, texts, strict=True))
        ]
        insert_many(connection, _INSERT_OUTPUT, rows)
    files = [
        (id_, seq, file.path, file.mode, file.size, file.mtime, file.content_hash)
        for seq, file in enumerate(draft.files)
    ]
    insert_many(connection, _INSERT_FILE, files)
    effects = [(id_, seq, effect.kind, effect.detail) for seq, effect in enumerate(draft.effects)]
    insert_many(connection, _INSERT_EFFECT, effects)
