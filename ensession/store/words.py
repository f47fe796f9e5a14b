"""The user's word: about executions (always, never, allow) and about variables (ignore, pin).

A word can be given with the execution or at any time later, and taken back. What makes code run (always, allow) is
sealed like an execution: whoever restores checks that it is their own word.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from sqlite3 import Connection

from ensession.model import Digest, ExecutionId, NameWord, Word
from ensession.store.engine import Database, execute, insert_many
from ensession.store.lines import require_execution
from ensession.store.statements import insert_sql
from ensession.store.texts import clean

_INSERT = insert_sql("word") + " ON CONFLICT (execution, word) DO UPDATE SET given_at = excluded.given_at"
_INSERT_NEW = insert_sql("word") + " ON CONFLICT (execution, word) DO NOTHING"
_FORBIDDEN = "SELECT x.digest FROM word w JOIN execution x ON x.id = w.execution WHERE w.word = ? ORDER BY x.id"
_INSERT_NAME = insert_sql("name_word") + " ON CONFLICT (name, word) DO UPDATE SET given_at = excluded.given_at"
_INSERT_NEW_NAME = insert_sql("name_word") + " ON CONFLICT (name, word) DO NOTHING"


class WordTable:
    """The words in a store.

    Parameters
    ----------
    database : Database
    clock : callable
        Unix time in seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def executions(self) -> list[tuple[ExecutionId, Word]]:
        """Return all words about executions, in history order."""
        rows = self._database.rows("SELECT execution, word FROM word ORDER BY execution, word")
        return [(execution, Word(word)) for execution, word in rows]

    def names(self, word: NameWord) -> frozenset[str]:
        """Return the variables of which the user said this."""
        return frozenset(row[0] for row in self._database.rows("SELECT name FROM name_word WHERE word = ?", (word,)))

    def give(self, executions: Collection[ExecutionId], word: Word) -> None:
        """Say something of executions.

        Raises
        ------
        NotFoundError
            One of them does not exist; nothing was said.
        """
        for execution in executions:
            require_execution(self._database, execution)
        with self._database.write() as connection:
            insert_words(connection, [(execution, word) for execution in executions], self._clock())

    def take_back(self, executions: Iterable[ExecutionId], word: Word) -> None:
        """Say it no longer; of which it was not said, nothing changes."""
        with self._database.write() as connection:
            for execution in executions:
                execute(connection, "DELETE FROM word WHERE execution = ? AND word = ?", (execution, word))

    def give_names(self, names: Iterable[str], word: NameWord) -> None:
        """Say something of variables."""
        now = self._clock()
        with self._database.write() as connection:
            insert_many(connection, _INSERT_NAME, [(clean(name), word, now) for name in names])

    def take_back_names(self, names: Iterable[str], word: NameWord) -> None:
        """Say it no longer."""
        with self._database.write() as connection:
            for name in names:
                execute(connection, "DELETE FROM name_word WHERE name = ? AND word = ?", (clean(name), word))


def insert_words(connection: Connection, words: Iterable[tuple[ExecutionId, Word]], now: float) -> None:
    """Insert words about executions into the running transaction."""
    insert_many(connection, _INSERT, [(execution, word, now) for execution, word in words])


def forbidden(database: Database) -> list[Digest]:
    """Return the executions that must not run again: the one word that needs no seal, for it only forbids."""
    return [Digest(row[0]) for row in database.rows(_FORBIDDEN, (Word.NEVER,)) if isinstance(row[0], bytes)]


def forbid(database: Database, executions: Collection[ExecutionId], now: float) -> int:
    """Say of executions that they must not run again; return of how many that was new."""
    rows = [(execution, Word.NEVER, now) for execution in executions]
    with database.write() as connection:
        return sum(execute(connection, _INSERT_NEW, row).rowcount for row in rows)


def ignored(database: Database) -> list[str]:
    """Return the variables that are ignored: that only forbids, too; what is pinned is stored even if it is secret."""
    rows = database.rows("SELECT name FROM name_word WHERE word = ? ORDER BY name", (NameWord.IGNORE,))
    return [row[0] for row in rows if isinstance(row[0], str)]


def ignore(database: Database, names: Iterable[str], now: float) -> int:
    """Say of variables that they are ignored; return of how many that was new. Hidden state is none."""
    rows = [(clean(name), NameWord.IGNORE, now) for name in names if name.isidentifier()]
    with database.write() as connection:
        return sum(execute(connection, _INSERT_NEW_NAME, row).rowcount for row in rows)
