"""The planner: which versions to load and which executions to run again. Pure: no I/O, no clock.

The choice is a minimum cut: an execution on the source's side is run, and a needed version whose execution is on
the other side is loaded.

References
----------
Z. Li, P. Gor, R. Prabhu, H. Yu, Y. Mao, Y. Park: *ElasticNotebook: Enabling Live Migration for Computational
Notebooks*, PVLDB 17(2), 2023, section 5 (application history graph, reduction to minimum cut).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from math import inf

from ensession.model import (
    ExecutionId,
    ExecutionKind,
    Graph,
    GraphExecution,
    Plan,
    Step,
    StepKind,
    VersionId,
)
from ensession.planner.advice import advise, renewals
from ensession.planner.costs import CostModel
from ensession.planner.cut import SINK, SOURCE, UNCUTTABLE, Network
from ensession.planner.situation import Situation, only_loaded


def plan(  # noqa: PLR0913 - each says one thing about here and now
    graph: Graph,
    target: ExecutionId | None,
    costs: CostModel,
    *,
    wanted: Collection[VersionId] | None = None,
    unloadable: Mapping[VersionId, str] | None = None,
    unrunnable: Mapping[ExecutionId, str] | None = None,
    live: Collection[VersionId] = (),
    unfaithful: Collection[VersionId] = (),
    done: Collection[ExecutionId] = (),
) -> Plan:
    """Find the cheapest way to bring versions back.

    A version can be loaded, or comes with running its execution again, which needs all that the execution read.
    A version that is needed needs what it requires. Among equally cheap plans, that with the fewest executions is
    chosen (it is unique), so a tie between loading and running is a load.

    Parameters
    ----------
    graph : Graph
        The history up to the target.
    target : ExecutionId or None
        Recorded in the plan.
    costs : CostModel
    wanted : Collection[VersionId], optional
        Versions to bring; by default all of the target state.
    unloadable : Mapping[VersionId, str], optional
        Versions whose payload is of no use here, and why (a load that failed, another Python).
    unrunnable : Mapping[ExecutionId, str], optional
        Executions that can't be run again here, and why (a file that is gone), besides those with ``no_replay``.
    live : Collection[VersionId]
        Versions whose value is in the session. A wanted one is kept and gets no step, whatever else is run; an
        execution that is run again gets the live value too, unless it bound one of its names anew and so may
        have changed it: then a fresh one is made.
    unfaithful : Collection[VersionId]
        Versions that come out wrong when their execution is run again: they are always loaded.
    done : Collection[ExecutionId]
        Executions whose work is done in this process. Other executions that the user wants to run always are part of
        the plan, with all that they need, whatever is wanted.

    Returns
    -------
    Plan
        Steps in history order: for each execution its run, if any, then the loads placed after it.

    References
    ----------
    Li et al., *ElasticNotebook*, PVLDB 17(2), 2023, section 5.
    """
    loaded = only_loaded(graph, unloadable or {})
    wrong, ended = loaded.union(unfaithful), frozenset(done)
    here = (unloadable or {}, unrunnable or {}, frozenset(live), wrong, ended, loaded.difference(unfaithful))
    return _plan_in(Situation(graph, *here), target, set(graph.state.values() if wanted is None else wanted), costs)


def _plan_in(situation: Situation, target: ExecutionId | None, wanted: set[VersionId], costs: CostModel) -> Plan:
    wished = wanted.difference(situation.live)
    goal = wished & situation.obtainable
    runs = _choose_runs(situation, goal, costs)
    steps = tuple(_steps(situation, goal, runs, costs))
    lost = sorted(wished - goal)
    renewed = renewals(situation, lost)
    missing = {v: situation.why_missing(v) for v in lost if v not in renewed}
    return Plan(
        target=target,
        steps=steps,
        missing=missing,
        renewed=renewed,
        omitted=dict(situation.omitted),
        advice={v: advise(situation, v) for v in missing},
        cost_s=_total(steps),
        load_all_s=_load_all_s(situation, goal, costs),
        run_all_s=_run_all_s(situation, goal, costs),
    )


def nanoseconds(cost_s: float) -> int:
    """Scale a cost to whole nanoseconds: sums of integers are exact, whatever their order."""
    return round(cost_s * 1e9)


def _choose_runs(situation: Situation, goal: Collection[VersionId], costs: CostModel) -> set[ExecutionId]:
    """Find the executions on the source's side of the minimum cut."""
    builder = _NetworkBuilder(situation, costs)
    builder.demand(SOURCE, goal)
    for execution in reversed(situation.graph.executions):
        builder.add(execution)
    side = builder.network.source_side()
    return {execution for execution, node in builder.runs.items() if node in side}


