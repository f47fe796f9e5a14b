"""The history as lines of text for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ensession.display.harmless import one_line
from ensession.display.layout import Layout, Marks, Row, RowKind
from ensession.display.tables import cut, text_width
from ensession.display.views import code_words
from ensession.model import Execution, Outcome


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of a drawing, one column each."""

    empty: str
    done: str
    failed: str
    current: str
    gap: str
    fold: str
    line: str
    fork: str
    arm: str


UNICODE = Glyphs("○", "●", "✗", "◉", "┊", "┄", "│", "├", "─")
ASCII = Glyphs("o", "*", "x", "@", ":", "~", "|", "+", "-")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line.

    Attributes
    ----------
    role : str
        ``line``, ``number``, ``current``, ``branch``, ``tag``, ``failed``, ``code`` or ``quiet``.
    """

    text: str
    role: str


def graph_lines(layout: Layout, glyphs: Glyphs = UNICODE) -> list[tuple[Span, ...]]:
    """Return a drawing as lines of spans, for a terminal that knows colours."""
    digits = max(len(str(row.execution.id)) for row in layout.rows if row.execution) if layout.n_executions else 1
    return [(*_gutter(row, layout, glyphs), *_text(row, layout.marks, digits)) for row in layout.rows]


def graph_text(layout: Layout, glyphs: Glyphs = UNICODE) -> str:
    """Return a drawing as plain text, complete."""
    return "\n".join("".join(span.text for span in spans).rstrip() for spans in graph_lines(layout, glyphs))


def glyphs_for(encoding: str | None) -> Glyphs:
    """Return the glyphs that an encoding can write."""
    try:
        "".join(getattr(UNICODE, name) for name in UNICODE.__slots__).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def cut_spans(spans: Sequence[Span], width: int) -> list[Span]:
    """Return spans that take at most so many columns together."""
    kept: list[Span] = []
    for span in spans:
        taken = text_width(span.text)
        kept.append(Span(cut(span.text, width), span.role))
        if taken > width:
            break
        width -= taken
    return kept


def hidden_words(row: Row) -> str:
    """Say what a gap or a fold stands for, such as ``40 executions, 3 branches``."""
    noun = "execution" if row.n_hidden == 1 else "executions"
    words = f"{row.n_hidden:,} {noun}"
    if row.n_ends:
        words += f", {row.n_ends:,} {'branch' if row.n_ends == 1 else 'branches'}"
    return words


def failure_words(execution: Execution) -> str:
    """Say how an execution failed, in a word or two; empty where it did not."""
    if execution.outcome is Outcome.OK:
        return ""
    if execution.outcome is Outcome.ERROR and execution.error:
        return one_line(execution.error.split(":")[0].split("(")[0])
    return execution.outcome.value


def _gutter(row: Row, layout: Layout, glyphs: Glyphs) -> list[Span]:
    edges = f"{glyphs.line} " * (row.lane - row.is_side) + (glyphs.fork + glyphs.arm) * row.is_side
    return [
        Span(edges, "line"),
        _glyph(row, layout.marks, glyphs),
        Span("  " * (layout.n_lanes - 1 - row.lane), "line"),
    ]


def _glyph(row: Row, marks: Marks, glyphs: Glyphs) -> Span:
    if row.kind is RowKind.EMPTY:
        return Span(glyphs.empty, "current" if marks.head is None else "line")
    if row.execution is None:
        return Span(glyphs.gap if row.kind is RowKind.GAP else glyphs.fold, "line")
    if row.execution.id == marks.head:
        return Span(glyphs.current, "current")
    if row.execution.outcome is not Outcome.OK:
        return Span(glyphs.failed, "failed")
    return Span(glyphs.done, "number" if row.on_line else "line")


def _text(row: Row, marks: Marks, digits: int) -> list[Span]:
    if row.kind is RowKind.EMPTY:
        return [Span(f" {0:>{digits}}  (empty)", "quiet")]
    execution = row.execution
    if execution is None:
        return [Span(f" {'':>{digits}}  {hidden_words(row)}", "quiet")]
    spans = [Span(f" {execution.id:>{digits}}  ", "number")]
    names = [Span("now", "current")] if execution.id == marks.head else []
    names += [Span(one_line(name), "branch") for name in marks.branches_at(execution.id)]
    names += [Span(f"tag {one_line(name)}", "tag") for name in marks.tags_at(execution.id)]
    for position, name in enumerate(names):
        spans += [Span(", " if position else "(", "quiet"), name]
    if names:
        spans.append(Span(") ", "quiet"))
    failure = failure_words(execution)
    if failure:
        spans.append(Span(f"{failure}: ", "failed"))
    spans.append(Span(code_words(execution), "code"))
    return spans
