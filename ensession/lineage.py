"""Who made it, and who used it: closures over the application history graph. Pure: no I/O, no clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ensession.model import ExecutionId, Graph, VersionId


@dataclass(frozen=True, slots=True)
class Use:
    """An execution used what another one made.

    Attributes
    ----------
    names : tuple[str, ...]
        What it used, sorted.
    """

    maker: ExecutionId
    user: ExecutionId
    names: tuple[str, ...]


def needed_executions(graph: Graph, versions: Iterable[VersionId]) -> frozenset[ExecutionId]:
    """Return the executions that some versions come from: their makers, what those used, and so on.

    Run again in history order, and nothing else beside them, each finds the versions that it used the first time:
    whatever bound one of its names in between was used by it, and so is among them.
    """
    executions = {execution.id: execution for execution in graph.executions}
    todo, seen, found = list(versions), set[VersionId](), set[ExecutionId]()
    while todo:
        version = graph.versions.get(todo.pop())
        if version is None or version.id in seen:
            continue
        seen.add(version.id)
        todo += version.requires
        if version.execution not in found and version.execution in executions:
            found.add(version.execution)
            todo += executions[version.execution].reads
    return frozenset(found)


def dependent_executions(graph: Graph, execution: ExecutionId) -> frozenset[ExecutionId]:
    """Return the executions that used what an execution made, or what came of it; itself is not among them."""
    reached, found = set[VersionId](), set[ExecutionId]()
    for one in graph.executions:  # in history order: what is used was made before
        if one.id == execution:
            reached.update(one.produces)
        elif not reached.isdisjoint(one.reads) or any(
            not reached.isdisjoint(graph.versions[version].requires) for version in one.produces
        ):
            found.add(one.id)
            reached.update(one.produces)
    return frozenset(found)


def uses(graph: Graph, among: Collection[ExecutionId]) -> list[Use]:
    """Return who of some executions used what of whom, by user and maker."""
    names: dict[tuple[ExecutionId, ExecutionId], set[str]] = defaultdict(set)
    for execution in graph.executions:
        if execution.id not in among:
            continue
        required = {one for version in execution.produces for one in graph.versions[version].requires}
        for version in {*execution.reads, *required}:
            node = graph.versions.get(version)
            if node is not None and node.execution in among and node.execution != execution.id:
                names[execution.id, node.execution].update(node.names)
    return [Use(maker, user, tuple(sorted(names[user, maker]))) for user, maker in sorted(names)]
