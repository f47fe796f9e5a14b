"""The part of the application history graph that a plan decided on, as rows and arcs. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ensession.model import HIDDEN_PREFIX, ExecutionId, Graph, Plan, Step, VersionId


class PlanKind(StrEnum):
    """What happens to what a row stands for."""

    LOAD = "load"
    RUN = "run"
    KEEP = "keep"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One row of the drawing.

    Attributes
    ----------
    names : tuple of str
        What is loaded, kept or missing; of a run: what it makes that is needed.
    needs : tuple of str
        The names that a run reads.
    n_bytes : int or None
        None for a run.
    reason : str
        Why something is missing.
    """

    kind: PlanKind
    execution: ExecutionId
    names: tuple[str, ...]
    needs: tuple[str, ...] = ()
    n_bytes: int | None = None
    cost_s: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Arc:
    """What one row provides and later rows read: a line down a lane, with an arrow into each reader.

    Attributes
    ----------
    lane : int
        0 is next to the rows.
    """

    source: int
    readers: tuple[int, ...]
    lane: int


@dataclass(frozen=True, slots=True)
class PlanLayout:
    """A drawing: rows from top to bottom, in the order of the history, and arcs beside them."""

    rows: tuple[PlanRow, ...]
    arcs: tuple[Arc, ...]

    @property
    def n_lanes(self) -> int:
        """How many lanes the arcs take."""
        return 1 + max((arc.lane for arc in self.arcs), default=-1)


def lay_out_plan(plan: Plan, graph: Graph, aside: Collection[VersionId] = ()) -> PlanLayout:
    """Place a plan: first what is live, then its steps, at the end what is missing.

    Parameters
    ----------
    plan : Plan
    graph : Graph
    aside : collection of VersionId
        Versions whose loading gets no row.
    """
    runs = {execution.id: execution for execution in graph.executions if execution.id in set(plan.runs)}
    made = {version: run.id for run in runs.values() for version in run.produces}
    loaded = set(plan.loads)
    needed = set(graph.state.values()) | {version for run in runs.values() for version in run.reads}
    # What stands for a version that can't come back is made by a cell that runs anyway.
    brought = loaded | made.keys() | plan.missing.keys() | plan.renewed.keys()
    kept = [v for v in sorted(needed) if v in graph.versions and v not in brought]
    rows = [_version_row(PlanKind.KEEP, graph, version) for version in kept]
    place: dict[VersionId, int] = {version: index for index, version in enumerate(kept)}
    steps = [step for step in plan.steps if step.version is None or step.version not in aside]
    for step in steps:
        produces = runs[step.execution].produces if step.version is None else (step.version,)
        # A version that is made and loaded as well is read from its payload.
        place.update({v: len(rows) for v in produces if step.version is not None or v not in loaded})
        rows.append(_step_row(step, graph, needed))
    rows += [_missing_row(graph, version, reason) for version, reason in plan.missing.items()]
    return PlanLayout(tuple(rows), _arcs(steps, graph, len(kept), place))


def _step_row(step: Step, graph: Graph, needed: set[VersionId]) -> PlanRow:
    if step.version is not None:
        version = graph.versions[step.version]
        return PlanRow(PlanKind.LOAD, step.execution, version.names, n_bytes=version.n_bytes, cost_s=step.cost_s)
    execution = next(one for one in graph.executions if one.id == step.execution)
    made = _names(graph, [version for version in execution.produces if version in needed])
    return PlanRow(PlanKind.RUN, step.execution, made, _names(graph, execution.reads), cost_s=step.cost_s)


def _names(graph: Graph, versions: Iterable[VersionId]) -> tuple[str, ...]:
    """Return the names of versions, without those of hidden state: every cell reads that."""
    found = (name for version in versions if version in graph.versions for name in graph.versions[version].names)
    return tuple(name for name in found if not name.startswith(HIDDEN_PREFIX))


def _version_row(kind: PlanKind, graph: Graph, id_: VersionId) -> PlanRow:
    version = graph.versions[id_]
    return PlanRow(kind, version.execution, version.names, n_bytes=version.n_bytes)


def _missing_row(graph: Graph, id_: VersionId, reason: str) -> PlanRow:
    version = graph.versions.get(id_)
    names = version.names if version else (f"version {id_}",)
    return PlanRow(PlanKind.MISSING, version.execution if version else ExecutionId(0), names, reason=reason)


def _arcs(steps: Sequence[Step], graph: Graph, first: int, place: Mapping[VersionId, int]) -> tuple[Arc, ...]:
    reads = {execution.id: execution.reads for execution in graph.executions}
    readers: dict[int, set[int]] = {}
    for index, step in enumerate(steps, start=first):
        for version in reads[step.execution] if step.version is None else ():
            source = place.get(version)
            if source is not None and source < index:
                readers.setdefault(source, set()).add(index)
    arcs: list[Arc] = []
    free_from: list[int] = []  # the row from which on a lane is free
    for source, found in sorted(readers.items()):
        lane = next((lane for lane, row in enumerate(free_from) if row <= source), len(free_from))
        free_from[lane : lane + 1] = [max(found)]
        arcs.append(Arc(source, tuple(sorted(found)), lane))
    return tuple(arcs)
