"""The digest chain, computed again from the rows: every digest covers its parent's."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ensession.digests import execution_digest, version_digest
from ensession.errors import IntegrityError
from ensession.model import (
    BindingDraft,
    Digest,
    Effect,
    ExecutionDraft,
    ExecutionId,
    ExecutionKind,
    FileAccess,
    ModuleSource,
    Outcome,
    Output,
    Summary,
    VersionDraft,
    VersionId,
)
from ensession.store.engine import Database
from ensession.store.failures import NONSENSE
from ensession.store.history import output_texts

BATCH = 500
_PAGE = "SELECT id FROM execution WHERE id > ?1 AND (?2 IS NULL OR id <= ?2) ORDER BY id LIMIT ?3"

_HEAD = (
    "SELECT x.id, x.parent, x.line_start, x.digest, r.uid, x.run, x.kind, x.code, x.started_at, x.runtime_s,"
    " x.capture_s, x.outcome, x.cell_id, x.error, x.no_replay, x.not_captured, x.caution"
    " FROM execution x LEFT JOIN kernel_run r ON r.id = x.run WHERE x.id BETWEEN ? AND ? ORDER BY x.id"
)
_CHILDREN = {
    "version": "SELECT execution, id, ordinal, names, fingerprint, n_bytes, unstorable FROM version"
    " WHERE execution BETWEEN ? AND ? ORDER BY execution, ordinal",
    "binding": "SELECT execution, name, version, type_name, shape, preview FROM binding"
    " WHERE execution BETWEEN ? AND ? ORDER BY execution, name",
    "read": "SELECT execution, version FROM read WHERE execution BETWEEN ? AND ?",
    "requirement": "SELECT v.execution, q.version, q.requires FROM version v JOIN requirement q ON q.version = v.id"
    " WHERE v.execution BETWEEN ? AND ?",
    "output": "SELECT execution, kind, n_bytes, data FROM output WHERE execution BETWEEN ? AND ?"
    " ORDER BY execution, seq",
    "file": "SELECT execution, path, mode, size, mtime, content_hash, folder FROM file_access"
    " WHERE execution BETWEEN ? AND ? ORDER BY execution, seq",
    "module": "SELECT m.execution, m.name, m.path, s.digest FROM module m JOIN module_source s ON s.id = m.source"
    " WHERE m.execution BETWEEN ? AND ?",
    "effect": "SELECT execution, kind, detail FROM effect WHERE execution BETWEEN ? AND ? ORDER BY execution, seq",
}


# A look-up takes a fraction of what calling an enumeration does; what is unknown is for that to refuse.
_KINDS: dict[str, ExecutionKind] = {kind.value: kind for kind in ExecutionKind}
_OUTCOMES: dict[str, Outcome] = {outcome.value: outcome for outcome in Outcome}


@dataclass(frozen=True, slots=True)
class Link:
    """One execution of the chain; ``fault`` says what is wrong with it, None where nothing is."""

    id: ExecutionId
    fault: str | None


class ChainWalker:
    """Walks executions in the order of their ids (parents first) and computes their digests again.

    Parents and versions are looked up among the executions walked before, so a walk has to begin at the first
    execution of the store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heads: dict[int, tuple[Digest, int]] = {}
        self._versions: dict[int, tuple[ExecutionId, int]] = {}

    def walk(self, last: ExecutionId | None = None) -> Iterator[Link]:
        """Yield a link for each execution up to ``last``, or for all."""
        for head, children in self._rows(last):
            yield Link(head[0], self._fault(head, children))

    def renewed(self) -> Iterator[tuple[ExecutionId, Digest, Digest]]:
        """Yield each execution with the digest that is recorded of it and the one that its rows have by now.

        Raises
        ------
        IntegrityError, and what :data:`NONSENSE` names
            The rows make no sense.
        """
        for head, children in self._rows(None):
            id_, parent, line_start, recorded = head[:4]
            for row in children["version"]:
                self._versions[row[1]] = (id_, row[2])
            digest = self._digest(head, children, None if parent is None else self._heads[parent][0])
            self._heads[id_] = (digest, line_start)
            yield id_, recorded, digest

    def _rows(self, last: ExecutionId | None) -> Iterator[tuple[Sequence[Any], dict[str, list[Any]]]]:
        at = -1
        # Page by page: in a damaged store a number may be anything, and a range of numbers endless.
        while page := self._database.rows(_PAGE, (at, last, BATCH)):
            if page[-1][0] <= at:
                raise IntegrityError(f"{self._database.path}: executions are not in order: the table is damaged")
            yield from read_rows(self._database, page[0][0], page[-1][0])
            at = page[-1][0]

    def _fault(self, head: Sequence[Any], children: dict[str, list[Any]]) -> str | None:
        id_, parent, line_start = head[:3]
        fault = self.content_fault(head, children)
        _, parent_start = self._heads[parent] if parent in self._heads else (None, id_)
        if fault is None and line_start != (parent_start if parent == id_ - 1 else id_):
            return "its place in the line of history was changed"
        return fault

    def content_fault(self, head: Sequence[Any], children: dict[str, list[Any]]) -> str | None:
        """Say why an execution is not what its digest covers; its parent has to have been asked for before."""
        id_, parent, line_start, recorded, run_uid = head[:5]
        self._heads[id_] = (recorded, line_start)
        for row in children["version"]:
            self._versions[row[1]] = (id_, row[2])
        if run_uid is None:
            return "its kernel run is not in the store"
        if parent is not None and parent not in self._heads:
            return f"its parent, execution {parent}, is not in the store before it"
        parent_digest = None if parent is None else self._heads[parent][0]
        try:
            digest = self._digest(head, children, parent_digest)
        except NONSENSE as error:
            return f"its rows make no sense ({error!r})"
        except IntegrityError as error:
            return str(error)
        return None if digest == recorded else "its digest does not match what is recorded of it"

    def _digest(self, head: Sequence[Any], children: dict[str, list[Any]], parent: Digest | None) -> Digest:
        id_, run_uid = head[0], head[4]
        draft = draft_of(head, children)
        known = {version: self._version_digest(version) for version in self._mentioned(children, id_)}
        texts = output_texts(id_, [row[2:] for row in children["output"]])
        reads = [known[row[1]] for row in children["read"]]
        return execution_digest(parent, run_uid, draft, reads, known, texts)

    def _mentioned(self, children: dict[str, list[Any]], id_: ExecutionId) -> set[VersionId]:
        required = {row[2] for row in children["requirement"] if self._versions[row[2]][0] != id_}
        return required | {row[1] for row in children["read"]}

    def _version_digest(self, version: VersionId) -> Digest:
        execution, ordinal = self._versions[version]
        return version_digest(self._heads[execution][0], ordinal)


