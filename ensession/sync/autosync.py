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

from ensession.sync.remote import Reach

QUIET_SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=20")
"""Nobody is there to answer a question, and a line that is dead has to be noticed."""
END = b"end\n"
"""The order to do a last round and end."""
_ENDED = "%ens autosync starts it again"
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
    """

    n_done: int = 0
    last_at: float | None = None
    n_sent: int = 0
    n_received: int = 0
    n_bytes: int = 0
    failing_since: float | None = None
    error: str = ""

    def after(self, told: dict[str, Any]) -> Rounds:
        """Return the same after one more round."""
        if "error" in told:
            since = told["at"] if self.failing_since is None else self.failing_since
            return replace(self, failing_since=since, error=str(told["error"]))
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
    remote : str
        An address that was looked at (:func:`ensession.sync.together.other_copy`).
    every_s : float
        How often it is looked whether there is something to bring.
    reach : Reach

    Attributes
    ----------
    rounds : Rounds
    """

    def __init__(self, path: Path, remote: str, every_s: float, reach: Reach) -> None:
        self.remote = remote
        self.every_s = every_s
        self.rounds = Rounds()
        self._is_told = True
        self._is_closed = self._has_ended = False
        self._process = _start([str(path.absolute()), remote, str(every_s), reach.ens, *reach.ssh])
        self._thread = threading.Thread(target=self._listen, name="ensession autosync", daemon=True)
        self._thread.start()

    def notice(self) -> str | None:
        """Return what the user should hear once: that it began to fail, and why."""
        if self._is_told:
            return None
        self._is_told = True
        return f"autosync to {self.remote} failed: {self.rounds.error}. " + (
            _ENDED
            if self._has_ended
            else f"It is tried again every {self.every_s:.0f} s; %ens status says how it fares"
        )

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
        if not self._is_closed:
            self._has_ended = True
            self._hear(
                json.dumps({"at": time.time(), "error": f"the process that did it ended with code {code} ({words})"})
            )

    def _hear(self, line: str) -> str:
        """Take in what was told; return a line that was none of ours."""
        try:
            told = json.loads(line)
        except ValueError:
            return line
        if not isinstance(told, dict) or "at" not in told:
            return line
        was_failing = self.rounds.failing_since is not None
        self.rounds = self.rounds.after(told)
        if self.rounds.failing_since is not None and not was_failing:
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
