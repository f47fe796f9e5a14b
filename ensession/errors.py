"""The exception tree of ensession.

Grouped by what a caller would do about them. Every class has a stable ``kind`` (for ``--json``) and an
``exit_code`` (for the command line). This module imports nothing from the package.
"""

from __future__ import annotations

from typing import ClassVar


class EnsessionError(Exception):
    """Base of every error this library raises on purpose."""

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1


class UsageError(EnsessionError, ValueError):
    """The request cannot be understood or makes no sense here; the message names the way out."""

    kind = "usage"
    exit_code = 2


class NotFoundError(EnsessionError, LookupError):
    """A store, execution, variable or tag that was asked for does not exist."""

    kind = "not_found"
    exit_code = 3


class NoVariableError(NotFoundError, KeyError):
    """A state has no variable of that name; a ``KeyError`` too, as of any mapping."""

    def __str__(self) -> str:
        """Return the message as it is: a ``KeyError`` would quote it."""
        return str(self.args[0])


class ConflictError(EnsessionError):
    """Somebody else got there first; trying again later can help."""

    kind = "conflict"
    exit_code = 4


class StoreBusyError(ConflictError):
    """Another process holds the store locked for longer than the busy time-out."""

    kind = "store_busy"


class RefMovedError(ConflictError):
    """A tag or branch moved between reading and writing it."""

    kind = "ref_moved"


class NameTakenError(ConflictError):
    """Another file got a name that was free when it was chosen."""

    kind = "name_taken"


class ForgottenError(EnsessionError):
    """A value was forgotten, so it is not stored again."""

    kind = "forgotten"


class IntegrityError(EnsessionError):
    """What the store holds contradicts itself."""

    kind = "integrity"
    exit_code = 5


class ChunkMissingError(IntegrityError):
    """A payload refers to a chunk that is not in the store."""

    kind = "chunk_missing"


class ChunkCorruptError(IntegrityError):
    """The bytes of a chunk do not match its address."""

    kind = "chunk_corrupt"


class SchemaError(EnsessionError):
    """The file is not a store that this version can work with."""

    kind = "schema"
    exit_code = 6


class StoreTooOldError(SchemaError):
    """The store needs an upgrade that cannot be done here (for example, it is read-only)."""

    kind = "store_too_old"


class StoreTooNewError(SchemaError):
    """The store was written by a newer version of ensession."""

    kind = "store_too_new"


class NotAStoreError(SchemaError):
    """The file is not an ensession store."""

    kind = "not_a_store"


class StoreAccessError(EnsessionError, OSError):
    """The store cannot be read or written: no rights, no room, or an input/output error."""

    kind = "store_access"
    exit_code = 7


class CaptureError(EnsessionError):
    """Something of an execution could not be recorded."""

    kind = "capture"
    exit_code = 8


class UnserializableError(CaptureError):
    """A value has no serialised form; the message says which part of it and why."""

    kind = "unserializable"


class PlanError(EnsessionError):
    """No plan leads to the requested state."""

    kind = "plan"
    exit_code = 9


class UnreachableVariableError(PlanError):
    """A variable can be neither loaded nor recomputed."""

    kind = "unreachable_variable"


class RestoreError(EnsessionError):
    """A plan could not be carried out; the live namespace is as it was."""

    kind = "restore"
    exit_code = 10


class ReplayFailedError(RestoreError):
    """A cell that was run again did not end as it did the first time."""

    kind = "replay_failed"


class LoadFailedError(RestoreError):
    """A payload could not be turned back into objects."""

    kind = "load_failed"


class HiddenStateError(RestoreError):
    """Some hidden state (settings of libraries) can't be put back here; the message says what."""

    kind = "hidden_state"


class TrustError(EnsessionError):
    """The store may not run code here until the user says so."""

    kind = "trust"
    exit_code = 11


class SyncError(EnsessionError):
    """Two stores could not be brought together."""

    kind = "sync"
    exit_code = 12


class StoreReplacedError(SyncError):
    """Another file has a store's name by now, or none has it."""


class IncompleteTransferError(SyncError):
    """Values did not come across, and everything else did."""


class HistoryRewrittenError(SyncError):
    """Executions that both copies of a store had are not in one of them any more."""


class RunError(EnsessionError):
    """A notebook did not run to its end; what it did until then is recorded."""

    kind = "run"
    exit_code = 13


class CellFailedError(RunError):
    """A cell raised."""

    kind = "cell_failed"


class CellTimeoutError(RunError):
    """A cell took longer than it may."""

    kind = "cell_timeout"
    exit_code = 14


class RunInterruptedError(RunError):
    """Somebody stopped it."""

    kind = "interrupted"
    exit_code = 130


class KernelDiedError(RunError):
    """The kernel's process ended, or could not be started."""

    kind = "kernel_died"
    exit_code = 15
