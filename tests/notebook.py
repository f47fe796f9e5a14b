"""A notebook without a process of its own: an in-process IPython shell that records, dies and comes back.

Its user module stands in for ``__main__`` while a cell runs, as it does in a kernel.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import sqlite3
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import ensession
from ensession.capture import modules
from ensession.magic.syncing import SyncVerbs
from ensession.model import RestoreReport
from ensession.session.session import Session

_WITHOUT_HISTORY = Config({"HistoryManager": {"enabled": False}})
"""No database of past input, and no thread that writes to it."""

_own_file = modules.own_file


def _own_file_of_a_user(name: str, module: Any) -> str | None:
    """Leave out the tests themselves: what their modules hold would be looked at after each cell of each session."""
    return None if name.partition(".")[0] in ("tests", "benchmarks") else _own_file(name, module)


class Notebook:
    """One life of a session: from :meth:`start` or :meth:`restore` to :meth:`kill`."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.module = types.ModuleType("__main__")
        with self._as_main():
            self.shell = InteractiveShell(user_module=self.module, user_ns=vars(self.module), config=_WITHOUT_HISTORY)
            # At its end each shell collects all garbage of the process; tests make thousands of shells.
            atexit.unregister(self.shell.atexit_operations)
            ensession.load_ipython_extension(self.shell)

    @property
    def variables(self) -> dict[str, Any]:
        """The live namespace."""
        return vars(self.module)

    def __getitem__(self, name: str) -> Any:
        return self.variables[name]

    @property
    def session(self) -> Session:
        """The session being recorded."""
        found = self.shell.find_line_magic("ens").session
        assert found is not None
        return found

    @property
    def syncing(self) -> SyncVerbs:
        """What keeps another copy in step."""
        found = self.shell.find_line_magic("ens")._syncing
        assert isinstance(found, SyncVerbs)
        return found

    def start(self, options: str = "") -> Notebook:
        """Begin to record."""
        self.ens(f"start {self.store} {options}")
        return self

    def restore(self, words: str = "") -> RestoreReport:
        """Bring a state back."""
        self.ens(f"restore {self.store} {words}")
        report = self.session.last_restore
        assert report is not None
        return report

    def ens(self, words: str) -> str:
        """Run a command; raises what the user would see as an error."""
        text = io.StringIO()
        with self._as_main(), contextlib.redirect_stdout(text), contextlib.redirect_stderr(io.StringIO()):
            result = self.shell.run_cell(f"%ens {words}")
        result.raise_error()
        return text.getvalue()

    def run(self, *cells: str) -> int:
        """Run cells and return the number of the last execution; a cell that raises is a failed test."""
        for cell in cells:
            self.attempt(cell).raise_error()
        head = self.session.head
        assert head is not None
        return head

    def attempt(self, cell: str) -> Any:
        """Run a cell that may raise."""
        with self._as_main(), contextlib.redirect_stdout(io.StringIO()):
            return self.shell.run_cell(cell, store_history=True)

    def changed(self) -> set[str]:
        """Return what the last execution changed, bound or deleted; hidden state aside."""
        head = self.session.head
        assert head is not None
        return {name for name, _ in self.session.store.history.bindings(head) if not name.startswith("<")}

    def audits(self) -> list[str]:
        """Return what an audit said of the last execution."""
        with contextlib.closing(sqlite3.connect(self.store)) as store:
            sql = "SELECT detail FROM effect WHERE kind = 'audit' AND execution = ?"
            return [detail for (detail,) in store.execute(sql, [self.session.head])]

    def kill(self) -> None:
        """Die without a word, as far as that is possible inside a process that lives on."""
        command = self.shell.find_line_magic("ens")
        if command is not None and command.session is not None:
            command.session.awaited.forget()  # who unloads the extension has it brought in first
        with self._as_main():
            ensession.unload_ipython_extension(self.shell)

    def lose(self, *names: str) -> None:
        """Take the payloads of some variables out of the store, so that only running their cells brings them back."""
        with contextlib.closing(sqlite3.connect(self.store, isolation_level=None)) as database:
            for name in names:
                chosen = "(SELECT version FROM binding WHERE name = ?)"
                for table, column in (
                    ("payload_chunk", "payload"),
                    ("payload_part", "payload"),
                    ("payload", "version"),
                ):
                    database.execute(f"DELETE FROM {table} WHERE {column} IN {chosen}", (name,))

    def reborn(self) -> Notebook:
        """Die, and return a new notebook on the same store."""
        self.kill()
        return Notebook(self.store)

    @contextlib.contextmanager
    def _as_main(self) -> Iterator[None]:
        before = sys.modules["__main__"], modules.own_file
        sys.modules["__main__"], modules.own_file = self.module, _own_file_of_a_user
        try:
            yield
        finally:
            sys.modules["__main__"], modules.own_file = before
