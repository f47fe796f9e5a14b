"""The user's word while recording: what it means for the executions and variables that are recorded."""

from __future__ import annotations

from collections.abc import Iterable

from ensession.capture.namespace import UserNamespace
from ensession.capture.touch import Touched
from ensession.model import NameWord
from ensession.store import Store


class SpokenNames:
    """Which variables are ignored and which are pinned.

    Attributes
    ----------
    pinned : frozenset[str]
    """

    def __init__(self, store: Store, user: UserNamespace) -> None:
        self._store = store
        self._user = user
        self.pinned: frozenset[str] = frozenset()
        self.refresh()

    @property
    def ignored(self) -> frozenset[str]:
        """Variables that are neither captured nor restored."""
        return self._user.ignored

    def refresh(self) -> None:
        """Read what the store says."""
        self._user.ignore(self._store.words.names(NameWord.IGNORE))
        self.pinned = self._store.words.names(NameWord.PIN)

    def absent(self, names: Iterable[str]) -> list[str]:
        """Return those names that no variable has now, ignored or not."""
        return [name for name in names if name not in self._user.live]

    def is_pinned(self, names: Iterable[str]) -> bool:
        """Whether a co-variable has to be stored."""
        return not self.pinned.isdisjoint(names)

    def no_replay(self, touched: Touched) -> str | None:
        """Say why what the user said of variables keeps an execution from being run again, if it does."""
        used = sorted(self.ignored if touched.everything else self.ignored & touched.reads)
        present = [name for name in used if name in self._user.live]
        return f"it uses {', '.join(present)}, which is ignored" if present else None
