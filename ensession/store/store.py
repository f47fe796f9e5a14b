"""The facade: one open store, and what can be done with it.

Concurrency: any number of processes may have a store open. Readers see one consistent state and block nobody, except
while much comes in at once (``inflow.py``); one process writes at a time, the others wait up to
``Config.busy_timeout_s``. Within a process a store may be used from any thread, one call at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from ensession.config import Config
from ensession.model import ExecutionId, Hit, QueryRows
from ensession.store.adding import PayloadAdder
from ensession.store.behind import WriteBehind
from ensession.store.chain import verify_line
from ensession.store.contents import ContentReader
from ensession.store.engine import Access, Database, OnPoint, no_point, read_access
from ensession.store.erasing import Eraser
from ensession.store.exporting import Exporter
from ensession.store.failures import translated
from ensession.store.files import FileTable
from ensession.store.history import HistoryReader
from ensession.store.identity import FileId, real_path
from ensession.store.importing import Importer
from ensession.store.inflow import Inflow
from ensession.store.keeping import Keeper
from ensession.store.lines import require_execution
from ensession.store.log import ExecutionLog
from ensession.store.migrate import (
    REVISIONS,
    Ladder,
    check_format,
    check_revision,
    create_store,
    shipped_ladder,
    upgrade_store,
)
from ensession.store.modules import ModuleTable
from ensession.store.parts import HistoryParts
from ensession.store.query import DEFAULT_TIMEOUT_S, Parameters, run_query
from ensession.store.reading import PayloadReader
from ensession.store.refs import RefTable
from ensession.store.seals import SealTable
from ensession.store.search import search_aside, search_in_store
from ensession.store.settling import Settler
from ensession.store.staying import move_to, place_for
from ensession.store.structure import check_structure
from ensession.store.whereabouts import Whereabouts, caveats, look_at
from ensession.store.words import WordTable

UNKNOWN = Whereabouts()


class Store:
    """An open store. Use the class methods to get one.

    Attributes
    ----------
    log : ExecutionLog
        Everything that writes history.
    behind : WriteBehind
        Payloads that are written after the call.
    history : HistoryReader
    payloads : PayloadReader
    seals : SealTable
    refs : RefTable
    words : WordTable
    modules : ModuleTable
    files : FileTable
    parts : HistoryParts
    """

    def __init__(
        self, database: Database, clock: Callable[[], float] = time.time, found: Whereabouts = UNKNOWN
    ) -> None:
        self._database = database
        self._found = found
        self._settler = Settler(database.path, database.busy_timeout_s, database.begin_log)
        self._inflow = Inflow(database, is_alone=found.is_alone)
        self.log = ExecutionLog(database, clock, PayloadAdder(database))
        self.behind = WriteBehind(database, lambda: self._settler.settle(0))
        self.history = HistoryReader(database, self.behind.flush)
        self.payloads = PayloadReader(database, self.behind.flush)
        self.seals = SealTable(database)
        self.refs = RefTable(database, clock)
        self.words = WordTable(database, clock)
        self.modules = ModuleTable(database)
        self.files = FileTable(database)
        self.parts = HistoryParts(database, self.behind.flush)

    @classmethod
    def create_or_open(
        cls,
        path: Path | str,
        config: Config,
        clock: Callable[[], float] = time.time,
        on_point: OnPoint = no_point,
    ) -> Self:
        """Open a store for writing; create it, readable by its owner only, where there is none.

        Raises
        ------
        SchemaError
            The file is something else, or from a newer version of ensession; nothing was touched.
        StoreBusyError, StoreAccessError
        """
        place = real_path(path)
        if not place.exists() or (place.is_file() and place.stat().st_size == 0):
            create_store(place, on_point)
        return cls.open(place, config, clock, on_point)

    @classmethod
    def open(
        cls,
        path: Path | str,
        config: Config,
        clock: Callable[[], float] = time.time,
        on_point: OnPoint = no_point,
        ladder: Ladder | None = None,
    ) -> Self:
        """Open an existing store for writing; an older one is upgraded, after a backup copy.

        Raises
        ------
        NotFoundError
            There is none.
        SchemaError, StoreBusyError, StoreAccessError
        """
        place, steps = real_path(path), ladder or shipped_ladder()
        if check_format(place, steps):
            upgrade_store(place, steps, config.busy_timeout_s)
        return cls._opened(place, Access.READ_WRITE, config, steps, clock, on_point)

    @classmethod
    def open_read_only(cls, path: Path | str, config: Config, ladder: Ladder | None = None) -> Self:
        """Open an existing store for reading; leaves nothing behind, and needs no right to write.

        Raises
        ------
        NotFoundError
            There is none.
        StoreTooOldError
            It has to be upgraded first, by opening it for writing.
        SchemaError, StoreBusyError, StoreAccessError
        """
        place, steps = real_path(path), ladder or shipped_ladder()
        check_format(place, steps)
        return cls._opened(place, read_access(place), config, steps, time.time, no_point)

    @classmethod
    def _opened(
        cls, path: Path, access: Access, config: Config, ladder: Ladder, clock: Callable[[], float], on_point: OnPoint
    ) -> Self:
        with translated(path):
            found = look_at(path)
        database = Database(path, access, config.busy_timeout_s, on_point)
        try:
            with database.read() as connection:
                (version,) = database.rows("PRAGMA user_version")[0]
                if ladder.revisions == REVISIONS and version == len(REVISIONS):  # only this ladder is known here
                    check_structure(connection, path)
                stamps = database.rows("SELECT version_num FROM alembic_version LIMIT 1")
                check_revision(path, version, stamps[0][0] if stamps else None, ladder)
        except BaseException:
            database.close()
            raise
        return cls(database, clock, found)

    @property
    def exporter(self) -> Exporter:
        """Hands out what the store holds, for another copy."""
        return Exporter(self._database)

    @property
    def importer(self) -> Importer:
        """Takes in what another copy holds."""
        return Importer(self._database, self.refs, self._inflow)

    @property
    def keeper(self) -> Keeper:
        """Takes care of the room in the file."""
        return Keeper(self._database)

    @property
    def contents(self) -> ContentReader:
        """Looks for content, wherever it is."""
        return ContentReader(self._database)

    @property
    def eraser(self) -> Eraser:
        """Takes content out for good."""
        return Eraser(self._database)

    @property
    def path(self) -> Path:
        """The store file."""
        return self._database.path

    @property
    def file_id(self) -> FileId:
        """What tells the file that is open from another one that gets its name."""
        return self._database.file_id

    @property
    def read_only(self) -> bool:
        """Whether the store was opened for reading only."""
        return self._database.read_only

    def caveats(self) -> tuple[str, ...]:
        """Return what the user should know of the place where the store lies, in sentences."""
        return caveats(self._database, self._found)

    def n_file_bytes(self) -> int:
        """Return the room that the store takes on the disk, its write-ahead log included."""
        files = (self.path, Path(f"{self.path}-wal"), Path(f"{self.path}-journal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def verify_chain(self, id: ExecutionId) -> None:
        """Compute the digests of an execution and all its ancestors again from the rows.

        Raises
        ------
        IntegrityError
            Names the first execution that does not match.
        NotFoundError
        """
        with self._database.read():
            require_execution(self._database, id)
            verify_line(self._database, id)

    def query(self, sql: str, parameters: Parameters = (), timeout_s: float = DEFAULT_TIMEOUT_S) -> QueryRows:
        """Run one query that only reads; see :func:`ensession.store.query.run_query`."""
        return run_query(self.path, sql, parameters, self._database.busy_timeout_s, timeout_s)

    def search(self, query: str, limit: int) -> list[Hit]:
        """Search code and outputs, best first, with the index in the store; it may be written to for that.

        For stores of the user's own: what others wrote, an index included, is searched by :meth:`search_aside`.
        """
        return search_in_store(self.path, self.history, query, limit, self._database.busy_timeout_s)

    def search_aside(self, query: str, limit: int) -> list[Hit]:
        """Search code and outputs, best first, without looking at or touching an index in the store."""
        return search_aside(self.path, self.history, query, limit)

    def keep_in_place(self) -> Path | None:
        """Write the file anew where it was deleted, moved or replaced while it was open; nothing of it is lost.

        Returns
        -------
        Path or None
            Where it is now, if it had to be written anew: under its name, or beside another file that has it.

        Raises
        ------
        StoreAccessError
            There is no place or no room for it now.
        """
        target = place_for(self._database)
        if target is None:
            return None
        self.behind.flush()
        self._settler.close()
        target = move_to(self._database, target)
        self._settler = Settler(target, self._database.busy_timeout_s, self._database.begin_log)
        return target

    def settle(self, wait_s: float) -> bool:
        """Bring all that is committed into the file proper, so that a copy of it alone is complete.

        Parameters
        ----------
        wait_s : float
            How long to wait; the work goes on in a thread of its own.

        Returns
        -------
        bool
            Whether it is done.
        """
        return self._settler.settle(wait_s)

    def close(self) -> None:
        """Write what is still to be written, and close the store; closing it again does nothing."""
        self.behind.close()
        self._settler.close()
        self._inflow.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
