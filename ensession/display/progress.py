"""How far a long task is: one line in a terminal, one bar in a notebook. Writes only to what it is given."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from ensession.display.harmless import one_line
from ensession.display.style import escaped, fragment
from ensession.display.tables import cut, text_width
from ensession.display.units import duration

QUIET_S = 1.0
"""A task that ends sooner shows nothing."""
REDRAW_S = 0.25
_CELLS = 20


@dataclass(frozen=True, slots=True)
class Position:
    """How far a task is.

    Attributes
    ----------
    done, total : int
        In whatever the task counts.
    label : str
        What is being done now.
    elapsed_s : float
    """

    done: int
    total: int
    label: str
    elapsed_s: float


class Surface(Protocol):
    """Where progress is shown."""

    def draw(self, position: Position) -> None:
        """Show this in the place of what was shown before."""

    def clear(self) -> None:
        """Take away what was drawn."""


class Progress:
    """Shows how far a task is once it takes more than a second, also while one of its steps takes long.

    A thread of its own redraws: a step that runs for a minute says nothing itself. Use it as a context manager, and
    call it with ``(done, total, label)``.

    Parameters
    ----------
    surface : Surface
    quiet_s : float
        Seconds before anything is shown.
    redraw_s : float
        Seconds between two drawings.
    clock : callable
        Seconds.
    """

    def __init__(
        self,
        surface: Surface,
        quiet_s: float = QUIET_S,
        redraw_s: float = REDRAW_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._surface = surface
        self._quiet_s = quiet_s
        self._redraw_s = redraw_s
        self._clock = clock
        self._started = clock()
        self._now: tuple[int, int, str] = (0, 0, "")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_drawing, name="ensession-progress", daemon=True)

    def __call__(self, done: int, total: int, label: str) -> None:
        """Take note of the next step."""
        self._now = (done, total, label)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the drawing away."""
        self._over.set()
        self._thread.join()

    def _keep_drawing(self) -> None:
        drawn = False
        pause = self._quiet_s
        while not self._over.wait(pause):
            done, total, label = self._now
            self._surface.draw(Position(done, total, label, self._clock() - self._started))
            drawn, pause = True, self._redraw_s
        if drawn:
            self._surface.clear()


class Writable(Protocol):
    """A text stream."""

    def write(self, text: str, /) -> object:
        """Write text."""

    def flush(self) -> object:
        """Pass it on."""


class TerminalLine:
    """One line of a terminal, drawn over and over (:class:`Surface`).

    Parameters
    ----------
    stream : text stream
    width : int
        Columns of the terminal.
    """

    def __init__(self, stream: Writable, width: int) -> None:
        self._stream = stream
        self._width = width - 1
        self._drawn = 0

    def draw(self, position: Position) -> None:
        """Draw over the last line."""
        text = cut(bar_text(position), self._width)
        self._stream.write("\r" + text + " " * max(self._drawn - text_width(text), 0))
        self._stream.flush()
        self._drawn = text_width(text)

    def clear(self) -> None:
        """Leave an empty line, with the cursor at its beginning."""
        self._stream.write("\r" + " " * self._drawn + "\r")
        self._stream.flush()


class Nowhere:
    """Shows nothing (:class:`Surface`)."""

    def draw(self, position: Position) -> None:
        """Show nothing."""

    def clear(self) -> None:
        """Leave everything as it is."""


def bar_text(position: Position) -> str:
    """Return a line such as ``███████·············  3/9  3.4 s  load df``."""
    filled = _CELLS * position.done // max(position.total, 1)
    counted = f"{position.done:,}/{position.total:,}" if position.total else ""
    words = (f"{'█' * filled}{'·' * (_CELLS - filled)}", counted, duration(position.elapsed_s), position.label)
    return one_line("  ".join(word for word in words if word))


def bar_html(position: Position) -> str:
    """Return the same as an HTML fragment."""
    counted = f"{position.done:,} of {position.total:,}" if position.total else ""
    words = ", ".join(word for word in (counted, duration(position.elapsed_s), position.label) if word)
    return fragment(
        f'<progress max="{max(position.total, 1)}" value="{position.done}" style="vertical-align: middle"></progress>'
        f' <span class="ens-quiet">{escaped(words)}</span>'
    )
