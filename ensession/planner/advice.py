"""What is left for what can't be brought back: values that a cell makes anew, and what the user can do. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ensession.model import VersionId, Word
from ensession.planner.situation import Situation


def renewals(situation: Situation, lost: Collection[VersionId]) -> dict[VersionId, VersionId]:
    """Return, for versions that are lost, a version that an execution which always runs makes instead.

    A connection has no serialised form, so every cell that uses it gives it a new version, and some of these cells
    can't be run again. The cell that connects is run by every restore: its connection is what the user wants.
    """
    found = {}
    for version in lost:
        for earlier in _line_of(situation, version):
            if situation.graph.versions[earlier].execution in situation.forced:
                found[version] = earlier
                break
    return found


def advise(situation: Situation, version: VersionId) -> str:
    """Say what the user can do so that a version comes back; empty where nothing helps."""
    graph = situation.graph
    root = graph.versions.get(situation.root_cause(version))
    if root is None:
        return ""
    execution = next((one for one in graph.executions if one.id == root.execution), None)
    if execution is None:  # a damaged store
        return ""
    ways = []
    if execution.no_replay is None and Word.NEVER in execution.words:
        ways.append(f"%ens never --not {execution.id}")
    elif execution.no_replay is None and execution.caution is not None and execution.forbidden is not None:
        ways.append(f"%ens allow {execution.id} lets a restore run that cell again")
    elif execution.id in situation.unrunnable:
        ways.append(f"what cell {execution.id} needs has to be as it was")
    if root.unstorable is None and root.payload is None:
        ways.append(f"%ens pin {' '.join(root.names)} stores it from now on")
    elif root.unstorable is not None:
        ways.append("make it in a cell of its own that begins with %%ens always")
    return "; or ".join(ways)


def _line_of(situation: Situation, version: VersionId) -> Iterator[VersionId]:
    """Yield the versions from which an unstorable one came by being touched, the nearest first."""
    graph = situation.graph
    reads = {c.id: c.reads for c in graph.executions}
    node = graph.versions.get(version)
    while node is not None and node.unstorable is not None:
        names = set(node.names)
        before = [graph.versions[u] for u in reads.get(node.execution, ()) if u in graph.versions]
        node = next((u for u in before if u.unstorable is not None and names <= set(u.names)), None)
        if node is not None:
            yield node.id
