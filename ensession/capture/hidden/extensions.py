"""Hidden state of the shell: the extensions that bring its magics."""

from __future__ import annotations

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
