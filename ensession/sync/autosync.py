"""Another copy kept in step while recording goes on: a process of its own does it, and this tells how it fares."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

from ensession.display import duration
from ensession.store.identity import FileId
from ensession.sync.remote import Reach

QUIET_SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=20")
"""Nobody is there to answer a question, and a line that is dead has to be noticed."""
END = b"end\n"
"""The order to do a last round and end."""
_CODE = "import sys; sys.path.append(sys.argv.pop(1)); from ensession.sync.courier import main; main()"
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Rounds:
    """How it fared so far.

    Attributes
    ----------
    last_at : float or None
        When both copies were the same last.
    failing_since : float or None
        When the first round failed after the last one that went well.
    error : str
        Why the last one failed.
    is_over : bool
        No round follows: it ended by itself.
    """

    n_done: int = 0
    last_at: float | None = None
    n_sent: int = 0
    n_received: int = 0
    n_bytes: int = 0
    failing_since: float | None = None
    error: str = ""
    is_over: bool = False

    def after(self, told: dict[str, Any]) -> Rounds:
        """Return the same after one more round."""
        if "error" in told:
            since = told["at"] if self.failing_since is None else self.failing_since
            return replace(self, failing_since=since, error=str(told["error"]), is_over=bool(told.get("is_over")))
        return Rounds(
            self.n_done + 1,
            told["at"],
            self.n_sent + told["n_sent"],
            self.n_received + told["n_received"],
            self.n_bytes + told["n_bytes"],
        )


class Autosync:
    """Keeps another copy in step, until it is closed or the kernel ends.

    Parameters
    ----------
    path : Path
        The store.
    file_id : FileId
        Of its file. Where another one gets its name, it ends.
    remote : str
        An address that was looked at (:func:`ensession.sync.together.other_copy`).
    every_s : float
        How often it is looked whether there is something to bring.
    reach : Reach

    Attributes
    ----------
    rounds : Rounds
    """

    def __init__(self, path: Path, file_id: FileId, remote: str, every_s: float, reach: Reach) -> None:
        self.file_id = file_id
        self.remote = remote
        self.every_s = every_s
        self.reach = reach
        self.rounds = Rounds()
        self._is_told = True
        self._is_closed = False
        words = [str(path.absolute()), *map(str, file_id), remote, str(every_s), reach.ens, *reach.ssh]
        self._process = _start(words)
        self._thread = threading.Thread(target=self._listen, name="ensession autosync", daemon=True)
        self._thread.start()

    def notice(self) -> str | None:
        """Return what the user should hear once: that it began to fail or ended, and why."""
        if self._is_told:
            return None
        self._is_told = True
        if self.rounds.is_over:
            return f"autosync to {self.remote} ended: {self.rounds.error}. %ens autosync starts it again"
        again = f"It is tried again every {duration(self.every_s)}; %ens status says how it fares"
        return f"autosync to {self.remote} failed: {self.rounds.error}. {again}"

    def close(self) -> None:
        """End it, after a last round that nobody waits for."""
        self._is_closed = True
        stdin = cast(IO[bytes], self._process.stdin)
        try:
            stdin.write(END)  # a process that was forked off may hold the pipe open
            stdin.close()
        except BrokenPipeError:  # it has ended by itself
            return

    def wait(self, wait_s: float) -> None:
        """Wait until the last round is over."""
        self._thread.join(wait_s)

    def _listen(self) -> None:
        words = ""
        with cast(IO[bytes], self._process.stdout) as lines:
            for line in lines:
                words = self._hear(line.decode(errors="replace").strip()) or words
        code = self._process.wait()
        if not self._is_closed and not self.rounds.is_over:
            why = f"the process that did it ended with code {code}" + (f" ({words})" if words else "")
            self._hear(json.dumps({"at": time.time(), "error": why, "is_over": True}))

    def _hear(self, line: str) -> str:
        """Take in what was told; return a line that was none of ours."""
        try:
            told = json.loads(line)
        except ValueError:
            return line
        if not isinstance(told, dict) or "at" not in told:
            return line
        before = self.rounds
        self.rounds = self.rounds.after(told)
        begins = self.rounds.failing_since is not None and before.failing_since is None
        if begins or self.rounds.is_over:
            self._is_told = False
        return ""


def _start(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    # Without the working directory on its path: the user may have a random.py there. In a session of its own: what
    # interrupts or ends the kernel is not meant for it.
    return subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-P", "-c", _CODE, str(_ROOT), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
