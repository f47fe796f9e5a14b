"""What a random generator was when a cell loaded its library: the cell may have drawn from it at once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ensession.capture.change import Change, draft
from ensession.capture.tracker import Tracker
from ensession.model import ExecutionDraft, ExecutionId, ExecutionKind, KernelRun, Outcome


def birth_of(tracker: Tracker, origins: Mapping[str, Any]) -> Change:
    """Return the change that brought these snapshots, by pseudo-variable, and nothing else."""
    fresh = (replace(tracker.inspect((name,), {name: value}), is_changed=True) for name, value in origins.items())
    return draft(tuple(fresh), (), (), tracker.known)


def birth_draft(run: KernelRun, parent: ExecutionId | None, branch: str, change: Change) -> ExecutionDraft:
    """Return the execution that stands for it, before the cell that loaded the library."""
    return ExecutionDraft(
        run=run.id,
        parent=parent,
        kind=ExecutionKind.AMBIENT,
        code="",
        started_at=time.time(),
        runtime_s=0.0,
        outcome=Outcome.OK,
        reads=change.reads,
        versions=change.versions,
        bindings=change.bindings,
        branch=branch,
        no_replay="the system gave a random generator its seed",
    )
