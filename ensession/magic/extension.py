"""Loading and unloading the extension."""

from __future__ import annotations

import atexit
import os
from typing import Any

from ensession.capture.words import without_header
from ensession.config import LED_VARIABLE, Config
from ensession.magic import completion
from ensession.magic.command import EnsCommand
from ensession.session.session import Session

_NAME = "ens"


def load(shell: Any) -> None:
    """Register ``%ens``; loading twice does nothing."""
    if command_of(shell) is None:
        command = EnsCommand(shell, Config())
        if os.environ.pop(LED_VARIABLE, ""):  # of this process alone: kernels that cells start are not led
            command.await_runner()
        shell.register_magic_function(command, "line_cell", _NAME)
        shell.input_transformers_cleanup.append(without_header)
        completion.install(shell, command_of)
        command.listen()
        atexit.register(command.close)


def unload(shell: Any) -> None:
    """End the session, if there is one, with all variables there, and take ``%ens`` away."""
    command = command_of(shell)
    if command is not None:
        if command.session is not None:
            command.session.end_within()
            command.bringing.complete_or_name()
        command.close()
        atexit.unregister(command.close)
        for kind in ("line", "cell"):
            del shell.magics_manager.magics[kind][_NAME]
        shell.input_transformers_cleanup.remove(without_header)


def session_of(shell: Any) -> Session | None:
    """Return the session that a shell records, or None."""
    command = command_of(shell)
    return None if command is None else command.session


def command_of(shell: Any) -> EnsCommand | None:
    """Return what stands behind a shell's ``%ens``, or None."""
    found = shell.find_line_magic(_NAME)
    return found if isinstance(found, EnsCommand) else None
