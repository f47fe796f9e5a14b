"""A store's lines of history as the planner sees them here and now, and what is lost when something goes."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ensession.model import ExecutionId, VersionId
from ensession.planner.retention import Line, obtainable
from ensession.planner.situation import Situation
from ensession.processes import has_open, is_alive
from ensession.session.checks import look_around
from ensession.store import Store
from ensession.trust import Keyring, own_words


@dataclass(frozen=True, slots=True)
class Loss:
    """A variable version that can't be had any more.

    Attributes
    ----------
    names : tuple[str, ...]
    execution : ExecutionId
        Whose state is the first without it.
    reason : str
    """

    version: VersionId
    names: tuple[str, ...]
    execution: ExecutionId
    reason: str

    def __str__(self) -> str:
        return f"{', '.join(self.names)} of cell {self.execution}: {self.reason}"


def read_lines(store: Store, keyring: Keyring) -> list[Line]:
    """Return all lines of history, with what can't be run again here and now; runs nothing."""
    lines = []
    for head in store.history.heads():
        graph = own_words(store, keyring, store.history.graph(head))
        lines.append(Line(graph, look_around(store, graph).unrunnable))
    return lines


def losses(
    lines: Sequence[Line],
    dropped: Collection[VersionId],
    unverifiable: Collection[VersionId] = (),
    unrunnable: Mapping[ExecutionId, str] | None = None,
) -> list[Loss]:
    """Return the versions that can be had now and can't when some payloads and executions are gone.

    Parameters
    ----------
    lines : sequence of Line
    dropped : collection of VersionId
    unverifiable : collection of VersionId
        Versions that nobody could tell from others if they were made again.
    unrunnable : mapping of ExecutionId to str, optional
        Executions that can't be run any more, and why.
    """
    after = [replace(line, unrunnable={**line.unrunnable, **(unrunnable or {})}) for line in lines]
    uncertain = set(dropped).intersection(unverifiable)
    lost = obtainable(lines) - obtainable(after, dropped) | uncertain
    found: dict[VersionId, Loss] = {}
    for line in after if lost else ():
        situation = Situation(line.graph, dict.fromkeys(dropped, "its stored value is gone"), line.unrunnable)
        for version in sorted(lost.intersection(line.graph.versions).difference(found)):
            node = line.graph.versions[version]
            sure = version not in situation.obtainable
            reason = situation.why_missing(version) if sure else "made again, nobody could tell it from another value"
            found[version] = Loss(version, node.names, node.execution, reason)
    return [found[version] for version in sorted(found)]


def writers(runs: Iterable[tuple[str, int]], path: Path) -> list[int]:
    """Return those processes of this machine, other than this one, that record into the store now.

    A copy holds the runs of the original, whose processes do not write to it.

    Parameters
    ----------
    runs : iterable of (str, int)
        Host name and process of the kernel runs that have not ended, as far as the store knows.
    path : Path
        The store.
    """
    here = socket.gethostname()
    alive = {pid for host, pid in runs if host == here and pid != os.getpid() and is_alive(pid)}
    return sorted(pid for pid in alive if has_open(pid, path))
