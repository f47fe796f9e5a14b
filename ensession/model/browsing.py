"""What browsing answers: rows of a query, hits of a search."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ensession.model.basic import ExecutionId


@dataclass(frozen=True, slots=True)
class QueryRows:
    """What an SQL query gave.

    Attributes
    ----------
    columns : tuple[str, ...]
    rows : tuple[tuple[Any, ...], ...]
        Numbers, text, bytes and None.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Place(StrEnum):
    """Where a search found something."""

    CODE = "code"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Hit:
    """An execution whose code, or one of whose outputs, holds what was searched for.

    Attributes
    ----------
    parts : tuple[tuple[str, bool], ...]
        The surroundings, cut into pieces; True marks those that match.
    """

    execution: ExecutionId
    place: Place
    parts: tuple[tuple[str, bool], ...]

    @property
    def text(self) -> str:
        """The surroundings as plain text."""
        return "".join(part for part, _ in self.parts)
