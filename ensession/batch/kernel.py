"""A kernel of one's own, driven cell by cell. The only module that speaks to jupyter_client, which it imports late."""

from __future__ import annotations

import ast
import json
import os
import queue
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ensession.config import LED_VARIABLE
from ensession.errors import EnsessionError, KernelDiedError, RunError, RunInterruptedError, UsageError

DEFAULT_KERNEL = "python3"
START_S = 120.0
POLL_S = 0.1
LAST_OUTPUTS_S = 4.0
"""How long to wait for outputs after the reply: a flooded channel may lose the message that ends them."""
_LONGEST_SOCKET_NAME = 90
GRACE_S = 10.0
"""How long an interrupted cell may take to end before the kernel is killed."""

OnOutput = Callable[[str, Mapping[str, Any]], None]
Nothing = Callable[[], None]


class End(Enum):
    """How a cell ended."""

    OK = "ok"
    ERROR = "error"
    INTERRUPTED = "interrupted"
    TIMEOUT = "timeout"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Ran:
    """A cell that ran.

    Attributes
    ----------
    error : str
        What it raised, in a line; or what became of the kernel.
    """

    end: End
    error: str = ""
    duration_s: float = 0.0


@dataclass(slots=True)
class _Watch:
    """Decides when a running cell is interrupted, and when its kernel is killed.

    Attributes
    ----------
    cause : End or None
        Why it was interrupted.
    """

    deadline: float | None
    stop_wanted: Callable[[], int]
    cause: End | None = None
    kill_at: float = 0.0

    def look(self, now: float, interrupt: Nothing, kill: Nothing) -> None:
        """Do what the time, or a user, asks for."""
        n_wanted = self.stop_wanted()
        if self.cause is None:
            if n_wanted:
                self.cause = End.INTERRUPTED
            elif self.deadline is not None and now > self.deadline:
                self.cause = End.TIMEOUT
            if self.cause is not None:
                self.kill_at = now + GRACE_S
                interrupt()
        elif now > self.kill_at or n_wanted > 1:
            kill()


