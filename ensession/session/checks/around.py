"""All that is looked at before a plan is made: what this machine lacks of a recorded state."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from ensession.model import ExecutionId, Graph
from ensession.session.checks.inputs import InputCheck
from ensession.session.checks.modules import Condition, ModuleState, check_modules
from ensession.store import Store

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


def look_around(store: Store, graph: Graph, check: InputCheck | None = None) -> Surroundings:
    """Look at what a state needs of this machine; runs and imports nothing.

    Parameters
    ----------
    store : Store
    graph : Graph
        The history of the state.
    check : InputCheck, optional
        One that has hashed files before.
    """
    if not graph.executions:
        return Surroundings()
    target = graph.executions[-1].id
    verdicts = (check or InputCheck()).judge(graph, store.files.inputs(target), _working_directory())
    return Surroundings(
        {id_: verdict.reason for id_, verdict in verdicts.items() if verdict.reason is not None},
        {id_: verdict.folder for id_, verdict in verdicts.items() if verdict.folder is not None},
        _modules(store, graph, target),
    )


def _modules(store: Store, graph: Graph, target: ExecutionId) -> tuple[ModuleState, ...]:
    states = check_modules(store.modules.of_line(target))
    if SEARCH_PATH in graph.state:  # a restore brings folders back in which it may be found
        states = [s for s in states if s.condition is not Condition.MISSING or not os.path.exists(s.module.path)]
    return tuple(state for state in states if state.condition is not Condition.SAME)


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed under the process
        return os.sep
