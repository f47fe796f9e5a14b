"""All that is looked at before a plan is made: what this machine lacks of a recorded state."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ensession.model import ExecutionId, Graph
from ensession.session.checks.inputs import InputCheck
from ensession.session.checks.modules import Condition, ModuleState, check_modules
from ensession.store import InputFile, Store

CWD = "<cwd>"
SEARCH_PATH = "<sys.path>"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is not as it was.

    Attributes
    ----------
    unrunnable : Mapping[ExecutionId, str]
        Executions that can't be run again here, and why.
    folders : Mapping[ExecutionId, str]
        Executions that have to be run in another folder than the present one.
    modules : tuple[ModuleState, ...]
        Modules of the user's own that are missing or changed.
    """

    unrunnable: Mapping[ExecutionId, str] = field(default_factory=dict)
    folders: Mapping[ExecutionId, str] = field(default_factory=dict)
    modules: tuple[ModuleState, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user."""
        return tuple(map(str, self.modules))


def look_around(store: Store, graph: Graph, check: InputCheck | None = None, home: str | None = None) -> Surroundings:
    """Look at what a state needs of this machine; runs and imports nothing.

    Parameters
    ----------
    store : Store
    graph : Graph
        The history of the state.
    check : InputCheck, optional
        One that has hashed files before.
    home : str, optional
        See :class:`Lookout`.
    """
    if not graph.executions:
        return Surroundings()
    target = graph.executions[-1].id
    lookout = Lookout(store, target, check, home)
    may_run = {execution.id for execution in graph.executions if execution.forbidden is None}
    lookout.judge([one for one in store.files.inputs(target) if one.execution in may_run])
    return Surroundings(lookout.unrunnable, lookout.folders, _modules(store, target, graph.state))


def unrunnable_elsewhere(store: Store, target: ExecutionId, *, files_are_there: bool) -> dict[ExecutionId, str]:
    """Return what could not be run again here and can't be told to run on another machine, and why.

    Parameters
    ----------
    store : Store
    target : ExecutionId
    files_are_there : bool
        Whether the other machine has the files, as they are here: what only lacks some here runs there.
    """
    inputs, check = store.files.inputs(target), InputCheck()
    lookout = Lookout(store, target, check)
    lookout.judge(inputs)
    if not files_are_there:
        return lookout.unrunnable
    changed = check.changed([one for one in inputs if one.execution in lookout.unrunnable], _working_directory())
    return {id_: why for id_, why in lookout.unrunnable.items() if id_ in changed}


class Lookout:
    """Looks at what single executions on the line to a state need of this machine, once a plan would run them again.

    Parameters
    ----------
    store : Store
    target : ExecutionId
    check : InputCheck, optional
        One that has hashed files before.
    home : str, optional
        Where cells run that are from before the first change of the working directory; default: the present one.

    Attributes
    ----------
    unrunnable, folders
        As of :class:`Surroundings`, for what was looked at so far.
    """

    def __init__(
        self, store: Store, target: ExecutionId, check: InputCheck | None = None, home: str | None = None
    ) -> None:
        self._store = store
        self._target = target
        self._check = check or InputCheck()
        self._home = home
        self._seen: set[ExecutionId] = set()
        self.unrunnable: dict[ExecutionId, str] = {}
        self.folders: dict[ExecutionId, str] = {}

    def look_at(self, executions: Iterable[ExecutionId]) -> dict[ExecutionId, str]:
        """Return those of some executions that can't be run again here, and why."""
        wanted = list(executions)
        unseen = [id_ for id_ in wanted if id_ not in self._seen]
        if unseen:
            self._seen.update(unseen)
            self.judge(self._store.files.inputs_of(unseen))
        return {id_: self.unrunnable[id_] for id_ in wanted if id_ in self.unrunnable}

    def judge(self, inputs: Sequence[InputFile]) -> None:
        """Take note of what became of some input files."""
        if not inputs:
            return
        first_move = self._store.files.first_binding(self._target, CWD)
        for id_, verdict in self._check.judge(inputs, self._home or _working_directory(), first_move).items():
            if verdict.reason is not None:
                self.unrunnable[id_] = verdict.reason
            if verdict.folder is not None:
                self.folders[id_] = verdict.folder

    def notes(self, state: Collection[str]) -> tuple[str, ...]:
        """Return sentences on the user's own modules that are missing or changed; for when cells ran again."""
        return tuple(map(str, _modules(self._store, self._target, state)))


def _modules(store: Store, target: ExecutionId, state: Collection[str]) -> tuple[ModuleState, ...]:
    states = check_modules(store.modules.of_line(target))
    if SEARCH_PATH in state:  # a restore brings folders back in which it may be found
        states = [s for s in states if s.condition is not Condition.MISSING or not os.path.exists(s.module.path)]
    return tuple(state for state in states if state.condition is not Condition.SAME)


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed under the process
        return os.sep
