"""Sessions for the tests of upkeep: recorded in process, restored in another notebook."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import zstandard

from ensession.config import Config
from ensession.model import Fate, RestoreReport
from ensession.store import Store
from ensession.trust import Keyring
from ensession.upkeep import Collected, Collector, Forgetter, Forgotten, Proposal, Retention, find
from tests.notebook import Notebook
from tests.session.truth import Form, truth

GOOD = frozenset({Fate.LOADED, Fate.RECOMPUTED, Fate.KEPT})


def record(path: Path, *cells: str, all_: bool = True) -> dict[int, Form]:
    """Record cells; return what each state looks like."""
    notebook = Notebook(path).start("--all" if all_ else "")
    forms = {}
    for cell in cells:
        number = notebook.run(cell)
        forms[number] = form(notebook)
    notebook.kill()
    return forms


def bytes_of(path: Path) -> bytes:
    """Return all bytes of a store and of what lies beside it."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def plain(path: Path) -> bytes:
    """Return all bytes, and all compressed ones in the clear."""
    found = [bytes_of(path)]
    with closing(sqlite3.connect(path)) as database:
        for sql in ("SELECT data FROM chunk WHERE encoding = 'zstd'", "SELECT data FROM output"):
            found += [zstandard.ZstdDecompressor().decompress(data) for (data,) in database.execute(sql)]
    return b"\0".join(found)


def form(notebook: Notebook) -> Form:
    """Return what the namespace looks like."""
    return truth(notebook.session._user.variables(), notebook.variables)


def collect(path: Path, retention: Retention, *, agree: bool = True) -> tuple[Collected | None, list[Proposal]]:
    """Collect garbage; return what came of it, and what was asked."""
    asked: list[Proposal] = []

    def answer(proposal: Proposal) -> bool:
        asked.append(proposal)
        return agree

    with Store.open(path, Config()) as store:
        return Collector(store, Keyring.load()).collect(retention, answer), asked


def forget(path: Path, *words: str, texts: tuple[str, ...] = (), code: bool = False) -> Forgotten:
    """Forget something; whatever is lost with it is agreed to."""
    with Store.open(path, Config()) as store:
        found = find(store, words, texts, code=code)
        done = Forgetter(store, Keyring.load()).forget(found, lambda _: True, texts)
    assert done is not None
    return done


@contextmanager
def restored(path: Path, words: str = "") -> Iterator[tuple[Notebook, RestoreReport]]:
    """Restore a state in a fresh notebook."""
    notebook = Notebook(path)
    try:
        yield notebook, notebook.restore(words)
    finally:
        notebook.kill()
