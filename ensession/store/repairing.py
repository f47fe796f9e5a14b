"""From a damaged store to a new one with everything of it that can be believed. The old one is never touched.

An execution whose digest does not hold any more is replaced by a record of what is left of it: its code, and the fact
that the variables which it may have changed are lost. Whatever was there before it and is not known to have survived
counts as lost with it: a wrong value is worse than none. What follows it is recorded anew, under new digests.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ensession.config import Config
from ensession.digests import version_digest
from ensession.errors import EnsessionError, IntegrityError, NotFoundError, UsageError
from ensession.model import (
    BindingDraft,
    Digest,
    Environment,
    ExecutionDraft,
    ExecutionId,
    ExecutionKind,
    KernelRunId,
    NameWord,
    Outcome,
    Output,
    RefKind,
    Seal,
    VersionDraft,
    VersionId,
    Word,
)
from ensession.store.chain import draft_of
from ensession.store.engine import Database, insert_many, sync_file
from ensession.store.failures import NONSENSE, translated
from ensession.store.history import output_texts
from ensession.store.identity import real_path
from ensession.store.inserting import insert_execution
from ensession.store.logs import one_at_a_time, put_aside
from ensession.store.migrate import check_format, shipped_ladder
from ensession.store.modules import plain_source
from ensession.store.rescue import PayloadRescue
from ensession.store.seals import insert_seals
from ensession.store.statements import insert_sql
from ensession.store.store import Store
from ensession.store.texts import clean, storable
from ensession.store.wreck import Remains, Rows, Survivors, Wreck, open_wreck

UNKNOWN = "<damaged>"
"""Stands for what an execution may have bound besides what is known: of its own names, too, some may be gone."""
LOST = "the record of the execution that may have changed it was damaged"
NO_REPLAY = "its record was damaged"

_RUN = (
    "SELECT uid, started_at, ended_at, python, implementation, platform, hostname, pid, cwd, packages"
    " FROM kernel_run WHERE id = ?"
)
_INSERT_RUN = insert_sql("kernel_run")
_SEALS = "SELECT subject, key_id, mac FROM seal"
_UNKNOWN = Environment("unknown", "unknown", "unknown", "unknown", 0, "", {})


@dataclass(frozen=True, slots=True)
class Salvage:
    """What a repair brought into the new store.

    Attributes
    ----------
    n_executions, n_payloads : int
        What is whole.
    n_renumbered : int
        Executions that are whole and had to be recorded anew, under another digest, behind damaged ones.
    damaged : tuple of (ExecutionId, str)
        Executions that could not be believed, and why.
    lost_values : tuple[str, ...]
        ``name@N`` of the values whose payload is damaged; some can be made again by their cells.
    lost_names : tuple[str, ...]
        Tags and branches whose state is not known any more.
    """

    n_executions: int
    n_payloads: int
    n_renumbered: int
    damaged: tuple[tuple[ExecutionId, str], ...]
    lost_values: tuple[str, ...]
    lost_names: tuple[str, ...]


def repair_store(src: Path | str, dst: Path | str, config: Config) -> Salvage:
    """Bring what can be believed of a damaged store into a new one; the old one stays as it is.

    Parameters
    ----------
    src, dst : Path or str
        ``dst`` must not exist. It is complete or not there at all.
    config : Config

    Raises
    ------
    NotFoundError, SchemaError
        ``src`` is no store, or an older one that has to be upgraded first.
    UsageError
        ``dst`` exists.
    IntegrityError
        Nothing of it can be read.
    StoreAccessError
    """
    source, target = real_path(src), real_path(dst)
    if check_format(source, shipped_ladder()):
        raise UsageError(f"{source}: it has an older format; open it once for writing, which upgrades a copy of it")
    _require_free(target)
    draft = target.with_name(f".{target.name}.repair-{uuid.uuid4().hex[:8]}")
    try:
        with open_wreck(source, Path(f"{draft}.wreck")) as wreck, Store.create_or_open(draft, config) as store:
            salvage = _Salvager(wreck, store, store._database).carry_out()
        with translated(target):
            with one_at_a_time(target.parent):
                _require_free(target)
                put_aside(target)
                draft.rename(target)
            sync_file(target.parent)
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{draft}{suffix}").unlink(missing_ok=True)
    return salvage


def _require_free(target: Path) -> None:
    if target.exists():
        raise UsageError(f"{target}: this file exists; give the path of a new one")
    if not target.parent.is_dir():
        raise NotFoundError(f"{target.parent}: there is no such folder; create it first")


@dataclass(slots=True)
class _Book:
    """What has become of old numbers."""

    runs: dict[int, KernelRunId] = field(default_factory=dict)
    executions: dict[int, ExecutionId] = field(default_factory=dict)
    versions: dict[int, VersionId] = field(default_factory=dict)
    payloads: list[tuple[int, VersionId, Digest, Digest]] = field(default_factory=list)
    """Old number, new number, old and new digest of versions that may have a payload."""


class _Salvager:
    """Carries out one repair."""

    def __init__(self, wreck: Wreck, store: Store, database: Database) -> None:
        self._wreck = wreck
        self._store = store
        self._database = database
        self._book = _Book()
        self._words: dict[int, list[Word]] = defaultdict(list)
        self._n_renumbered = 0

    def carry_out(self) -> Salvage:
        remains = list(self._wreck.executions())
        if not remains:
            raise IntegrityError(
                f"{self._wreck.database.path}: no execution in it can be read; take another copy of it"
            )
        for execution, word in self._wreck.rows("SELECT execution, word FROM word"):
            if word in set(Word):
                self._words[execution].append(Word(word))
        survivors = Survivors(remains)
        damaged = []
        for one in remains:
            if one.fault is not None or one.rows is None or not self._copy(one.id, one.rows):
                self._stand_in(one, survivors)
                damaged.append((one.id, one.fault or "it does not fit to what is left of the others"))
        self._seals()
        n_payloads, lost_values = self._payloads()
        return Salvage(
            len(remains) - len(damaged), n_payloads, self._n_renumbered, tuple(damaged), lost_values, self._names()
        )

    def _copy(self, id_: ExecutionId, rows: Rows) -> bool:
        """Record an execution that can be believed; return whether that was possible."""
        head, children = rows
        try:
            draft = self._draft(rows)
        except (*NONSENSE, EnsessionError):
            return False
        with self._database.write() as connection:
            recorded, digests = insert_execution(connection, draft, None, self._database.point)
        self._book.executions[id_] = recorded.id
        self._n_renumbered += recorded.digest != head[3]
        for row, new, digest in zip(children["version"], recorded.versions, digests, strict=True):
            self._book.versions[row[1]] = new
            self._book.payloads.append((row[1], new, version_digest(head[3], row[2]), digest))
        return True

    def _draft(self, rows: Rows) -> ExecutionDraft:
        head, children = rows
        draft, versions = draft_of(head, children), self._book.versions
        texts = output_texts(head[0], [row[2:] for row in children["output"]])
        outputs = [Output(row[1], json.loads(text)) for row, text in zip(children["output"], texts, strict=True)]
        return storable(
            replace(
                draft,
                run=self._run(head[5]),
                parent=None if head[1] is None else self._book.executions[head[1]],
                outputs=tuple(outputs),
                reads=tuple(versions[row[1]] for row in children["read"]),
                versions=tuple(
                    replace(one, requires=tuple(versions[old] for old in one.requires)) for one in draft.versions
                ),
                words=tuple(self._words.get(head[0], ())),
                modules=tuple(replace(module, source=self._source(module.digest)) for module in draft.modules),
            )
        )

    def _stand_in(self, one: Remains, survivors: Survivors) -> None:
        """Record what is left of an execution that can't be believed."""
        head = one.rows[0] if one.rows is not None else None
        parent = self._parent(one.id, head)
        old_names = self._wreck.names(one.id)
        before = {} if parent is None else self._store.parts.state(parent)
        lost = before.keys() - self._proven(before, survivors.behind(one.id))
        lost |= {name for names in old_names.values() for name in names}
        names = sorted({*lost, UNKNOWN})
        draft = ExecutionDraft(
            run=self._run(head[5] if head is not None else 0),
            parent=parent,
            kind=ExecutionKind.CELL,
            code=clean(head[7]) if head is not None and isinstance(head[7], str) else "",
            started_at=head[8] if head is not None and isinstance(head[8], float) else 0.0,
            runtime_s=0.0,
            outcome=Outcome.OK,
            no_replay=NO_REPLAY,
            not_captured=clean(f"damaged: {one.fault or 'it does not fit'}"),
            versions=tuple(VersionDraft((name,), None, unstorable=LOST) for name in names),
            bindings=tuple(BindingDraft(name, index) for index, name in enumerate(names)),
        )
        with self._database.write() as connection:
            recorded, _ = insert_execution(connection, draft, None, self._database.point)
        self._book.executions[one.id] = recorded.id
        by_name = dict(zip(names, recorded.versions, strict=True))
        for version, of_it in old_names.items():  # what read them reads something lost
            self._book.versions[version] = by_name[of_it[0] if of_it else UNKNOWN]

    def _proven(self, before: Mapping[str, tuple[VersionId, ExecutionId]], read_later: Collection[int]) -> set[str]:
        """Return the names that a damaged execution did not change, since what they stood for was read behind it.

        A version of several names says too little: one of the names alone may have been rebound.
        """
        read = {self._book.versions.get(version) for version in read_later}
        n_names = {
            id_: len(one.names) for id_, one in self._store.parts.versions({v for v, _ in before.values()}).items()
        }
        return {name for name, (version, _) in before.items() if version in read and n_names[version] == 1}

    def _payloads(self) -> tuple[int, tuple[str, ...]]:
        """Bring payloads over; return how many, and the values whose payload is lost."""
        rescue = PayloadRescue(self._wreck, self._database)
        n_rescued, lost = 0, []
        for old, new, old_digest, new_digest in self._book.payloads:
            outcome = rescue.rescue(old, new, old_digest, new_digest)
            n_rescued += outcome is True
            if outcome is False:
                version = self._store.history.version(new)
                lost += [f"{name}@{version.execution}" for name in version.names]
        return n_rescued, tuple(lost)

    def _parent(self, id_: ExecutionId, head: Sequence[Any] | None) -> ExecutionId | None:
        """Return the parent of a damaged execution: as its row says, or the one before it."""
        if head is not None and head[1] in self._book.executions:
            return self._book.executions[head[1]]
        return self._book.executions.get(id_ - 1)

    def _run(self, old: Any) -> KernelRunId:
        if old not in self._book.runs:
            row = self._wreck.one(_RUN, (old,)) if isinstance(old, int) else None
            try:
                with self._database.write() as connection:
                    insert_many(connection, _INSERT_RUN, [(None, *row)] if row is not None else [])
                    made = connection.execute("SELECT max(id) FROM kernel_run").fetchone()[0]
                self._book.runs[old] = made if row is not None else self._store.log.begin_run(_UNKNOWN).id
            except EnsessionError:  # its row is nonsense
                self._book.runs[old] = self._store.log.begin_run(_UNKNOWN).id
        return self._book.runs[old]

    def _source(self, digest: bytes) -> bytes:
        row = self._wreck.one("SELECT n_bytes, data FROM module_source WHERE digest = ?", (digest,))
        if row is None:
            raise IntegrityError("the source of a module can't be read")
        return plain_source(digest, *row)

    def _seals(self) -> None:
        """Bring seals over; those over digests that are no more say nothing, and harm nothing."""
        seals = [Seal(*row) for row in self._wreck.rows(_SEALS) if all(isinstance(one, bytes) for one in row)]
        with self._database.write() as connection:
            insert_seals(connection, seals)

    def _names(self) -> tuple[str, ...]:
        """Bring tags, branches and words about variables over; return the names of states that are lost."""
        lost = []
        for kind, table in ((RefKind.TAG, "tag"), (RefKind.BRANCH, "branch")):
            add = self._store.refs.add_tag if kind is RefKind.TAG else self._store.refs.add_branch
            for name, execution in self._wreck.rows(f"SELECT name, execution FROM {table}"):  # noqa: S608  (constants)
                try:
                    add(name, self._book.executions[execution])
                except (*NONSENSE, EnsessionError):
                    lost.append(str(name))
        for name, word in self._wreck.rows("SELECT name, word FROM name_word"):
            if isinstance(name, str) and word in set(NameWord):
                self._store.words.give_names([name], NameWord(word))
        return tuple(lost)
