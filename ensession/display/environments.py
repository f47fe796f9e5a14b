"""Differences between environments as a table. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ensession.display.tables import Column, Table
from ensession.model import DifferenceKind, EnvironmentDifference

_NAMED = 6
"""Packages that the session does not use are named up to this number, and counted."""


def environment_table(found: Sequence[EnvironmentDifference]) -> Table:
    """Show in what this environment differs from the one that a state was recorded in.

    Packages that the session uses come first, missing ones before others; those that it does not use are counted.
    """
    columns = (Column("what"), Column("recorded with", elastic=True), Column("here", elastic=True))
    shown = [one for one in found if one.kind is not DifferenceKind.OTHER]
    rows = tuple((one.name, one.recorded, one.here or "MISSING") for one in shown)
    return Table("This environment is not the one that was recorded", columns, rows, tuple(_notes(found)))


def _notes(found: Sequence[EnvironmentDifference]) -> list[str]:
    notes = []
    if any(one.is_another_language for one in found):
        notes.append("Functions and classes are compiled from their source where the bytecode is of another Python.")
    if any(one.hinders_comparison for one in found):
        notes.append("What is recomputed here may not be comparable with the original; what is loaded is checked.")
    others = [one.name for one in found if one.kind is DifferenceKind.OTHER]
    if others:
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        notes.append(f"Other packages with another version, or none: {', '.join(others[:_NAMED])}{more}.")
    return notes
