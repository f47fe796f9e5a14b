"""What travels between two copies of a store: records that name each other by digest, never by row number."""

from __future__ import annotations

from dataclasses import dataclass, field

from ensession.model.basic import Digest, Seal
from ensession.model.drafts import ExecutionDraft
from ensession.model.records import Environment


@dataclass(frozen=True, slots=True, order=True)
class VersionKey:
    """A variable version, the same in every copy: the digest of its execution, and which of its versions."""

    execution: Digest
    ordinal: int


@dataclass(frozen=True, slots=True)
class RunParcel:
    """A kernel run."""

    uid: str
    started_at: float
    ended_at: float | None
    environment: Environment


@dataclass(frozen=True, slots=True)
class RunEnd:
    """When a kernel run ended, which its executions may have been sent before."""

    uid: str
    ended_at: float


@dataclass(frozen=True, slots=True)
class OutputParcel:
    """An output: the JSON text of its data, compressed with zstd."""

    kind: str
    n_bytes: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ExecutionParcel:
    """An execution with everything but payloads.

    Attributes
    ----------
    draft : ExecutionDraft
        Its ``words`` are those of now. Without row numbers: ``run`` and ``parent`` say nothing, ``outputs``, ``reads``
        and the versions' ``requires`` are empty.
    requires : tuple of tuple of VersionKey
        For each version of the draft, what it requires of earlier executions.
    """

    digest: Digest
    parent: Digest | None
    run: RunParcel
    draft: ExecutionDraft
    outputs: tuple[OutputParcel, ...] = ()
    reads: tuple[VersionKey, ...] = ()
    requires: tuple[tuple[VersionKey, ...], ...] = ()
    seals: tuple[Seal, ...] = ()


@dataclass(frozen=True, slots=True)
class PayloadPart:
    """The stream or one buffer of a payload: its mode, plain size, and the addresses of its chunks, joined."""

    mode: str
    n_bytes: int
    addresses: bytes


@dataclass(frozen=True, slots=True)
class PayloadParcel:
    """The payload of a version, without the chunks' bytes."""

    version: VersionKey
    digest: Digest
    codec: str
    python: str
    parts: tuple[PayloadPart, ...]
    seals: tuple[Seal, ...] = ()


@dataclass(frozen=True, slots=True)
class ChunkParcel:
    """A chunk as it is stored."""

    address: bytes
    n_bytes: int
    encoding: str
    data: bytes


@dataclass(frozen=True, slots=True)
class RefParcel:
    """A tag or a branch: a name of a state.

    Attributes
    ----------
    at : float
        When it was made or moved.
    """

    kind: str
    name: str
    execution: Digest
    at: float


@dataclass(frozen=True, slots=True)
class RefChange:
    """What became in one copy of a tag or branch that both had.

    Attributes
    ----------
    was : RefParcel
        What it stood for in both.
    now : RefParcel or None
        Of the same name; None where it was taken away.
    """

    was: RefParcel
    now: RefParcel | None = None


@dataclass(frozen=True, slots=True)
class RefsBrought:
    """What became of the names of states that came from another copy."""

    added: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    disputed: dict[str, str] = field(default_factory=dict)
    """Names that stand for two states: the name, and what the other copy's is called here."""
    gone: tuple[str, ...] = ()
    """Names that were taken away, as they were in the other copy."""
