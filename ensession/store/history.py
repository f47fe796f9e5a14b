"""Reading history. Each method is one query or a fixed small number of them, in one read transaction."""

# ruff: noqa: S608 - the queries are joined from constants of this room; values are always parameters
from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import zstandard

from ensession.errors import IntegrityError, NotFoundError
from ensession.model import (
    Binding,
    Digest,
    Environment,
    Execution,
    ExecutionId,
    ExecutionKind,
    Graph,
    KernelRun,
    KernelRunId,
    Outcome,
    Output,
    Summary,
    Version,
    VersionId,
)
from ensession.store.engine import Database
from ensession.store.graph import read_graph
from ensession.store.lines import LINE, latest_bindings, require_execution
from ensession.store.lookup import decode_names, info_from_row, version_digests

MAX_OUTPUT_BYTES = 2**30
"""What the outputs of an execution may come to."""

_EXECUTION = (
    "SELECT id, digest, parent, run, kind, code, cell_id, started_at, runtime_s, capture_s, outcome, error, no_replay,"
    " not_captured, caution FROM execution"
)
_VERSION = (
    "v.id, v.execution, v.ordinal, v.names, v.fingerprint, v.n_bytes, v.unstorable,"
    " p.codec, p.python, p.n_stream_bytes, p.n_buffer_bytes, p.n_stored_bytes"
)
_BINDING = f"b.name, b.execution, b.type_name, b.shape, b.preview, {_VERSION}"
_JOINED = "LEFT JOIN version v ON v.id = b.version LEFT JOIN payload p ON p.version = v.id"
_PAYLOAD = "LEFT JOIN payload p ON p.version = v.id"

_STATE = (
    f"SELECT {_BINDING} FROM json_each(?) l CROSS JOIN binding b ON b.execution = l.value AND b.name = l.key"
    f" {_JOINED} WHERE b.version IS NOT NULL"
)
_BINDINGS = f"SELECT {_BINDING} FROM binding b {_JOINED} WHERE b.execution = ? ORDER BY b.name"
_VERSIONS_OF = (
    f"SELECT {_BINDING} FROM binding b {_JOINED} WHERE b.name = ? AND b.version IS NOT NULL ORDER BY b.execution"
)
_READS = (
    f"SELECT {_VERSION} FROM read r JOIN version v ON v.id = r.version {_PAYLOAD} WHERE r.execution = ? ORDER BY v.id"
)
_MADE_WITH = f"SELECT {_VERSION} FROM version o JOIN version v ON v.execution = o.execution {_PAYLOAD} WHERE o.id = ?"
_ONE_VERSION = f"SELECT {_VERSION} FROM version v {_PAYLOAD} WHERE v.id = ?"
_IN_LINE = "EXISTS (SELECT 1 FROM line WHERE {} BETWEEN line.first AND line.last)"
_ON_LINE = f"{LINE} {_EXECUTION} WHERE {_IN_LINE.format('id')} ORDER BY id"
_CHANGES = f"{LINE} SELECT execution, name FROM binding WHERE {_IN_LINE.format('execution')} ORDER BY execution, name"
_LATEST_RUN = (
    "SELECT run FROM execution WHERE kind = 'cell' AND run IN (SELECT run FROM execution WHERE id NOT IN"
    " (SELECT parent FROM execution WHERE parent IS NOT NULL)) ORDER BY started_at DESC, id DESC LIMIT 1"
)
_HEADS = "SELECT id FROM execution WHERE id NOT IN (SELECT parent FROM execution WHERE parent IS NOT NULL) ORDER BY id"
_RUNS = (
    "SELECT id, uid, started_at, ended_at, python, implementation, platform, hostname, pid, cwd, packages"
    " FROM kernel_run ORDER BY id"
)

_KINDS, _OUTCOMES = frozenset(ExecutionKind), frozenset(Outcome)


