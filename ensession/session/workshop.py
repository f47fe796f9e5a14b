"""Bringing versions into being beside what lives: the namespace serves as a workshop, and then is as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ensession.capture.hidden import HiddenState
from ensession.capture.hidden.state import Frozen
from ensession.capture.namespace import UserNamespace
from ensession.model import Graph, Plan, VersionId
from ensession.restore import Archive, Bench, Executor, Made, Progress
from ensession.session.interrupts import uninterrupted
from ensession.session.nearby import Journey
from ensession.session.returning import FAILURES, Bans


@dataclass(frozen=True, slots=True)
class Scene:
    """What the user sees at some moment: variables, those of them that are ignored, hidden state."""

    variables: Mapping[str, Any]
    untouched: Mapping[str, Any]
    hidden: Frozen

    @classmethod
    def of(cls, user: UserNamespace, hidden: HiddenState, ignored: Collection[str]) -> Scene:
        """Return the present one."""
        untouched = {name: user.live[name] for name in ignored if name in user.live}
        return cls(user.variables(), untouched, hidden.freeze())

    def put_back(self, user: UserNamespace, hidden: HiddenState) -> None:
        """Make it the present one again; an interrupt must not cut this in two."""
        user.replace(self.variables)
        for name in user.ignored.intersection(user.live) - self.untouched.keys():
            del user.live[name]  # a cell that ran again made it
        user.live.update(self.untouched)  # or bound it anew
        hidden.thaw(self.hidden)


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of a plan.

    Attributes
    ----------
    made : Made
    plan : Plan
        The one that was carried out in the end.
    live : Mapping[VersionId, Mapping[str, object]]
        The live versions that it counted on, with their values.
    """

    made: Made
    plan: Plan
    live: Mapping[VersionId, Mapping[str, Any]]


class Workshop:
    """Loads and makes again what does not live, and leaves everything as it was.

    Parameters
    ----------
    archive : Archive
    bench : Bench
    user : UserNamespace
    hidden : HiddenState
    """

    def __init__(self, archive: Archive, bench: Bench, user: UserNamespace, hidden: HiddenState) -> None:
        self._archive = archive
        self._bench = bench
        self._user = user
        self._hidden = hidden

    def bring(
        self,
        journey: Journey,
        scene: Scene,
        bans: Bans,
        progress: Progress,
    ) -> Brought:
        """Plan and carry out, until a plan holds.

        Parameters
        ----------
        journey : Journey
        scene : Scene
            What is there now.
        bans : Bans
            What is known not to work; what turns out so is added.
        progress : callable

        Returns
        -------
        Brought

        Raises
        ------
        RestoreError, TrustError
        """
        while True:
            graph, chosen, live = journey.plan(bans)
            try:
                return self._carry_out(journey, scene, bans, (graph, chosen, live), progress)
            except FAILURES as failure:
                bans.note(graph, failure)
                journey.spoilt |= bans.spoilt

    def bring_by_loading(
        self, wanted: Collection[VersionId], journey: Journey, scene: Scene, bans: Bans
    ) -> Brought | None:
        """Load some versions, even where running their cells would be cheaper; None if that is not all it takes.

        Raises
        ------
        RestoreError, TrustError
            That did not work.
        """
        bans.unfaithful.update(wanted)
        graph, chosen, live = journey.plan(bans)
        if chosen.runs or chosen.missing:
            return None
        return self._carry_out(journey, scene, bans, (graph, chosen, live), lambda *_: None)

    def _carry_out(
        self,
        journey: Journey,
        scene: Scene,
        bans: Bans,
        decided: tuple[Graph, Plan, Collection[VersionId]],
        progress: Progress,
    ) -> Brought:
        graph, chosen, live = decided
        values = {version: journey.living.values[version] for version in live}
        folders = journey.lookout.folders
        executor = Executor(graph, self._archive, self._bench, progress, bans.unloadable, folders, values)
        with self._open(scene):
            return Brought(executor.carry_out(chosen), chosen, values)

    @contextmanager
    def _open(self, scene: Scene) -> Iterator[None]:
        try:
            yield
        finally:
            with uninterrupted():
                scene.put_back(self._user, self._hidden)
