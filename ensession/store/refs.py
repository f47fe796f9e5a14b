"""Names for states: tags stay where they are, branches move with the work.

Tags and branches share one set of names, so that a name always means one state. A branch moves in the transaction
that records an execution (:func:`advance`): after a crash it is where its work is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from sqlite3 import Connection

from ensession.errors import ConflictError, NotFoundError, UsageError
from ensession.model import ExecutionId, KernelRunId, Ref, RefKind
from ensession.store.engine import Database, execute, rows
from ensession.store.lines import require_execution
from ensession.store.texts import clean

MAIN = "main"
"""The first branch of a store."""

LONGEST_NAME = 100
_NAME = re.compile(r"[^\W\d_][^\s@~^:?*\[\\\"'$<>|;&]*|_[^\s@~^:?*\[\\\"'$<>|;&]*")
_NUMBERED = re.compile(r"-[1-9][0-9]*$")
_ALL = (
    "SELECT name, 'tag' AS kind, execution, created_at FROM tag"
    " UNION ALL SELECT name, 'branch', execution, moved_at FROM branch"
)
_ONE = f"SELECT * FROM ({_ALL}) WHERE name = ?"  # noqa: S608
_LAST_CELLS = (
    "SELECT e.run, e.id, e.started_at FROM execution e"
    " JOIN (SELECT max(id) AS id FROM execution GROUP BY run) l ON l.id = e.id"
)
_LAST_MOVES = (
    "SELECT m.run, m.target, m.started_at FROM restore_run m"
    " JOIN (SELECT max(id) AS id FROM restore_run WHERE target IS NOT NULL GROUP BY run) l ON l.id = m.id"
    " WHERE m.run IS NOT NULL"
)


class RefTable:
    """The tags and branches of a store, and where its kernel runs are.

    Parameters
    ----------
    database : Database
    clock : callable
        Unix time in seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def all(self) -> list[Ref]:
        """Return all tags and branches, sorted by name."""
        found = self._database.rows(f"{_ALL} ORDER BY name")
        return [Ref(name, RefKind(kind), execution, at) for name, kind, execution, at in found]

    def tags(self) -> list[Ref]:
        """Return the tags, sorted by name."""
        return [ref for ref in self.all() if ref.kind is RefKind.TAG]

    def branches(self) -> list[Ref]:
        """Return the branches, sorted by name."""
        return [ref for ref in self.all() if ref.kind is RefKind.BRANCH]

    def find(self, name: str) -> Ref | None:
        """Return the tag or branch of that name, None where there is none."""
        found = self._database.rows(_ONE, (name,))
        return Ref(name, RefKind(found[0][1]), found[0][2], found[0][3]) if found else None

    def branch_for(self, execution: ExecutionId | None, wished: str) -> str:
        """Return the branch that work at a state goes on with: the wished one if it is there, or one that is.

        Where none is there, the wished one is returned: the next execution grows a branch called after it.
        """
        there = [ref for ref in self.branches() if ref.execution == execution]
        if not there or any(ref.name == wished for ref in there):
            return wished
        return max(there, key=lambda ref: ref.at).name

    def heads(self) -> dict[KernelRunId, ExecutionId]:
        """Return, for each kernel run, the state that it is in (or was in at its end)."""
        with self._database.read():
            cells = self._database.rows(_LAST_CELLS)
            moves = self._database.rows(_LAST_MOVES)
        found = {run: (id_, at) for run, id_, at in cells}
        for run, target, at in moves:
            if run not in found or at >= found[run][1]:
                found[run] = (target, at)
        return {run: id_ for run, (id_, _) in sorted(found.items())}

    def resolve(self, word: str) -> ExecutionId:
        """Return the state that a word means.

        Parameters
        ----------
        word : str
            ``12``, ``@12``, or the name of a tag or a branch, with or without ``@``.

        Raises
        ------
        NotFoundError
            There is no such state; the message says which there are.
        UsageError
            The word can't be a state.
        """
        text = word.removeprefix("@")
        if text.isdecimal():
            number = ExecutionId(int(text))
            require_execution(self._database, number)
            return number
        check_name(text)
        found = self.find(text)
        if found is not None:
            return found.execution
        names = [ref.name for ref in self.all()]
        there = f"there are {', '.join(names[:20])}" if names else "there are none yet"
        raise NotFoundError(
            f"{self._database.path}: no tag or branch is called {text!r} ({there}); a number N or @N means execution N"
        )

    def add_tag(self, name: str, execution: ExecutionId) -> Ref:
        """Give a state a name that stays.

        Raises
        ------
        ConflictError
            The name is taken.
        NotFoundError, UsageError
        """
        return self._add(name, RefKind.TAG, execution)

    def add_branch(self, name: str, execution: ExecutionId) -> Ref:
        """Give a state a name that moves on with the work from there.

        Raises
        ------
        ConflictError
            The name is taken.
        NotFoundError, UsageError
        """
        return self._add(name, RefKind.BRANCH, execution)

    def delete(self, name: str, kind: RefKind) -> Ref:
        """Take a name away; the state that it meant stays.

        Raises
        ------
        NotFoundError
            There is no tag (branch) of that name.
        """
        with self._database.write() as connection:
            found = self.find(name)
            if found is None or found.kind is not kind:
                there = ", ".join(ref.name for ref in self.all() if ref.kind is kind) or "none"
                raise NotFoundError(f"{self._database.path}: no {kind} is called {name!r}; there are: {there}")
            table = "tag" if kind is RefKind.TAG else "branch"
            execute(connection, f"DELETE FROM {table} WHERE name = ?", (name,))  # noqa: S608
        return found

    def _add(self, name: str, kind: RefKind, execution: ExecutionId) -> Ref:
        check_name(name)
        now = self._clock()
        with self._database.write() as connection:
            require_execution(self._database, execution)
            found = self.find(name)
            if found is not None:
                raise ConflictError(
                    f"{name!r} is a {found.kind} already, of state @{found.execution}; "
                    f"choose another name, or delete that one first: {found.kind} --delete {name}"
                )
            table = "tag" if kind is RefKind.TAG else "branch"
            execute(connection, f"INSERT INTO {table} VALUES (?, ?, ?)", (name, execution, now))  # noqa: S608
        return Ref(name, kind, execution, now)


