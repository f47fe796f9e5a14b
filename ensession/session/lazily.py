"""A restore that is not all done at once: what has to be there right away, and where the rest comes from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from ensession.capture.change import Tracked
from ensession.errors import IntegrityError
from ensession.model import (
    HIDDEN_PREFIX,
    ExecutionId,
    Fate,
    Fingerprint,
    Graph,
    Plan,
    RestoreReport,
    Version,
    VersionId,
)
from ensession.restore import Made
from ensession.session.returning import Bans


def deferrable(graph: Graph, target: ExecutionId, bans: Bans, ignored: Collection[str]) -> frozenset[str]:
    """Return the names of a state that may come later.

    Hidden state is put back at once: a cell may draw or look something up without naming anything. Cells that every
    restore runs are run at once, and what these runs use and make is there from then on. What no plan can bring is
    told at once. All else can wait.

    Parameters
    ----------
    graph : Graph
    target : ExecutionId
    bans : Bans
        What is known not to work here.
    ignored : collection of str
        Names that are not brought at all.
    """
    state = {name: version for name, version in graph.state.items() if name not in ignored}
    at_once = {version for name, version in state.items() if name.startswith(HIDDEN_PREFIX)}
    whole = bans.plan(graph, target, set(state.values()))
    at_once |= whole.missing.keys() | whole.renewed.keys()
    while True:
        chosen = bans.plan(graph, target, at_once)
        used = set(chosen.loads).union(*(graph.versions[version].requires for version in chosen.loads))
        runs = set(chosen.runs)
        for execution in graph.executions:
            if execution.id in runs:
                used.update(execution.reads, execution.produces)
        more = used.intersection(state.values()) - at_once
        if not more:
            break
        at_once |= more
    return frozenset(name for name, version in state.items() if version not in at_once)


def stubs(
    graph: Graph, awaited: Mapping[str, VersionId], made_with: Callable[[VersionId], Mapping[VersionId, Version]]
) -> dict[str, Tracked]:
    """Return what is known of variables before their values are there: fingerprints, and what they refer to.

    Parameters
    ----------
    graph : Graph
    awaited : Mapping[str, VersionId]
    made_with : callable
        Returns a version and all others of its execution; may find them damaged.
    """
    names: dict[VersionId, list[str]] = {}
    for name, version in sorted(awaited.items()):
        names.setdefault(version, []).append(name)
    recorded: dict[VersionId, Fingerprint | None] = {}
    found = {}
    for version, partners in names.items():
        if version not in recorded:
            recorded[version] = None
            with suppress(IntegrityError):  # it shows when the value is needed
                recorded.update({other: one.fingerprint for other, one in made_with(version).items()})
        node = graph.versions[version]
        references = {name for one in node.requires if one in graph.versions for name in graph.versions[one].names}
        known = Tracked(
            tuple(partners), version, {}, recorded[version], node.unstorable, tuple(sorted(references)), (), None, {}
        )
        found.update(dict.fromkeys(partners, known))
    return found


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the awaited variables come from.

    Attributes
    ----------
    target : ExecutionId
        The restored state.
    sizes : Mapping[VersionId, int]
        What the values measured when they were recorded, in bytes.
    report : RestoreReport
        Of the restore; kept up to date.
    """

    target: ExecutionId
    sizes: Mapping[VersionId, int]
    report: RestoreReport

    def later(self, names: Mapping[str, VersionId], made: Made, chosen: Plan, bans: Bans, duration_s: float) -> Origin:
        """Return the same with what became of some variables in the report (invariant 6)."""
        fates = {name: made.fates.get(v, (Fate.MISSING, chosen.missing.get(v, ""))) for name, v in names.items()}
        variables = tuple(
            replace(one, fate=fates[one.name][0], reason=fates[one.name][1])
            if one.name in fates and one.fate is Fate.AWAITED
            else one
            for one in self.report.variables
        )
        plan = self.report.plan
        plan = replace(plan, steps=plan.steps + chosen.steps, cost_s=plan.cost_s + chosen.cost_s)
        report = replace(
            self.report,
            plan=plan,
            variables=variables,
            duration_s=self.report.duration_s + duration_s,
            replans=self.report.replans + tuple(bans.reasons),
            notes=self.report.notes + tuple(made.notes),
            loads=self.report.loads + tuple(made.loads),
        )
        return replace(self, report=report)
