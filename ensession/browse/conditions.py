"""Hidden state of a shell, where cells of the past run in a place of their own: what they need of it, and no more."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ensession.capture.hidden.compiling import Futures
from ensession.capture.hidden.displays import SessionDisplays
from ensession.capture.hidden.extensions import Extensions, ShellSettings
from ensession.capture.hidden.handlers import LogHandlers
from ensession.capture.hidden.kinds import Kind
from ensession.capture.hidden.magics import SessionMagics
from ensession.capture.hidden.registered import Key, NumpyCallback, Registered, Registry, ShellCallbacks
from ensession.errors import HiddenStateError

_EVENTS = ("pre_execute", "pre_run_cell", "post_execute", "post_run_cell", "shell_initialized")


@dataclass(frozen=True, slots=True)
class Started:
    """A shell of IPython.

    Attributes
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    magics : SessionMagics
        Knows what the shell had before the first cell.
    """

    shell: Any
    magics: SessionMagics


class ScratchShell(Protocol):
    """A shell that comes into being when it is needed."""

    flags: int

    @property
    def namespace(self) -> dict[str, Any]:
        """The namespace of its cells."""

    @property
    def present(self) -> Started | None:
        """What has come into being."""

    def start(self) -> Started | None:
        """Have it come into being; None where IPython is not installed."""


def hidden_of_scratch(shell: ScratchShell) -> tuple[Kind, ...]:
    """Return the kinds of hidden state that a session has of its shell, for a scratch one."""
    nobody: dict[str, list[Any]] = {event: [] for event in _EVENTS}
    registries: tuple[Registry, ...] = (
        _Magics(shell),
        ShellCallbacks(lambda: nobody, shell.namespace),  # a silent cell is no event
        NumpyCallback(),
        LogHandlers(shell.namespace),
        _Displays(),
    )
    registered = (Registered(one, lambda: shell.namespace) for one in registries)
    return Extensions(_Extensions(shell)), ShellSettings(_Settings()), Futures(shell), *registered


class _Extensions:
    """Loads extensions once a cell has to find them (:class:`~ensession.capture.hidden.extensions.ExtensionHost`)."""

    def __init__(self, shell: ScratchShell) -> None:
        self._shell = shell

    def extensions(self) -> frozenset[str]:
        there = self._shell.present
        return frozenset() if there is None else frozenset(there.shell.extension_manager.loaded)

    def load_extension(self, name: str) -> None:
        started = self._shell.start()
        if started is None:
            raise ImportError(f"{name} is an extension of IPython, which is not installed")
        with contextlib.redirect_stdout(None), warnings.catch_warnings():
            started.shell.extension_manager.load_extension(name)


class _Settings:
    """How cells are shown is nobody's business here (:class:`~ensession.capture.hidden.extensions.SettingsHost`)."""

    def settings(self) -> Mapping[str, Any]:
        return {}

    def set_settings(self, settings: Mapping[str, Any]) -> list[str]:
        return []


class _Displays:
    """What shows objects is nobody's business here either (:class:`~ensession.capture.hidden.registered.Registry`)."""

    name = SessionDisplays.name
    is_unasked = False

    def present(self) -> Mapping[Key, Any]:
        return {}

    def put(self, key: Key, what: Any) -> None:
        """Show nothing."""

    def drop(self, key: Key) -> None:
        """Nothing is there."""

    def label(self, key: Key) -> str:
        return str(key[-1])


class _Magics:
    """The magics of a shell that may not be there yet (:class:`~ensession.capture.hidden.registered.Registry`)."""

    name = SessionMagics.name
    is_unasked = SessionMagics.is_unasked

    def __init__(self, shell: ScratchShell) -> None:
        self._shell = shell

    def present(self) -> Mapping[Key, Any]:
        there = self._shell.present
        return {} if there is None else there.magics.present()

    def put(self, key: Key, what: Any) -> None:
        started = self._shell.start()
        if started is None:
            raise HiddenStateError("it is a magic of IPython, which is not installed")
        started.magics.put(key, what)

    def drop(self, key: Key) -> None:
        if self._shell.present is not None:
            self._shell.present.magics.drop(key)

    def label(self, key: Key) -> str:
        return SessionMagics.label(key)
