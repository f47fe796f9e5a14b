"""From executions to the store: one transaction per cell, payloads behind it.

Nothing that goes wrong in here reaches the user's cell: it is caught at the two entry points, recorded as "not
captured" where the store still takes it, and shown as a warning.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from math import inf
from typing import Any

from ensession.capture.change import Change
from ensession.capture.effects import EffectRecorder, caution
from ensession.capture.hidden import HiddenState
from ensession.capture.module_state import ModuleState
from ensession.capture.modules import ModuleWatch
from ensession.capture.names import CellNames, analyse_cell, is_only_command
from ensession.capture.namespace import UserNamespace
from ensession.capture.pausing import collector_paused
from ensession.capture.touch import Touched
from ensession.capture.words import words_of
from ensession.config import Config
from ensession.errors import CaptureError, EnsessionError, UsageError
from ensession.model import Digest, ExecutionDraft, ExecutionId, ExecutionKind, KernelRun, why_never
from ensession.planner.costs import CostModel
from ensession.planner.policy import StorageRule
from ensession.session.assuming import assumed_change
from ensession.session.auditing import outside_effects, outside_reason, outside_warning
from ensession.session.beside import Beside
from ensession.session.births import birth
from ensession.session.cells import Ending, Pending, draft_of, named_places, unrepeatable, unseen
from ensession.session.discretion import Discretion
from ensession.session.notices import Notices
from ensession.session.patches import patch_effects, patch_warning, with_changed
from ensession.session.shell import Shell
from ensession.session.storing import inline, own_files, payload_writer, store_again, store_behind, tracker_of, worth_it
from ensession.session.survival import SurvivalWatch, well_bound
from ensession.session.word import SpokenNames
from ensession.store import MAIN, Store
from ensession.trust import Keyring, is_own, own_words

COMMAND = "ens"
_BEFORE = Touched(frozenset(), frozenset(), "it was there before recording began")
_BETWEEN = Touched(frozenset(), frozenset(), None)
_ANYTHING = Touched(frozenset(), frozenset(), "it was not recorded")


class Recorder:
    """Records the executions of one kernel run.

    Attributes
    ----------
    head : ExecutionId or None
        The execution whose state is live.
    branch : str
        The branch that work is on. It moves along where it is at the head; else the next execution grows a new one.
    """

    def __init__(
        self,
        store: Store,
        run: KernelRun,
        shell: Shell,
        user: UserNamespace,
        hidden: HiddenState,
        config: Config,
        keyring: Keyring,
    ) -> None:
        self._store = store
        self._run = run
        self._shell = shell
        self._hidden = hidden
        self._config = config
        self._keyring = keyring
        self.copies: set[str] = set()
        self._effects = EffectRecorder(ignore=own_files(store, self.copies))
        self._modules = ModuleWatch()
        self.spoken = SpokenNames(store, user)
        self.pending: Pending | None = None
        self._depth = 0
        self._gap: str | None = None
        self._untold: str | None = None
        self._notices = Notices(shell, store)
        self.tracker = tracker_of(user, config)
        self.discretion = Discretion(user.variables, self.spoken.is_pinned, self._notices.once)
        self._module_state = ModuleState(self.tracker.look, self._modules.names)
        self.beside = Beside(self.tracker, shell.callbacks)
        self.rule = StorageRule(config.policy, CostModel())
        self.head: ExecutionId | None = None
        self._digest: Digest | None = None
        self._newest: ExecutionId | None = None
        self.branch = MAIN
        self.paused = False
        self.survival: SurvivalWatch | None = None

    def adopt(self) -> None:
        """Record what the namespace and the hidden state hold when recording begins."""
        with self.tracker.looker.at_any_cost():  # no cell makes it again
            change = self.discretion.applied(self.tracker.examine(_BEFORE, self._hidden.changed()), self.head)
        if not change.is_empty:
            self._write(self._draft(ExecutionKind.ADOPTED, change, no_replay=_BEFORE.everything), change)

    def begin(self, code: str, cell_id: str | None, python: str | None) -> None:
        """Take note that a cell is about to run; ``python`` is what the shell made of it, where that is known."""
        self._depth += 1
        if self._depth > 1 or self.paused or is_only_command(code, COMMAND):
            return
        with self._made_up_for(_ANYTHING):
            self.pending = self._prepare(code, cell_id, python)

    def _prepare(self, code: str, cell_id: str | None, python: str | None) -> Pending:
        start = time.perf_counter()
        is_fresh = False
        with self._guarded("what changed between two cells"):
            self._notices.stay_in_place()
            self._untold = self._tell_failures() or self._untold
            is_fresh = self._note_ambient()
            self._module_state.changed()  # what did so between cells is no news of this one
        names = CellNames(dynamic="could not be analysed")
        touched = Touched(frozenset(), frozenset(), names.dynamic)
        with self._guarded("which variables the cell uses (so it looks at all of them)"):
            names = analyse_cell(code, self._shell.transform, python)
            touched = self.tracker.touched(names, is_fresh=is_fresh)
        self.tracker.scope.timed.note(code)
        self._shell.outputs.begin()
        with self._guarded("what native code does to files"):
            problem = self._effects.begin(named_places(code, touched, self.tracker.user.view()))
            if problem is not None:
                self._notices.once(f"ensession sees less of what native code does to files: {problem}")
        now = time.perf_counter()
        return Pending(code, cell_id, names, touched, words_of(code, self._shell.tags()), time.time(), now, now - start)

    def end(self, ending: Ending) -> None:
        """Record the cell that just ran."""
        ended = time.perf_counter()
        self._depth = max(0, self._depth - 1)
        pending, self.pending = (self.pending, None) if self._depth == 0 else (None, self.pending)
        if pending is None:
            return
        # Around all of it: what a long look and its record took for themselves is given back when all is let go.
        with collector_paused(), self._guarded("the cell that just ran"), self._made_up_for(pending.touched):
            self._record_cell(pending, ending, ended)

    def catch_up(self, aside: Mapping[str, int | None]) -> None:
        """Record what happened since the last execution, before the session moves to another state.

        ``aside``: names known not to be as recorded, with their values' ids (None: not there); they alone are no news.
        """
        if self.pending is not None:
            raise UsageError("moving to another state needs a cell of its own, with nothing but %ens lines in it")
        hidden = self._hidden.changed()
        known = {name: value for name, value in hidden.items() if name in self.tracker.known}
        self._hidden.doubt(hidden.keys() - known)  # a library that is new here is the next cell's business
        beside = self.beside.between_cells()
        if known or beside is not None or not self.tracker.drift().items() <= aside.items():
            self._record_ambient(known, beside)

    def configure(self, config: Config) -> None:
        """Go on under other settings."""
        self._config, self.rule.policy = config, config.policy
        self.tracker.looker.budget.share = config.looks_share

    def go_on_from(self, head: ExecutionId) -> None:
        """Take a state that was brought back for the live one."""
        self.head, self._digest = head, self._store.history.execution(head).digest

    def close(self) -> None:
        """Stop listening; what is recorded stays, also where the store was deleted since the last cell."""
        self._notices.stay_in_place()
        self._effects.close()
        self.pending = None

    def _record_cell(self, pending: Pending, ending: Ending, ended: float) -> None:
        files, effects = self._effects.end()
        outputs = self._shell.outputs.end()
        with self._guarded("what a random generator was when the cell loaded its library"):
            if origins := self._hidden.origins():
                gap = self._gap
                self._write(*birth(self.tracker, origins, self._run, self.head, self.branch))
                self._gap = gap
        held: tuple[str, ...] = ()
        touched, known = self.beside.joined(pending.touched), self.tracker.known
        with self._guarded("what your own modules hold"):
            held = self._module_state.changed()
            touched = touched.with_names(self._module_state.variables_among(self.tracker.user.view()))
        self.tracker.looker.budget.earn(ended - pending.started)
        conditions = {known[name].version for name in self._hidden.conditions if name in known}
        beside = self.beside.after_cell(touched)
        no_replay = self._gap or unrepeatable(pending, ending) or self.spoken.no_replay(pending.touched)
        no_replay = no_replay or beside.no_replay
        careful = caution(files, effects) or unseen(pending) or beside.caution
        is_precious = bool(why_never(no_replay, pending.words) or careful) or self.spoken.is_pinned(touched.names)
        problem, hidden = None, self._hidden.changed()
        try:
            with self.tracker.looker.at_any_cost(is_precious):
                change = self._examine(touched, hidden)
        except BaseException as error:  # noqa: BLE001  (a value's own code may raise anything)
            problem = f"{type(error).__name__}: {error}"
            change = assumed_change(self.tracker, touched, hidden, problem)
        patches = with_changed(patch_effects(pending.names.set_attributes, self.tracker.user.view()), held)
        draft = self._draft(
            ExecutionKind.CELL,
            change,
            code=pending.code,
            reads=tuple(sorted(conditions.union(change.reads))),
            cell_id=pending.cell_id,
            started_at=pending.started_at,
            runtime_s=ended - pending.started,
            outcome=ending.outcome,
            error=ending.error,
            no_replay=no_replay or outside_reason(change),
            caution=careful,
            words=pending.words,
            not_captured="; ".join(filter(None, (problem, self._untold))) or None,
            outputs=outputs,
            files=files,
            effects=effects + outside_effects(change) + patches,
            capture_s=pending.capture_s + time.perf_counter() - ended,
        )
        self._write(draft, change)
        uses = bool(pending.names.shell_history)
        self.tracker.results.ended(_ANYTHING if any(beside) else touched, has_used_one=uses)
        self._untold = None
        if change.outside:
            self._shell.warn(outside_warning(change, "this cell"))
        if patches:
            self._notices.once(patch_warning(patches))
        for warning in self._hidden.recorded(hidden):
            self._notices.once(warning)
        if problem is not None:
            raise CaptureError(f"the variables it may have changed could not be looked at: {problem}")

    def _note_ambient(self) -> bool:
        """Record what was bound, deleted or drawn since the last execution; say whether there was nothing."""
        hidden, beside = self._hidden.changed(), self.beside.between_cells()
        if self.tracker.moved() or hidden or beside is not None or self._config.audit:
            self._record_ambient(hidden, beside)
            return False
        return True

    def _record_ambient(self, hidden: Mapping[str, Any], beside: Touched | None) -> None:
        touched = beside or _BETWEEN
        with self._made_up_for(touched):
            with self.tracker.looker.at_any_cost():
                change = self._examine(touched, hidden)
            if not change.is_empty:
                self.tracker.results.forget()
                known = {"effects": outside_effects(change), "no_replay": "it happened between two cells"}
                self._write(self._draft(ExecutionKind.AMBIENT, change, **known), change)
        if change.outside:
            self._shell.warn(outside_warning(change, "what happened between two cells"))

    @contextmanager
    def _made_up_for(self, touched: Touched) -> Iterator[None]:
        """Where the record of an execution breaks off, have the next one look again at what it may have changed."""
        try:
            yield
        except BaseException:
            self._gap = "an execution before it was not recorded"
            with suppress(EnsessionError):  # an interrupt may have come right behind the commit
                newer = self._store.log.newer(self._newest, self._run.id)
                self.head = newer if newer and is_own(self._store, self._keyring, newer) else self.head
            self.tracker.doubt(touched)
            self.tracker.results.forget()
            self._hidden.doubt_last()
            self._modules.forget()
            raise

    def _examine(self, touched: Touched, hidden: Mapping[str, Any]) -> Change:
        examine = self.tracker.audit if self._config.audit else self.tracker.examine
        return self.discretion.applied(examine(touched, hidden), self.head)

    def _draft(self, kind: ExecutionKind, change: Change, **known: Any) -> ExecutionDraft:
        modules = self._modules.fresh()
        return draft_of(kind, change, self._run, self.head, branch=self.branch, modules=modules, **known)

    def _write(self, draft: ExecutionDraft, change: Change) -> None:
        # What may be allowed later is not counted on.
        against = why_never(draft.no_replay, draft.words) or draft.caution
        need = self.rule.assess(runtime_s=draft.runtime_s, no_replay=against, reads=change.reads)
        wanted = worth_it(change, self.rule, need, self.spoken.is_pinned)
        small = inline(wanted, self._config.inline_limit_bytes)
        writers = {index: payload_writer(wanted[index], self.tracker.scope) for index in small}
        recorded = self._store.log.record(self.discretion.masked(draft), writers, self._keyring.seal)
        self.head = self._newest = recorded.id
        self.branch = recorded.branch or self.branch
        self._gap = None
        self._notices.recorded()
        self.discretion.told(change, draft.code, recorded.id)
        is_anew = recorded.parent_digest != self._digest
        self._digest = recorded.digest
        if is_anew and draft.parent is not None:  # forgotten meanwhile: nothing new may count on it
            with self._guarded("what was forgotten"):
                graph = self._store.history.graph(draft.parent)
                self.rule = self.rule.renewed(own_words(self._store, self._keyring, graph))
            need = self.rule.assess(runtime_s=draft.runtime_s, no_replay=against, reads=change.reads)
            wanted |= worth_it(change, self.rule, need, self.spoken.is_pinned)
        if change.fresh or change.deleted or change.assumed:
            self.tracker.commit(change, recorded.versions)
        large = {recorded.versions[index]: one for index, one in wanted.items() if index not in small}
        stored = store_behind(large, self.tracker, self._store, self._keyring, self._guarded)
        stored |= {recorded.versions[index] for index in small}
        self._store.settle(self._config.settle_wait_s)
        sizes = {
            recorded.versions[index]: (one.look.n_stream_bytes, one.look.n_buffer_bytes)
            for index, one in wanted.items()
            if recorded.versions[index] in stored
        }
        self.rule.observe(
            recorded.id,
            runtime_s=draft.runtime_s,
            no_replay=against,
            reads=change.reads,
            versions=recorded.versions,
            stored=sizes,
            need=need,
        )
        bound = well_bound(draft.bindings, recorded.versions, stored, is_repeatable=need.cost_s < inf)
        if self.survival is not None:
            with self._guarded("which variables would survive a restart"):
                if is_anew:
                    self.survival.reconsider()
                else:
                    self.survival.note(bound)

    def _tell_failures(self) -> str | None:
        """Warn of values that could not be written behind their cells, and go on as if they had not been wanted."""
        failures = self._store.behind.failures()
        if not failures:
            return None
        failures = store_again(failures, self.tracker, self._store, self._keyring)
        for version, reason in failures.items():
            self.rule.lose(version)
            names = ", ".join(self._store.history.version(version).names)
            self._notices.not_stored(names, version, reason)
        told = (f"version {version} was not stored: {reason}" for version, reason in failures.items())
        return "; ".join(told) or None

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        """Keep what goes wrong in capture from the user's cell: say it once, and go on."""
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  (the user's cell must not see it, whatever it is)
            self._notices.not_recorded(what, error)
