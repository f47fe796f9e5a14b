"""States compared by their records. Pure: no value is looked at."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ensession.model import Binding, ChangeKind, Execution, VariableDiff

Pieces = Sequence[tuple[bytes, int]]
"""Address and plain size of the chunks of a payload."""


def diff_variables(before: Mapping[str, Binding], after: Mapping[str, Binding]) -> tuple[VariableDiff, ...]:
    """Return the names whose versions are not the same in two states, sorted."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        left, right = before.get(name), after.get(name)
        kind = _kind(left, right)
        if kind is not None:
            found.append(VariableDiff(name, kind, left, right))
    return tuple(found)


def _kind(left: Binding | None, right: Binding | None) -> ChangeKind | None:
    if left is None or right is None:
        return ChangeKind.REMOVED if right is None else ChangeKind.ADDED
    if left.version.id == right.version.id:
        return None
    if left.version.fingerprint is None or right.version.fingerprint is None:
        return ChangeKind.ASSUMED
    same = (left.version.fingerprint, left.version.names) == (right.version.fingerprint, right.version.names)
    return ChangeKind.EQUAL if same else ChangeKind.CHANGED


def new_bytes(before: Pieces, after: Pieces) -> int:
    """Return how many bytes of a payload are in pieces that another one does not have."""
    known = Counter(address for address, _ in before)
    found = 0
    for address, n_bytes in after:
        if known[address]:
            known[address] -= 1
        else:
            found += n_bytes
    return found


def diff_code(left: Iterable[Execution], right: Iterable[Execution]) -> tuple[str, ...]:
    """Return the unified diff of the code of two rows of executions, without a heading.

    Cells that were run on both sides alike are context.
    """
    lines = difflib.unified_diff(_lines(left), _lines(right), n=2, lineterm="")
    return tuple(line for line in lines if not line.startswith(("---", "+++")) or line[3:].strip())


def _lines(executions: Iterable[Execution]) -> list[str]:
    lines: list[str] = []
    for execution in executions:
        if execution.code:
            lines += ["# %%", *execution.code.splitlines()]
    return lines
