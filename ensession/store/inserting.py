"""The rows of one execution, inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from sqlite3 import Connection

import zstandard

from ensession.digests import encode_output, execution_digest, version_digest, word_digest
from ensession.errors import NotFoundError
from ensession.model import Digest, ExecutionDraft, ExecutionId, Recorded, VersionId
from ensession.store.engine import execute, insert_many, rows
from ensession.store.lookup import version_digests
from ensession.store.modules import insert_modules
from ensession.store.seals import insert_seals
from ensession.store.statements import insert_sql
from ensession.store.words import insert_words
from ensession.store.writing import MakeSeal

_PLACE = (
    "SELECT (SELECT max(id) FROM execution), (SELECT max(id) FROM version),"
    " (SELECT uid FROM kernel_run WHERE id = ?1),"
    " (SELECT digest FROM execution WHERE id = ?2), (SELECT line_start FROM execution WHERE id = ?2)"
)
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
    place = _place(connection, draft)
    required = {version for item in draft.versions for version in item.requires}
    known = version_digests(connection, [*draft.reads, *required])
    texts = [encode_output(output) for output in draft.outputs]
    digest = execution_digest(place.parent_digest, place.run_uid, draft, [known[v] for v in draft.reads], known, texts)
    id_ = place.id
    _insert_head(connection, draft, place, digest)
    point("record:execution")
    versions = _insert_versions(connection, draft, place)
    _insert_names(connection, draft, id_, versions)
    point("record:names")
    _insert_surroundings(connection, draft, id_, texts)
    insert_modules(connection, id_, draft.modules)
    insert_words(connection, [(id_, word) for word in draft.words], draft.started_at)
    subjects = (digest, *(word_digest(digest, word) for word in draft.words))
    made = [] if seal is None else [seal(subject) for subject in subjects]
    insert_seals(connection, [one for one in made if one is not None])
    digests = tuple(version_digest(digest, ordinal) for ordinal in range(len(versions)))
    return Recorded(id_, digest, versions, parent_digest=place.parent_digest), digests


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an execution goes: its number, its first version's, and what is known of run and parent."""

    id: ExecutionId
    first_version: int
    run_uid: str
    parent_digest: Digest | None
    line_start: int


def _place(connection: Connection, draft: ExecutionDraft) -> _Place:
    last, last_version, run_uid, parent_digest, parent_start = rows(connection, _PLACE, (draft.run, draft.parent))[0]
    if run_uid is None:
        raise NotFoundError(f"there is no kernel run {draft.run} in this store; begin one first")
    if draft.parent is not None and parent_digest is None:
        raise NotFoundError(f"there is no execution {draft.parent} in this store, so it can't be a parent")
    id_ = ExecutionId((last or 0) + 1)
    line_start = parent_start if draft.parent is not None and draft.parent == last else id_
    return _Place(id_, (last_version or 0) + 1, run_uid, parent_digest, line_start)


def _insert_head(connection: Connection, draft: ExecutionDraft, place: _Place, digest: Digest) -> None:
    execute(
        connection,
        _INSERT_EXECUTION,
        (
            *(place.id, draft.parent, place.line_start, digest, draft.run, draft.kind.value),
            *(draft.started_at, draft.runtime_s, draft.capture_s, draft.outcome.value),
            *(draft.cell_id, draft.no_replay, draft.not_captured, draft.error, draft.code, draft.caution),
        ),
    )


def _insert_versions(connection: Connection, draft: ExecutionDraft, place: _Place) -> tuple[VersionId, ...]:
    ids = tuple(VersionId(place.first_version + ordinal) for ordinal in range(len(draft.versions)))
    values = [
        (version, place.id, ordinal, json.dumps(item.names), item.fingerprint, item.n_bytes, item.unstorable)
        for ordinal, (version, item) in enumerate(zip(ids, draft.versions, strict=True))
    ]
    insert_many(connection, _INSERT_VERSION, values)
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
    bound: list[tuple[object, ...]] = []
    for binding in draft.bindings:
        version = None if binding.version is None else versions[binding.version]
        summary = binding.summary
        texts: tuple[str | None, ...] = (None, None, None)
        if summary is not None:
            texts = (summary.type_name, summary.shape, summary.preview)
        bound.append((id_, binding.name, version, *texts))
    insert_many(connection, _INSERT_BINDING, bound)
    insert_many(connection, _INSERT_READ, [(id_, version) for version in sorted(set(draft.reads))])


def _insert_surroundings(
    connection: Connection, draft: ExecutionDraft, id_: ExecutionId, texts: Sequence[bytes]
) -> None:
    if texts:
        zstd = zstandard.ZstdCompressor()
        values = [
            (id_, seq, output.kind, len(text), zstd.compress(text))
            for seq, (output, text) in enumerate(zip(draft.outputs, texts, strict=True))
        ]
        insert_many(connection, _INSERT_OUTPUT, values)
    files = [
        (id_, seq, file.path, file.mode, file.size, file.mtime, file.content_hash, file.folder)
        for seq, file in enumerate(draft.files)
    ]
    insert_many(connection, _INSERT_FILE, files)
    effects = [(id_, seq, effect.kind, effect.detail) for seq, effect in enumerate(draft.effects)]
    insert_many(connection, _INSERT_EFFECT, effects)
