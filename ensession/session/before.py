"""Everything that going to another state may change, as it was: for when that comes to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ensession.capture.change import Memory
from ensession.capture.hidden import HiddenState
from ensession.capture.namespace import UserNamespace
from ensession.model import ExecutionId
from ensession.planner.policy import StorageRule
from ensession.session.recorder import Recorder
from ensession.session.workshop import Scene


@dataclass(frozen=True, slots=True)
class Before:
    """The namespace, the hidden state, and what the recorder knew of them."""

    scene: Scene
    memory: Memory
    rule: StorageRule
    head: ExecutionId | None
    branch: str

    @classmethod
    def of(cls, user: UserNamespace, hidden: HiddenState, recorder: Recorder) -> Before:
        """Return what there is now."""
        scene = Scene.of(user, hidden, recorder.spoken.ignored)
        return cls(scene, recorder.tracker.freeze(), recorder.rule, recorder.head, recorder.branch)

    @property
    def variables(self) -> Mapping[str, Any]:
        """The user's variables."""
        return self.scene.variables

    def put_back(self, user: UserNamespace, hidden: HiddenState, recorder: Recorder) -> None:
        """Make it all what it was; an interrupt must not cut this in two."""
        self.scene.put_back(user, hidden)
        recorder.tracker.thaw(self.memory)
        recorder.rule, recorder.head, recorder.branch = self.rule, self.head, self.branch
