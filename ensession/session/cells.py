"""A cell while it runs, and how it ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ensession.capture.change import Change
from ensession.capture.names import CellNames
from ensession.capture.touch import Touched
from ensession.capture.writers import known_writer, paths_in
from ensession.model import ExecutionDraft, ExecutionId, ExecutionKind, KernelRun, Outcome, Word


@dataclass(frozen=True, slots=True)
class Pending:
    """A cell that is running.

    Attributes
    ----------
    only_part : str or None
        Why only a part of what it does is recorded.
    """

    code: str
    cell_id: str | None
    names: CellNames
    touched: Touched
    words: tuple[Word, ...]
    started_at: float
    started: float
    capture_s: float
    only_part: str | None = None


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


def named_places(code: str, touched: Touched, variables: Mapping[str, Any]) -> Iterable[str]:
    """Return what may be paths that a cell is about to use: in its code, in functions it calls, in variables."""
    names = variables if touched.everything else touched.names
    return paths_in(code, touched.mentions.texts, (variables.get(name) for name in names))


def unseen(pending: Pending) -> str | None:
    """Say what a cell may have done that nobody saw, from its code alone: run a program, write a file natively."""
    if pending.names.system:
        return f"it runs a program ({pending.names.system[0]})"
    said = pending.touched.mentions
    return known_writer(said.words, said.packages, sys.modules, (pending.code, *said.texts))


def unrepeatable(pending: Pending, ending: Ending) -> str | None:
    """Say why a cell can't be run again, as far as its code and its end tell."""
    names = pending.names
    if pending.only_part is not None:
        return pending.only_part
    if ending.outcome is Outcome.INTERRUPTED:
        return "it was interrupted"
    if names.has_await:
        return "it awaits at top level"
    if names.shell_history:
        return f"it uses the shell's history ({', '.join(sorted(names.shell_history))})"
    return None


def draft_of(
    kind: ExecutionKind, change: Change, run: KernelRun, parent: ExecutionId | None, **known: Any
) -> ExecutionDraft:
    """Put together what is to be recorded of a change.

    Parameters
    ----------
    **known
        Further fields of the draft.
    """
    fields: dict[str, Any] = {"code": "", "started_at": time.time(), "runtime_s": 0.0, "outcome": Outcome.OK}
    return ExecutionDraft(
        run=run.id,
        parent=parent,
        kind=kind,
        versions=change.versions,
        bindings=change.bindings,
        **{**fields, "reads": change.reads, **known},
    )
