"""The application history graph of one line of history, in a fixed number of queries whatever its length."""

# ruff: noqa: S608 - the queries are joined from constants of this room; values are always parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ensession.model import (
    ExecutionId,
    ExecutionKind,
    Graph,
    GraphExecution,
    GraphVersion,
    Outcome,
    VersionId,
    Word,
)
from ensession.store.engine import Database
from ensession.store.failures import making_sense
from ensession.store.lines import LINE
from ensession.store.lookup import decode_names, info_from_row, runtime

# A look-up takes a fraction of what calling an enumeration does; what is unknown is for that to refuse.
_KINDS: dict[str, ExecutionKind] = {kind.value: kind for kind in ExecutionKind}
_OUTCOMES: dict[str, Outcome] = {outcome.value: outcome for outcome in Outcome}
_IN_LINE = "BETWEEN line.first AND line.last"
_EXECUTIONS = (
    f"{LINE} SELECT x.id, x.kind, x.runtime_s, x.outcome, x.no_replay, x.caution FROM line CROSS JOIN execution x"
    f" WHERE x.id {_IN_LINE} ORDER BY x.id"
)
_VERSIONS = (
    f"{LINE} SELECT v.id, v.execution, v.names, v.n_bytes, v.unstorable,"
    " p.codec, p.python, p.n_stream_bytes, p.n_buffer_bytes, p.n_stored_bytes"
    " FROM line CROSS JOIN version v LEFT JOIN payload p ON p.version = v.id"
    f" WHERE v.execution {_IN_LINE} ORDER BY v.id"
)
_BINDINGS = (
    f"{LINE} SELECT b.execution, b.name, b.version FROM line CROSS JOIN binding b WHERE b.execution {_IN_LINE}"
    " ORDER BY b.execution, b.name"
)
_READS = (
    f"{LINE} SELECT r.execution, r.version FROM line CROSS JOIN read r WHERE r.execution {_IN_LINE}"
    " ORDER BY r.execution, r.version"
)
_WORDS = (
    f"{LINE} SELECT w.execution, w.word, x.cell_id, x.code FROM line CROSS JOIN word w"
    f" JOIN execution x ON x.id = w.execution WHERE w.execution {_IN_LINE} ORDER BY w.execution"
)
_REQUIREMENTS = (
    f"{LINE} SELECT q.version, q.requires FROM line CROSS JOIN version v JOIN requirement q ON q.version = v.id"
    f" WHERE v.execution {_IN_LINE} ORDER BY q.version, q.requires"
)


def read_graph(database: Database, id_: ExecutionId) -> Graph:
    """Return the graph of an existing execution and its ancestors."""
    with making_sense(f"{database.path}: the history of execution {id_}"), database.read():
        versions = _versions(database, id_)
        produces: dict[ExecutionId, list[VersionId]] = defaultdict(list)
        for version in versions.values():
            produces[version.execution].append(version.id)
        reads = _grouped(database.rows(_READS, (id_,)))
        words = words_by_execution(database.rows(_WORDS, (id_,)))
        executions = tuple(
            GraphExecution(
                row[0],
                _KINDS.get(row[1]) or ExecutionKind(row[1]),
                runtime(row[0], row[2]),
                _OUTCOMES.get(row[3]) or Outcome(row[3]),
                row[4],
                tuple(reads.get(row[0], ())),
                tuple(produces.get(row[0], ())),
                row[5],
                words.get(row[0], frozenset()),
            )
            for row in database.rows(_EXECUTIONS, (id_,))
        )
        bindings: dict[ExecutionId, dict[str, VersionId | None]] = {node.id: {} for node in executions}
        latest: dict[str, VersionId | None] = {}
        for execution, name, bound in database.rows(_BINDINGS, (id_,)):
            bindings[execution][name] = bound
            latest[name] = bound
        if not all(isinstance(name, str) for name in latest):
            raise TypeError("a name is no text")
    state = {name: bound for name, bound in sorted(latest.items()) if bound is not None}
    return Graph(executions, versions, state, bindings)


def words_by_execution(rows: Sequence[Any]) -> dict[ExecutionId, frozenset[Word]]:
    """Return the words about executions; of several executions of one cell only the last must always run."""
    found: dict[ExecutionId, set[Word]] = defaultdict(set)
    last: dict[str, ExecutionId] = {}
    for execution, text, cell_id, code in rows:
        word = Word(text)
        if word is Word.ALWAYS:
            before = last.get(cell_id or code)
            if before is not None:
                found[before].discard(word)
            last[cell_id or code] = execution
        found[execution].add(word)
    return {execution: frozenset(words) for execution, words in found.items()}


def _versions(database: Database, id_: ExecutionId) -> dict[VersionId, GraphVersion]:
    requires = _grouped(database.rows(_REQUIREMENTS, (id_,)))
    found = database.rows(_VERSIONS, (id_,))
    if not all(type(row[3]) is int and (row[4] is None or type(row[4]) is str) for row in found):
        raise ValueError("the size of a version is no number")
    return {
        row[0]: GraphVersion(
            id=row[0],
            execution=row[1],
            names=decode_names(row[2]),
            n_bytes=row[3],
            unstorable=row[4],
            payload=info_from_row(row[5:]),
            requires=tuple(requires.get(row[0], ())),
        )
        for row in found
    }


def _grouped(rows: Sequence[Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for key, value in rows:
        groups[key].append(value)
    return groups
