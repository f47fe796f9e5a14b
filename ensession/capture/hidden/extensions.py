"""Hidden state of the shell: the extensions that bring its magics, and how it runs and shows cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ensession.capture.hidden.kinds import Condition, complain


class ExtensionHost(Protocol):
    """A shell that loads extensions by name."""

    def extensions(self) -> frozenset[str]:
        """Return what is loaded."""

    def load_extension(self, name: str) -> None:
        """Load one.

        Raises
        ------
        ImportError
        """


class Extensions(Condition):
    """Extensions that cells loaded (``%load_ext``): a re-run cell finds its magics.

    Parameters
    ----------
    host : ExtensionHost
    """

    name = "extensions"

    def __init__(self, host: ExtensionHost) -> None:
        self._host = host
        self.usual = self.snapshot(self.glance())

    def glance(self) -> Any:
        """Return their names."""
        return self._host.extensions()

    def snapshot(self, glance: Any) -> Any:
        """Return their names, sorted."""
        return tuple(sorted(glance))

    def write(self, value: Any) -> None:
        """Load what is missing; what is loaded besides does no harm."""
        lost = []
        for name in value:
            if name not in self._host.extensions():
                try:
                    self._host.load_extension(name)
                except ImportError:
                    lost.append(name)
        complain("the shell's extensions", lost)


class SettingsHost(Protocol):
    """A shell with settings of its own."""

    def settings(self) -> Mapping[str, Any]:
        """Return those that cells change with magics, by name."""

    def set_settings(self, settings: Mapping[str, Any]) -> list[str]:
        """Change some; return the names of those that there are not here."""


class ShellSettings(Condition):
    """What cells say of how cells are run and shown: ``%autoreload 2``, ``%precision``, ``%xmode``, all results shown.

    Parameters
    ----------
    host : SettingsHost
    """

    name = "shell"

    def __init__(self, host: SettingsHost) -> None:
        self._host = host
        self.usual = self.snapshot(self.glance())

    def glance(self) -> Any:
        """Return them as they are."""
        return self._host.settings()

    def snapshot(self, glance: Any) -> Any:
        """Return them by name."""
        return dict(sorted(glance.items()))

    def write(self, value: Any) -> None:
        """Set them."""
        complain("the shell's settings", self._host.set_settings(value))