class HistoryReader:
    """Reads what was recorded; never unpickles and never executes (invariant 5).

    Parameters
    ----------
    database : Database
    flush : callable
        Waits for payloads that are still being written.
    """

    def __init__(self, database: Database, flush: Callable[[], object] = bool) -> None:
        self._database = database
        self._flush = flush

    def executions(self, limit: int | None = None) -> list[Execution]:
        """Return all executions, or the last ``limit`` ones, oldest first."""
        sql = f"{_EXECUTION} ORDER BY id DESC LIMIT ?"
        rows = self._database.rows(sql, (-1 if limit is None else limit,))
        return [_execution(row) for row in reversed(rows)]

    def executions_after(self, id: ExecutionId, limit: int) -> list[Execution]:
        """Return the first ``limit`` executions with a higher number, oldest first."""
        rows = self._database.rows(f"{_EXECUTION} WHERE id > ? ORDER BY id LIMIT ?", (id, limit))
        return [_execution(row) for row in rows]

    def count(self) -> int:
        """Return the number of executions."""
        return int(self._database.rows("SELECT count(*) FROM execution")[0][0])

    def execution(self, id: ExecutionId) -> Execution:
        """Return one execution; :class:`NotFoundError` says which ones there are."""
        with self._database.read():
            require_execution(self._database, id)
            return _execution(self._database.rows(f"{_EXECUTION} WHERE id = ?", (id,))[0])

    def head(self, run: KernelRunId | None = None) -> ExecutionId | None:
        """Return the latest execution, of one kernel run or of all; None where there is none."""
        sql = "SELECT id FROM execution WHERE ?1 IS NULL OR run = ?1 ORDER BY id DESC LIMIT 1"
        rows = self._database.rows(sql, (run,))
        return rows[0][0] if rows else None

    def latest(self) -> ExecutionId | None:
        """Return the last execution of the kernel run that was the last to run a cell; where none was, the last of all.

        A kernel that records into the file as soon as it starts is not what anybody means by the latest state. Nor is
        what came in last from another copy: that goes by the clock. Within a run, and where one goes on with what
        another one left, the clock may have jumped.
        """
        rows = self._database.rows(f"SELECT max(id) FROM execution WHERE run = ({_LATEST_RUN})")
        return rows[0][0] if rows[0][0] is not None else self.head()

    def heads(self) -> list[ExecutionId]:
        """Return the executions without children."""
        return [row[0] for row in self._database.rows(_HEADS)]

    def outputs(self, id: ExecutionId) -> tuple[Output, ...]:
        """Return the outputs of an execution."""
        with self._database.read():
            require_execution(self._database, id)
            rows = self._database.rows("SELECT kind, n_bytes, data FROM output WHERE execution = ? ORDER BY seq", (id,))
        texts = output_texts(id, [row[1:] for row in rows])
        return tuple(Output(row[0], _output_data(id, text)) for row, text in zip(rows, texts, strict=True))

    def state(self, id: ExecutionId) -> dict[str, Binding]:
        """Return what each name was bound to right after an execution, sorted by name."""
        with self._database.read():
            require_execution(self._database, id)
            latest = json.dumps(latest_bindings(self._database, id))
            rows = self._database.rows(_STATE, (latest,))
        return {row[0]: _binding(row) for row in sorted(rows, key=itemgetter(0))}

    def bindings(self, id: ExecutionId) -> list[tuple[str, Binding | None]]:
        """Return the names that an execution bound, or deleted (None), sorted."""
        with self._database.read():
            require_execution(self._database, id)
            rows = self._database.rows(_BINDINGS, (id,))
        if not all(type(row[0]) is str for row in rows):
            raise IntegrityError(f"execution {id} is damaged: a name that it bound makes no sense")
        return [(row[0], None if row[5] is None else _binding(row)) for row in rows]

    def reads(self, id: ExecutionId) -> list[Version]:
        """Return the versions that an execution used."""
        with self._database.read():
            require_execution(self._database, id)
            return [_version(row) for row in self._database.rows(_READS, (id,))]

    def readers(self, version: VersionId) -> list[ExecutionId]:
        """Return the executions that used a version."""
        sql = "SELECT execution FROM read WHERE version = ? ORDER BY execution"
        return [row[0] for row in self._database.rows(sql, (version,))]

    def line(self, id: ExecutionId) -> list[Execution]:
        """Return an execution and its ancestors, oldest first."""
        with self._database.read():
            require_execution(self._database, id)
            return [_execution(row) for row in self._database.rows(_ON_LINE, (id,))]

    def changes(self, id: ExecutionId) -> dict[ExecutionId, list[str]]:
        """Return what an execution and each of its ancestors bound or deleted, names sorted."""
        found: dict[ExecutionId, list[str]] = {}
        for execution, name in self._database.rows(_CHANGES, (id,)):
            found.setdefault(execution, []).append(name)
        if not all(type(name) is str for names in found.values() for name in names):
            raise IntegrityError(f"{self._database.path}: a name in the history of execution {id} makes no sense")
        return found

    def graph(self, id: ExecutionId) -> Graph:
        """Return the application history graph of an execution and its ancestors.

        Waits for payloads that this process is still writing.
        """
        self._flush()
        with self._database.read():
            require_execution(self._database, id)
            return read_graph(self._database, id)

    def versions_of(self, name: str) -> list[Binding]:
        """Return everything that a name was ever bound to, oldest first; looks at all bindings."""
        return [_binding(row) for row in self._database.rows(_VERSIONS_OF, (name,))]

    def runs(self) -> list[KernelRun]:
        """Return all kernel runs, oldest first."""
        return [_run(row) for row in self._database.rows(_RUNS)]

    def measured_loads(self, n_restores: int = 20) -> list[tuple[int, int, float]]:
        """Return plain bytes of stream and buffers, and seconds, of the payloads that the last restores loaded."""
        sql = "SELECT report FROM restore_run ORDER BY id DESC LIMIT ?"
        reports = [json.loads(row[0]) for row in self._database.rows(sql, (n_restores,))]
        return [(one[0], one[1], one[2]) for report in reports for one in report.get("loads", ())]

    def version(self, id: VersionId) -> Version:
        """Return one version."""
        rows = self._database.rows(_ONE_VERSION, (id,))
        if not rows:
            raise NotFoundError(f"{self._database.path}: there is no version {id}")
        return _version(rows[0])

    def made_with(self, id: VersionId) -> dict[VersionId, Version]:
        """Return all versions that the execution made which made one."""
        found = {version.id: version for version in map(_version, self._database.rows(_MADE_WITH, (id,)))}
        if id not in found:
            raise NotFoundError(f"{self._database.path}: there is no version {id}")
        return found

    def version_digest(self, id: VersionId) -> Digest:
        """Return the digest of a version, by which copies of a store know it."""
        with self._database.read() as connection:
            return version_digests(connection, (id,))[id]


