"""What runs beside the cells, as the recorder has to know of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ensession.capture.background import NOBODY, PRIMITIVES, Background, Strangers, Suspects, of_session
from ensession.capture.given import given_away, of_figures
from ensession.capture.touch import Touched
from ensession.capture.tracker import Tracker

_ANOTHER = Suspects(who=("a cell on another thread",), everything="another thread ran it")


_IN_THE_CELL = "post_execute"
"""The event whose callbacks the shell calls before it says that a cell has ended."""


class Reasons(NamedTuple):
    """Why a cell can't be run again, and why it should not be unless the user allows it: for what runs beside it."""

    no_replay: str | None
    caution: str | None


class Beside:
    """Threads, tasks and callbacks of one session: what they may have changed, and what that means for a cell.

    Parameters
    ----------
    tracker : Tracker
    callbacks : callable
        Returns what the shell calls around cells, by event.
    """

    def __init__(self, tracker: Tracker, callbacks: Callable[[], Mapping[str, Collection[Any]]]) -> None:
        self._tracker = tracker
        self._callbacks = callbacks
        self._listening: tuple[Any, ...] = ()
        self._strangers = Strangers()
        self._background = Background(tracker.user.live, tracker.user.root_of)
        self._seen = NOBODY
        self._callbacks_ran = self._cells_ran = False

    def note_callbacks(self) -> None:
        """Take note that callbacks of widgets ran, while no cell did or in the middle of one; from any thread."""
        self._callbacks_ran = True

    def note_cell_elsewhere(self) -> None:
        """Take note that another thread runs, or ran, a cell of its own; called by that thread."""
        self._cells_ran = True

    def leaves_alone(self, names: Iterable[str]) -> bool:
        """Whether nothing that ran or runs beside may have changed some variables since the last cell."""
        suspects = self._seen | self._running() | self._came() | self._around()
        if not suspects:
            return True
        touched = self._tracker.touched_in_background(suspects)
        return not touched.everything and touched.names.isdisjoint(names)

    def between_cells(self) -> Touched | None:
        """Return what may have been changed since the last cell by what runs beside; None if nothing runs."""
        now = self._running()
        suspects, self._seen = self._seen | now | self._came() | self._around(), now
        self._callbacks_ran = self._cells_ran = False
        if not suspects:
            return None
        touched = self._tracker.touched_in_background(suspects)
        names = frozenset(self._tracker.known) if touched.everything else touched.names
        return Touched(frozenset(), frozenset(name for name in names if not self._is_machinery(name)), None)

    def joined(self, touched: Touched) -> Touched:
        """Return what a cell that just ended may have touched, with what others called and what came in between."""
        touched = self._with_given_away(touched)
        came = self._came()
        if not came:
            return touched
        more = self._tracker.touched_in_background(came)
        return Touched(touched.reads | more.reads, touched.names | more.names, touched.everything or more.everything)

    def _with_given_away(self, touched: Touched) -> Touched:
        """Add what the session gave to others who call it while a cell runs; the cell calls them again when it does."""
        user = self._tracker.user
        own = [] if touched.everything else given_away(user.live, touched.names, self._strangers)
        if not own:
            return touched
        more = self._tracker.touched_in_background(self._background.called(own, user.variables()))
        return replace(
            touched, names=touched.names | (frozenset(self._tracker.known) if more.everything else more.names)
        )

    def after_cell(self, touched: Touched) -> Reasons:
        """Say what stands against running a cell again that just ended: what runs beside it, or came in the middle."""
        came, before, after = self._came(), self._seen, self._running()
        self._callbacks_ran = self._cells_ran = False
        self._seen = before | after
        self._listening = self._listeners()
        started = [who for who in after.who if who not in before.who]
        # That is what the cell does, such as to start a service: run again, it does so again.
        caution = f"it left something running: {', '.join(started)}" if started else None
        return Reasons(self._shared(touched, came, before), caution)

    def _shared(self, touched: Touched, came: Suspects, before: Suspects) -> str | None:
        """Say why what a cell uses may be another's doing."""
        if came:
            return f"what it uses may have been changed meanwhile by {', '.join(came.who)}"
        if not before:
            return None
        shared = self._tracker.touched_in_background(before)
        if shared.everything or touched.everything or not shared.names.isdisjoint(touched.names):
            return f"what it uses may be changed meanwhile by {', '.join(before.who)}"
        return None

    def _came(self) -> Suspects:
        """Return who was heard of since this was last asked for good."""
        user = self._tracker.user
        found = self._background.callbacks(user.view()) if self._callbacks_ran else NOBODY
        if own := self._strangers.left_out(self._callbacks().get(_IN_THE_CELL, ()), user.live):
            found |= self._background.called(own, user.variables())
        return found | _ANOTHER if self._cells_ran else found

    def _around(self) -> Suspects:
        """Return who was called since the last cell ended: one that is called once has gone by now."""
        listening = (*self._listening, *self._listeners())
        return self._background.called(listening, self._tracker.user.variables()) if listening else NOBODY

    def _listeners(self) -> tuple[Any, ...]:
        around = (one for handlers in self._callbacks().values() for one in handlers)
        live, figures = self._tracker.user.live, list(of_figures())
        own = self._strangers.left_out(around, live)
        return (*own, *of_session(figures, live)) if figures else tuple(own)

    def _running(self) -> Suspects:
        return self._background.running(self._tracker.user.view())

    def _is_machinery(self, name: str) -> bool:
        """Whether a variable is a thread, a queue, a widget: those have no fingerprint, and count as unchanged."""
        known = self._tracker.known.get(name)
        return known is not None and known.fingerprint is None and not PRIMITIVES.isdisjoint(known.packages or ())
