"""``ens forget``: content out of every row, every page and the log; what else is lost with it is said before."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ensession.errors import NotFoundError, StoreAccessError, StoreBusyError
from ensession.model import Seal
from ensession.store import Store
from ensession.store.contents import ENCODINGS
from ensession.trust import Keyring
from ensession.upkeep.finding import Find
from ensession.upkeep.lines import Loss, losses, read_lines, writers
from ensession.upkeep.spellings import spellings

_BLOCK_BYTES = 2**24
_KINDS = ("copy", "new", "anew", "repair")
"""What is written under a name of its own until it is complete."""

Agree = Callable[[Sequence[Loss]], bool]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done.

    Attributes
    ----------
    find : Find
        What was forgotten.
    losses : tuple[Loss, ...]
        What can't be had any more for want of it.
    n_renewed : int
        Executions that have a new digest: other copies of the store know them under the old one.
    remarks : tuple[str, ...]
        Where the content still is, or may be.
    """

    find: Find
    losses: tuple[Loss, ...]
    n_renewed: int
    remarks: tuple[str, ...]


class Forgetter:
    """Takes content out of a store for good.

    Parameters
    ----------
    store : Store
        Open for writing.
    keyring : Keyring
        What it had sealed is sealed anew.
    """

    def __init__(self, store: Store, keyring: Keyring) -> None:
        self._store = store
        self._keyring = keyring

    def losses(self, find: Find) -> tuple[Loss, ...]:
        """Return what could not be had any more, besides what is to be forgotten itself; changes nothing."""
        erasure = find.erasure
        barred = dict.fromkeys(erasure.codes, "its code was forgotten")
        barred |= dict.fromkeys(erasure.outside, "the record of what it did outside was forgotten")
        lines = read_lines(self._store, self._keyring)
        found = losses(lines, erasure.values, self._store.keeper.unverifiable(), barred)
        return tuple(loss for loss in found if loss.version not in erasure.values)

    def forget(self, find: Find, agree: Agree, texts: Sequence[str] = ()) -> Forgotten | None:
        """Take content out of the rows, then out of the file and its log.

        Parameters
        ----------
        find : Find
        agree : callable
            Asked with what else is lost, before anything is changed.
        texts : sequence of str
            Searched for in the bytes of the file afterwards.

        Returns
        -------
        Forgotten or None
            None where it was not agreed; nothing is changed then.

        Raises
        ------
        NotFoundError
            The texts stood nowhere, neither in rows nor in what earlier values left in the file.
        IntegrityError
            The store contradicts itself; nothing was changed.
        StoreBusyError, StoreAccessError
            Nothing was changed. Where it comes after that, it is among the remarks: running it again does the rest.
        """
        self._store.behind.flush()
        lost = self.losses(find)
        if not agree(lost):
            return None
        # Forgetting may have been interrupted before: the rows are clean then, and the file is not.
        absent = [text for text in find.nowhere if not _stands_in(self._store.path, text)]
        n_renewed = self._store.eraser.erase(find.erasure, self._seal)
        alive = writers(self._store.keeper.open_runs(), self._store.path)
        n_swept, rest = self._clean()
        if find.erasure.is_empty and len(absent) == len(texts) and not n_swept and not rest:
            raise NotFoundError(f"{self._store.path}: {', '.join(map(repr, absent))} stands nowhere in it")
        remarks = [*rest, *self._remarks(alive, texts)]
        remarks += [f"{text!r} stood nowhere in it" for text in absent]
        return Forgotten(find, lost, n_renewed, tuple(remarks))

    def _clean(self) -> tuple[int, list[str]]:
        """Bring what went out of the rows out of the file; return how much was swept, and where it still is."""
        keeper, n_swept = self._store.keeper, 0
        try:
            n_swept = keeper.sweep(keeper.unused_chunks())
            is_clean = keeper.compact()
        except (StoreAccessError, StoreBusyError) as error:
            return n_swept, [f"its bytes are still in the file: {error}; then run this again"]
        if is_clean:
            return n_swept, []
        path = self._store.path
        return n_swept, [
            f"another process reads an older state of {path}: its log still holds it; run this again later"
        ]

    def _seal(self, old: bytes, new: bytes) -> Seal | None:
        return self._keyring.seal(new) if self._keyring.has_sealed(self._store, old) else None

    def _remarks(self, alive: Sequence[int], texts: Sequence[str]) -> Iterator[str]:
        path = self._store.path
        for pid in alive:
            yield (
                f"process {pid} records into it: what its variables hold is stored again when they change, and what it "
                "was writing may be left in free pages; run this again once it has ended"
            )
        for left in _left_beside(path):
            yield f"{left} is an older copy, or a part of one, and may still hold it"
        for text in texts:
            if _stands_in(path, text):
                yield f"{text!r} still stands in names, in folders of kernel runs, or in code (--code)"


def _left_beside(path: Path) -> list[Path]:
    """Return what an upgrade, a move of the file, or a process that was killed left beside a store."""
    name, stem = glob.escape(path.name), glob.escape(path.stem)
    whole = (f"{name}.backup-*", f"{name}-*.left-*", f"{stem}.rescued-*")
    patterns = (*whole, *(f".{name}.{kind}-*" for kind in _KINDS), f".{name}.backup-*", f".{stem}.rescued-*")
    return sorted({found for pattern in patterns for found in path.parent.glob(pattern)})


def _stands_in(path: Path, text: str) -> bool:
    needles = {form.encode(encoding, "ignore") for form in spellings(text) for encoding in ENCODINGS}
    longest = max(map(len, needles))
    for file in (path, Path(f"{path}-wal")):
        if not file.exists():
            continue
        tail = b""
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                window = tail + block
                if any(needle in window for needle in needles if needle):
                    return True
                tail = window[-longest:]
    return False
