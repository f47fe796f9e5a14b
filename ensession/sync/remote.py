"""A copy on another machine, reached by ssh: the other side runs ``ens serve-stdio`` meanwhile, and no daemon."""

from __future__ import annotations

import shlex
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ensession.config import Config
from ensession.errors import SchemaError, StoreAccessError, SyncError
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
from ensession.store import Store
from ensession.store.migrate import REVISIONS
from ensession.sync.address import Address
from ensession.sync.peers import DAMAGED, GONE, Source, Target
from ensession.sync.wire import PROTOCOL, Asker, Hello, Pipe

_PATIENCE_S = 10.0
_TOLD_CHARS = 500


@dataclass(frozen=True, slots=True)
class Reach:
    """How the other machine is reached.

    Attributes
    ----------
    ssh : tuple[str, ...]
        The command that connects, without the host.
    ens : str
        The command ``ens`` over there, as its shell takes it.
    """

    ssh: tuple[str, ...] = ("ssh",)
    ens: str = "ens"


class RemoteSource:
    """A store behind a pipe, to be read (:class:`~ensession.sync.peers.Source`)."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def heads(self) -> list[Digest]:
        """Ask for the executions without children."""
        return cast(list[Digest], self._asker.ask("heads"))

    def line(self, head: Digest, limit: int) -> list[Digest]:
        """Ask for an execution and its nearest ancestors."""
        return cast(list[Digest], self._asker.ask("line", head, limit))

    def executions(self, digests: Sequence[Digest]) -> list[ExecutionParcel]:
        """Ask for executions."""
        return cast(list[ExecutionParcel], self._asker.ask("executions", digests))

    def payload_keys(self, after: int, limit: int) -> tuple[list[VersionKey], int]:
        """Ask for the versions that have a payload."""
        return cast(tuple[list[VersionKey], int], self._asker.ask("payload_keys", after, limit))

    def payload(self, key: VersionKey) -> PayloadParcel:
        """Ask for a payload."""
        return cast(PayloadParcel, self._asker.ask("payload", key))

    def chunks(self, addresses: Sequence[bytes]) -> list[ChunkParcel]:
        """Ask for chunks."""
        return cast(list[ChunkParcel], self._asker.ask("chunks", addresses))

    def refs(self) -> list[RefParcel]:
        """Ask for tags and branches."""
        return cast(list[RefParcel], self._asker.ask("refs"))

    def forbidden(self) -> list[Digest]:
        """Ask which executions must not run again."""
        return cast(list[Digest], self._asker.ask("forbidden")) if self._asker.knows("forbidden") else []

    def ignored(self) -> list[str]:
        """Ask which variables are ignored."""
        return cast(list[str], self._asker.ask("ignored")) if self._asker.knows("ignored") else []

    def run_ends(self, uids: Sequence[str]) -> list[RunEnd]:
        """Ask when kernel runs ended."""
        return cast(list[RunEnd], self._asker.ask("run_ends", uids)) if self._asker.knows("run_ends") else []


class RemoteTarget:
    """A store behind a pipe, to be written (:class:`~ensession.sync.peers.Target`)."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def unknown(self, digests: Sequence[Digest]) -> list[Digest]:
        """Ask which executions are not there."""
        return cast(list[Digest], self._asker.ask("unknown", digests)) if digests else []

    def add_executions(self, parcels: Sequence[ExecutionParcel]) -> int:
        """Send executions."""
        return cast(int, self._asker.ask("add_executions", parcels))

    def missing_payloads(self, keys: Sequence[VersionKey]) -> list[VersionKey]:
        """Ask which payloads are not there."""
        return cast(list[VersionKey], self._asker.ask("missing_payloads", keys)) if keys else []

    def missing_chunks(self, addresses: Sequence[bytes]) -> list[bytes]:
        """Ask which chunks are not there."""
        return cast(list[bytes], self._asker.ask("missing_chunks", addresses)) if addresses else []

    def add_chunks(self, parcels: Sequence[ChunkParcel]) -> int:
        """Send chunks, and do not wait until they are written; those that are damaged are passed over."""
        self._asker.tell("add_chunks", parcels, passing_over=DAMAGED)
        return len(parcels)

    def add_payload(self, parcel: PayloadParcel) -> None:
        """Send a payload's list of chunks, and do not wait until it exists; pass over a forgotten or damaged one."""
        self._asker.tell("add_payload", parcel, passing_over=(*GONE, *DAMAGED))

    def add_refs(self, refs: Sequence[RefParcel]) -> RefsBrought:
        """Send tags and branches."""
        return cast(RefsBrought, self._asker.ask("add_refs", refs))

    def change_refs(self, changes: Sequence[RefChange]) -> RefsBrought:
        """Tell how tags and branches were changed that both copies had."""
        if not self._asker.knows("change_refs"):
            return RefsBrought()
        return cast(RefsBrought, self._asker.ask("change_refs", changes))

    def forbid(self, digests: Sequence[Digest]) -> int:
        """Tell that executions must not run again."""
        return cast(int, self._asker.ask("forbid", digests)) if self._asker.knows("forbid") else 0

    def ignore(self, names: Sequence[str]) -> int:
        """Tell that variables are ignored."""
        return cast(int, self._asker.ask("ignore", names)) if self._asker.knows("ignore") else 0

    def open_runs(self) -> list[str]:
        """Ask which kernel runs have not ended, as far as is known there."""
        return cast(list[str], self._asker.ask("open_runs")) if self._asker.knows("open_runs") else []

    def add_run_ends(self, ends: Sequence[RunEnd]) -> int:
        """Tell that kernel runs ended."""
        return cast(int, self._asker.ask("add_run_ends", ends))


