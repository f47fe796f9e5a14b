"""The two ends of a transfer. A store on this machine and one behind a pipe look the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ensession.errors import ForgottenError, IntegrityError, NotFoundError
from ensession.model import Digest
from ensession.model.parcels import (
    ChunkParcel,
    ExecutionParcel,
    PayloadParcel,
    RefChange,
    RefParcel,
    RefsBrought,
    RunEnd,
    VersionKey,
)

GONE = (NotFoundError, ForgottenError)
"""What a target says of a payload that it has no place for any more."""
DAMAGED = (IntegrityError,)
"""What a target says of a chunk or a payload that is not what it should be; all others can come nevertheless."""


class Source(Protocol):
    """A store that is read (:class:`ensession.store.Exporter`)."""

    def heads(self) -> list[Digest]:
        """Return the executions without children."""

    def line(self, head: Digest, limit: int, /) -> list[Digest]:
        """Return an execution and its nearest ancestors, ``limit`` in all, children first."""

    def executions(self, digests: Sequence[Digest], /) -> list[ExecutionParcel]:
        """Return the first of some executions: at least one, and no more than fit into one message."""

    def payload_keys(self, after: int, limit: int, /) -> tuple[list[VersionKey], int]:
        """Return a page of the versions that have a payload, and where the next page begins (0: nowhere)."""

    def payload(self, key: VersionKey, /) -> PayloadParcel:
        """Return the payload of a version; :class:`NotFoundError` where it is gone."""

    def chunks(self, addresses: Sequence[bytes], /) -> list[ChunkParcel]:
        """Return those of the chunks that are there, in any order."""

    def refs(self) -> list[RefParcel]:
        """Return all tags and branches."""

    def forbidden(self) -> list[Digest]:
        """Return the executions that must not run again; nothing where nobody can say."""

    def ignored(self) -> list[str]:
        """Return the variables that are ignored; nothing where nobody can say."""

    def run_ends(self, uids: Sequence[str], /) -> list[RunEnd]:
        """Return when some kernel runs ended; nothing where that is not known, or nobody can say."""


class Target(Protocol):
    """A store that is written (:class:`ensession.store.Importer`)."""

    def unknown(self, digests: Sequence[Digest], /) -> list[Digest]:
        """Return those of the executions that are not there."""

    def add_executions(self, parcels: Sequence[ExecutionParcel], /) -> int:
        """Add executions, parents first, in one transaction; return how many were new."""

    def missing_payloads(self, keys: Sequence[VersionKey], /) -> list[VersionKey]:
        """Return the versions whose execution is there and whose payload is not."""

    def missing_chunks(self, addresses: Sequence[bytes], /) -> list[bytes]:
        """Return those of the chunks that are not there."""

    def add_chunks(self, parcels: Sequence[ChunkParcel], /) -> int:
        """Add chunks in one transaction; those that are damaged are left out, and said of them is :data:`DAMAGED`."""

    def add_payload(self, parcel: PayloadParcel, /) -> object:
        """Make a payload exist where all of its chunks are there; :meth:`missing_payloads` tells whether it does.

        It may raise :class:`NotFoundError` where the execution is not there (any more), or the value was forgotten.
        """

    def add_refs(self, refs: Sequence[RefParcel], /) -> RefsBrought:
        """Add tags and branches; those that stand for something else already are kept under a second name."""

    def change_refs(self, changes: Sequence[RefChange], /) -> RefsBrought:
        """Change tags and branches that are still what both copies had; nothing is done where nobody listens."""

    def open_runs(self) -> list[str]:
        """Return the kernel runs that have not ended, as far as is known there; nothing where nobody can say."""

    def add_run_ends(self, ends: Sequence[RunEnd], /) -> int:
        """Take note that kernel runs ended; return of how many that was not known."""

    def forbid(self, digests: Sequence[Digest], /) -> int:
        """Say of executions that they must not run again; return of how many that was new, 0 where nobody listens."""

    def ignore(self, names: Sequence[str], /) -> int:
        """Say of variables that they are ignored; return of how many that was new, 0 where nobody listens."""