class _NetworkBuilder:
    """Builds the network of a history backwards, so that only what is upstream of the goal gets into it.

    When an execution's turn comes, all later nodes that demand its versions are known. A version that only one node
    demands is needed exactly when that node is: it is that node. An execution that costs at least as much as
    loading all its versions that may be needed is never worth running: it is the sink.
    """

    def __init__(self, situation: Situation, costs: CostModel) -> None:
        self.situation = situation
        self.costs = costs
        self.network = Network()
        self.demands: dict[VersionId, set[int]] = {}
        self.runs: dict[ExecutionId, int] = {}

    def demand(self, node: int, versions: Iterable[VersionId]) -> None:
        """Say that these versions are needed when the node is on the source's side."""
        for version in versions:
            self.demands.setdefault(version, set()).add(node)

    def add(self, execution: GraphExecution) -> None:
        """Add an execution and those of its versions that may be needed."""
        loads: dict[int, int] = {}
        for version, node in self._place(execution).items():
            price = self._load_price(version)
            if version in self.situation.unfaithful:
                self.network.add_arc(node, SINK, price)
            else:
                loads[node] = loads.get(node, 0) + price
        if execution.id in self.situation.forced:  # leaving it out has an infinite price: it is the source
            self.runs[execution.id] = SOURCE
            self.demand(SOURCE, self.situation.inputs(execution))
        elif loads:
            self._add_choice(execution, loads)

    def _place(self, execution: GraphExecution) -> dict[VersionId, int]:
        """Give each version that may be needed its node, and pass on what it requires."""
        demanded = {v for v in execution.produces if v in self.demands}
        own = _extend(self.situation, execution, demanded)
        entangled = own if any(not own.isdisjoint(self.situation.requirements(v)) for v in own) else ()
        placed = {v: self._node_of_version(v, shared=v in entangled) for v in execution.produces if v in own}
        for version, node in placed.items():
            for required in self.situation.requirements(version):
                if required in placed:
                    self.network.add_arc(node, placed[required], UNCUTTABLE)
                else:
                    self.demand(node, (required,))
        return placed

    def _node_of_version(self, version: VersionId, *, shared: bool) -> int:
        """Return a version's node: its only demander, or a new node below all of them."""
        demanders = self.demands.get(version, set())
        if SOURCE in demanders:
            return SOURCE
        if len(demanders) == 1 and not shared:
            return next(iter(demanders))
        node = self.network.add_node()
        for demander in sorted(demanders):
            self.network.add_arc(demander, node, UNCUTTABLE)
        return node

    def _add_choice(self, execution: GraphExecution, loads: Mapping[int, int]) -> None:
        """Add the choice between running an execution and loading its versions, priced by the node demanding them."""
        price = nanoseconds(self.costs.execution_cost_s(execution))
        if execution.id not in self.situation.runnable or sum(loads.values()) <= price:
            for node, load in loads.items():
                self.network.add_arc(node, SINK, load)
            return
        node = self._node_of_run(loads)
        self.runs[execution.id] = node
        for demander, load in loads.items():
            self.network.add_arc(demander, node, load)
        self.network.add_arc(node, SINK, price)
        self.demand(node, self.situation.inputs(execution))

    def _node_of_run(self, loads: Mapping[int, int]) -> int:
        """Return the node of an execution: that of its only demander if that has no choice, else a new one."""
        if loads.get(SOURCE, 0) >= UNCUTTABLE:
            return SOURCE
        if len(loads) == 1:
            ((demander, load),) = loads.items()
            if load >= UNCUTTABLE:
                return demander
        return self.network.add_node()

    def _load_price(self, version: VersionId) -> int:
        node = self.situation.graph.versions[version]
        if node.payload is None or version not in self.situation.loadable:
            return UNCUTTABLE
        return nanoseconds(self.costs.version_cost_s(node))


