"""Tags and branches that come from another copy. A name that stands for two states is kept under two names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from sqlite3 import Connection

from ensession.errors import EnsessionError, IntegrityError
from ensession.model import ExecutionId, Ref, RefKind
from ensession.model.parcels import RefChange, RefParcel, RefsBrought
from ensession.store.engine import execute, rows
from ensession.store.lines import LINE
from ensession.store.numbers import Numbers
from ensession.store.refs import LONGEST_NAME, RefTable, check_name

_MARK_CHARS = 8
_MARK = re.compile(r"[0-9a-f]{8}")
_IS_ANCESTOR = f"{LINE} SELECT 1 FROM line WHERE ? BETWEEN line.first AND line.last"  # noqa: S608 - a constant
_INSERT = {RefKind.TAG: "INSERT INTO tag VALUES (?, ?, ?)", RefKind.BRANCH: "INSERT INTO branch VALUES (?, ?, ?)"}
_MOVE = "UPDATE branch SET execution = ?, moved_at = ? WHERE name = ?"
_DELETE = {RefKind.TAG: "DELETE FROM tag WHERE name = ?", RefKind.BRANCH: "DELETE FROM branch WHERE name = ?"}


def bring_refs(connection: Connection, table: RefTable, numbers: Numbers, parcels: Sequence[RefParcel]) -> RefsBrought:
    """Add tags and branches inside the running transaction.

    A branch that went on moves on. A name that stands for something else here, or a branch that went another way,
    keeps its state here; the other copy's gets the name with a mark made from its digest, so that bringing it again
    changes nothing.

    Raises
    ------
    IntegrityError
        One names no state, or can't be a name.
    """
    added, moved, disputed = [], [], {}
    for parcel in parcels:
        theirs = _checked(numbers, parcel)
        ours = table.find(parcel.name)
        if ours is None:
            _add(connection, theirs)
            added.append(theirs.name)
        elif _follows(connection, theirs, ours):
            execute(connection, _MOVE, (theirs.execution, theirs.at, theirs.name))
            moved.append(theirs.name)
        elif not _agrees(connection, theirs, ours):
            disputed[parcel.name] = _bring_second(connection, table, theirs, ours, parcel.execution.hex())
    return RefsBrought(tuple(added), tuple(moved), disputed)


def change_refs(connection: Connection, table: RefTable, numbers: Numbers, changes: Sequence[RefChange]) -> RefsBrought:
    """Change tags and branches inside the running transaction as they were changed in another copy.

    What is no longer what both copies had was changed here, too, and is left alone.

    Raises
    ------
    IntegrityError
        One names no state, or can't be a name.
    """
    moved, gone = [], []
    for change in changes:
        ours = table.find(change.was.name)
        if ours is None or not _is_still(numbers, ours, change.was):
            continue
        theirs = None if change.now is None else _checked(numbers, replace(change.now, name=ours.name))
        execute(connection, _DELETE[ours.kind], (ours.name,))
        if theirs is None:
            gone.append(ours.name)
        else:
            _add(connection, theirs)
            moved.append(theirs.name)
    return RefsBrought(moved=tuple(moved), gone=tuple(gone))


def _is_still(numbers: Numbers, ours: Ref, was: RefParcel) -> bool:
    is_known = ours.kind.value == was.kind and numbers.knows(was.execution)
    return is_known and numbers.execution(was.execution) == ours.execution


def _bring_second(connection: Connection, table: RefTable, theirs: Ref, ours: Ref, digest: str) -> str:
    """Keep their state under a second name; return that. A branch that goes on over there goes on here, too."""
    for ref in table.branches() if theirs.kind is RefKind.BRANCH else ():
        is_second = ref.name.startswith(_stem(theirs.name)) and _MARK.fullmatch(ref.name[len(_stem(theirs.name)) :])
        if is_second and _is_ancestor(connection, ref.execution, theirs.execution):
            if not _is_ancestor(connection, ref.execution, ours.execution):
                execute(connection, _MOVE, (theirs.execution, theirs.at, ref.name))
                return ref.name
    second = f"{_stem(theirs.name)}{digest[:_MARK_CHARS]}"
    if table.find(second) is None:
        _add(connection, Ref(second, theirs.kind, theirs.execution, theirs.at))
    return second


def _stem(name: str) -> str:
    return f"{name[: LONGEST_NAME - _MARK_CHARS - 1]}."


def _checked(numbers: Numbers, parcel: RefParcel) -> Ref:
    try:
        check_name(parcel.name)
        return Ref(parcel.name, RefKind(parcel.kind), numbers.execution(parcel.execution), parcel.at)
    except (EnsessionError, ValueError) as error:
        raise IntegrityError(f"the name of a state that came in makes no sense: {error}") from error


def _add(connection: Connection, ref: Ref) -> None:
    execute(connection, _INSERT[ref.kind], (ref.name, ref.execution, ref.at))


def _follows(connection: Connection, theirs: Ref, ours: Ref) -> bool:
    """Whether this is our branch, and their copy went on with it."""
    if not theirs.kind is ours.kind is RefKind.BRANCH or theirs.execution == ours.execution:
        return False
    return _is_ancestor(connection, ours.execution, theirs.execution)


def _agrees(connection: Connection, theirs: Ref, ours: Ref) -> bool:
    """Whether both names mean the same, or our branch is where theirs was, and further on."""
    if theirs.kind is not ours.kind:
        return False
    if theirs.execution == ours.execution:
        return True
    return ours.kind is RefKind.BRANCH and _is_ancestor(connection, theirs.execution, ours.execution)


def _is_ancestor(connection: Connection, one: ExecutionId, of: ExecutionId) -> bool:
    return bool(rows(connection, _IS_ANCESTOR, (of, one)))
