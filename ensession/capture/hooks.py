"""IPython's cell events, handed on. The shell is passed in; IPython itself is not imported here."""

from __future__ import annotations

import threading
from typing import Any, Protocol


class CellListener(Protocol):
    """Who wants to know of cells."""

    def callbacks_ran(self) -> None:
        """Hear that a message to a widget was handled, while no cell ran or in the middle of one; from any thread."""

    def cell_ran_elsewhere(self) -> None:
        """Hear that another thread runs, or ran, a cell of its own (a subshell)."""

    def cell_begins(self, code: str, cell_id: str | None, python: str | None) -> None:
        """Hear that a cell is about to run; ``python`` is what the shell made of it, where it tells that."""

    def cell_ended(self, error: BaseException | None) -> None:
        """Hear that it ran, or what it raised."""


class CellHooks:
    """Registers a listener with a shell's events; the same for ipykernel and terminal IPython."""

    def __init__(self, shell: Any, listener: CellListener) -> None:
        self._events = shell.events
        self._listener = listener
        self._thread = 0
        self._n_alone = 0
        self._is_installed = False

    def install(self) -> None:
        """Begin to listen."""
        self._is_installed = True
        self._thread = threading.get_ident()
        for event, heard in self._heard().items():
            self._events.register(event, heard)
        self._stand_next_to_cells()

    def remove(self) -> None:
        """Stop listening, if it does."""
        if not self._is_installed:
            return
        self._is_installed = False
        for event, heard in self._heard().items():
            self._events.unregister(event, heard)

    def _heard(self) -> dict[str, Any]:
        return {
            "pre_execute": self._something_begins,
            "pre_run_cell": self._before,
            "post_execute": self._something_ended,
            "post_run_cell": self._after,
        }

    def _stand_next_to_cells(self) -> None:
        """Be the last to hear that a cell begins, and the first to hear that it ended.

        What the user's own callbacks do in between then happens between two cells, and none of them does it itself.
        """
        waiting = self._events.callbacks
        before, after = waiting["pre_run_cell"], waiting["post_run_cell"]
        if self._before in before[:-1]:
            before.remove(self._before)
            before.append(self._before)
        if self._after in after[1:]:
            after.remove(self._after)
            after.insert(0, self._after)

    def _something_begins(self) -> None:
        """Count: a cell gives this event right before its own, a message to a widget this one alone."""
        if not self._is_elsewhere():
            self._n_alone += 1

    def _before(self, info: Any) -> None:
        if self._is_elsewhere():
            self._listener.cell_ran_elsewhere()
            return
        self._n_alone = max(0, self._n_alone - 1)
        python = getattr(info, "transformed_cell", None)
        self._listener.cell_begins(info.raw_cell or "", getattr(info, "cell_id", None), python)

    def _something_ended(self) -> None:
        """Tell of a message at once: what it may have changed is not what the last cell made any more."""
        if self._is_elsewhere():
            self._listener.callbacks_ran()
        elif self._n_alone:
            self._n_alone -= 1
            self._listener.callbacks_ran()

    def _after(self, result: Any) -> None:
        if self._is_elsewhere():
            self._listener.cell_ran_elsewhere()
        else:
            self._listener.cell_ended(result.error_before_exec or result.error_in_exec)
        if self._is_installed:  # the cell may have registered others
            self._stand_next_to_cells()

    def _is_elsewhere(self) -> bool:
        return threading.get_ident() != self._thread
