"""Variables of a restored state that come before the first cell that may use them (``%ens restore --lazy``).

A name that is awaited is not in the namespace: no cell, thread or callback ever meets a stand-in. Before a cell runs,
all that it may touch is brought in, whole co-variables at a time, by the rule that capture goes by; what can't be
brought in keeps the cell from running. Nothing here runs in a thread of its own: values are made where cells run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

from ensession.capture.hidden import HiddenState
from ensession.capture.namespace import UserNamespace
from ensession.errors import EnsessionError
from ensession.model import ExecutionId, Fate, Graph, Plan, RestoreReport, VersionId
from ensession.planner.costs import CostModel
from ensession.planner.explore import Parts
from ensession.restore import Progress
from ensession.session.checks import InputCheck, Lookout
from ensession.session.interrupts import uninterrupted
from ensession.session.lazily import Origin, stubs
from ensession.session.living import Living
from ensession.session.nearby import Journey
from ensession.session.needs import Needs
from ensession.session.recorder import Recorder
from ensession.session.returning import Bans
from ensession.session.workshop import Brought, Scene, Workshop
from ensession.store import Store

_QUICK_S = 0.2
"""What is brought in between two cells must not be felt when the next one comes."""


class Awaited:
    """The variables of one session that are still to come.

    Parameters
    ----------
    store : Store
    parts : Parts
        Its history, with those of the user's words in it that are trusted.
    user : UserNamespace
    hidden : HiddenState
    recorder : Recorder
    workshop : Workshop
    needs : Needs
    told : callable
        Hears of every change of the restore's report.
    """

    def __init__(
        self,
        store: Store,
        parts: Parts,
        user: UserNamespace,
        hidden: HiddenState,
        recorder: Recorder,
        workshop: Workshop,
        needs: Needs,
        told: Callable[[RestoreReport], None],
    ) -> None:
        self._store = store
        self._user = user
        self._hidden = hidden
        self._tracker = recorder.tracker
        self._workshop = workshop
        self._needs = needs
        self._recorder = recorder
        self._told = told
        self._origin: Origin | None = None
        self._parts = parts
        self._versions: dict[str, VersionId] = {}
        self._check = InputCheck()
        self._slow: set[VersionId] = set()
        self._is_bringing = False
        self._untold: list[str] = []

    @property
    def is_bringing(self) -> bool:
        """Whether a state or a part of it is being brought in: cells that run now are not the user's."""
        return self._is_bringing or self._recorder.paused

    def names(self) -> tuple[str, ...]:
        """Return the names that are awaited, in order; a name that was bound meanwhile no longer is."""
        if not self.is_bringing:  # while it is, older values may stand there
            for name in [name for name in self._versions if name in self._user.live and self._user.has(name)]:
                self._drop(name)
        return tuple(sorted(self._versions))

    def n_bytes(self) -> int:
        """Return what the awaited values measured when they were recorded, in bytes."""
        if self._origin is None:
            return 0
        versions = {self._versions[name] for name in self.names()}
        return sum(self._origin.sizes[version] for version in versions)

    def begin(self, target: ExecutionId, graph: Graph, report: RestoreReport) -> None:
        """Await what a restore left for later; its state has just been learnt."""
        self.forget()
        names = [one.name for one in report.variables if one.fate is Fate.AWAITED]
        self._versions = {name: graph.state[name] for name in names}
        self._tracker.known.update(stubs(graph, self._versions, self._store.history.made_with))
        sizes = {version: graph.versions[version].n_bytes for version in set(self._versions.values())}
        self._origin = Origin(target, sizes, report)
        self._user.awaited = set(names)

    def forget(self) -> None:
        """Await nothing any more: the session went to another state."""
        self._origin = None
        self._versions.clear()
        self._slow.clear()
        self._user.awaited = set()

    def freeze(self) -> Callable[[], None]:
        """Return what awaits again what is awaited now."""
        origin, versions, slow = self._origin, dict(self._versions), set(self._slow)

        def thaw() -> None:
            self._origin, self._versions, self._slow = origin, dict(versions), set(slow)
            self._user.awaited = set(versions)

        return thaw

    def prepare(self, code: str, progress: Progress) -> str | None:
        """Bring in what a cell may use.

        Parameters
        ----------
        code : str
            The cell as the user wrote it.
        progress : callable

        Returns
        -------
        str or None
            Why the cell must not run: then the state is as before it, and says so.
        """
        if not self.names():
            return None
        try:
            self._settle()
            need = self._needs.analyse(code, self._hidden.awaited())
            while wanted := self._needs.of(need, self._versions):
                lost = self.bring(wanted, progress)
                if lost:
                    return _refusal(lost)
        except KeyboardInterrupt:
            return "interrupted while the variables that it uses were brought in; run it again to go on with them"
        except Exception as error:  # noqa: BLE001  (unpickling and running cells raise anything; the cell must not run half)
            what = str(error) if isinstance(error, EnsessionError) else f"{type(error).__name__}: {error}"
            return f"what it uses could not be brought in: {what}; run it again to try once more"
        return None

    def _settle(self) -> None:
        if self._tracker.drift():
            try:
                self._recorder.catch_up({})
            except Exception:  # noqa: BLE001  (the recorder tries again before the cell, and says it; this goes on without)
                return

    def tell(self) -> list[str]:
        """Return what went wrong while no cell ran, once."""
        told, self._untold = self._untold, []
        return told

    def fetch(self, code: str) -> None:
        """Bring in what an expression may use that is looked at while no cell runs, as far as that works."""
        reason = self.prepare(code, lambda *_: None)
        if reason is not None:
            self._untold.append(f"looking at {code!r}: {reason}")

    def bring_all(self, progress: Progress) -> Mapping[str, str]:
        """Bring in all that is awaited; return what is lost, and why.

        Raises
        ------
        RestoreError, TrustError
            What could not be looked at is awaited as before.
        """
        return self.bring(self.names(), progress)

    def bring_a_quick_one(self) -> bool:
        """Bring in the quickest co-variable, if it needs but loading and little time; say whether there was one.

        For the time between two cells. Cells are not run again then: what they print, and what runs beside them,
        would meet a namespace that is not the user's. Nor is a library imported: nobody knows how long that takes.
        """
        if self._origin is None or self._is_bringing or self._tracker.drift():
            return False
        prices = sorted(self._prices().items(), key=lambda item: item[1])
        for version, price in prices:
            if price > _QUICK_S:
                return False
            if self._needs.wants_import(version):
                continue
            names = self._whole(name for name, other in self._versions.items() if other == version)
            try:
                plan = self._bring(names, partial(self._workshop.bring_by_loading, names.values()))
            except Exception:  # noqa: BLE001  (whatever it is: a cell that uses these variables will hear of it)
                plan = None
            if plan is not None:
                return True
            self._slow.add(version)  # it comes on demand
        return False

    def bring(self, names: Collection[str], progress: Progress) -> Mapping[str, str]:
        """Bring in some variables, with those that belong to them.

        Returns
        -------
        Mapping[str, str]
            Those that no plan brings, and why. They are missing from now on, as after any other restore.

        Raises
        ------
        RestoreError, TrustError, KeyboardInterrupt
            The namespace is as it was, and they are awaited as before.
        """
        wanted = self._whole(set(names) & set(self.names()))
        if not wanted:
            return {}
        lost = self._bring_code_for(wanted, progress)
        wanted = {name: version for name, version in wanted.items() if name in self._versions}
        if not wanted:
            return lost
        plan = self._bring(wanted, lambda journey, scene, bans: self._workshop.bring(journey, scene, bans, progress))
        missing = {} if plan is None else plan.missing
        return {**lost, **{name: missing[version] for name, version in wanted.items() if version in missing}}

    def _bring_code_for(self, wanted: Mapping[str, VersionId], progress: Progress) -> dict[str, str]:
        """Bring in the definitions that values refer to, and what their code uses: loading a value may run it.

        Returns
        -------
        dict[str, str]
            Those of all these that no plan brings, and why.
        """
        references = {other for name in wanted for other in self._tracker.known[name].references}
        definitions = references & wanted.keys()
        if not definitions or definitions == wanted.keys():  # nothing, or definitions that need each other
            return {}
        lost = dict(self.bring(definitions, progress))
        while used := self._needs.used_by(definitions, self._versions) - wanted.keys():
            lost |= self.bring(used, progress)
        return lost

    def _bring(
        self, wanted: Mapping[str, VersionId], attempt: Callable[[Journey, Scene, Bans], Brought | None]
    ) -> Plan | None:
        """Bring in exactly these variables; return the plan, None if the attempt was not made."""
        assert self._origin is not None  # noqa: S101  (nothing is awaited without)
        started = time.perf_counter()
        journey, bans = self._journey(wanted)
        scene = Scene.of(self._user, self._hidden, self._user.ignored)
        memory, thaw = self._tracker.freeze(), self.freeze()
        self._is_bringing = True
        is_done = False
        try:
            brought = attempt(journey, scene, bans)
            if brought is not None:
                with uninterrupted():
                    self._place(wanted, journey, brought)
            is_done = True
        finally:
            with uninterrupted():
                self._is_bringing = False
                if not is_done:
                    self._user.replace(scene.variables)
                    thaw()
                    self._tracker.thaw(memory)
        if brought is None:
            return None
        duration_s = time.perf_counter() - started
        self._origin = self._origin.later(wanted, brought.made, brought.plan, bans, duration_s)
        self._told(self._origin.report)
        if not self._versions:
            self.forget()
        return brought.plan

    def _place(self, wanted: Mapping[str, VersionId], journey: Journey, brought: Brought) -> None:
        """Bind what was made, and learn it as what was recorded; also live definitions that had to be made anew."""
        made = brought.made
        present = {name: version for version, one in journey.living.tracked.items() for name in one.names}
        remade = {n: v for n, v in present.items() if v not in brought.live and v in made.values}
        by_version: dict[VersionId, list[str]] = {}
        for name, version in {**remade, **wanted}.items():
            by_version.setdefault(version, []).append(name)
            if version in made.values:
                self._user.live[name] = made.values[version][name]
        for name in wanted:
            self._drop(name)
        for version, names in by_version.items():
            partners = tuple(sorted(names))
            if version not in made.values:
                self._tracker.miss(partners, version)
            elif made.fates[version][0] is Fate.DIFFERENT or not made.is_whole(version, names):
                # Found new before the next cell.
                for name in self._tracker.known.keys() & partners:
                    del self._tracker.known[name]
            else:
                values = {name: self._user.live[name] for name in partners}
                self._tracker.learn(partners, values, version, made.fates[version][1])

    def _drop(self, name: str) -> None:
        self._versions.pop(name, None)
        self._user.awaited.discard(name)

    def _journey(self, wanted: Mapping[str, VersionId]) -> tuple[Journey, Bans]:
        """Return the way from what lives to the same with some more variables."""
        assert self._origin is not None  # noqa: S101  (nothing is awaited without)
        living = Living.of(self._tracker.known, self._user.variables(), self._hidden.read())
        state = {name: version for version, one in living.tracked.items() for name in one.names}
        lookout = Lookout(self._store, self._origin.target, self._check, self._hidden.home)
        bans = Bans(costs=self._costs())
        return Journey(self._parts, self._origin.target, {**state, **wanted}, living, lookout), bans

    def _whole(self, names: Iterable[str]) -> dict[str, VersionId]:
        """Return awaited names with their co-variables' other names, and the definitions that they are made with."""
        found: dict[str, VersionId] = {}
        stack = list(names)
        while stack:
            name = stack.pop()
            if name in self._versions and name not in found:
                found[name] = self._versions[name]
                known = self._tracker.known[name]
                stack += [*known.names, *known.references]
        return found

    def _costs(self) -> CostModel:
        return CostModel().learned(self._store.history.measured_loads())

    def _prices(self) -> dict[VersionId, float]:
        costs, found = self._costs(), {}
        for version, node in self._parts.versions({self._versions[name] for name in self.names()}).items():
            if version not in self._slow and node.payload is not None:
                found[version] = costs.load_cost_s(node.payload)
        return found


def _refusal(lost: Mapping[str, str]) -> str:
    reasons = "; ".join(f"{name}: {reason}" for name, reason in sorted(lost.items()))
    return (
        f"it may use {', '.join(sorted(lost))}, which can't be brought back ({reasons}). "
        "It is missing from now on: bind it anew, or run the cell again without it"
    )
