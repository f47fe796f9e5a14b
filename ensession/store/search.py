"""Full-text search of code and outputs.

The index (SQLite's FTS5, set up by sqlite-utils) is brought up to date when somebody searches, never while a cell is
recorded. It lives in the store where that may be written and is the user's own, else in a temporary database: the
index in a store that somebody else made is not used, it may say anything.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ensession.display import harmless, output_text
from ensession.errors import IntegrityError, StoreAccessError, StoreBusyError, UsageError
from ensession.model import ExecutionId, Hit, Place
from ensession.store.engine import Access, raw_connection, read_access
from ensession.store.failures import translated
from ensession.store.history import HistoryReader
from ensession.store.transaction import roll_back

TABLE = "search_entry"
MARK = "search_mark"
MAX_TEXT_CHARS = 2**20
"""Longer outputs are indexed up to here."""
BATCH = 200
"""Executions whose texts are read before the write lock is taken, and put in while it is held."""

_OPEN, _CLOSE = "\x02", "\x03"  # texts in the index are harmless: no control characters
_SNIPPET_WORDS = 16
_MATCHES = (
    f"SELECT e.execution, e.place, snippet({TABLE}_fts, 0, ?, ?, '…', ?) FROM {TABLE}_fts f"  # noqa: S608
    f" JOIN {TABLE} e ON e.id = f.rowid WHERE {TABLE}_fts MATCH ? ORDER BY f.rank, e.execution LIMIT ?"
)

Entry = tuple[int, str, str]


def search_in_store(path: Path, history: HistoryReader, query: str, limit: int, busy_timeout_s: float) -> list[Hit]:
    """Search with the index in the store; where that can't be written now, with a temporary one.

    Parameters
    ----------
    path : Path
        A store of the user's own.
    history : HistoryReader
        Of the same store.
    query : str
        Words that must all be there; ``"several words"`` as they stand, ``begin*`` any word that begins so.
    limit : int
    busy_timeout_s : float

    Raises
    ------
    UsageError
        There is nothing to search for.
    """
    if read_access(path) is not Access.GUARDED:
        return search_aside(path, history, query, limit)
    try:
        with translated(path), closing(raw_connection(path, Access.READ_WRITE, busy_timeout_s)) as connection:
            connection.execute("PRAGMA synchronous = NORMAL")
            _refresh(connection, history)
            return list(_hits(connection, query, limit))
    except (StoreBusyError, StoreAccessError):
        return search_aside(path, history, query, limit)


def search_aside(path: Path, history: HistoryReader, query: str, limit: int) -> list[Hit]:
    """Search with an index made for this one search, outside the store; parameters as :func:`search_in_store`."""
    with translated(path), closing(sqlite3.connect("", isolation_level=None)) as connection:
        _refresh(connection, history)
        return list(_hits(connection, query, limit))


def drop_index(connection: sqlite3.Connection) -> None:
    """Take the index away, in the running transaction; the next search makes it anew."""
    for table in (f"{TABLE}_fts", TABLE, MARK):
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def fts_query(words: str) -> str:
    """Return what FTS5 calls a query: words as they are meant, none of them an operator.

    Raises
    ------
    UsageError
        There is no word in it.
    """
    phrases = []
    for place, part in enumerate(words.split('"')):
        # FTS5 ends a query at a NUL; there is no quotation mark left, they cut the text into its parts.
        clean = part.replace("\0", " ")
        if place % 2:
            phrases.append((clean.strip(), ""))
        else:
            phrases += [(word.rstrip("*"), "*" if word.endswith("*") else "") for word in clean.split()]
    told = [f'"{phrase}"{star}' for phrase, star in phrases if any(letter.isalnum() for letter in phrase)]
    if not told:
        raise UsageError("there is nothing to search for; give a word, such as: groupby")
    return " ".join(told)


def _refresh(connection: sqlite3.Connection, history: HistoryReader) -> None:
    """Bring the index up to the last execution, a batch at a time; a batch is one transaction."""
    _prepare(connection)
    while True:
        (mark,) = connection.execute(f"SELECT coalesce(max(execution), 0) FROM {MARK}").fetchone()  # noqa: S608
        executions = history.executions_after(ExecutionId(mark), BATCH)
        if not executions or executions[-1].id <= mark:  # nothing new; or a damaged table, which would never end
            return
        entries = [entry for execution in executions for entry in _entries(history, execution.id, execution.code)]
        connection.execute("BEGIN IMMEDIATE")
        try:
            (now,) = connection.execute(f"SELECT coalesce(max(execution), 0) FROM {MARK}").fetchone()  # noqa: S608
            if now == mark:  # else another search was quicker
                _insert(connection, entries, executions[-1].id)
            connection.execute("COMMIT")
        except BaseException:
            roll_back(connection)
            raise


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables of the index where they are not there; the mark comes last, and says that all is there."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (MARK,)).fetchone():
        return
    from sqlite_utils import Database

    database = Database(connection, execute_plugins=False)
    table = database.table(TABLE)
    try:
        columns = {"id": int, "execution": int, "place": str, "text": str}
        table.create(columns, pk="id", not_null={"execution", "place", "text"}, if_not_exists=True)
        table.enable_fts(["text"], create_triggers=True, replace=True)
        connection.execute(f"CREATE TABLE IF NOT EXISTS {MARK} (execution INTEGER PRIMARY KEY)")
    except sqlite3.OperationalError as error:
        raise StoreBusyError(f"another process is making the index right now ({error}); try again") from error


def _insert(connection: sqlite3.Connection, entries: list[Entry], last: int) -> None:
    connection.executemany(f"INSERT INTO {TABLE} (execution, place, text) VALUES (?, ?, ?)", entries)  # noqa: S608
    connection.execute(f"INSERT INTO {MARK} VALUES (?)", (last,))  # noqa: S608


def _entries(history: HistoryReader, execution: ExecutionId, code: str) -> Iterator[Entry]:
    if code:
        yield execution, Place.CODE.value, harmless(code[:MAX_TEXT_CHARS])
    try:
        outputs = history.outputs(execution)
    except IntegrityError:  # one damaged output hides neither the code nor the other executions; ens check names it
        return
    for output in outputs:
        text = output_text(output)[:MAX_TEXT_CHARS]
        if text:
            yield execution, Place.OUTPUT.value, text


def _hits(connection: sqlite3.Connection, query: str, limit: int) -> Iterator[Hit]:
    rows = connection.execute(_MATCHES, (_OPEN, _CLOSE, _SNIPPET_WORDS, fts_query(query), limit))
    for execution, place, snippet in rows:
        yield Hit(ExecutionId(execution), Place(place), tuple(_parts(snippet)))


def _parts(snippet: str) -> Iterator[tuple[str, bool]]:
    """Cut a snippet at its marks; yields text and whether it matches."""
    first, *rest = snippet.split(_OPEN)
    if first:
        yield first, False
    for piece in rest:
        match, _, after = piece.partition(_CLOSE)
        yield match, True
        if after:
            yield after, False
