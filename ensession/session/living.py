"""What lives in the session, as the planner and the executor see it: versions by number, and which may be used."""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ensession.capture.change import Tracked
from ensession.model import Graph, VersionId
from ensession.serial.kinds import is_of

_DEFINITIONS = (type, types.FunctionType)


@dataclass(frozen=True, slots=True)
class Living:
    """The versions whose values are in the session now.

    Attributes
    ----------
    values : Mapping[VersionId, Mapping[str, object]]
        By version and name; hidden state is a snapshot.
    tracked : Mapping[VersionId, Tracked]
        What is known of each.
    """

    values: Mapping[VersionId, Mapping[str, Any]]
    tracked: Mapping[VersionId, Tracked]

    @classmethod
    def of(cls, known: Mapping[str, Tracked], variables: Mapping[str, Any], hidden: Mapping[str, Any]) -> Living:
        """Return the versions that the live values still are, by identity."""
        values: dict[VersionId, dict[str, Any]] = {}
        tracked: dict[VersionId, Tracked] = {}
        for entry in {id(entry): entry for entry in known.values()}.values():
            found = {name: variables[name] for name in entry.names if name in variables}
            found |= {name: hidden[name] for name in entry.names if name in hidden}
            is_same = all(name in hidden or entry.ids.get(name) == id(value) for name, value in found.items())
            if len(found) == len(entry.names) and is_same:
                values[entry.version], tracked[entry.version] = found, entry
        return cls(values, tracked)

    def usable(self, target: Collection[VersionId], without: Collection[VersionId]) -> frozenset[VersionId]:
        """Return the versions that a plan may keep or lend to cells that are run again.

        Parameters
        ----------
        target : collection of VersionId
            The versions of the state to go to.
        without : collection of VersionId
            Versions that must not be used; nor may what refers to them.

        Notes
        -----
        A definition that is not in the target state is not used, nor is what refers to it: a cell that is run
        again may change it, and then a fresh copy and its live instances would not belong together. One that is in
        the target state was changed by no cell before it.
        """
        barred = set(without)
        for version, values in self.values.items():
            if version not in target and any(is_of(value, _DEFINITIONS) for value in values.values()):
                barred.add(version)
        return frozenset(self.values.keys() - self._with_referrers(barred))

    def _with_referrers(self, versions: Collection[VersionId]) -> set[VersionId]:
        found = set(versions)
        names = {name for version in found & self.tracked.keys() for name in self.tracked[version].names}
        while True:
            more = {v for v, one in self.tracked.items() if v not in found and not names.isdisjoint(one.references)}
            if not more:
                return found
            found |= more
            names |= {name for version in more for name in self.tracked[version].names}


def entangled(graph: Graph, live: Collection[VersionId]) -> tuple[set[VersionId], set[VersionId]]:
    """Return versions that running their cell again would tie to a fresh copy of a live definition.

    Returns
    -------
    (set of VersionId, set of VersionId)
        Those versions, which have to be loaded instead; and the live definitions in question.
    """
    tied: set[VersionId] = set()
    definitions: set[VersionId] = set()
    for id_, version in graph.versions.items():
        own = {d for d in version.requires if d in live and _execution_of(graph, d) == version.execution}
        if own:
            tied.add(id_)
            definitions |= own
    return tied, definitions


def _execution_of(graph: Graph, version: VersionId) -> int | None:
    found = graph.versions.get(version)
    return None if found is None else found.execution