@contextmanager
def existing(address: Address, config: Config, reach: Reach | None = None) -> Iterator[tuple[Source, Target]]:
    """Open the copy at an address, as both ends of a transfer.

    Raises
    ------
    NotFoundError, SchemaError, StoreAccessError
    SyncError
        The other machine can't be reached, or has no ensession.
    """
    if address.host is None:
        with open_source(Path(address.path), config) as store:
            yield store.exporter, store.importer
    else:
        with _remote(address, reach or Reach(), "--existing") as ends:
            yield ends


@contextmanager
def existing_or_new(address: Address, config: Config, reach: Reach | None = None) -> Iterator[tuple[Source, Target]]:
    """Open the copy at an address, as both ends of a transfer; begin one where there is none.

    Raises
    ------
    SchemaError, StoreAccessError
    SyncError
        The other machine can't be reached, or has no ensession.
    """
    if address.host is None:
        with Store.create_or_open(address.path, config) as store:
            yield store.exporter, store.importer
    else:
        with _remote(address, reach or Reach(), "--create") as ends:
            yield ends


def open_source(path: Path, config: Config) -> Store:
    """Open a store that is only read; where it may be written to an older one is upgraded.

    Raises
    ------
    NotFoundError, SchemaError, StoreBusyError, StoreAccessError
    """
    try:
        return Store.open(path, config)
    except StoreAccessError:
        return Store.open_read_only(path, config)


@contextmanager
def _remote(address: Address, reach: Reach, mode: str) -> Iterator[tuple[Source, Target]]:
    process = subprocess.Popen(  # noqa: S603 - the command is the user's own ssh, the host was checked
        _command(address, reach, mode), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    told = _Listener(cast(BinaryIO, process.stderr))
    asker = Asker(Pipe(cast(BinaryIO, process.stdout), cast(BinaryIO, process.stdin)), told.text)
    try:
        _check(asker.hello(), address)
        yield RemoteSource(asker), RemoteTarget(asker)
    finally:
        _end(process)
        told.close()


def _command(address: Address, reach: Reach, mode: str) -> list[str]:
    options = ["-p", str(address.port)] if address.port else []
    options += ["-l", address.user] if address.user else []
    # The other side's shell expands a leading ~/ and nothing else.
    path = f"~/{shlex.quote(address.path[2:])}" if address.path.startswith("~/") else shlex.quote(address.path)
    return [*reach.ssh, *options, "--", str(address.host), f"{reach.ens} serve-stdio {mode} {path}"]


def _check(hello: Hello, address: Address) -> None:
    if hello.protocol != PROTOCOL:
        raise SyncError(f"{address}: ensession speaks protocol {hello.protocol} there and {PROTOCOL} here; upgrade one")
    if hello.store_format != len(REVISIONS):
        raise SchemaError(
            f"{address}: stores have format {hello.store_format} there and {len(REVISIONS)} here; upgrade the older "
            "ensession"
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # what was not sent yet has nobody to read it
                continue
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _Listener:
    """Keeps the last of what the other side says on its error stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._tail = b""
        self._thread = threading.Thread(target=self._listen, name="ensession errors", daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Return it, ready to go behind a sentence; waits a moment for the last words."""
        self._thread.join(1.0)
        words = " ".join(self._tail.decode(errors="replace").split())
        return f" ({words})" if words else ""

    def close(self) -> None:
        """Stop listening."""
        self._thread.join(1.0)
        self._stream.close()

    def _listen(self) -> None:
        while piece := self._stream.read1(4096):  # type: ignore[attr-defined]
            self._tail = (self._tail + piece)[-_TOLD_CHARS:]
