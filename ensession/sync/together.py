"""A store on this machine and another copy of it, brought together in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ensession.config import Config
from ensession.errors import UsageError
from ensession.sync.address import Address, parse_address
from ensession.sync.remote import Reach, existing_or_new
from ensession.sync.transfer import Report, Transferred, transfer

Watch = Callable[[str], AbstractContextManager[Report]]
"""Shows how far a transfer is; gets a label."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What went there, and what came from there."""

    sent: Transferred
    received: Transferred

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
    path: Path, address: Address, config: Config, reach: Reach | None = None, watch: Watch = unwatched
) -> Exchanged:
    """Give both copies the same content; either is made where it is not there.

    Raises
    ------
    SchemaError, StoreAccessError, StoreBusyError, SyncError, IntegrityError
    """
    here_at = Address(str(path))
    with existing_or_new(here_at, config) as here, existing_or_new(address, config, reach) as there:
        with watch(f"to {address}") as report:
            sent = transfer(here[0], there[1], report)
        with watch(f"from {address}") as report:
            received = transfer(there[0], here[1], report)
    return Exchanged(sent, received)
