"""Executions for the tests of export."""

from __future__ import annotations

from typing import Any

from ensession.export import PastCell
from ensession.model import Digest, Execution, ExecutionId, ExecutionKind, KernelRunId, Outcome


def cell(number: int, code: str, error: str | None = None, **others: Any) -> PastCell:
    """Return a past cell; ``kind`` and ``cell_id`` are the execution's, ``outputs`` and ``changed`` the cell's."""
    execution = Execution(
        id=ExecutionId(number),
        digest=Digest(bytes(32)),
        parent=ExecutionId(number - 1) if number > 1 else None,
        run=KernelRunId(1),
        kind=others.pop("kind", ExecutionKind.CELL),
        code=code,
        cell_id=others.pop("cell_id", None),
        started_at=0.0,
        runtime_s=0.5,
        capture_s=0.0,
        outcome=Outcome.ERROR if error else Outcome.OK,
        error=error,
        no_replay=None,
        not_captured=None,
    )
    return PastCell(execution, **others)
