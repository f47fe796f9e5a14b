"""Lineage as networkx graphs: which cells made it, and what depends on a cell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ensession.browse.source import Source
from ensession.lineage import Use, dependent_executions, needed_executions, uses
from ensession.model import Execution, ExecutionId, VersionId

if TYPE_CHECKING:
    import networkx


def lineage(source: Source, target: ExecutionId, version: VersionId) -> networkx.DiGraph:
    """Return the executions that a version comes from, each pointing at those that used what it made."""
    return _graph(*lineage_parts(source, target, version))


def lineage_parts(source: Source, target: ExecutionId, version: VersionId) -> tuple[list[Execution], list[Use]]:
    """Return the executions that a version comes from, and what each used of which."""
    graph = source.graph(target)
    found = needed_executions(graph, [version])
    return source.executions(found), uses(graph, found)


def dependents(source: Source, execution: ExecutionId) -> networkx.DiGraph:
    """Return an execution and all that depends on it, on every branch."""
    return _graph(*dependents_parts(source, execution))


def dependents_parts(source: Source, execution: ExecutionId) -> tuple[list[Execution], list[Use]]:
    """Return an execution and all that depends on it on every branch, and what each used of which."""
    found, told = {source.store.history.execution(execution).id}, dict[tuple[ExecutionId, ExecutionId], Use]()
    for head in source.store.history.heads():
        graph = source.graph(head)
        if all(one.id != execution for one in graph.executions):
            continue
        here = {execution, *dependent_executions(graph, execution)}
        found |= here
        told |= {(use.maker, use.user): use for use in uses(graph, here)}
    return source.executions(frozenset(found)), [told[key] for key in sorted(told)]


def _graph(executions: Iterable[Execution], found: Iterable[Use]) -> networkx.DiGraph:
    import networkx

    graph = networkx.DiGraph()
    for one in executions:
        graph.add_node(
            int(one.id), code=one.code, kind=one.kind.value, outcome=one.outcome.value, runtime_s=one.runtime_s
        )
    for use in found:
        graph.add_edge(int(use.maker), int(use.user), names=use.names)
    return graph
