"""What a random generator was when a cell loaded its library: the cell may have drawn from it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ensession.capture.change import Change, draft
from ensession.capture.tracker import Tracker
from ensession.model import ExecutionDraft, ExecutionId, ExecutionKind, KernelRun
from ensession.session.cells import draft_of


def birth(
    tracker: Tracker, origins: Mapping[str, Any], run: KernelRun, parent: ExecutionId | None, branch: str
) -> tuple[ExecutionDraft, Change]:
    """Return an execution before the cell that loaded a library, which brought these snapshots and nothing else.

    Parameters
    ----------
    origins : Mapping[str, object]
        By pseudo-variable.
    """
    looks = (replace(tracker.inspect((name,), {name: value}), is_changed=True) for name, value in origins.items())
    change = draft(tuple(looks), (), (), tracker.known)
    reason = "the system gave a random generator its seed"
    made = draft_of(ExecutionKind.AMBIENT, change, run, parent, branch=branch, no_replay=reason)
    return made, change
