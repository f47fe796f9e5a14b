"""What the user should know of a store's place: a network file system, a log that stayed where the file came from."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from ensession.processes import is_alive
from ensession.store.engine import Database
from ensession.store.mounts import network_kind

_WAL_BYTE = 18
"""Of the header: 2 says that a store is written through a log beside it."""
_LOGGED = b"\x02"
_LAST_RUN = "SELECT hostname, pid, cwd FROM kernel_run WHERE ended_at IS NULL AND id = (SELECT max(id) FROM kernel_run)"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What was found at a place before the store there was opened: opening makes a log beside it.

    Attributes
    ----------
    network : str or None
        The kind of network file system.
    lacks_log : bool
        It is written through a log, and none lies beside it.
    is_alone : bool
        Nothing lies beside it that whoever has it open for writing would keep there.
    """

    network: str | None = None
    lacks_log: bool = False
    is_alone: bool = False


def look_at(path: Path) -> Whereabouts:
    """Look at a store file that is about to be opened."""
    log = Path(f"{path}-wal")
    with path.open("rb") as file:
        is_logged = file.read(_WAL_BYTE + 1)[_WAL_BYTE:] == _LOGGED
    is_alone = not any(Path(f"{path}{suffix}").exists() for suffix in ("-wal", "-shm", "-journal"))
    return Whereabouts(network_kind(path), is_logged and not (log.exists() and log.stat().st_size), is_alone)


def caveats(database: Database, found: Whereabouts) -> tuple[str, ...]:
    """Return sentences on what was found, for the user."""
    told, path = [], database.path
    if found.network is not None:
        told.append(
            f"{path} is on a network file system ({found.network}): it is written without a log beside it, which is "
            "slower; record into it from one machine at a time, or keep it on a local disk and use %ens autosync"
        )
    if found.lacks_log:
        for host, pid, folder in database.rows(_LAST_RUN):
            makes_sense = isinstance(host, str) and isinstance(pid, int) and isinstance(folder, str)
            if makes_sense and not _is_at_home(path, host, pid, folder):
                told.append(
                    f"the last kernel on {path} (process {pid} on {host}, in {folder}) was killed. If a "
                    f"{path.name}-wal lies where the file came from, it holds the last cells: ens copy takes it in"
                )
    return tuple(told)


def _is_at_home(path: Path, host: str, pid: int, folder: str) -> bool:
    """Whether a store is where that process recorded into it, or the process is still at work on this machine."""
    return host == socket.gethostname() and (is_alive(pid) or path.absolute().is_relative_to(folder))
