"""What a plan may run into, so that another one is made that does without it. Pure: no I/O, no clock."""

from __future__ import annotations

from ensession.errors import LoadFailedError, ReplayFailedError
from ensession.model import ExecutionId, VersionId


class LoadFailure(LoadFailedError):
    """A version could not be loaded; the plan has to do without its payload."""

    def __init__(self, version: VersionId, reason: str) -> None:
        super().__init__(reason)
        self.version = version


class ReplayFailure(ReplayFailedError):
    """An execution did not end as it did the first time; the plan has to do without it."""

    def __init__(self, execution: ExecutionId, reason: str) -> None:
        super().__init__(reason)
        self.execution = execution


class UnfaithfulReplay(ReplayFailedError):
    """Versions of one execution came out different although their payloads are stored: they have to be loaded."""

    def __init__(self, versions: tuple[VersionId, ...], reason: str) -> None:
        super().__init__(reason)
        self.versions = versions


class SpoiltInput(ReplayFailedError):
    """A cell changed a live value in place that it only read the first time; that value is not what it was."""

    def __init__(self, execution: ExecutionId, version: VersionId, reason: str) -> None:
        super().__init__(reason)
        self.execution = execution
        self.version = version
