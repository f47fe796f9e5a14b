"""Progress: silent for what is quick, drawn also while a step says nothing, gone at the end."""

from __future__ import annotations

import io
import threading

from ensession.display.progress import Position, Progress, TerminalLine, bar_html, bar_text
from tests.unit.markup import Markup
from tests.unit.test_display import HOSTILE


class Recorded:
    """Keeps what was drawn, and lets a test wait for it."""

    def __init__(self) -> None:
        self.drawn: list[Position] = []
        self.cleared = 0
        self.seen = threading.Event()

    def draw(self, position: Position) -> None:
        self.drawn.append(position)
        self.seen.set()

    def clear(self) -> None:
        self.cleared += 1


def test_what_is_quick_shows_nothing() -> None:
    surface = Recorded()
    with Progress(surface, quiet_s=60.0) as said:
        said(1, 2, "load df")
    assert surface.drawn == []
    assert surface.cleared == 0


def test_a_step_that_says_nothing_is_seen_and_taken_away() -> None:
    surface = Recorded()
    with Progress(surface, quiet_s=0.0, redraw_s=0.01) as said:
        said(1, 2, "run cell 3")
        surface.seen.clear()
        assert surface.seen.wait(30)
    assert (surface.drawn[-1].done, surface.drawn[-1].total, surface.drawn[-1].label) == (1, 2, "run cell 3")
    assert surface.cleared == 1


def test_a_terminal_line_is_drawn_over_and_harmless() -> None:
    stream = io.StringIO()
    line = TerminalLine(stream, 40)
    line.draw(Position(3, 4, HOSTILE, 2.0))
    line.draw(Position(4, 4, "x", 2.5))
    line.clear()
    assert "\x1b" not in stream.getvalue()
    assert "\n" not in stream.getvalue()
    first, second, empty, end = stream.getvalue().split("\r")[1:]
    assert len(first) <= 39
    assert second.startswith("█" * 20 + "  4/4  2.5 s  x")
    assert empty.strip() == end == ""


def test_the_bar_of_a_notebook() -> None:
    (bar,) = Markup(bar_html(Position(3, 4, HOSTILE, 2.0))).of("progress")
    assert (bar.attributes["value"], bar.attributes["max"]) == ("3", "4")
    assert bar_text(Position(0, 0, "", 0.0)).startswith("·")
