"""What is exported: an execution with what it put out and what it changed. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ensession.model import Execution, ExecutionKind, Outcome, Output

_KINDS = {
    ExecutionKind.ADOPTED: "What the notebook held already when recording began",
    ExecutionKind.AMBIENT: "What changed between two cells",
}


@dataclass(frozen=True, slots=True)
class PastCell:
    """One execution about to be exported.

    Attributes
    ----------
    changed : tuple[str, ...]
        Names that it bound or deleted, sorted, hidden state among them.
    """

    execution: Execution
    outputs: tuple[Output, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def has_code(self) -> bool:
        """Whether it is a cell; the others have nothing that could be run."""
        return self.execution.kind is ExecutionKind.CELL

    @property
    def has_failed(self) -> bool:
        """Whether it ended with an error or was interrupted."""
        return self.execution.outcome is not Outcome.OK

    @property
    def note(self) -> str:
        """What to say of an execution without code, empty where nothing the user knows of changed."""
        names = self.plain_names
        what = _KINDS.get(self.execution.kind, "")
        return f"{what}, and what no cell can make again: {', '.join(names)}." if what and names else ""

    @property
    def plain_names(self) -> tuple[str, ...]:
        """The changed names that are identifiers; anything else that a store calls a name is left out."""
        return tuple(name for name in self.changed if name.isidentifier())
