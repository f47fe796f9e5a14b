"""Translation of SQLite's errors to ours: the one place where it happens."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ensession.errors import (
    EnsessionError,
    IntegrityError,
    NotAStoreError,
    StoreAccessError,
    StoreBusyError,
    UsageError,
)

NONSENSE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError)
"""What rows raise that no writer of ours wrote."""

_HERE = f"{__package__}."
_ACCESS = {
    sqlite3.SQLITE_PERM: "the file system does not allow it",
    sqlite3.SQLITE_READONLY: "it is read-only; open it read-only, or copy it to a place where you may write",
    sqlite3.SQLITE_IOERR: "it could not be read or written: a quota may be used up, or the disk fails; make "
    "room, or copy the store to another disk and check it there",
    sqlite3.SQLITE_CANTOPEN: "the file can't be opened; check that its folder exists and that you have the rights",
    sqlite3.SQLITE_FULL: "the disk is full; free some room and go on: what was recorded is safe",
    sqlite3.SQLITE_AUTH: "the file system does not allow it",
}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise our errors in place of SQLite's and the operating system's."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error, path) from error
    except UnicodeDecodeError as error:
        if not _is_of_the_store(error):
            raise
        # SQLite quotes what is damaged, and sqlite3 can't read the quotation.
        raise IntegrityError(f"{path}: the database file is damaged; ens repair saves what can be read") from error
    except OverflowError as error:
        if not _is_of_the_store(error):
            raise
        raise UsageError(f"{path}: no store holds so large a number; give a smaller one") from error
    except EnsessionError:  # StoreAccessError is an OSError too
        raise
    except OSError as error:
        raise StoreAccessError(f"{path}: {error.strerror or error}; check its folder and your rights") from error


@contextmanager
def making_sense(what: str) -> Iterator[None]:
    """Raise :class:`IntegrityError` where rows hold what no writer of ours wrote; errors of ours stay what they are."""
    try:
        yield
    except EnsessionError:  # some are a LookupError, too
        raise
    except NONSENSE as error:
        raise IntegrityError(f"{what}: its rows make no sense ({type(error).__name__}: {error})") from error


def _is_of_the_store(error: BaseException) -> bool:
    """Whether an error was raised by a call of the store's own, and not by what somebody does within a transaction."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at is not None and at.tb_frame.f_globals.get("__name__", "").startswith(_HERE)


def translate(error: BaseException | None, path: Path) -> EnsessionError:
    """Return our error for one of SQLite's; the message names the file and the way out."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusyError(f"{path}: another process is writing to this store; try again when it is done")
    if code == sqlite3.SQLITE_NOTADB:
        return NotAStoreError(f"{path}: this is not an ensession store; give the path of another file")
    if code == sqlite3.SQLITE_CORRUPT:
        return IntegrityError(f"{path}: the database file is damaged ({error}); run a check on it, restore a copy")
    if code in _ACCESS:
        return StoreAccessError(f"{path}: {_ACCESS[code]} ({error})")
    if code == sqlite3.SQLITE_CONSTRAINT:
        return IntegrityError(f"{path}: the record contradicts the store ({error}); nothing of it was written")
    return EnsessionError(f"{path}: the database refused ({error})")
