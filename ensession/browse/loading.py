"""Values of past states: planned, trust-checked, loaded or recomputed in a scratch namespace."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ensession.browse.scratch import scratch_bench
from ensession.display.views import is_hidden
from ensession.errors import NoVariableError
from ensession.model import ExecutionId, Fate, Graph
from ensession.planner.failures import LoadFailure, ReplayFailure, UnfaithfulReplay
from ensession.restore import Executor, Made
from ensession.session.bench import StoreArchive
from ensession.session.checks import Lookout
from ensession.session.returning import Bans
from ensession.store import Store
from ensession.trust import Keyring, own_words, require_history


@dataclass(frozen=True)
class Loaded:
    """What could be brought back of what was asked for.

    Attributes
    ----------
    values : dict
        By name.
    missing : dict
        Names that can't be had, and why.
    different : dict
        Names whose value is not the recorded one, and why.
    """

    values: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    different: dict[str, str] = field(default_factory=dict)


def load_values(store: Store, keyring: Keyring, target: ExecutionId, names: Collection[str]) -> Loaded:
    """Bring values of a past state into a plain dict; unpickles, and runs cells again where that is cheaper.

    Names that shared objects share them here too.

    Raises
    ------
    NotFoundError
        The state has no such variable.
    TrustError
        The store may not run code here.
    """
    graph = own_words(store, keyring, store.history.graph(target))
    unknown = [name for name in names if name not in graph.state]
    if unknown:
        raise NoVariableError(f"state {target} of {store.path} has no variable {', '.join(map(repr, unknown))}")
    require_history(store, keyring, target)
    wanted = {name: graph.state[name] for name in names}
    archive, loaded = StoreArchive.sealed(store, keyring), Loaded()
    made = _made(replace(graph, state=wanted), target, archive, loaded, Lookout(store, target))
    for name, version in wanted.items():
        if version in made.values:
            loaded.values[name] = made.values[version][name]
            fate, reason = made.fates.get(version, (Fate.LOADED, ""))
            if fate is Fate.DIFFERENT:
                loaded.different[name] = reason
    return loaded


def _made(graph: Graph, target: ExecutionId, archive: StoreArchive, loaded: Loaded, lookout: Lookout) -> Made:
    bans, state = Bans(), dict(graph.state)
    while state:
        narrowed = replace(graph, state=state)
        chosen = bans.plan(narrowed, target, set(state.values()))
        barred = lookout.look_at(chosen.runs)
        if barred:
            bans.unrunnable.update(barred)
            continue
        gone = {name: chosen.missing[version] for name, version in state.items() if version in chosen.missing}
        if gone:
            loaded.missing.update(gone)
            state = {name: version for name, version in state.items() if name not in gone}
            continue
        try:
            with scratch_bench() as bench:
                made = Executor(narrowed, archive, bench, _silent, bans.unloadable, lookout.folders).carry_out(chosen)
                # The namespace stays the globals of loaded functions: they see what was loaded with them.
                bench.replace({name: made.values[v][name] for name, v in state.items() if not is_hidden(name)})
                return made
        except (LoadFailure, ReplayFailure, UnfaithfulReplay) as failure:
            bans.note(narrowed, failure)
    return Made()


def warn_of_difference(different: Mapping[str, str]) -> None:
    """Say which values are not the recorded ones."""
    for name, reason in different.items():
        warnings.warn(f"{name} is not the value that was recorded: {reason}", UserWarning, stacklevel=4)


def _silent(done: int, total: int, label: str) -> None:
    """Say nothing."""
    del done, total, label
