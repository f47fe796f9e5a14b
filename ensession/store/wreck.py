"""A damaged store, read as far as it can be: row by row where rows can't be read together. Touches nothing."""

from __future__ import annotations

import json
import shutil
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ensession.errors import EnsessionError, StoreBusyError
from ensession.model import ExecutionId
from ensession.store.chain import ChainWalker, read_rows
from ensession.store.engine import Access, Database
from ensession.store.failures import NONSENSE
from ensession.store.structure import check_wreck
from ensession.store.texts import clean

_LARGEST_GAP = 100_000
"""Executions are numbered through; a number that far behind the last one is damage."""
_LIMIT = 500
_ATTEMPTS = 5
_PAUSE_S = 0.2
"""A checkpoint follows a cell within a tenth of a second."""

_LOGS = ("-wal", "-journal")
"""What may lie beside a store: the newest transactions, or what takes an unfinished one back."""

Rows = tuple[Sequence[Any], dict[str, list[Any]]]


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left of one execution.

    Attributes
    ----------
    rows : tuple or None
        Its own row and those of its children, as :func:`ensession.store.chain.read_rows` gives them; None where they
        can't be read.
    fault : str or None
        Why it can't be believed; None where its digest holds.
    """

    id: ExecutionId
    rows: Rows | None
    fault: str | None


class Wreck:
    """Reads a damaged store.

    Parameters
    ----------
    database : Database
        Opened with :attr:`~ensession.store.engine.Access.WRECK`.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._walker = ChainWalker(database)

    def executions(self) -> Iterator[Remains]:
        """Yield all executions in the order of their numbers, those of which nothing is left among them."""
        last = 0
        for number in self._numbers():
            if number > last + _LARGEST_GAP:
                return
            for lost in range(last + 1, number):
                yield Remains(ExecutionId(lost), None, "nothing of it can be read")
            yield self._remains(ExecutionId(number))
            last = number

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query up to the first that can't be read."""
        found: list[Any] = []
        try:
            with self.database.read() as connection:
                found.extend(connection.execute(sql, tuple(parameters)))
        except EnsessionError:
            return found
        return found

    def one(self, sql: str, parameters: Sequence[Any]) -> Any:
        """Return the one row of a query, None where there is none that can be read."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def names(self, id_: ExecutionId) -> dict[int, list[str]]:
        """Return the names in what is left of an execution's versions and bindings, by version (0: bindings)."""
        found: dict[int, list[str]] = {}
        for version, text in self.rows("SELECT id, names FROM version WHERE execution = ?", (id_,)):
            try:
                names = json.loads(text)
            except NONSENSE:
                names = []
            found[version] = _texts(names) if isinstance(names, list) else []
        bound = self.rows("SELECT name FROM binding WHERE execution = ?", (id_,))
        return {**found, 0: _texts([row[0] for row in bound])}

    def _numbers(self) -> list[int]:
        """Return the numbers of all executions, read from both ends and from what refers to them."""
        sources = [
            *("SELECT id FROM execution ORDER BY id", "SELECT id FROM execution ORDER BY id DESC"),
            *("SELECT execution FROM version", "SELECT execution FROM binding ORDER BY execution DESC"),
        ]
        found = {row[0] for sql in sources for row in self.rows(sql)}
        return sorted(number for number in found if isinstance(number, int) and number > 0)

    def _remains(self, id_: ExecutionId) -> Remains:
        try:
            found = read_rows(self.database, id_, id_)
        except EnsessionError as error:
            return Remains(id_, None, str(error))
        if not found:
            return Remains(id_, None, "nothing of it can be read")
        return Remains(id_, found[0], self._walker.content_fault(*found[0]))


@contextmanager
def open_wreck(path: Path, beside: Path) -> Iterator[Wreck]:
    """Open a damaged store without touching it.

    Parameters
    ----------
    path : Path
    beside : Path
        A name for a copy, where the store's log or journal has to be taken in first; it is taken away in the end.

    Raises
    ------
    StoreBusyError
        Somebody goes on writing to it.
    """
    logs = [suffix for suffix in _LOGS if Path(f"{path}{suffix}").exists()]
    if not logs:
        with _opened(path, Access.WRECK) as wreck:
            yield wreck
        return
    try:
        suffixes = ("", *logs)
        _copy_at_rest(
            [Path(f"{path}{suffix}") for suffix in suffixes], [Path(f"{beside}{suffix}") for suffix in suffixes]
        )
        with _opened(beside, Access.WRECK_WITH_LOG) as wreck:
            yield wreck
    finally:
        for suffix in ("", *_LOGS, "-shm"):
            Path(f"{beside}{suffix}").unlink(missing_ok=True)


def _copy_at_rest(sources: Sequence[Path], targets: Sequence[Path]) -> None:
    """Copy files as they were at one moment: what is copied from under a writer looks damaged, and is not."""
    for _ in range(_ATTEMPTS):
        before = _look(sources)
        for source, target in zip(sources, targets, strict=True):
            target.unlink(missing_ok=True)
            target.touch(mode=0o600, exist_ok=False)
            shutil.copyfile(source, target)
        if _look(sources) == before:
            return
        time.sleep(_PAUSE_S)
    raise StoreBusyError(f"{sources[0]}: a kernel goes on writing to it; end it first, or make a copy with ens copy")


def _look(paths: Sequence[Path]) -> list[tuple[int, int, int]]:
    found = (path.stat() for path in paths)
    return [(one.st_ino, one.st_size, one.st_mtime_ns) for one in found]


@contextmanager
def _opened(path: Path, access: Access) -> Iterator[Wreck]:
    database = Database(path, access, 0.0)
    try:
        with database.read() as connection:
            check_wreck(connection, path)
        yield Wreck(database)
    finally:
        database.close()


class Survivors:
    """Which versions are known to have been live behind an execution: those that a later one read."""

    def __init__(self, remains: Sequence[Remains]) -> None:
        self._children: dict[int, list[Rows]] = defaultdict(list)
        for one in remains:
            if one.fault is None and one.rows is not None and one.rows[0][1] is not None:
                self._children[one.rows[0][1]].append(one.rows)

    def behind(self, id_: ExecutionId) -> set[int]:
        """Return versions that executions behind it read, as far as everything between holds."""
        found: set[int] = set()
        made: set[int] = set()
        waiting = list(self._children[id_])
        while waiting:
            head, children = waiting.pop()
            found |= {row[1] for row in children["read"]}
            made |= {row[1] for row in children["version"]}
            waiting += self._children[head[0]]
        return found - made


def _texts(values: Iterable[Any]) -> list[str]:
    return [clean(value) for value in values if isinstance(value, str)]
