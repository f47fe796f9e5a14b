"""The words of the design as types: frozen records that all rooms of the package exchange.

Pure: no input or output, no clock, no logging, no pickle. Units are in the names (``_s`` seconds,
``n_bytes`` bytes); times of day are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType, Protocol

ExecutionId = NewType("ExecutionId", int)
VersionId = NewType("VersionId", int)
KernelRunId = NewType("KernelRunId", int)
Digest = NewType("Digest", bytes)
"""A BLAKE3-256 digest, 32 bytes."""
Fingerprint = NewType("Fingerprint", bytes)
"""An xxh3-128 hash of a payload, 16 bytes. Says "not changed"; is no protection against an attacker."""

HIDDEN_PREFIX = "<"
"""Pseudo-variables of hidden state are called ``<random>``, ``<numpy.random>``, …: no identifier begins so."""


class Outcome(StrEnum):
    """How an execution ended."""

    OK = "ok"
    ERROR = "error"
    INTERRUPTED = "interrupted"


class ExecutionKind(StrEnum):
    """What an execution is a record of."""

    CELL = "cell"
    """A cell of the notebook."""
    ADOPTED = "adopted"
    """What the namespace already held when recording began; has no code and can't be run again."""
    AMBIENT = "ambient"
    """Changes seen between two cells (widget callbacks, threads); can't be run again."""


class Codec(StrEnum):
    """How a payload was serialised."""

    PICKLE = "pickle"
    """The C pickler, protocol 5, with out-of-band buffers and the reducers of :mod:`ensession.serial`."""
    DILL = "dill"
    """The same with dill's Python pickler, for what plain pickle can't take."""


class BufferMode(StrEnum):
    """What the loader hands to the unpickler for an out-of-band buffer."""

    READONLY = "readonly"
    WRITABLE = "writable"
    ARRAY = "array"
    """A reader that fills memory which the rebuilt object allocates itself, so that the object owns it."""


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
class Output:
    """One output of an execution.

    Attributes
    ----------
    kind : str
        ``stream``, ``display_data``, ``execute_result`` or ``error``, as in the notebook format.
    data : Mapping[str, Any]
        The notebook format's output object without ``output_type``; can be written as JSON.
    """

    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Summary:
    """What can be said of a value without unpickling it; written at capture time.

    Attributes
    ----------
    type_name : str
        For example ``pandas.DataFrame``.
    shape : str
        For example ``(336776, 19)``, or ``len 12``; empty where the word makes no sense.
    preview : str
        One short line, at most 120 characters.
    """

    type_name: str
    shape: str = ""
    preview: str = ""


@dataclass(frozen=True, slots=True)
class VersionDraft:
    """A variable version about to be recorded: the joint value of one co-variable.

    Attributes
    ----------
    names : tuple[str, ...]
        The names of the co-variable, sorted; the payload is a dict with these keys.
    fingerprint : Fingerprint or None
        None: touched means changed.
    n_bytes : int
        Size of the payload before compression; 0 where there is none.
    unstorable : str or None
        Why there can be no payload.
    requires : tuple[VersionId, ...]
        Recorded versions that have to be live before this one is loaded (its classes and functions).
    requires_new : tuple[int, ...]
        The same, for versions of this very execution, by their position in ``ExecutionDraft.versions``.
    """

    names: tuple[str, ...]
    fingerprint: Fingerprint | None
    n_bytes: int = 0
    unstorable: str | None = None
    requires: tuple[VersionId, ...] = ()
    requires_new: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BindingDraft:
    """Execution bound ``name`` to its ``version``-th draft, or deleted it (None)."""

    name: str
    version: int | None
    summary: Summary | None = None


@dataclass(frozen=True, slots=True)
class FileAccess:
    """A file that an execution opened.

    Attributes
    ----------
    mode : str
        ``r`` or ``w`` (anything that can change the file).
    content_hash : bytes or None
        BLAKE3-256 of a file small enough to be hashed.
    """

    path: str
    mode: str
    size: int | None
    mtime: float | None
    content_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """Something an execution did to the world outside: ``network``, ``subprocess``, ``write``, ``delete``."""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class ExecutionDraft:
    """One execution about to be recorded, in one transaction.

    Attributes
    ----------
    parent : ExecutionId or None
        The state it started from; None is state 0, the empty one.
    no_replay : str or None
        Why it must not, or can't, be run again; None where it may.
    not_captured : str or None
        What went wrong in capture, in one line; None where nothing did.
    capture_s : float
        Time that recording took away from the user.
    """

    run: KernelRunId
    parent: ExecutionId | None
    kind: ExecutionKind
    code: str
    started_at: float
    runtime_s: float
    outcome: Outcome
    cell_id: str | None = None
    error: str | None = None
    no_replay: str | None = None
    not_captured: str | None = None
    capture_s: float = 0.0
    outputs: tuple[Output, ...] = ()
    reads: tuple[VersionId, ...] = ()
    versions: tuple[VersionDraft, ...] = ()
    bindings: tuple[BindingDraft, ...] = ()
    files: tuple[FileAccess, ...] = ()
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the store made of an :class:`ExecutionDraft`; ``versions`` in the draft's order."""

    id: ExecutionId
    digest: Digest
    versions: tuple[VersionId, ...]


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


@dataclass(frozen=True, slots=True)
class PayloadInfo:
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


@dataclass(frozen=True, slots=True)
class Version:
    """One recorded variable version."""

    id: VersionId
    digest: Digest
    execution: ExecutionId
    ordinal: int
    names: tuple[str, ...]
    fingerprint: Fingerprint | None
    n_bytes: int
    unstorable: str | None
    payload: PayloadInfo | None


