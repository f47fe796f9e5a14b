"""Real kernels, started and killed without a manager in between; used by the end-to-end tests and the benchmarks.

Needs nothing but what ``ensession[notebook]`` brings. The kernel's home (IPython profile, keys, configuration) is
a folder that the caller names, so that nothing of the user's own is read or written.
"""

from __future__ import annotations

import ast
import json
import os
import queue
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from jupyter_client.blocking.client import BlockingKernelClient

START_TIMEOUT_S = 60.0
CELL_TIMEOUT_S = 240.0
POLL_S = 0.1
COLOURS = re.compile(r"\x1b\[[0-9;]*m")

# Evaluated unseen in the kernel; model.RestoreReport as something that can be sent.
LAST_RESTORE = """__import__("json").dumps((lambda report: [
    {variable.name: variable.fate.value for variable in report.variables}, list(report.plan.runs),
])(__import__("ensession").current_session().last_restore))"""


class KernelDied(Exception):
    """The process ended before it answered."""


class CellFailed(AssertionError):
    """A cell that should have passed raised; the message holds its traceback."""


@dataclass(frozen=True)
class Reply:
    """What came back for one cell."""

    status: str
    stdout: str
    outputs: tuple[dict[str, Any], ...]
    error: str
    duration_s: float
    user_expressions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Everything a reader of the cell's output would see as text."""
        shown = [content["data"].get("text/plain", "") for content in self.outputs if "data" in content]
        return "\n".join([self.stdout, *shown, self.error])


