"""What a store tells of its history.

What a state has thousands of are named tuples: they take a fifth of the time that frozen dataclasses take to be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ensession.model.basic import (
    Codec,
    Digest,
    ExecutionId,
    ExecutionKind,
    Fingerprint,
    KernelRunId,
    Outcome,
    Summary,
    VersionId,
)


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a kernel run happened.

    Attributes
    ----------
    python : str
        Version, such as ``3.11.7``.
    packages : Mapping[str, str]
        Distribution name to version.
    """

    python: str
    implementation: str
    platform: str
    hostname: str
    pid: int
    cwd: str
    packages: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KernelRun:
    """One process that was attached to the store."""

    id: KernelRunId
    uid: str
    started_at: float
    ended_at: float | None
    environment: Environment


@dataclass(frozen=True, slots=True)
class Execution:
    """One recorded execution, without its outputs."""

    id: ExecutionId
    digest: Digest
    parent: ExecutionId | None
    run: KernelRunId
    kind: ExecutionKind
    code: str
    cell_id: str | None
    started_at: float
    runtime_s: float
    capture_s: float
    outcome: Outcome
    error: str | None
    no_replay: str | None
    not_captured: str | None
    caution: str | None = None


class PayloadInfo(NamedTuple):
    """What is known of a stored payload without reading it.

    Attributes
    ----------
    n_stream_bytes, n_buffer_bytes : int
        Plain sizes of the pickle stream and of all out-of-band buffers.
    n_stored_bytes : int
        Compressed size of its chunks, those shared with other payloads included.
    """

    codec: Codec
    python: str
    n_stream_bytes: int
    n_buffer_bytes: int
    n_stored_bytes: int


class Version(NamedTuple):
    """One recorded variable version."""

    id: VersionId
    execution: ExecutionId
    ordinal: int
    names: tuple[str, ...]
    fingerprint: Fingerprint | None
    n_bytes: int
    unstorable: str | None
    payload: PayloadInfo | None


class Binding(NamedTuple):
    """Name X at some state: the version it points at and what it looked like."""

    name: str
    execution: ExecutionId
    version: Version
    summary: Summary


class RefKind(StrEnum):
    """What a name of a state is."""

    TAG = "tag"
    """Stays where it is."""
    BRANCH = "branch"
    """Moves with the work."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A name of a state.

    Attributes
    ----------
    execution : ExecutionId
        The state that it means.
    at : float
        When the tag was made, or the branch last moved; Unix seconds.
    """

    name: str
    kind: RefKind
    execution: ExecutionId
    at: float
