"""What capture hands to the store: one execution about to be recorded."""

from __future__ import annotations

from dataclasses import dataclass

from ensession.model.basic import (
    Digest,
    Effect,
    ExecutionId,
    ExecutionKind,
    FileAccess,
    Fingerprint,
    KernelRunId,
    ModuleSource,
    Outcome,
    Output,
    Summary,
    VersionId,
    Word,
)


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
class ExecutionDraft:
    """One execution about to be recorded, in one transaction.

    Attributes
    ----------
    parent : ExecutionId or None
        The state it started from; None is state 0, the empty one.
    no_replay : str or None
        Why it must not, or can't, be run again; None where it may.
    caution : str or None
        Why it should not be run again unless the user allows it: what it did outside the session.
    words : tuple[Word, ...]
        What the user says of it, in the cell or its tags. Sealed on their own, since they can be given later too.
    modules : tuple[ModuleSource, ...]
        Modules of the user's own that it imported, or imported anew.
    not_captured : str or None
        What went wrong in capture, in one line; None where nothing did.
    capture_s : float
        Time that recording took away from the user.
    branch : str or None
        The branch that the work is on: it moves along if it is at the parent, else a new one grows from there. None:
        no branch takes notice. Branches are names, no part of history: no digest covers them.
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
    branch: str | None = None
    caution: str | None = None
    words: tuple[Word, ...] = ()
    modules: tuple[ModuleSource, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the store made of an :class:`ExecutionDraft`.

    Attributes
    ----------
    versions : tuple[VersionId, ...]
        In the draft's order.
    branch : str or None
        The branch that is at this execution now.
    parent_digest : Digest or None
        Of the execution before it, as that was found: another one than it was recorded with where something was
        forgotten since.
    """

    id: ExecutionId
    digest: Digest
    versions: tuple[VersionId, ...]
    branch: str | None = None
    parent_digest: Digest | None = None
