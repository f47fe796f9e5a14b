"""Planning a move from the live session: as much of the history as counts, and what lives."""

from __future__ import annotations

from collections.abc import Mapping

from ensession.model import ExecutionId, Graph, Plan, VersionId
from ensession.planner.explore import Parts, explore
from ensession.session.checks import Lookout
from ensession.session.living import Living, entangled
from ensession.session.returning import Bans


class Journey:
    """The way from what lives to a state, planned anew whenever something turns out not to work.

    Parameters
    ----------
    parts : Parts
    target : ExecutionId
    state : Mapping[str, VersionId]
        The target state.
    living : Living
    lookout : Lookout
        Looks at what a plan would run again.

    Attributes
    ----------
    kept : frozenset[VersionId]
        Versions of the target state that stay as they are, by the last plan.
    spoilt : set[VersionId]
        Live versions that a cell changed against expectation.
    """

    def __init__(
        self, parts: Parts, target: ExecutionId, state: Mapping[str, VersionId], living: Living, lookout: Lookout
    ) -> None:
        self._parts = parts
        self._target = target
        self._state = state
        self.living = living
        self.lookout = lookout
        self.kept: frozenset[VersionId] = frozenset()
        self.spoilt: set[VersionId] = set()

    def plan(self, bans: Bans) -> tuple[Graph, Plan, frozenset[VersionId]]:
        """Return the cheapest plan, the part of the history that it is made on, and the live versions it counts on.

        A class that lives and instances from running its cell again would not belong together: such instances are
        loaded. Where that is impossible, the class and all that refers to it are made anew.
        """
        while True:
            graph, chosen, live, definitions = self._plan(bans, frozenset(bans.spoilt))
            if chosen.missing and definitions:
                graph, chosen, live, _ = self._plan(bans, frozenset(bans.spoilt | definitions))
            barred = self.lookout.look_at(chosen.runs)
            if not barred:
                break
            bans.unrunnable.update(barred)
        self.kept = live.intersection(self._state.values())
        return graph, chosen, live

    def spoilt_names(self) -> set[str]:
        """Return the names of live values that a cell changed against expectation."""
        return {name for version in self.spoilt for name in self.living.tracked[version].names}

    def _plan(
        self, bans: Bans, without: frozenset[VersionId]
    ) -> tuple[Graph, Plan, frozenset[VersionId], set[VersionId]]:
        live = self.living.usable(set(self._state.values()), without)
        wanted = {name: version for name, version in self._state.items() if version not in live}
        tied: set[VersionId] = set()
        while True:  # which versions are tied shows in the graph, and widens it
            graph = explore(
                wanted,
                self._parts,
                bans.costs,
                live=live,
                unloadable=bans.unloadable,
                unrunnable=bans.unrunnable,
                unfaithful=bans.unfaithful | tied,
            )
            found, definitions = entangled(graph, live)
            if found <= tied:
                break
            tied |= found
        here = {execution.id for execution in graph.executions}  # what must always run in a process did so
        chosen = bans.plan(graph, self._target, set(wanted.values()), live=live, to_load=tied, done=here)
        return graph, chosen, live, definitions
