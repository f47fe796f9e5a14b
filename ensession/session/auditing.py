"""What audit mode says of a change that nothing in the code showed: to the user, and in the store."""

from __future__ import annotations

from ensession.capture.change import Change
from ensession.model import Effect

AUDIT = "audit"
"""Kind of the effect that an execution gets for such a change."""


def outside_effects(change: Change) -> tuple[Effect, ...]:
    """Return one effect for each variable that changed outside the touch set."""
    return tuple(Effect(AUDIT, f"changed {name} outside its touch set") for name in change.outside)


def outside_reason(change: Change) -> str | None:
    """Say why an execution with such a change can't be run again: what led to the variable is not recorded."""
    if not change.outside:
        return None
    return f"it changed {', '.join(change.outside)} in a way that its code does not show"


def outside_warning(change: Change, where: str) -> str:
    """Return what the user is told; ``where`` is the cell, or what happened between two."""
    names = ", ".join(change.outside)
    return (
        f"audit: {where} changed {names}, and nothing showed that it might. The change is recorded; without audit mode "
        "it would be found only when a later cell touches the variable. Please report the cell that does this."
    )
