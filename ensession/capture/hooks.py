"""IPython's cell events, handed on. The shell is passed in; IPython itself is not imported here."""

from __future__ import annotations

from typing import Any, Protocol


class CellListener(Protocol):
    """Who wants to know of cells."""

    def callbacks_ran(self) -> None:
        """Hear that a message to a widget was handled while no cell ran."""

    def cell_begins(self, code: str, cell_id: str | None, python: str | None) -> None:
        """Hear that a cell is about to run; ``python`` is what the shell made of it, where it tells that."""

    def cell_ended(self, error: BaseException | None) -> None:
        """Hear that it ran, or what it raised."""


class CellHooks:
    """Registers a listener with a shell's events; the same for ipykernel and terminal IPython."""

    def __init__(self, shell: Any, listener: CellListener) -> None:
        self._events = shell.events
        self._listener = listener
        self._n_running = 0
        self._n_before = 0
        self._is_installed = False

    def install(self) -> None:
        """Begin to listen."""
        self._is_installed = True
        self._events.register("pre_execute", self._something_begins)
        self._events.register("pre_run_cell", self._before)
        self._events.register("post_run_cell", self._after)

    def remove(self) -> None:
        """Stop listening, if it does."""
        if not self._is_installed:
            return
        self._is_installed = False
        self._events.unregister("pre_execute", self._something_begins)
        self._events.unregister("pre_run_cell", self._before)
        self._events.unregister("post_run_cell", self._after)

    def _something_begins(self) -> None:
        """Count: a cell gives this event right before its own, a message to a widget this one alone."""
        if not self._n_running:
            self._n_before += 1

    def _before(self, info: Any) -> None:
        if self._n_before > 1:
            self._listener.callbacks_ran()
        self._n_before = 0
        self._n_running += 1
        python = getattr(info, "transformed_cell", None)
        self._listener.cell_begins(info.raw_cell or "", getattr(info, "cell_id", None), python)

    def _after(self, result: Any) -> None:
        self._n_running = max(0, self._n_running - 1)
        self._listener.cell_ended(result.error_before_exec or result.error_in_exec)
