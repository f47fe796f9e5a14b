"""Parts of the application history graph, read as a planner asks for them: a move to a near state reads little."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from ensession.model import ExecutionId, ExecutionKind, GraphExecution, GraphVersion, Outcome, VersionId
from ensession.store.engine import Database
from ensession.store.graph import words_by_execution
from ensession.store.lines import latest_bindings, require_execution
from ensession.store.lookup import decode_names, info_from_row, runtime

_STATE = (
    "SELECT b.name, b.version, b.execution FROM json_each(?) l"
    " CROSS JOIN binding b ON b.execution = l.value AND b.name = l.key WHERE b.version IS NOT NULL ORDER BY b.name"
)
_VERSION = (
    "SELECT v.id, v.execution, v.names, v.n_bytes, v.unstorable,"
    " p.codec, p.python, p.n_stream_bytes, p.n_buffer_bytes, p.n_stored_bytes FROM json_each(?) l"
)
_VERSIONS = f"{_VERSION} CROSS JOIN version v ON v.id = l.value LEFT JOIN payload p ON p.version = v.id"
_PRODUCED = f"{_VERSION} CROSS JOIN version v ON v.execution = l.value LEFT JOIN payload p ON p.version = v.id"
_REQUIREMENTS = (
    "SELECT q.version, q.requires FROM json_each(?) l CROSS JOIN requirement q ON q.version = l.value"
    " ORDER BY q.version, q.requires"
)
_EXECUTIONS = (
    "SELECT x.id, x.kind, x.runtime_s, x.outcome, x.no_replay, x.caution FROM json_each(?) l CROSS JOIN execution x"
    " ON x.id = l.value"
)
_WORDS = (
    "SELECT w.execution, w.word, x.cell_id, x.code FROM json_each(?) l CROSS JOIN word w ON w.execution = l.value"
    " JOIN execution x ON x.id = w.execution ORDER BY w.execution"
)
_READS = "SELECT r.execution, r.version FROM json_each(?) l CROSS JOIN read r ON r.execution = l.value"
_CELLS = (
    "WITH RECURSIVE up(id, parent, is_cell, n) AS ("
    " SELECT id, parent, kind = ?2, kind = ?2 FROM execution WHERE id = ?1 UNION ALL"
    " SELECT e.id, e.parent, e.kind = ?2, n + (e.kind = ?2) FROM up JOIN execution e ON e.id = up.parent"
    " WHERE up.n < ?3 AND e.id < up.id) SELECT id, parent FROM up WHERE is_cell ORDER BY n"
)


class HistoryParts:
    """Reads single nodes of the application history graph.

    Parameters
    ----------
    database : Database
    flush : callable
        Waits for payloads that are on their way: whether there is one decides plans.
    """

    def __init__(self, database: Database, flush: Callable[[], object] = bool) -> None:
        self._database = database
        self._flush = flush

    def state(self, id: ExecutionId) -> dict[str, tuple[VersionId, ExecutionId]]:
        """Return what each name is bound to after an execution, and the execution that bound it.

        Raises
        ------
        NotFoundError
        """
        with self._database.read():
            require_execution(self._database, id)
            latest = latest_bindings(self._database, id)
            found = self._database.rows(_STATE, (json.dumps(latest),))
        return {name: (version, execution) for name, version, execution in found}

    def versions(self, ids: Iterable[VersionId]) -> dict[VersionId, GraphVersion]:
        """Return versions; those that do not exist are left out."""
        self._flush()
        wanted = json.dumps(sorted(ids))
        with self._database.read():
            return self._versions(self._database.rows(_VERSIONS, (wanted,)))

    def executions(
        self, ids: Iterable[ExecutionId]
    ) -> tuple[dict[ExecutionId, GraphExecution], dict[VersionId, GraphVersion]]:
        """Return executions with all versions that they made; executions that do not exist are left out."""
        self._flush()
        wanted = (json.dumps(sorted(ids)),)
        with self._database.read():
            versions = self._versions(self._database.rows(_PRODUCED, wanted))
            reads = _grouped(self._database.rows(_READS, wanted))
            words = words_by_execution(self._database.rows(_WORDS, wanted))
            rows = self._database.rows(_EXECUTIONS, wanted)
        produces = _grouped((version.execution, version.id) for version in versions.values())
        executions = {
            id_: GraphExecution(
                id=id_,
                kind=ExecutionKind(kind),
                runtime_s=runtime(id_, runtime_s),
                outcome=Outcome(outcome),
                no_replay=no_replay,
                reads=tuple(sorted(reads[id_])),
                produces=tuple(sorted(produces[id_])),
                caution=caution,
                words=words.get(id_, frozenset()),
            )
            for id_, kind, runtime_s, outcome, no_replay, caution in rows
        }
        return executions, versions

    def cells_before(self, id: ExecutionId, count: int) -> list[tuple[ExecutionId, ExecutionId | None]]:
        """Return the last cells on the line to a state, latest first, each with the state that it started from.

        Parameters
        ----------
        id : ExecutionId
        count : int
            How many; fewer are returned where the line begins.
        """
        rows = self._database.rows(_CELLS, (id, ExecutionKind.CELL.value, count))
        return [(cell, parent) for cell, parent in rows]

    def _versions(self, rows: Iterable[Any]) -> dict[VersionId, GraphVersion]:
        found = list(rows)
        wanted = json.dumps([row[0] for row in found])
        requires = _grouped(self._database.rows(_REQUIREMENTS, (wanted,)))
        return {
            row[0]: GraphVersion(
                id=row[0],
                execution=row[1],
                names=decode_names(row[2]),
                n_bytes=row[3],
                unstorable=row[4],
                payload=info_from_row(row[5:]),
                requires=tuple(requires[row[0]]),
            )
            for row in found
        }


def _grouped(pairs: Iterable[Any]) -> defaultdict[Any, list[Any]]:
    groups: defaultdict[Any, list[Any]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups
