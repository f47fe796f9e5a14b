"""A process of its own that keeps another copy in step with a store while a kernel writes to it.

Started by :mod:`ensession.sync.autosync`. It looks every so often whether the store has changed and tells what it did,
a line of JSON each time. When nobody holds its standard input any more (recording was stopped, or the kernel died) it
does a last round and ends: the last cells before a crash arrive, too.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ensession.config import Config
from ensession.errors import EnsessionError, HistoryRewrittenError, StoreReplacedError
from ensession.store.identity import FileId
from ensession.sync.autosync import END
from ensession.sync.remote import Reach
from ensession.sync.shared import NOTHING
from ensession.sync.together import bring_together, other_copy

_NICE = 10
_ORDER_BYTES = 64
_LOGS = ("", "-wal", "-journal")


class Courier:
    """Goes to the other copy when there is something to bring.

    Parameters
    ----------
    path : Path
    file_id : FileId
        Of the session's file: what takes its place must not be mixed with the other copy.
    remote : str
    reach : Reach
    tell : callable
        Gets what a round did, ready for JSON.

    Attributes
    ----------
    is_over : bool
        The file has been deleted, moved away or replaced: there is nothing to bring any more. Or something was
        forgotten in one of the copies, and another round would bring it back.
    """

    def __init__(
        self, path: Path, file_id: FileId, remote: str, reach: Reach, tell: Callable[[dict[str, Any]], None]
    ) -> None:
        self.is_over = False
        self._path = path
        self._file_id = file_id
        self._remote = remote
        self._reach = reach
        self._tell = tell
        self._settled: object = None
        self._shared = NOTHING

    def look(self, *, at_once: bool) -> None:
        """Do a round where the store has changed since the last one that went well, or at once."""
        before = self._stamp()
        if before != self._settled or at_once:
            self._go(before)

    def _go(self, before: object) -> None:
        try:
            address = other_copy(self._remote, self._path)
            done = bring_together(self._path, address, Config(), self._reach, only=self._file_id, shared=self._shared)
        except EnsessionError as error:
            self.is_over = isinstance(error, StoreReplacedError | HistoryRewrittenError)
            self._tell({"at": time.time(), "error": str(error), "is_over": self.is_over})
            return
        self._shared = done.shared
        fault = done.sent.fault or done.received.fault
        if fault is not None:
            self._tell({"at": time.time(), "error": str(fault)})
            return
        # What came in changed the store, and a kernel may have written meanwhile: only another round can tell.
        self._settled = None if done.received.n_executions or done.received.n_payloads else before
        self._tell(
            {
                "at": time.time(),
                "n_sent": done.sent.n_executions,
                "n_received": done.received.n_executions,
                "n_bytes": done.n_bytes,
            }
        )

    def _stamp(self) -> object:
        found = []
        for ending in _LOGS:
            try:
                status = os.stat(f"{self._path}{ending}")
            except FileNotFoundError:
                continue
            found.append((ending, status.st_ino, status.st_size, status.st_mtime_ns))
        return tuple(found)


def serve_orders(courier: Courier, every_s: float, orders: int) -> None:
    """Look every so often, and when a line comes on the descriptor ``orders``; end with a last look when it ends.

    It ends with the line ``end`` and with the kernel, too: a process that the kernel forked off holds it open. And it
    ends as soon as the courier has nothing to bring any more.
    """
    kernel = os.getppid()
    courier.look(at_once=True)
    while not courier.is_over:
        has_order = bool(select.select([orders], [], [], every_s)[0])
        told = os.read(orders, _ORDER_BYTES) if has_order else b""
        is_over = (has_order and not told) or told.endswith(END) or os.getppid() != kernel
        courier.look(at_once=has_order and not is_over)
        if is_over:
            return


def main() -> None:
    """Be the process: ``FILE DEVICE NUMBER REMOTE SECONDS ENS SSH…``."""
    path, device, number, remote, every_s, ens, *ssh = sys.argv[1:]
    os.nice(_NICE)

    def tell(what: dict[str, Any]) -> None:
        try:
            sys.stdout.write(json.dumps(what) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:  # the kernel died; there is nobody to tell
            sys.stdout = open(os.devnull, "w")

    courier = Courier(Path(path), (int(device), int(number)), remote, Reach(tuple(ssh), ens), tell)
    serve_orders(courier, float(every_s), sys.stdin.fileno())
