"""IPython as a session sees it."""

from __future__ import annotations

import linecache
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from ensession.capture.hidden.compiling import Compiler
from ensession.capture.hidden.magics import SessionMagics
from ensession.capture.taps import OutputTap
from ensession.serial.definitions import SESSION_MODULE

OWN_EXTENSION = "ensession"
DEFAULT_FILE = "session.ens"
_RELOADING = ("enabled", "check_all", "autoload_obj")
"""Of autoreload: modules anew before each cell, all of them, and what is new in them."""
_ENDINGS = ("ask_exit", "do_shutdown")
"""What ends the process, as methods of the shell or of its kernel."""


class IPythonShell:
    """An IPython shell (:class:`~ensession.session.shell.Shell`)."""

    def __init__(self, shell: InteractiveShell, output_limit_bytes: int) -> None:
        self._shell: Any = shell  # IPython's methods carry no types
        self.outputs = OutputTap(shell, output_limit_bytes)
        self.magics = SessionMagics(shell)

    @property
    def namespace(self) -> dict[str, Any]:
        """The live user namespace."""
        found: dict[str, Any] = self._shell.user_ns
        return found

    @property
    def shell_names(self) -> Mapping[str, Any]:
        """What IPython itself put into the namespace."""
        found: Mapping[str, Any] = self._shell.user_ns_hidden
        return found

    @property
    def compiler(self) -> Compiler:
        """IPython's compiler."""
        found: Compiler = self._shell.compile
        return found

    def transform(self, code: str) -> str:
        """Turn a cell's magics and shell escapes into Python."""
        python: str = self._shell.transform_cell(code)
        return python

    def run(self, code: str) -> BaseException | None:
        """Run a cell silently: no outputs, no history, no events of ours."""
        with capture_output(), _staying_alive(self._shell):
            result = self._shell.run_cell(code, store_history=False, silent=True)
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        if isinstance(error, KeyboardInterrupt):
            raise error
        return error

    def extensions(self) -> frozenset[str]:
        """Return the names of the extensions that are loaded, this one aside."""
        return frozenset(self._shell.extension_manager.loaded) - {OWN_EXTENSION}

    def load_extension(self, name: str) -> None:
        """Load an extension; what it prints is not shown."""
        with capture_output(), warnings.catch_warnings():
            self._shell.extension_manager.load_extension(name)

    def settings(self) -> Mapping[str, Any]:
        """Return the settings that cells change with magics, by name."""
        shell, found = self._shell, {}
        found["ast_node_interactivity"] = shell.ast_node_interactivity
        found["xmode"] = shell.InteractiveTB.mode
        found["precision"] = shell.display_formatter.formatters["text/plain"].float_precision
        if (reloader := self._reloader()) is not None:
            found["autoreload"] = tuple(bool(getattr(reloader, name, False)) for name in _RELOADING)
        return found

    def set_settings(self, settings: Mapping[str, Any]) -> list[str]:
        """Change some; return the names of those that there are not here."""
        shell, reloader = self._shell, self._reloader()
        if "ast_node_interactivity" in settings:
            shell.ast_node_interactivity = settings["ast_node_interactivity"]
        if "xmode" in settings:
            shell.InteractiveTB.set_mode(settings["xmode"])
        if "precision" in settings:
            shell.display_formatter.formatters["text/plain"].float_precision = settings["precision"]
        wanted = settings.get("autoreload", (False,) * len(_RELOADING))
        if reloader is not None:
            for name, value in zip(_RELOADING, wanted, strict=False):
                setattr(reloader, name, value)
        return ["autoreload"] if reloader is None and any(wanted) else []

    def _reloader(self) -> Any:
        """Return what ``%autoreload`` tells what to do, where its extension is loaded."""
        return getattr(self._shell.magics_manager.registry.get("AutoreloadMagics"), "_reloader", None)

    def formatters(self) -> Mapping[str, Any]:
        """Return what shows objects, by MIME type."""
        found: Mapping[str, Any] = self._shell.display_formatter.formatters
        return found

    def callbacks(self) -> Mapping[str, list[Callable[..., Any]]]:
        """Return what is registered for the events of cells."""
        found: Mapping[str, list[Callable[..., Any]]] = self._shell.events.callbacks
        return found

    def tags(self) -> Collection[str]:
        """Return the tags of the cell that is running: JupyterLab and VS Code send them with the cell."""
        metadata = (_request(self._shell) or {}).get("metadata") or {}
        tags = metadata.get("tags") or (metadata.get("metadata") or {}).get("tags") or ()
        return tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list | tuple) else ()

    def notify(self, message: str) -> None:
        """Write a line below the cell."""
        print(message, file=sys.stderr)

    def warn(self, message: str) -> None:
        """Show a warning below the cell."""
        # Past the filters: whoever silences a library's warnings, or turns them into errors, did not mean the loss of
        # their own work. A line number of its own each time: a notebook must not fold a second warning into the first.
        show: Any = warnings.showwarning
        if getattr(show, "__module__", None) == SESSION_MODULE:  # theirs are of their own code, and kept in variables
            show = vars(warnings)["_showwarning_orig"]
        show(UserWarning(message), UserWarning, "ensession", len(linecache.cache) + 1)


@contextmanager
def _staying_alive(shell: Any) -> Iterator[None]:
    """Have ``exit`` and a shutdown of the kernel do nothing: the cell that asked for it is one of the past."""
    kernel = getattr(shell, "kernel", None)
    owners = [vars(owner) for owner in (shell, kernel) if owner is not None]
    before = [{name: own[name] for name in _ENDINGS if name in own} for own in owners]
    for own in owners:
        own.update(dict.fromkeys(_ENDINGS, lambda *_, **__: None))
    keeps = getattr(shell, "keepkernel_on_exit", None)
    try:
        yield
    finally:
        for own, earlier in zip(owners, before, strict=True):
            for name in _ENDINGS:
                own.pop(name, None)
            own.update(earlier)
        if keeps != getattr(shell, "keepkernel_on_exit", None):
            shell.keepkernel_on_exit = keeps


def running_code(shell: Any) -> str | None:
    """Return the text of the cell that runs; None where none does, as in a startup file."""
    request = _request(shell)
    if request is not None:
        code = (request.get("content") or {}).get("code")
        return code if isinstance(code, str) else None
    typed: list[str] = shell.history_manager.input_hist_raw  # the first is none
    return typed[-1] if typed[1:] else None


def _request(shell: Any) -> dict[str, Any] | None:
    """Return what the front end has asked for, nothing at the start; None in a terminal, where nobody asks."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None or not hasattr(kernel, "get_parent"):
        return None
    found: dict[str, Any] | None = kernel.get_parent("shell")
    return found or {}


def place_of(path: Path) -> str:
    """Return how a user in the working directory names a file."""
    try:
        here = Path.cwd()
        return str(path.relative_to(here) if here != here.parent else path)
    except (ValueError, OSError):  # it is elsewhere; or the working directory is gone
        return str(path)


def file_named(word: str) -> Path:
    """Return the path that a user wrote; ``~`` of nobody here stays as it is, and is not found."""
    return Path(os.path.expanduser(word))


def default_file(shell: InteractiveShell) -> Path:
    """Return the notebook's name with ``.ens``, where the front end tells it, else ``session.ens``."""
    told: Any = shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    if isinstance(told, str) and told.endswith(".ipynb"):
        return Path(Path(told).name).with_suffix(".ens")
    return Path(DEFAULT_FILE)
