"""A cell while it runs, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ensession.capture.names import CellNames
from ensession.capture.touch import Touched
from ensession.model import Outcome, Word


@dataclass(frozen=True, slots=True)
class Pending:
    """A cell that is running."""

    code: str
    cell_id: str | None
    names: CellNames
    touched: Touched
    words: tuple[Word, ...]
    started_at: float
    started: float
    capture_s: float


@dataclass(frozen=True, slots=True)
class Ending:
    """How a cell ended."""

    outcome: Outcome
    error: str | None = None


def ending_of(error: BaseException | None, **_: Any) -> Ending:
    """Classify what a cell raised."""
    if error is None:
        return Ending(Outcome.OK)
    text = f"{type(error).__name__}: {error}"[:2000]
    return Ending(Outcome.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Outcome.ERROR, text)


def program(names: CellNames) -> str | None:
    """Say which program a cell runs, if it does."""
    return f"it runs a program ({names.system[0]})" if names.system else None
