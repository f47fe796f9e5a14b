"""Bringing versions into being beside what lives: the namespace serves as a workshop, and then is as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ensession.capture.hidden import HiddenState
from ensession.capture.hidden.state import Frozen
from ensession.capture.namespace import UserNamespace
from ensession.model import Plan
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
    ) -> tuple[Made, Plan, Mapping[Any, Any]]:
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
        (Made, Plan, Mapping)
            What was made; by which plan; and the live versions that the plan counts on, with their values.

        Raises
        ------
        RestoreError, TrustError
        """
        while True:
            graph, chosen, live = journey.plan(bans)
            values = {version: journey.living.values[version] for version in live}
            folders = journey.lookout.folders
            executor = Executor(graph, self._archive, self._bench, progress, bans.unloadable, folders, values)
            try:
                with self._open(scene):
                    made = executor.carry_out(chosen)
            except FAILURES as failure:
                bans.note(graph, failure)
                journey.spoilt |= bans.spoilt
            else:
                return made, chosen, values

    @contextmanager
    def _open(self, scene: Scene) -> Iterator[None]:
        try:
            yield
        finally:
            with uninterrupted():
                self._user.replace(scene.variables)
                self._user.live.update(scene.untouched)  # a cell that ran again may have bound what is ignored
                self._hidden.thaw(scene.hidden)