def check_name(name: str) -> None:
    """Make sure that a tag or branch may have that name.

    Raises
    ------
    UsageError
    """
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name) or clean(name) != name:
        raise UsageError(
            f"{name!r} can't be the name of a tag or branch: it begins with a letter or an underscore, is at most "
            f"{LONGEST_NAME} characters long, and has no spaces, quotes or signs like @ : * ? $"
        )


def advance(connection: Connection, name: str, parent: ExecutionId | None, execution: ExecutionId, now: float) -> str:
    """Move a branch from a state to an execution that was made there; grow a new one where it is elsewhere.

    Runs in the transaction that records the execution.

    Parameters
    ----------
    name : str
        The branch that work was on.
    parent : ExecutionId or None
        Where the branch has to be.
    execution : ExecutionId

    Returns
    -------
    str
        The branch that is at the execution now: ``name``, or a new one called after it (``main-2``).
    """
    move = "UPDATE branch SET execution = ?, moved_at = ? WHERE name = ? AND execution = ?"
    if parent is not None and execute(connection, move, (execution, now, name, parent)).rowcount:
        return name
    new = _free_name(connection, name) if rows(connection, _ONE, (name,)) else name
    execute(connection, "INSERT INTO branch VALUES (?, ?, ?)", (new, execution, now))
    return new


def _free_name(connection: Connection, name: str) -> str:
    stem = _NUMBERED.sub("", name)
    taken = {row[0] for row in rows(connection, "SELECT name FROM tag UNION ALL SELECT name FROM branch")}
    names = (f"{stem[: LONGEST_NAME - len(str(number)) - 1]}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in names if name not in taken)