def _needed(
    situation: Situation, goal: Collection[VersionId], runs: Collection[ExecutionId]
) -> tuple[set[VersionId], set[ExecutionId]]:
    """Follow the needs of a goal upstream, given which executions may run; return needed versions and runs."""
    needed = set(goal)
    used: set[ExecutionId] = set()
    for execution in reversed(situation.graph.executions):
        own = _extend(situation, execution, needed.intersection(execution.produces))
        is_forced = execution.id in situation.forced
        if not own and not is_forced:
            continue
        needed |= own
        for version in own:
            needed.update(situation.requirements(version))
        if is_forced or (execution.id in runs and not own <= situation.unfaithful):
            used.add(execution.id)
            needed.update(situation.inputs(execution))
    return needed, used


def _extend(situation: Situation, execution: GraphExecution, versions: Collection[VersionId]) -> set[VersionId]:
    """Add what versions of an execution require among the execution's own versions."""
    own = set(versions)
    stack = list(own) if len(execution.produces) > 1 else []
    while stack:
        more = [d for d in situation.requirements(stack.pop()) if d in execution.produces and d not in own]
        own.update(more)
        stack += more
    return own


def _steps(
    situation: Situation, goal: Collection[VersionId], runs: Collection[ExecutionId], costs: CostModel
) -> Iterator[Step]:
    """Put runs and loads in history order."""
    needed, used = _needed(situation, goal, runs)
    for execution in situation.graph.executions:
        again = execution.id in used
        if again:
            yield Step(StepKind.RUN, execution.id, None, costs.execution_cost_s(execution))
        for version in _in_load_order(situation.graph, execution):
            node = situation.graph.versions[version]
            if version in needed and node.payload is not None and (not again or version in situation.unfaithful):
                yield Step(StepKind.LOAD, execution.id, version, costs.version_cost_s(node))


def _in_load_order(graph: Graph, execution: GraphExecution) -> tuple[VersionId, ...]:
    """Return an execution's versions so that each comes after what it requires, else in their own order."""
    produces = execution.produces
    if len(produces) < 2 or not any(graph.versions[v].requires for v in produces):  # noqa: PLR2004
        return produces
    own = set(produces)
    order: dict[VersionId, None] = {}
    stack = [(v, False) for v in reversed(produces)]
    entered: set[VersionId] = set()
    while stack:
        version, done = stack.pop()
        if done:
            order[version] = None
        elif version not in entered:
            entered.add(version)
            stack.append((version, True))
            stack.extend((d, False) for d in reversed(graph.versions[version].requires) if d in own)
    return tuple(order)


def _load_all_s(situation: Situation, goal: Collection[VersionId], costs: CostModel) -> float:
    """Return the cost of loading the goal and all that this requires, running nothing but what must always run."""
    needed, used = _needed(situation, goal, ())
    executions = [execution for execution in situation.graph.executions if execution.id in used]
    loads = needed.difference(v for c in executions for v in c.produces if v not in situation.unfaithful)
    if not loads <= situation.loadable:
        return inf
    nodes = (situation.graph.versions[v] for v in sorted(loads))
    loading = sum(costs.version_cost_s(node) for node in nodes if node.payload is not None)
    return loading + sum(costs.execution_cost_s(execution) for execution in executions)


def _run_all_s(situation: Situation, goal: Collection[VersionId], costs: CostModel) -> float:
    """Return the cost of running every cell that the goal comes from, loading only what no cell makes again."""
    cells: set[ExecutionId] = set()
    others: set[VersionId] = set()
    for execution in situation.graph.executions:
        if execution.kind is ExecutionKind.CELL:
            cells.add(execution.id)
        else:
            others.update(execution.produces)
    needed, used = _needed(situation, goal, cells)
    loads = needed & (others | situation.only_loaded)
    wrong = needed & (situation.unfaithful - situation.only_loaded)
    if wrong or not used <= situation.runnable or not loads <= situation.loadable:
        return inf
    nodes = (situation.graph.versions[version] for version in sorted(loads))
    loading = sum(costs.version_cost_s(node) for node in nodes if node.payload is not None)
    return loading + sum(
        costs.execution_cost_s(execution) for execution in situation.graph.executions if execution.id in used
    )


def _total(steps: Iterable[Step]) -> float:
    return sum(step.cost_s for step in steps)
