"""Named points of the write path, found from outside: SQL statements, moves of files, and the store's own points.

A process that is to die at one is forked off, so that the thousandth costs no import. The product knows nothing of it:
statements are heard by SQLite's own trace, files by the functions of :mod:`os`.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any

from ensession.store.engine import Database

_FILES = ("fsync", "link", "rename", "replace", "unlink")
_COMMENT = re.compile(r"^--\s*")
_VERB = re.compile(
    r"(INSERT INTO|INSERT OR REPLACE INTO|DELETE FROM|UPDATE|CREATE \w+|CREATE VIRTUAL TABLE|DROP \w+|ALTER TABLE|"
    r"PRAGMA|VACUUM|BEGIN(?: IMMEDIATE)?|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)"
    r"(?:\s+(?:IF (?:NOT )?EXISTS\s+)?[\"'`]?(\w+))?",
    re.IGNORECASE,
)
DEAD = int(-signal.SIGKILL)

Act = Callable[[Callable[[str], None]], None]
"""Does something with a store; calls its argument with what has returned to the user."""


class _Watch:
    """Counts points, and dies at one of them."""

    def __init__(self, operation: str, deadly: tuple[str, int] | None) -> None:
        self.operation = operation
        self.passed: Counter[str] = Counter()
        self._deadly = deadly
        self._lock = threading.Lock()

    def pass_by(self, what: str) -> None:
        """Pass a point."""
        name = f"{self.operation}: {what}"
        with self._lock:
            self.passed[name] += 1
            if self._deadly == (name, self.passed[name]):
                os.kill(os.getpid(), signal.SIGKILL)

    def hear(self, sql: str) -> None:
        """Hear of a statement that SQLite is about to run; reading has no points."""
        match = _VERB.match(_COMMENT.sub("", sql.lstrip()))
        if match is not None:
            table = re.sub(r"_[0-9a-f]{8}$", "", match[2] or "")
            self.pass_by(" ".join(filter(None, (" ".join(match[1].upper().split()), table))))

    def install(self) -> None:
        """Watch this process, which ends soon."""
        connect = sqlite3.connect

        def connected(*given: Any, **named: Any) -> sqlite3.Connection:
            connection = connect(*given, **named)
            connection.set_trace_callback(self.hear)
            return connection

        sqlite3.connect = connected
        for name in _FILES:
            setattr(os, name, self._before(name, getattr(os, name)))
        make = Database.__init__

        def made(database: Database, *given: Any) -> None:
            make(database, *given)
            database.point = self.pass_by

        Database.__init__ = made  # type: ignore[method-assign]

    def _before(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*given: Any, **named: Any) -> Any:
            self.pass_by(f"os.{name}")
            return call(*given, **named)

        return watched


def run(operation: str, act: Act, deadly: tuple[str, int] | None = None) -> tuple[int, list[str], Counter[str]]:
    """Let a forked process act; kill it at a point.

    Parameters
    ----------
    operation : str
        Begins the names of its points.
    act : callable
    deadly : (str, int), optional
        The point, and at which passing of it.

    Returns
    -------
    tuple
        How it ended (as of :mod:`subprocess`), what returned to the user until then, and the points that were
        passed (only of a process that was not killed).
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _live(_Watch(operation, deadly), act, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    lines = text.decode().rpartition("\n")[0].splitlines()
    said = [line[2:] for line in lines if line.startswith("+ ")]
    passed = Counter(
        {line[2:].rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in lines if line.startswith("= ")}
    )
    if code not in (0, DEAD):
        raise AssertionError(f"{operation} at {deadly} ended with {code}:\n{text.decode()}")
    return code, said, passed


def _live(watch: _Watch, act: Act, writing: int) -> None:
    """Act and end; never returns."""
    code = 1
    try:
        watch.install()
        act(lambda word: os.write(writing, f"+ {word}\n".encode()))
        for name, count in watch.passed.items():
            os.write(writing, f"= {name} {count}\n".encode())
        code = 0
    except BaseException:  # noqa: BLE001 - told to the process that waits
        os.write(writing, traceback.format_exc().encode() + b"\n")
    finally:
        sys.stdout.flush()
        os._exit(code)
