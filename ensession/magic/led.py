"""The kernel's side of ``ens run``: begin where the run may go on, answer what the runner asks.

Every function is called unseen by the runner, as an expression, and returns JSON text. The runner is another process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from IPython.core.getipython import get_ipython

from ensession.batch.needs import needed
from ensession.errors import EnsessionError, RestoreError, UsageError
from ensession.magic import extension
from ensession.magic.command import EnsCommand
from ensession.model import HIDDEN_PREFIX, ExecutionId, Fate, RestoreReport
from ensession.session.checks import look_around
from ensession.session.session import Session
from ensession.session.survival import lost_names

_WRONG = (Fate.DIFFERENT, Fate.MISSING)
_NEW: dict[str, Any] = {"chosen": None, "passed_over": "", "notes": [], "outdated": []}
"""The answer of a run that begins at the beginning."""


def begin(path: str, candidates: Sequence[tuple[int, int]], codes: Sequence[str]) -> str:
    """Record into a store from now on, behind the first candidate that can be brought back as far as it is needed.

    Parameters
    ----------
    path : str
        The store.
    candidates : sequence of (int, int)
        States, the best one first, and how many cells of the notebook each stands behind. Behind none of them: a new
        line of history.
    codes : sequence of str
        The notebook's cells.

    Returns
    -------
    str
        ``chosen`` (index of the candidate, or null), ``passed_over`` (why not the best one), ``notes``, ``outdated``
        (execution, and which of the files that it read is not as it was); or ``error``.
    """
    return _answer(lambda: _begin(path, candidates, codes))


def after_cell() -> str:
    """Wait until what the last cell made is in the file; return the state that it led to."""
    return _answer(_after_cell)


def finish() -> str:
    """Stop recording; return which variables would not survive a restart, and why."""
    return _answer(_finish)


def _begin(path: str, candidates: Sequence[tuple[int, int]], codes: Sequence[str]) -> dict[str, Any]:
    shell: Any = get_ipython()
    extension.load(shell)
    command = _command()
    session = command.lead(Path(path))
    session.keep_quiet()
    passed_over = ""
    for index, (number, n_done) in enumerate(candidates):
        target = ExecutionId(number)
        reason = _hindrance(session, target, codes[:n_done], codes[n_done:], shell.transform_cell)
        if reason is None:
            try:
                with command.replaying():
                    report = session.restore(target, lambda *_: None)
            except RestoreError as error:
                reason = str(error)
            else:
                shell.execution_count = n_done + 1
                outdated = look_around(session.store, session.graph(target)).unrunnable
                found = {"chosen": index, "notes": _notes(report), "outdated": list(outdated.items())}
                return {**_NEW, **found, "passed_over": passed_over}
        passed_over = passed_over or reason
    session.start()
    return {**_NEW, "passed_over": passed_over}


def _hindrance(
    session: Session, target: ExecutionId, past: Sequence[str], rest: Sequence[str], transform: Callable[[str], str]
) -> str | None:
    """Say why the notebook can't go on from a state, if it can't: what of it can't be brought back and is needed."""
    chosen, graph = session.plan(target)
    lost = lost_names(graph, chosen)
    if lost:
        lost = {name: lost[name] for name in sorted(needed(lost, past, rest, transform))}
    return "; ".join(f"{name} can't be brought back ({reason})" for name, reason in lost.items()) or None


def _notes(report: RestoreReport) -> list[str]:
    wrong = [one for one in report.variables if one.fate in _WRONG and not one.name.startswith(HIDDEN_PREFIX)]
    return [*report.notes, *(f"{one.name}: {one.fate.value}{one.reason and f' ({one.reason})'}" for one in wrong)]


def _after_cell() -> dict[str, Any]:
    session = _session()
    session.flush()
    return {"head": session.head}


def _finish() -> dict[str, Any]:
    losses = _session().losses()
    _command().close()
    return {"losses": losses}


def _command() -> EnsCommand:
    found = extension.command_of(get_ipython())
    if found is None:
        raise UsageError("a cell has unloaded the extension ensession; 'ens run' needs it")
    return found


def _session() -> Session:
    session = _command().session
    if session is None:
        raise UsageError("nothing is being recorded any more")
    return session


def _answer(ask: Callable[[], dict[str, Any]]) -> str:
    try:
        return json.dumps(ask())
    except EnsessionError as error:
        return json.dumps({"error": {"kind": error.kind, "exit_code": error.exit_code, "message": str(error)}})
