"""What a session needs of an interactive shell. The magic makes one from IPython; tests make others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from ensession.capture.hidden.compiling import Compiler
from ensession.capture.hidden.registered import Registry
from ensession.model import Output


class OutputRecorder(Protocol):
    """Records what a cell outputs, without changing what the user sees."""

    def install(self) -> None:
        """Attach to the shell."""

    def remove(self) -> None:
        """Leave the shell exactly as it was."""

    def begin(self) -> None:
        """Start with an empty record."""

    def end(self) -> tuple[Output, ...]:
        """Return what was recorded."""


class Shell(Protocol):
    """An interactive shell."""

    @property
    def namespace(self) -> dict[str, Any]:
        """The live user namespace, a plain dict."""

    @property
    def shell_names(self) -> Mapping[str, Any]:
        """What the shell itself put into the namespace."""

    @property
    def outputs(self) -> OutputRecorder:
        """The recorder of outputs."""

    @property
    def compiler(self) -> Compiler:
        """What compiles cells, with the flags for the next one."""

    def transform(self, code: str) -> str:
        """Turn a cell's magics and shell escapes into Python."""

    def run(self, code: str) -> BaseException | None:
        """Run a cell without showing its outputs or remembering it; return what it raised.

        Raises
        ------
        KeyboardInterrupt
            The user interrupted it.
        """

    def extensions(self) -> frozenset[str]:
        """Return the names of the extensions that are loaded, this one aside."""

    def load_extension(self, name: str) -> None:
        """Load an extension.

        Raises
        ------
        ImportError
        """

    def settings(self) -> Mapping[str, Any]:
        """Return the settings that cells change with magics, by name."""

    def set_settings(self, settings: Mapping[str, Any]) -> list[str]:
        """Change some; return the names of those that there are not here."""

    @property
    def magics(self) -> Registry:
        """The magics and aliases that cells define."""

    def formatters(self) -> Mapping[str, Any]:
        """Return what shows objects, by MIME type."""

    def callbacks(self) -> Mapping[str, list[Callable[..., Any]]]:
        """Return what the shell calls around cells, by event, as lists to change; what listens for us is among it."""

    def tags(self) -> Collection[str]:
        """Return the tags of the cell that is running, where the front end tells them."""

    def notify(self, message: str) -> None:
        """Tell the user something in a line that no warnings filter can hide."""

    def warn(self, message: str) -> None:
        """Show a warning to the user, whatever they do with those of others."""


MakeProgress = Callable[[int, int, str], None]