@dataclass(frozen=True, slots=True)
class Binding:
    """Name X at some state: the version it points at and what it looked like."""

    name: str
    execution: ExecutionId
    version: Version
    summary: Summary


@dataclass(frozen=True, slots=True)
class GraphExecution:
    """A node of the application history graph: an execution.

    Attributes
    ----------
    reads, produces : tuple[VersionId, ...]
    no_replay : str or None
        Why it can't be run again.
    """

    id: ExecutionId
    kind: ExecutionKind
    runtime_s: float
    outcome: Outcome
    no_replay: str | None
    reads: tuple[VersionId, ...]
    produces: tuple[VersionId, ...]


@dataclass(frozen=True, slots=True)
class GraphVersion:
    """A node of the application history graph: a variable version."""

    id: VersionId
    execution: ExecutionId
    names: tuple[str, ...]
    n_bytes: int
    unstorable: str | None
    payload: PayloadInfo | None
    requires: tuple[VersionId, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """The application history graph of one line of history, root first.

    Attributes
    ----------
    executions : tuple[GraphExecution, ...]
        The ancestors of a state and the execution that made it, in history order.
    versions : Mapping[VersionId, GraphVersion]
        Every version that these executions made.
    state : Mapping[str, VersionId]
        What each name is bound to at the end of the line.
    bindings : Mapping[ExecutionId, Mapping[str, VersionId | None]]
        What each execution bound or deleted (None).
    """

    executions: tuple[GraphExecution, ...]
    versions: Mapping[VersionId, GraphVersion]
    state: Mapping[str, VersionId]
    bindings: Mapping[ExecutionId, Mapping[str, VersionId | None]]


class StepKind(StrEnum):
    """What a plan does at one point of the history."""

    RUN = "run"
    LOAD = "load"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan; ``version`` is None for a run.

    Attributes
    ----------
    execution : ExecutionId
        The execution to run, or the one after whose position the version is placed.
    cost_s : float
        Estimated time.
    """

    kind: StepKind
    execution: ExecutionId
    version: VersionId | None
    cost_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How to come to a target state.

    Attributes
    ----------
    steps : tuple[Step, ...]
        In history order; the runs of an execution before the loads placed after it.
    missing : Mapping[VersionId, str]
        Target versions that no plan can bring, and why.
    cost_s : float
        Sum over the steps.
    load_all_s, run_all_s : float
        What the two plain alternatives would cost; infinite where they are impossible.
    """

    target: ExecutionId | None
    steps: tuple[Step, ...]
    missing: Mapping[VersionId, str]
    cost_s: float
    load_all_s: float
    run_all_s: float

    @property
    def runs(self) -> tuple[ExecutionId, ...]:
        """Executions to run again, in history order."""
        return tuple(step.execution for step in self.steps if step.kind is StepKind.RUN)

    @property
    def loads(self) -> tuple[VersionId, ...]:
        """Versions to load, in history order."""
        return tuple(step.version for step in self.steps if step.version is not None)


class Fate(StrEnum):
    """How a restored variable came back (invariant 6)."""

    LOADED = "loaded"
    """From its payload, every chunk checked against its address."""
    RECOMPUTED = "recomputed"
    """By running its cell again; equal to the original by fingerprint."""
    UNVERIFIED = "recomputed, not verifiable"
    """By running its cell again; the value has no fingerprint to compare."""
    DIFFERENT = "different"
    """By running its cell again; not equal to the original."""
    MISSING = "missing"
    """Not there; the reason says why."""
    KEPT = "kept"
    """Was live already and is untouched."""


@dataclass(frozen=True, slots=True)
class VariableReport:
    """What became of one name of the target state."""

    name: str
    fate: Fate
    execution: ExecutionId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore did.

    Attributes
    ----------
    plan : Plan
        The plan that was carried out in the end.
    replans : tuple[str, ...]
        Why earlier plans were given up, in order.
    """

    target: ExecutionId | None
    plan: Plan
    variables: tuple[VariableReport, ...]
    duration_s: float
    replans: tuple[str, ...] = ()

    def count(self, fate: Fate) -> int:
        """Number of variables with that fate."""
        return sum(variable.fate is fate for variable in self.variables)


class PayloadSink(Protocol):
    """Where a pickler puts a payload, piece by piece."""

    def write(self, piece: bytes | bytearray | memoryview, /) -> object:
        """Take the next piece of the pickle stream. The piece may be reused after the call."""

    def add_buffer(self, view: memoryview, mode: BufferMode) -> None:
        """Take one out-of-band buffer (contiguous, format ``B``), in the order of the stream's references."""


class BufferSource(Protocol):
    """One stored out-of-band buffer."""

    mode: BufferMode
    n_bytes: int

    def read_into(self, target: memoryview) -> None:
        """Fill ``target`` (writable, format ``B``, ``n_bytes`` long); checks every chunk."""


class PayloadSource(Protocol):
    """A stored payload, for the loader."""

    codec: Codec
    python: str

    def read_stream(self) -> bytes:
        """Return the whole pickle stream; checks every chunk."""

    def buffers(self) -> Sequence[BufferSource]:
        """Return the out-of-band buffers in order."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a store, found by ``ens check``.

    Attributes
    ----------
    where : str
        For example ``chunk 17`` or ``execution 3``.
    variables : tuple[str, ...]
        ``name@N`` of what is hurt by it.
    """

    where: str
    what: str
    variables: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Seal:
    """A message authentication code over a digest: the owner of a key vouches for an execution or a payload.

    Attributes
    ----------
    subject : bytes
        The digest that is sealed.
    key_id : bytes
        Which key; says nothing about the key itself.
    mac : bytes
    """

    subject: bytes
    key_id: bytes
    mac: bytes
