"""Variables of a restored state that come before the first cell that may use them (``%ens restore --lazy``).

A name that is awaited is not in the namespace: no cell, thread or callback ever meets a stand-in. Before a cell runs,
all that it may touch is brought in, whole co-variables at a time, by the rule that capture goes by; what can't be
brought in keeps the cell from running. Nothing here runs in a thread of its own: values are made where cells run.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from ensession.capture.change import Memory
from ensession.capture.hidden import HiddenState
from ensession.capture.names import CellNames, analyse_cell
from ensession.capture.namespace import UserNamespace
from ensession.capture.tracker import Tracker
from ensession.errors import EnsessionError
from ensession.model import ExecutionId, Fate, Graph, Plan, RestoreReport, VersionId
from ensession.planner.costs import CostModel
from ensession.planner.explore import Parts
from ensession.restore import Made, Progress
from ensession.serial.words import words_in
from ensession.session.checks import Surroundings
from ensession.session.interrupts import uninterrupted
from ensession.session.lazily import GraphParts, stub
from ensession.session.living import Living
from ensession.session.nearby import Journey
from ensession.session.returning import Bans
from ensession.session.workshop import Scene, Workshop
from ensession.store import Store

_LISTING = frozenset({"dir", "dump_session", "dump_module", "dump_module_asdict"})
"""Functions that show or keep all names of the session, which capture need not mind: they change nothing."""
_LISTING_MAGIC = re.compile(r"run_line_magic\(['\"](?:who|whos|who_ls|psearch)['\"]")
_READ_FOR_WORDS_BYTES = 4 << 20
_QUICK_S = 0.2
"""What is brought in between two cells must not be felt when the next one comes."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the awaited variables come from.

    Attributes
    ----------
    target : ExecutionId
        The restored state.
    graph : Graph
        The history of the restored state, with the user's words as far as they are trusted.
    around : Surroundings
        What was not as it was when the restore began.
    report : RestoreReport
        Of the restore; kept up to date.
    """

    target: ExecutionId
    graph: Graph
    around: Surroundings
    report: RestoreReport


class Awaited:
    """The variables of one session that are still to come.

    Parameters
    ----------
    store : Store
    user : UserNamespace
    hidden : HiddenState
    tracker : Tracker
    workshop : Workshop
    transform : callable
        Turns IPython's syntax into Python.
    told : callable
        Hears of every change of the restore's report.
    """

    def __init__(
        self,
        store: Store,
        user: UserNamespace,
        hidden: HiddenState,
        tracker: Tracker,
        workshop: Workshop,
        transform: Callable[[str], str],
        told: Callable[[RestoreReport], None],
    ) -> None:
        self._store = store
        self._user = user
        self._hidden = hidden
        self._tracker = tracker
        self._workshop = workshop
        self._transform = transform
        self._told = told
        self._origin: Origin | None = None
        self._parts: Parts = store.parts
        self._versions: dict[str, VersionId] = {}
        self._slow: set[VersionId] = set()
        self._is_bringing = False

    @property
    def is_bringing(self) -> bool:
        """Whether variables are being brought in: cells that run now are not the user's."""
        return self._is_bringing

    def names(self) -> tuple[str, ...]:
        """Return the names that are awaited, in order; a name that was bound meanwhile no longer is."""
        for name in [name for name in self._versions if name in self._user.live]:
            self._drop(name)
        return tuple(sorted(self._versions))

    def n_bytes(self) -> int:
        """Return what the awaited values measured when they were recorded, in bytes."""
        if self._origin is None:
            return 0
        versions = {self._versions[name] for name in self.names()}
        return sum(self._origin.graph.versions[version].n_bytes for version in versions)

    def begin(self, target: ExecutionId, graph: Graph, around: Surroundings, report: RestoreReport) -> None:
        """Await what a restore left for later; its state has just been learnt."""
        self.forget()
        self._origin = Origin(target, graph, around, report)
        self._parts = GraphParts(graph, self._store.parts)
        names = [one.name for one in report.variables if one.fate is Fate.AWAITED]
        self._versions = {name: graph.state[name] for name in names}
        for version in set(self._versions.values()):
            partners = tuple(name for name in sorted(names) if self._versions[name] == version)
            self._tracker.known.update(dict.fromkeys(partners, stub(graph, partners, version)))
        self._user.awaited = set(names)

    def forget(self) -> None:
        """Await nothing any more: the session went to another state."""
        self._origin = None
        self._parts = self._store.parts
        self._versions.clear()
        self._slow.clear()
        self._user.awaited = set()

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
            cell = analyse_cell(code, self._transform)
            is_listing = not _LISTING.isdisjoint(cell.loads | cell.attributes) or self._lists_names(code)
            while wanted := self._wanted(cell, is_listing=is_listing):
                lost = self.bring(wanted, progress)
                if lost:
                    return _refusal(lost)
        except KeyboardInterrupt:
            return "interrupted while the variables that it uses were brought in; run it again to go on with them"
        except Exception as error:  # noqa: BLE001  (unpickling and running cells raise anything; the cell must not run half)
            what = str(error) if isinstance(error, EnsessionError) else f"{type(error).__name__}: {error}"
            return f"what it uses could not be brought in: {what}; run it again to try once more"
        return None

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
        would meet a namespace that is not the user's.
        """
        if self._origin is None or self._is_bringing or self._tracker.drift():
            return False
        prices = sorted(self._prices().items(), key=lambda item: item[1])
        for version, price in prices:
            if price > _QUICK_S:
                return False
            names = [name for name, other in self._versions.items() if other == version]
            journey, bans = self._journey(self._whole(names))
            _, chosen, _ = journey.plan(bans)
            if chosen.runs or chosen.missing:
                self._slow.add(version)  # it comes on demand
                continue
            self.bring(names, lambda *_: None)
            return True
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
        started = time.perf_counter()
        wanted = self._whole(set(names) & set(self.names()))
        if not wanted or self._origin is None:
            return {}
        journey, bans = self._journey(wanted)
        scene = Scene.of(self._user, self._hidden, self._user.ignored)
        memory, awaited = self._tracker.freeze(), dict(self._versions)
        self._is_bringing = True
        is_done = False
        try:
            made, chosen, live = self._workshop.bring(journey, scene, bans, progress, self._origin.around.folders)
            with uninterrupted():
                state = {**{n: v for v, one in journey.living.tracked.items() for n in one.names}, **wanted}
                fresh = {name: version for name, version in state.items() if version not in live}
                self._place(fresh, made)
                is_done = True
        finally:
            self._is_bringing = False
            if not is_done:
                self._put_back(scene, memory, awaited)
        self._account(wanted, made, chosen, bans, time.perf_counter() - started)
        return {name: chosen.missing.get(version, "") for name, version in wanted.items() if version in chosen.missing}

    def _place(self, fresh: Mapping[str, VersionId], made: Made) -> None:
        """Bind what was made, and learn it as what was recorded."""
        by_version: dict[VersionId, list[str]] = {}
        for name, version in fresh.items():
            by_version.setdefault(version, []).append(name)
            if version in made.values:
                self._user.live[name] = made.values[version][name]
        for name in fresh:
            self._drop(name)
        for version, names in by_version.items():
            partners = tuple(sorted(names))
            if version not in made.values:
                self._tracker.miss(partners, version)
            elif made.fates[version][0] is Fate.DIFFERENT:  # found new before the next cell
                for name in self._tracker.known.keys() & partners:
                    del self._tracker.known[name]
            else:
                self._tracker.learn(partners, {name: self._user.live[name] for name in partners}, version)

    def _put_back(self, scene: Scene, memory: Memory, awaited: Mapping[str, VersionId]) -> None:
        self._user.replace(scene.variables)
        self._versions = dict(awaited)
        self._user.awaited = set(awaited)
        self._tracker.thaw(memory)

    def _drop(self, name: str) -> None:
        self._versions.pop(name, None)
        self._user.awaited.discard(name)

    def _journey(self, wanted: Mapping[str, VersionId]) -> tuple[Journey, Bans]:
        """Return the way from what lives to the same with some more variables."""
        assert self._origin is not None  # noqa: S101  (nothing is awaited without)
        living = Living.of(self._tracker.known, self._user.variables(), self._hidden.read())
        state = {name: version for version, one in living.tracked.items() for name in one.names}
        bans = Bans(unrunnable=dict(self._origin.around.unrunnable), costs=self._costs())
        return Journey(self._parts, self._origin.target, {**state, **wanted}, living), bans

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

    def _wanted(self, cell: CellNames, *, is_listing: bool) -> frozenset[str]:
        """Return the awaited names that have to be there before a cell may run."""
        awaited = frozenset(self.names())
        if is_listing or self._tracker.drift():  # what came between two cells is not analysed yet
            return awaited
        touched = self._tracker.touched(cell)
        if touched.everything:
            return awaited
        used = (touched.names | touched.reads) - self._only_bound(cell, touched.reads)
        found = awaited & (used | self._referring(used))
        if self._look_for_words(found - cell.loads):
            return self._wanted(cell, is_listing=is_listing)
        return found

    def _only_bound(self, cell: CellNames, reads: Collection[str]) -> set[str]:
        """Return names that a cell binds without looking at them, and that nothing else hangs on."""
        bound = cell.stores - cell.loads - cell.deletes - frozenset(reads)
        known = self._tracker.known
        return {n for n in bound if n in known and known[n].names == (n,) and not known.referring([n])}

    def _referring(self, names: Iterable[str]) -> set[str]:
        """Return all that refers to some definitions: with a change of these it would no longer be what it was."""
        found: set[str] = set()
        more = set(names)
        while more:
            more = self._tracker.known.referring(more) - found
            found |= more
        return found

    def _look_for_words(self, names: Collection[str]) -> bool:
        """Find out which libraries awaited values may belong to, where that is not known; say whether it is now."""
        is_news = False
        for version in {self._versions[name] for name in names}:
            partners = tuple(name for name, other in self._versions.items() if other == version)
            known = self._tracker.known[partners[0]]
            if known.packages is None and (words := self._words_of(version)) is not None:
                self._tracker.known.update(dict.fromkeys(known.names, replace(known, packages=words)))
                is_news = True
        return is_news

    def _words_of(self, version: VersionId) -> frozenset[str] | None:
        payload = self._parts.versions([version])[version].payload
        if payload is None or payload.n_stream_bytes > _READ_FOR_WORDS_BYTES:
            return None
        try:
            return words_in(self._store.payloads.open(version).read_stream())
        except EnsessionError:  # its load will say what is wrong
            return None

    def _lists_names(self, code: str) -> bool:
        try:
            return _LISTING_MAGIC.search(self._transform(code)) is not None
        except SyntaxError:  # it can't run
            return False

    def _costs(self) -> CostModel:
        return CostModel().learned(self._store.history.measured_loads())

    def _prices(self) -> dict[VersionId, float]:
        costs, found = self._costs(), {}
        for version, node in self._parts.versions({self._versions[name] for name in self.names()}).items():
            if version not in self._slow and node.payload is not None:
                found[version] = costs.load_cost_s(node.payload)
        return found

    def _account(
        self, wanted: Mapping[str, VersionId], made: Made, chosen: Plan, bans: Bans, duration_s: float
    ) -> None:
        """Write into the report what became of the variables; at the end, into the store (invariant 6)."""
        origin = self._origin
        assert origin is not None  # noqa: S101  (nothing is awaited without)
        fates = {name: made.fates.get(v, (Fate.MISSING, chosen.missing.get(v, ""))) for name, v in wanted.items()}
        report = origin.report
        variables = [
            replace(one, fate=fates[one.name][0], reason=fates[one.name][1])
            if one.name in fates and one.fate is Fate.AWAITED
            else one
            for one in report.variables
        ]
        plan = report.plan
        report = replace(
            report,
            variables=tuple(variables),
            duration_s=report.duration_s + duration_s,
            plan=replace(plan, steps=plan.steps + chosen.steps, cost_s=plan.cost_s + chosen.cost_s),
            replans=report.replans + tuple(bans.reasons),
            loads=report.loads + tuple(made.loads),
        )
        self._origin = replace(origin, report=report)
        self._told(report)
        if not self._versions:
            self.forget()


def _refusal(lost: Mapping[str, str]) -> str:
    reasons = "; ".join(f"{name}: {reason}" for name, reason in sorted(lost.items()))
    return (
        f"it may use {', '.join(sorted(lost))}, which can't be brought back ({reasons}). "
        "It is missing from now on: bind it anew, or run the cell again without it"
    )
