"""What the user is told while recording: each thing once, an outage of the store once, and that it is over."""

from __future__ import annotations

from ensession.errors import StoreAccessError, StoreBusyError
from ensession.session.shell import Shell
from ensession.store import Store

_OUTAGE = "outage"
_NO_PLACE = "no place"
_PASSING = (StoreAccessError, StoreBusyError)
"""What is over some time: recording goes on then."""


class Notices:
    """Warns the user below a cell.

    Parameters
    ----------
    shell : Shell
    store : Store
    """

    def __init__(self, shell: Shell, store: Store) -> None:
        self._shell = shell
        self._store = store
        self._told: set[str] = set()
        self._unstored: set[str] = set()
        self._n_written = 0
        self._is_new = False

    def once(self, message: str) -> None:
        """Warn, unless that was said before."""
        self._warn(message, message)

    def not_recorded(self, what: str, error: BaseException) -> None:
        """Say what could not be recorded; while the store can't be written, the first time only."""
        message = f"ensession did not record {what}: {type(error).__name__}: {error}"
        if isinstance(error, _PASSING):
            self._warn(f"{message}. Cells run on; recording goes on as soon as it can", _OUTAGE)
        else:
            self._warn(message, message)

    def not_stored(self, names: str, version: int, reason: str) -> None:
        """Say that a value could not be written behind its cell; while the store can't be written, once."""
        message = f"ensession could not store the value of {names} (version {version}): {reason}"
        if reason.startswith(tuple(one.__name__ for one in _PASSING)):
            self._warn(message, reason)
            self._unstored.add(reason)
            self._is_new = True
        else:
            self._warn(message, message)

    def recorded(self) -> None:
        """Hear that an execution was recorded; after an outage, say so.

        Once values are written again, the next one that can't be is news.
        """
        n_written = self._store.behind.n_written
        if n_written > self._n_written and not self._is_new:
            self._told -= self._unstored
            self._unstored.clear()
        self._n_written, self._is_new = n_written, False
        if _OUTAGE in self._told:
            self._told.discard(_OUTAGE)
            self._shell.warn(f"ensession records again into {self._store.path}; the cells in between are not in it")

    def stay_in_place(self) -> None:
        """Write the store anew where it was deleted or replaced under us, and say so."""
        before = self._store.path
        try:
            found = self._store.keep_in_place()
        except StoreAccessError as error:
            self._warn(f"ensession: {error}", _NO_PLACE)
            return
        self._told.discard(_NO_PLACE)
        if found is None:
            return
        if found == before:
            self._shell.warn(f"{found} was deleted or moved away: it was written anew, with all that was recorded")
        else:
            self._shell.warn(
                f"another file is at {before} now: all that was recorded is in {found}, and recording goes on there"
            )

    def _warn(self, message: str, key: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self._shell.warn(message)
