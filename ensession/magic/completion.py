"""Tab completion for ``%ens``: verbs, options, states, stores, settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from IPython.core.error import TryNext

from ensession.config import SETTINGS
from ensession.errors import EnsessionError
from ensession.magic.command import EnsCommand
from ensession.magic.help import entries
from ensession.session.session import Session

_RECENT = 20
_KEY = "%ens"
_OPTION = r"(?<![\w-])--?[a-z][a-z-]*"
_STATE = r"@[NAB]\b|\bSTATE\b"
"""As the help page writes them: what it says may be typed can be completed."""


def install(shell: Any, find: Callable[[Any], EnsCommand | None]) -> None:
    """Complete what follows ``%ens`` in a shell.

    Parameters
    ----------
    shell : InteractiveShell
    find : callable
        Returns the command of a shell, None once the extension is unloaded: then others may complete.
    """

    def complete(shell: Any, event: Any) -> list[str]:
        command = find(shell)
        if command is None:
            raise TryNext
        return completions(str(event.line), command.session)

    shell.set_hook("complete_command", complete, str_key=_KEY)


def completions(line: str, session: Session | None) -> list[str]:
    """Return what may stand at the end of a line that begins with ``%ens`` or ``ens``.

    Names of states come without ``@``: the shell completes what follows that sign.
    """
    _, *words = line.split()
    if line[-1:].isspace():
        words.append("")
    if len(words) < 2:  # noqa: PLR2004  (the verb itself)
        return sorted(entries())
    usage = entries().get(words[0], "")
    takes_states = re.search(_STATE, usage) is not None
    if words[-1].startswith("@"):
        return _states(session) if takes_states else []
    found = sorted(set(re.findall(_OPTION, f"{usage} --help" if usage else "")) - set(words))
    if takes_states:
        found += [f"@{state}" for state in _states(session)]
    if "[FILE]" in usage:
        found += sorted(path.name for path in Path().glob("*.ens"))
    if "KEY=VALUE" in usage:
        found += [f"{name}=" for name in SETTINGS]
    if "[COMMAND]" in usage:
        found += sorted(entries())
    return found


def _states(session: Session | None) -> list[str]:
    """Return tags, branches and the latest executions."""
    if session is None:
        return []
    try:
        names = [ref.name for ref in session.store.refs.all()]
        return names + [str(execution.id) for execution in reversed(session.store.history.executions(_RECENT))]
    except EnsessionError:  # no completion is better than a traceback while typing
        return []
