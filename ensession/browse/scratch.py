"""A place of its own in which values are loaded and cells are run again: never the caller's namespace.

Cells run in a child of IPython where that is installed, so that magics work; without it, plain Python. What a
cell changes outside of its namespace (random generators, working directory, environment) is put back afterwards.
The child is no shell that anybody sees: ``IPython.get_ipython()`` still gives the caller's.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import sys
import types
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Protocol

from ensession.browse.conditions import Started, hidden_of_scratch
from ensession.capture.hidden import HiddenState
from ensession.capture.hidden.magics import SessionMagics
from ensession.capture.namespace import UserNamespace
from ensession.capture.tracker import Tracker
from ensession.capture.words import without_header
from ensession.errors import HiddenStateError
from ensession.restore import Bench
from ensession.session.bench import LiveBench


@contextlib.contextmanager
def scratch_bench() -> Iterator[Bench]:
    """Open a bench with an empty namespace; at the end everything outside of that is as it was before.

    While it is open, its module stands for ``__main__``, as it does in a kernel.
    """
    module = types.ModuleType("__main__")
    shell = _ScratchShell(module)
    user = UserNamespace(vars(module), shell.shell_names)
    hidden = HiddenState(hidden_of_scratch(shell))
    main, before = sys.modules["__main__"], hidden.read()
    sys.modules["__main__"] = module
    try:
        yield LiveBench(shell, user, hidden, Tracker(user))
    finally:
        shell.close()
        sys.modules["__main__"] = main
        for name, value in before.items():
            if name in (now := hidden.read()) and now[name] != value:
                with contextlib.suppress(HiddenStateError):  # it put back all that can be
                    hidden.write(name, value)


class _Runner(Protocol):
    started: Started | None
    flags: int

    def run(self, code: str) -> BaseException | None: ...

    def close(self) -> None: ...


class _ScratchShell:
    """A shell that comes into being when the first cell has to run (:class:`~ensession.session.shell.Shell`)."""

    def __init__(self, module: types.ModuleType) -> None:
        self._module = module
        self._runner: _Runner | None = None
        self.shell_names: dict[str, Any] = {}
        self.flags = 0

    @property
    def namespace(self) -> dict[str, Any]:
        return vars(self._module)

    @property
    def present(self) -> Started | None:
        return None if self._runner is None else self._runner.started

    def start(self) -> Started | None:
        return self._started().started

    def run(self, code: str) -> BaseException | None:
        runner = self._started()
        runner.flags = self.flags
        error = runner.run(code)
        self.flags = runner.flags
        return error

    def _started(self) -> _Runner:
        if self._runner is None:
            self._runner = _Child(self._module, self.shell_names) if find_spec("IPython") else _Plain(self._module)
        return self._runner

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()


class _Plain:
    """Runs cells that are plain Python."""

    started: Started | None = None
    flags = 0

    def __init__(self, module: types.ModuleType) -> None:
        self._namespace = vars(module)

    def run(self, code: str) -> BaseException | None:
        """Run a cell silently; return what it raised."""
        try:
            code = "".join(without_header(code.splitlines(keepends=True)))
            compiled = compile(code, "<scratch>", "exec", self.flags, dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            return SyntaxError(f"{error}; if it uses magics, install ensession[notebook]")
        try:
            with _silence():
                exec(compiled, self._namespace)  # noqa: S102 - trust was checked
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  (a cell may raise anything, SystemExit included)
            return error
        return None

    def close(self) -> None:
        """Nothing is left behind."""


class _Child:
    """Runs cells in an IPython shell of its own: no history, no terminal, no events of the caller's."""

    def __init__(self, module: types.ModuleType, shell_names: dict[str, Any]) -> None:
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        class ScratchShell(InteractiveShell):
            def init_virtualenv(self) -> None:
                """Leave ``sys.path`` alone."""

            def ask_exit(self) -> None:
                """Go on after ``exit``: the cell that asked for it is one of the past."""

        settings: Any = Config()
        settings.HistoryManager.enabled = False
        self._hooks = (sys.displayhook, sys.excepthook)
        self._builtins = dict(vars(builtins))
        make: Any = ScratchShell
        self._shell = make(user_module=module, user_ns=vars(module), config=settings)
        atexit.unregister(
            self._shell.atexit_operations
        )  # that would keep every value until the process ends, and clear it then
        # A cell that drives recording beside other things must not start any here.
        self._shell.register_magic_function(lambda line: None, "line", "ens")
        self._shell.input_transformers_cleanup.append(without_header)
        self.started: Started | None = Started(self._shell, SessionMagics(self._shell))
        self._own_flags: int = self._shell.compile.flags
        shell_names.update(self._shell.user_ns_hidden)

    @property
    def flags(self) -> int:
        """What the cells before have switched on for those that follow."""
        found: int = self._shell.compile.flags & ~self._own_flags
        return found

    @flags.setter
    def flags(self, flags: int) -> None:
        self._shell.compile.flags = self._own_flags | flags

    def run(self, code: str) -> BaseException | None:
        """Run a cell silently; return what it raised."""
        with _silence():
            result = self._shell.run_cell(code, store_history=False, silent=True)
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        if isinstance(error, KeyboardInterrupt):
            raise error
        return error

    def close(self) -> None:
        """Take away what the shell put beside its namespace."""
        sys.displayhook, sys.excepthook = self._hooks
        for name in set(vars(builtins)) - self._builtins.keys():
            delattr(builtins, name)
        for name, value in self._builtins.items():
            if getattr(builtins, name, None) is not value:
                setattr(builtins, name, value)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Swallow what a cell prints and displays."""
    if find_spec("IPython"):
        from IPython.utils.capture import capture_output

        with capture_output():
            yield
    else:
        import io

        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
