"""Where this process runs, and how that compares with where a state was recorded."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import socket
import sys
from collections.abc import Iterable

from ensession.environments import differences, distributions, imported
from ensession.model import Environment, EnvironmentDifference, ExecutionId, KernelRun, KernelRunId
from ensession.processes import is_alive
from ensession.store import Store

_CODE = ("py", "so", "pyd")


def environment() -> Environment:
    """Describe this process: interpreter, platform, installed packages."""
    return Environment(
        python=platform.python_version(),
        implementation=sys.implementation.name,
        platform=platform_name(),
        hostname=socket.gethostname(),
        pid=os.getpid(),
        cwd=present_folder() or "",
        packages=installed_packages(sys.path),
    )


def present_folder() -> str | None:
    """Return the working directory; None where it was removed under the process, by a cell perhaps."""
    try:
        return os.getcwd()
    except OSError:
        return None


def platform_name() -> str:
    """Return what :func:`platform.platform` does.

    On Linux that starts a process to ask for the kind of processor, which kernels of today don't tell.
    """
    if platform.system() != "Linux":
        return platform.platform()
    return f"Linux-{platform.release()}-{platform.machine()}-with-{''.join(platform.libc_ver())}"


def installed_packages(places: Iterable[str]) -> dict[str, str]:
    """Return the distributions in some folders and their versions, by the names of their metadata folders.

    Parsing the metadata itself takes fifty times as long, which a user would feel at every start.
    """
    found: dict[str, str] = {}
    for place in places:
        for folder in _entries(place):
            if folder.endswith(".dist-info"):
                name, _, version = folder.removesuffix(".dist-info").rpartition("-")
                found.setdefault(name.replace("_", "-"), version)
    return dict(sorted(found.items()))


def importable(places: Iterable[str]) -> frozenset[str]:
    """Return the names under which something outside the standard library may be imported from some folders."""
    found: set[str] = set()
    for place in places:
        for name, _, suffix in (entry.partition(".") for entry in _entries(place)):
            if name.isidentifier() and (not suffix or suffix.endswith(_CODE)):
                found.add(name)
    return frozenset(found) - sys.stdlib_module_names


def _entries(place: str) -> list[str]:
    try:
        return sorted(os.listdir(place))
    except OSError:  # no folder, or not ours to read: nothing can be imported from it
        return []


def alive_here(runs: Iterable[KernelRun]) -> list[int]:
    """Return the processes of this machine, this one aside, that are attached to a store, as far as it can be told."""
    host, own = socket.gethostname(), os.getpid()
    places = (one.environment for one in runs if one.ended_at is None)
    return sorted({one.pid for one in places if one.hostname == host and one.pid != own and is_alive(one.pid)})


class Comparison:
    """Compares this process with the kernel runs of a store; reads no payload.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: dict[KernelRunId, tuple[EnvironmentDifference, ...]] = {}

    def with_execution(self, id_: ExecutionId) -> tuple[EnvironmentDifference, ...]:
        """Return in what this process differs from the one that an execution ran in."""
        run = self._store.history.execution(id_).run
        if run not in self._found:
            here = environment()
            # Without its run it is damaged, and whoever restores it says so.
            recorded = next((one.environment for one in self._store.history.runs() if one.id == run), here)
            found = differences(recorded, here)
            # What the session uses takes a look at its cells: only where there is anything to tell.
            self._found[run] = differences(recorded, here, self._used(id_)) if found else found
        return self._found[run]

    def _used(self, id_: ExecutionId) -> frozenset[str]:
        """Return the distributions that a state's cells import and its variables' types come from."""
        history = self._store.history
        packages = imported(history.execution(one.id).code for one in history.graph(id_).executions)
        types = (binding.summary.type_name for binding in history.state(id_).values())
        packages |= {name.partition(".")[0] for name in types if "." in name}
        return distributions(packages, importlib.metadata.packages_distributions())