def output_texts(id_: ExecutionId | str, outputs: Sequence[tuple[int, bytes]]) -> list[bytes]:
    """Return the JSON texts of all stored outputs of an execution: plain size and data of each.

    Raises
    ------
    IntegrityError
        One is damaged, or they claim to be larger together than any that were recorded.
    """
    try:
        claimed = sum(max(n_bytes, 0) for n_bytes, _ in outputs)
    except TypeError as error:
        raise IntegrityError(f"an output of execution {id_} makes no sense ({error})") from error
    if claimed > MAX_OUTPUT_BYTES:
        raise IntegrityError(f"the outputs of execution {id_} claim to be impossibly large ({claimed} bytes)")
    return [output_text(id_, n_bytes, data) for n_bytes, data in outputs]


def output_text(id_: ExecutionId | str, n_bytes: int, data: bytes) -> bytes:
    """Return the JSON text of a stored output."""
    try:
        if not 0 <= n_bytes <= MAX_OUTPUT_BYTES or zstandard.frame_content_size(data) != n_bytes:
            raise IntegrityError(f"an output of execution {id_} has a size that does not match")
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=n_bytes)
    except (zstandard.ZstdError, TypeError) as error:
        raise IntegrityError(f"an output of execution {id_} is damaged ({error})") from error


def _output_data(id_: ExecutionId, text: bytes) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"an output of execution {id_} is no JSON ({type(error).__name__})") from error
    if not isinstance(data, dict):
        raise IntegrityError(f"an output of execution {id_} is no JSON object")
    return data


def _execution(row: Sequence[Any]) -> Execution:
    id_, digest, parent, run, kind, code, cell_id, started, runtime, capture, outcome, error, no_replay, *rest = row
    texts = (code, cell_id or "", error or "", no_replay or "", rest[0] or "", rest[1] or "")
    is_sound = type(digest) is bytes and {float, int}.issuperset(map(type, (started, runtime, capture)))
    if kind not in _KINDS or outcome not in _OUTCOMES or not is_sound or {str} != set(map(type, texts)):
        raise IntegrityError(f"execution {id_} is damaged: its row makes no sense")
    return Execution(
        id=id_,
        digest=digest,
        parent=parent,
        run=run,
        kind=ExecutionKind(kind),
        code=code,
        cell_id=cell_id,
        started_at=started,
        runtime_s=runtime,
        capture_s=capture,
        outcome=Outcome(outcome),
        error=error,
        no_replay=no_replay,
        not_captured=rest[0],
        caution=rest[1],
    )


def _version(row: Sequence[Any]) -> Version:
    # In the order of the fields, and by place: a state has thousands of them.
    if type(row[5]) is not int or not (row[6] is None or type(row[6]) is str):
        raise IntegrityError(f"version {row[0]} is damaged: its row makes no sense")
    info = None if row[7] is None else info_from_row(row[7:])
    return Version(row[0], row[1], row[2], decode_names(row[3]), row[4], row[5], row[6], info)


def _binding(row: Sequence[Any]) -> Binding:
    name, execution, type_name, shape, preview = row[:5]
    summary = Summary(type_name or "", shape or "", preview or "")
    if not (type(name) is type(summary.type_name) is type(summary.shape) is type(summary.preview) is str):
        raise IntegrityError(f"execution {execution} is damaged: what it bound makes no sense")
    return Binding(name, execution, _version(row[5:]), summary)


def _run(row: Sequence[Any]) -> KernelRun:
    id_, uid, started_at, ended_at, python, implementation, platform, hostname, pid, cwd, packages = row
    # Damage here, which no digest covers, changes what is said of the place, and must not be in the way of a restore.
    place = Environment(
        python=_text(python),
        implementation=_text(implementation),
        platform=_text(platform),
        hostname=_text(hostname),
        pid=pid if isinstance(pid, int) else 0,
        cwd=_text(cwd),
        packages=_versions(packages),
    )
    return KernelRun(id_, uid, started_at, ended_at, place)


def _text(value: object) -> str:
    return value if isinstance(value, str) else "?"


def _versions(packages: object) -> dict[str, str]:
    """Return the versions of packages by their names; none where the text makes no sense."""
    try:
        found = json.loads(packages) if isinstance(packages, str) else None
    except (ValueError, RecursionError):
        return {}
    return {name: one for name, one in found.items() if isinstance(one, str)} if isinstance(found, dict) else {}
