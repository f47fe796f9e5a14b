"""In what two environments differ."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DifferenceKind(StrEnum):
    """What differs, most important first."""

    PYTHON = "python"
    PLATFORM = "platform"
    USED = "used package"
    """A package that the session imported, or that types of its variables come from."""
    OTHER = "other package"


@dataclass(frozen=True, slots=True)
class EnvironmentDifference:
    """One difference between where a state was recorded and another environment.

    Attributes
    ----------
    name : str
        ``Python``, ``platform`` or the name of a distribution.
    here : str or None
        None where a package is missing.
    """

    kind: DifferenceKind
    name: str
    recorded: str
    here: str | None

    @property
    def is_another_language(self) -> bool:
        """Whether it is another minor version, or another implementation, of Python."""
        return self.kind is DifferenceKind.PYTHON and _minor(self.recorded) != _minor(self.here or "")

    @property
    def hinders_comparison(self) -> bool:
        """Whether an equal value may have another fingerprint there."""
        return self.is_another_language or self.kind is DifferenceKind.USED


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