class Kernel:
    """One kernel, from :func:`start_kernel`.

    Parameters
    ----------
    manager, client : objects of jupyter_client
    stop_wanted : callable
        Returns how often the user, or whoever runs this, has asked for an end by now.
    """

    def __init__(self, manager: Any, client: Any, stop_wanted: Callable[[], int]) -> None:
        self._manager = manager
        self._client = client
        self._stop_wanted = stop_wanted

    @property
    def is_alive(self) -> bool:
        """Whether its process is there."""
        return bool(self._manager.is_alive())

    def run(
        self, code: str, metadata: Mapping[str, Any], on_output: OnOutput, timeout_s: float | None, on_wait: Nothing
    ) -> Ran:
        """Run one cell; returns when it has ended, however it did.

        Parameters
        ----------
        code : str
        metadata : mapping
            Sent with the request: the cell's id and tags.
        on_output : callable
            Called with kind and content of each message that belongs to its outputs.
        timeout_s : float or None
            After so long it is interrupted.
        on_wait : callable
            Called now and then.
        """
        started = time.monotonic()
        watch = _Watch(None if timeout_s is None else started + timeout_s, self._stop_wanted)
        request = self._send({"code": code, "silent": False, "store_history": True}, metadata)
        reply = self._await(request, watch, on_output, on_wait)
        duration_s = time.monotonic() - started
        if reply is None:
            return Ran(watch.cause or End.DEAD, _epitaph(watch), duration_s)
        if reply["status"] == "ok":
            return Ran(End.OK, "", duration_s)
        if watch.cause is End.TIMEOUT:  # that it was interrupted is not what the user has to know
            return Ran(End.TIMEOUT, f"it took longer than {timeout_s:g} s (--timeout) and was interrupted", duration_s)
        error = f"{reply.get('ename', 'Error')}: {reply.get('evalue', '')}".rstrip(": ")
        return Ran(watch.cause or End.ERROR, error, duration_s)

    def ask(self, module: str, call: str) -> dict[str, Any]:
        """Call a function in the kernel, unseen by the session, and return its answer.

        Parameters
        ----------
        module : str
        call : str
            The function and its arguments, as Python; it returns JSON text.

        Raises
        ------
        EnsessionError
            What the function answered instead, or what became of the kernel.
        """
        expression = f"__import__('importlib').import_module({module!r}).{call}"
        request = self._send({"code": "", "silent": True, "user_expressions": {"answer": expression}}, {})
        n_before = self._stop_wanted()  # a cell that was just interrupted has heard of those
        watch = _Watch(None, lambda: self._stop_wanted() - n_before)
        reply = self._await(request, watch, lambda *_: None, lambda: None)
        if reply is None:
            raise KernelDiedError("the kernel died between two cells; run the command again, it goes on from there")
        answer = reply.get("user_expressions", {}).get("answer") or reply
        if answer["status"] != "ok":
            raise _complaint(answer)
        found: dict[str, Any] = json.loads(ast.literal_eval(answer["data"]["text/plain"]))
        if "error" in found:
            raise _as_error(found["error"])
        return found

    def _send(self, content: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
        whole = {"user_expressions": {}, "allow_stdin": False, "stop_on_error": False, **content}
        message = self._client.session.msg("execute_request", whole, metadata=dict(metadata))
        self._client.shell_channel.send(message)
        id_: str = message["header"]["msg_id"]
        return id_

    def _await(self, request: str, watch: _Watch, on_output: OnOutput, on_wait: Nothing) -> Mapping[str, Any] | None:
        """Return the reply once the outputs are here too; None if the kernel's process ended."""
        reply: Mapping[str, Any] | None = None
        replied_at = 0.0
        while True:
            was_alive = self._manager.is_alive()  # looked at before the messages: the last ones are not to be lost
            message = _next(self._client.get_iopub_msg, POLL_S)
            if message is not None and message["parent_header"].get("msg_id") == request:
                if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                    return reply or self._reply(request)
                on_output(message["msg_type"], message["content"])
            elif message is None:
                if reply is None and (reply := self._peek(request)) is not None:
                    replied_at = time.monotonic()
                if reply is not None and time.monotonic() > replied_at + LAST_OUTPUTS_S:
                    return reply
                if not was_alive:
                    return reply
            on_wait()
            watch.look(time.monotonic(), self._interrupt, self._kill)

    def _peek(self, request: str) -> Mapping[str, Any] | None:
        while (message := _next(self._client.get_shell_msg, 0)) is not None:
            if message["parent_header"].get("msg_id") == request:
                content: Mapping[str, Any] = message["content"]
                return content
        return None

    def _reply(self, request: str) -> Mapping[str, Any] | None:
        """Return the reply that has to be on its way: the kernel sends it before it is idle."""
        while (reply := self._peek(request)) is None:
            if not self._manager.is_alive():
                return self._peek(request)
            time.sleep(POLL_S / 10)
        return reply

    def _interrupt(self) -> None:
        with suppress(ProcessLookupError, RuntimeError):  # it has just died by itself
            self._manager.interrupt_kernel()

    def _kill(self) -> None:
        self._manager.shutdown_kernel(now=True)


@contextmanager
def start_kernel(name: str | None, cwd: Path, stop_wanted: Callable[[], int]) -> Iterator[Kernel]:
    """Start a kernel; it is asked to end when the context does, and killed where it doesn't.

    Parameters
    ----------
    name : str, optional
        As ``jupyter kernelspec list`` shows it; default: this Python.
    cwd : Path
    stop_wanted : callable

    Raises
    ------
    UsageError
        There is no such kernel, or what starts kernels is not installed.
    KernelDiedError
    """
    try:
        from jupyter_client.kernelspec import NoSuchKernel
        from jupyter_client.manager import KernelManager
    except ImportError as error:
        raise UsageError("ens run starts a kernel: pip install 'ensession[notebook]'") from error

    with TemporaryDirectory(prefix="ens-", ignore_cleanup_errors=True) as private:
        manager: Any = KernelManager(kernel_name=name or DEFAULT_KERNEL)
        manager.connection_file = os.path.join(private, "kernel.json")
        sockets = os.path.join(private, "k")
        if len(os.fsencode(sockets)) < _LONGEST_SOCKET_NAME:  # else by TCP on this machine, as kernels usually do
            manager.transport, manager.ip = "ipc", sockets
        # Debuggers complain of frozen modules on the terminal otherwise.
        environment = {"PYDEVD_DISABLE_FILE_VALIDATION": "1", **os.environ, LED_VARIABLE: "1"}
        try:
            manager.start_kernel(cwd=str(cwd), env=environment)
        except NoSuchKernel as error:
            raise UsageError(f"there is no kernel {name!r}; 'jupyter kernelspec list' names those there are") from error
        except OSError as error:
            raise KernelDiedError(f"the kernel could not be started: {error}") from error
        with _connected(manager) as client:
            yield Kernel(manager, client, stop_wanted)


@contextmanager
def _connected(manager: Any) -> Iterator[Any]:
    client = manager.blocking_client()
    try:
        client.start_channels(stdin=False, hb=False)
        try:
            client.wait_for_ready(timeout=START_S)
        except RuntimeError as error:
            raise KernelDiedError(f"the kernel did not start: {error}") from error
        yield client
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=not manager.is_alive())
        manager.cleanup_resources()


def _next(get: Callable[..., Any], timeout_s: float) -> Any:
    try:
        return get(timeout=timeout_s)
    except queue.Empty:
        return None


def _epitaph(watch: _Watch) -> str:
    if watch.cause is None:
        return "the kernel died: its process ended while the cell ran (out of memory?)"
    return "the kernel was killed: the cell went on after it had been interrupted"


def _complaint(answer: Mapping[str, Any]) -> EnsessionError:
    what = f"{answer.get('ename', 'Error')}: {answer.get('evalue', '')}"
    if answer.get("ename") == "ModuleNotFoundError":
        return UsageError(f"the kernel's Python lacks ensession ({what}); install it there, or choose with --kernel")
    if answer.get("ename") == "KeyboardInterrupt":
        return RunInterruptedError("interrupted between two cells; run the command again, it goes on from there")
    return RunError(f"the kernel could not record: {what}")


def _as_error(told: Mapping[str, Any]) -> EnsessionError:
    """Return the error that the kernel's side told of, as the kind of error that it was there."""
    kinds = [EnsessionError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    found = next((kind for kind in kinds if kind.kind == told["kind"]), RunError)
    return found(told["message"])
