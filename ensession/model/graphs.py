"""The application history graph, plans made on it, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ensession.model.basic import ExecutionId, ExecutionKind, Outcome, VersionId, Word
from ensession.model.records import PayloadInfo


def why_never(no_replay: str | None, words: Collection[Word]) -> str | None:
    """Say why an execution must not be run again whatever anybody allows: it can't be, or the user said so."""
    return no_replay or ("you said that it must never run again" if Word.NEVER in words else None)


@dataclass(frozen=True, slots=True)
class GraphExecution:
    """A node of the application history graph: an execution.

    Attributes
    ----------
    reads, produces : tuple[VersionId, ...]
    no_replay : str or None
        Why it can't be run again.
    caution : str or None
        Why it should not be run again unless the user allows it.
    words : frozenset[Word]
        What the user says of it. ALWAYS only where no later execution of the same cell has it.
    """

    id: ExecutionId
    kind: ExecutionKind
    runtime_s: float
    outcome: Outcome
    no_replay: str | None
    reads: tuple[VersionId, ...]
    produces: tuple[VersionId, ...]
    caution: str | None = None
    words: frozenset[Word] = frozenset()

    @property
    def forbidden(self) -> str | None:
        """Why it must not, or can't, be run again, whatever it reads and wherever it runs."""
        if self.kind is not ExecutionKind.CELL:
            return self.no_replay or "it is not a cell"
        final = why_never(self.no_replay, self.words)
        if final is not None:
            return final
        if self.caution is not None and self.words.isdisjoint({Word.ALLOW, Word.ALWAYS}):
            return f"{self.caution} (%ens allow {self.id} permits it)"
        return None


class GraphVersion(NamedTuple):
    """A node of the application history graph: a variable version; a named tuple, since graphs have thousands."""

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
    renewed : Mapping[VersionId, VersionId]
        Target versions that no plan can bring, and the version that a cell which always runs makes in their place.
    omitted : Mapping[ExecutionId, str]
        Executions that should always run and can't, and why.
    advice : Mapping[VersionId, str]
        What the user can do about missing versions.
    """

    target: ExecutionId | None
    steps: tuple[Step, ...]
    missing: Mapping[VersionId, str]
    cost_s: float
    load_all_s: float
    run_all_s: float
    renewed: Mapping[VersionId, VersionId] = field(default_factory=dict)
    omitted: Mapping[ExecutionId, str] = field(default_factory=dict)
    advice: Mapping[VersionId, str] = field(default_factory=dict)

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
    RENEWED = "made anew"
    """By a cell that every restore runs; what later cells did to it is not in it."""
    IGNORED = "ignored"
    """The user said that it is neither captured nor restored."""
    MISSING = "missing"
    """Not there; the reason says why."""
    KEPT = "kept"
    """Was live already and is untouched."""
    AWAITED = "awaited"
    """Not brought yet; it comes before the first cell that may use it."""


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
    loads : tuple[tuple[int, int, float], ...]
        For each payload that was loaded: plain bytes of its stream and buffers, and the seconds it took.
    notes : tuple[str, ...]
        What else the user should know: modules of their own that are missing or changed here.
    """

    target: ExecutionId | None
    plan: Plan
    variables: tuple[VariableReport, ...]
    duration_s: float
    replans: tuple[str, ...] = ()
    loads: tuple[tuple[int, int, float], ...] = ()
    notes: tuple[str, ...] = ()

    def count(self, fate: Fate) -> int:
        """Return the number of variables with that fate."""
        return sum(variable.fate is fate for variable in self.variables)