def verify_line(database: Database, id_: ExecutionId) -> None:
    """Raise :class:`IntegrityError` for the first of an execution and its ancestors that does not match."""
    faults = {link.id: link.fault for link in ChainWalker(database).walk(id_)}
    parents = dict(map(tuple, database.rows("SELECT id, parent FROM execution WHERE id <= ?", (id_,))))
    line, at = [], id_ if id_ in parents else None
    while at is not None and at in parents:
        line.append(at)
        parent: ExecutionId | None = parents[at]
        at = parent if isinstance(parent, int) and parent < at else None  # a ring is a fault of this one
    for ancestor in reversed(line):
        fault = faults.get(ancestor, "what it belongs to is missing")
        if fault is not None:
            raise IntegrityError(f"{database.path}: execution {ancestor}: {fault}")


def read_rows(database: Database, first: int, last: int) -> list[tuple[Sequence[Any], dict[str, list[Any]]]]:
    """Return the rows of executions with ids from ``first`` to ``last``: each one's own, and those of its children."""
    with database.read():
        heads = database.rows(_HEAD, (first, last))
        children = {table: _by_execution(database.rows(sql, (first, last))) for table, sql in _CHILDREN.items()}
    return [(head, {table: rows.get(head[0], []) for table, rows in children.items()}) for head in heads]


def _by_execution(rows: Iterable[Any]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row)
    return groups


def draft_of(head: Sequence[Any], children: dict[str, list[Any]]) -> ExecutionDraft:
    """Return an execution as it was handed to the store; of outputs only the kind, of reads nothing.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        The rows make no sense.
    """
    needed = children["requirement"]
    requires = _by_execution(row[1:] for row in needed) if needed else {}
    _, parent, _, _, _, run, kind, code, started_at, runtime_s, capture_s, outcome, cell_id, *texts = head
    error, no_replay, not_captured, caution = texts
    ordinals = {row[1]: row[2] for row in children["version"]}
    if list(ordinals.values()) != list(range(len(ordinals))):
        raise ValueError("its versions are not numbered through")
    return ExecutionDraft(
        run=run,
        parent=parent,
        kind=_KINDS.get(kind) or ExecutionKind(kind),
        code=code,
        started_at=started_at,
        runtime_s=runtime_s,
        outcome=_OUTCOMES.get(outcome) or Outcome(outcome),
        cell_id=cell_id,
        error=error,
        no_replay=no_replay,
        not_captured=not_captured,
        caution=caution,
        capture_s=capture_s,
        # Only the kind: the text is hashed as it is stored.
        outputs=tuple([Output(row[1], {}) for row in children["output"]]),
        versions=tuple([_version_draft(row, requires.get(row[1], ()), ordinals) for row in children["version"]]),
        bindings=tuple([_binding_draft(row, ordinals) for row in children["binding"]]),
        files=tuple([FileAccess(*row[1:]) for row in children["file"]]),
        effects=tuple([Effect(*row[1:]) for row in children["effect"]]),
        modules=tuple([ModuleSource(*row[1:]) for row in children["module"]]),
    )


def _version_draft(row: Sequence[Any], requires: Sequence[Any], ordinals: dict[int, int]) -> VersionDraft:
    _, _, _, names, fingerprint, n_bytes, unstorable = row
    draft = VersionDraft(tuple(json.loads(names)), fingerprint, n_bytes, unstorable)
    if not requires:
        return draft
    required = [pair[1] for pair in requires]
    return replace(
        draft,
        requires=tuple(version for version in required if version not in ordinals),
        requires_new=tuple(ordinals[version] for version in required if version in ordinals),
    )


def _binding_draft(row: Sequence[Any], ordinals: dict[int, int]) -> BindingDraft:
    _, name, version, *summary = row
    texts = None if summary[0] is None else Summary(*summary)
    return BindingDraft(name, None if version is None else ordinals[version], texts)