class Kernel:
    """One ipykernel process and a client of it.

    Parameters
    ----------
    cwd : Path
        Working directory of the kernel.
    home : Path
        Stands for the user: two kernels with the same home share keys and configuration.
    env : Mapping[str, str], optional
        Environment variables besides those of :func:`kernel_environment`.
    python : str, optional
        The interpreter; default: the one that this runs under.
    """

    def __init__(
        self, cwd: Path, home: Path, env: Mapping[str, str] | None = None, python: str = sys.executable
    ) -> None:
        self.cwd = cwd
        self.home = home
        cwd.mkdir(parents=True, exist_ok=True)
        home.mkdir(parents=True, exist_ok=True)
        self._connection = home / f"kernel-{os.getpid()}-{time.monotonic_ns()}.json"
        self._log_path = self._connection.with_suffix(".log")
        started = time.perf_counter()
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [python, "-m", "ipykernel_launcher", "-f", str(self._connection)],
                cwd=cwd,
                env=kernel_environment(home) | dict(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._client = self._connect()
        self.start_s = time.perf_counter() - started

    def _connect(self) -> BlockingKernelClient:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (self._connection.exists() and self._connection.stat().st_size):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise KernelDied(self._log_path.read_text(errors="replace"))
            time.sleep(0.01)
        client = BlockingKernelClient(connection_file=str(self._connection))
        client.load_connection_file()
        client.start_channels(hb=False, stdin=False)  # the process itself is watched
        self._wait_for_both_channels(client, deadline)
        return client

    def _wait_for_both_channels(self, client: BlockingKernelClient, deadline: float) -> None:
        """Ask until an answer came on both channels; the client's own way then waits for silence, twice."""
        asked: set[str] = set()

        def heard(receive: Callable[..., dict[str, Any]]) -> bool:
            try:
                while receive(timeout=2 * POLL_S)["parent_header"].get("msg_id") not in asked:
                    pass
            except queue.Empty:
                return False
            return True

        while True:
            asked.add(client.kernel_info())
            if heard(client.get_shell_msg) and heard(client.get_iopub_msg):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise KernelDied(self.log())

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def log(self) -> str:
        """Return what the process wrote to its own standard streams."""
        return self._log_path.read_text(errors="replace")

    def send_to_widget(self, comm_id: str, data: Mapping[str, Any]) -> None:
        """Send a message to a widget, as its view does when it is used; cells sent later run after it."""
        content = {"comm_id": comm_id, "data": {"buffer_paths": [], **data}}
        self._client.shell_channel.send(self._client.session.msg("comm_msg", content))

    def execute(
        self,
        code: str,
        *,
        silent: bool = False,
        cell_id: str | None = None,
        expressions: Mapping[str, str] | None = None,
        tags: Sequence[str] = (),
        timeout_s: float = CELL_TIMEOUT_S,
    ) -> Reply:
        """Run one cell and wait for its reply, whatever it is.

        Tags travel as JupyterLab 4 sends them: all of the cell's own metadata, and its own words on the request.

        Raises
        ------
        KernelDied
            When the process ends first.
        """
        started = time.perf_counter()
        content = {
            "code": code,
            "silent": silent,
            "store_history": not silent,
            "user_expressions": dict(expressions or {}),
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = self._client.session.msg("execute_request", content)
        if cell_id is not None:
            message["metadata"] = {"cellId": cell_id}
        if tags:
            lab = {"trusted": True, "deletedCells": [], "recordTiming": False}
            message["metadata"] = {"tags": list(tags), **lab, **message["metadata"]}
        self._client.shell_channel.send(message)
        reply = self._shell_reply(message["header"]["msg_id"], timeout_s)
        duration_s = time.perf_counter() - started
        return self._collect(message["header"]["msg_id"], reply["content"], duration_s)

    def _shell_reply(self, msg_id: str, timeout_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while True:
            alive = self._process.poll() is None
            try:
                reply: dict[str, Any] = self._client.get_shell_msg(timeout=POLL_S)
            except queue.Empty:
                if not alive:
                    raise KernelDied(self.log()) from None
                if time.monotonic() > deadline:
                    raise TimeoutError(f"no reply within {timeout_s} s") from None
                continue
            if reply["parent_header"].get("msg_id") == msg_id:
                return reply

    def _collect(self, msg_id: str, reply: Mapping[str, Any], duration_s: float) -> Reply:
        stdout: list[str] = []
        outputs: list[dict[str, Any]] = []
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=5)
            except queue.Empty:
                break
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                stdout.append(content["text"])
            elif message["msg_type"] in {"display_data", "execute_result"}:
                outputs.append(content)
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                break
        return Reply(
            status=reply["status"],
            stdout="".join(stdout),
            outputs=tuple(outputs),
            error=COLOURS.sub("", "\n".join(reply.get("traceback", ()))) if reply["status"] != "ok" else "",
            duration_s=duration_s,
            user_expressions=reply.get("user_expressions", {}),
        )

    def run(self, code: str, **options: Any) -> Reply:
        """Run one cell that has to succeed."""
        reply = self.execute(code, **options)
        if reply.status != "ok":
            raise CellFailed(f"{code}\n{reply.error}")
        return reply

    def fails(self, code: str) -> Reply:
        """Run one cell that has to raise."""
        reply = self.execute(code)
        if reply.status != "error":
            raise CellFailed(f"should have raised: {code}")
        return reply

    def value(self, expression: str, timeout_s: float = CELL_TIMEOUT_S) -> str:
        """Return ``repr`` of an expression, evaluated unseen: no cell, no hooks, nothing bound."""
        reply = self.run("", silent=True, expressions={"value": f"repr({expression})"}, timeout_s=timeout_s)
        result = reply.user_expressions["value"]
        if result["status"] != "ok":
            raise CellFailed(f"{expression}: {result['ename']}: {result['evalue']}")
        # The text is the representation of a string: take one layer of quotes off.
        return str(ast.literal_eval(result["data"]["text/plain"]))

    def holds(self, expression: str) -> bool:
        """Return whether an expression is true in the kernel, evaluated unseen."""
        return self.value(f"bool({expression})") == "True"

    def last_restore(self) -> tuple[dict[str, str], tuple[int, ...]]:
        """Return what the last restore said: each variable's fate, and the executions that were run again."""
        fates, runs = json.loads(ast.literal_eval(self.value(" ".join(LAST_RESTORE.split()))))
        return fates, tuple(runs)

    def send(self, signal_number: int) -> None:
        """Send the process a signal."""
        os.kill(self.pid, signal_number)

    def kill(self, after_s: float = 0.5) -> None:
        """SIGKILL, and wait until the process is gone. Kernels have no children that outlive them here.

        Nobody copies a file within milliseconds of a cell's reply; so long the store's log may need to get into it.
        """
        if self._process.poll() is None:
            time.sleep(after_s)
            self.send(signal.SIGKILL)
        self._process.wait(timeout=30)

    def shut_down(self) -> None:
        """Ask the kernel to end, as a user's Restart or Close does, and wait for it."""
        self._client.shutdown()
        self._process.wait(timeout=30)

    def close(self) -> None:
        """Give everything back; kills the process if it still runs."""
        self.kill(after_s=0)
        self._client.stop_channels()
        self._client.context.destroy(linger=0)  # which old clients leave open
        self._connection.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Return the kernel itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def kernel_environment(home: Path) -> dict[str, str]:
    """Return the environment of a process whose user lives in ``home``."""
    foreign = ("JPY_", "JUPYTER", "XDG_", "PYTHON")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return inherited | {
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
        # Its font list takes seconds to build and says nothing about the user.
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", str(home / "matplotlib")),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
