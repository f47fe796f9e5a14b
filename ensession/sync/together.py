"""A store on this machine and another copy of it, brought together in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ensession.config import Config
from ensession.errors import (
    HistoryRewrittenError,
    NotFoundError,
    StoreReplacedError,
    UsageError,
)
from ensession.model import Digest
from ensession.store import Store
from ensession.store.failures import translated
from ensession.store.identity import FileId, file_id
from ensession.sync.address import Address, parse_address
from ensession.sync.peers import Target
from ensession.sync.remote import Reach, existing_or_new
from ensession.sync.shared import NOTHING, Shared
from ensession.sync.transfer import Report, Transferred, transfer

Watch = Callable[[str], AbstractContextManager[Report]]
"""Shows how far a transfer is; gets a label."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What went there, what came from there, and what both copies have now."""

    sent: Transferred
    received: Transferred
    shared: Shared = NOTHING

    @property
    def n_bytes(self) -> int:
        """Bytes of chunks that travelled."""
        return self.sent.n_bytes + self.received.n_bytes


@contextmanager
def unwatched(label: str) -> Iterator[Report]:
    """Show nothing."""
    del label
    yield lambda done, total: None


def other_copy(remote: str, path: Path) -> Address:
    """Read the address of another copy of the store at ``path``.

    Raises
    ------
    UsageError
        It is no address, or that of the store itself.
    """
    address = parse_address(remote)
    if address.host is None and Path(address.path).exists() and path.exists() and path.samefile(address.path):
        raise UsageError(f"{remote} and {path} are the same file; there is nothing to bring together")
    return address


def bring_together(
    path: Path,
    address: Address,
    config: Config,
    reach: Reach | None = None,
    watch: Watch = unwatched,
    only: FileId | None = None,
    shared: Shared = NOTHING,
) -> Exchanged:
    """Give both copies the same content; either is made where it is not there.

    Parameters
    ----------
    path : Path
    address : Address
    config : Config
    reach : Reach, optional
    watch : callable, optional
    only : FileId, optional
        The store at ``path`` must be this very file: a session's own, not what took its place.
    shared : Shared, optional
        What an earlier call said of both copies: what was taken out of one of them since is not brought back.

    Raises
    ------
    SchemaError, StoreAccessError, StoreBusyError, SyncError, IntegrityError
    StoreReplacedError
        It is another file, or there is none; nothing was touched.
    HistoryRewrittenError
        Something was forgotten in one of the copies; it was not brought back.
    """
    if only is not None:
        _require(path, _found(path), only)  # before it is opened: an older store would be upgraded
    with _opened(path, config, only) as here, existing_or_new(address, config, reach) as (source, target):
        known = shared if source.heads() else NOTHING  # a copy that is begun anew gets all of it again
        _require_whole(here.importer, known.executions, path)
        _require_whole(target, known.executions, address)
        before = here.exporter.heads()
        with watch(f"to {address}") as report:
            sent = transfer(here.exporter, target, report, known)
        _require_whole(here.importer, [*known.executions, *before], path)
        told = known.names.after(sent.named, sent.refs)
        with watch(f"from {address}") as report:
            received = transfer(source, here.importer, report, replace(known, names=told))
        names = told.after(received.named, received.refs).held(sent.named, received.named)
        both = known.with_more(sent.offered, received.offered)
        return Exchanged(sent, received, replace(both, executions=_shared(here, target, before), names=names))


def _require_whole(copy: Target, shared: Sequence[Digest], where: object) -> None:
    """Make sure that a copy still has what it had: forgetting gives all that comes after it other digests."""
    if shared and copy.unknown(shared):
        raise HistoryRewrittenError(
            f"{where} lacks what both copies had. Where something was forgotten in it, the other copy would bring that "
            "back: forget it in both, or delete the other copy. Or an older copy has taken its place"
        )


def _shared(here: Store, target: Target, before: Sequence[Digest]) -> tuple[Digest, ...]:
    """Return the ends of lines that are in both copies: those that went there, and those that came from there."""
    later = [digest for digest in here.exporter.heads() if digest not in before]
    not_there = set(target.unknown(later))
    return (*before, *(digest for digest in later if digest not in not_there))


@contextmanager
def _opened(path: Path, config: Config, only: FileId | None) -> Iterator[Store]:
    if only is None:
        with Store.create_or_open(path, config) as store:
            yield store
        return
    try:
        opened = Store.open(path, config)
    except NotFoundError:  # it went since the first look
        _require(path, None, only)
        raise
    with opened as store:
        _require(path, store.file_id, only)
        yield store


def _found(path: Path) -> FileId | None:
    with translated(path):
        return file_id(path) if path.exists() else None


def _require(path: Path, found: FileId | None, only: FileId) -> None:
    if found != only:
        what = "there is no file there" if found is None else "another file is there"
        raise StoreReplacedError(f"{path}: {what} now; the session's own was deleted, moved away or replaced")
