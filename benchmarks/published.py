"""Writing what was measured into a page of the documentation, between two marks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"


def publish(page: str | Path, command: str, text: str) -> None:
    """Replace what a command wrote into a page last time.

    Parameters
    ----------
    page : str or Path
        Path in the documentation, or an absolute one; it has the two marks of the command.
    command : str
    text : str
    """
    path = DOCS / page
    begin, end = (f"<!-- written by {command}: {word} -->" for word in ("begin", "end"))
    head, _, rest = path.read_text(encoding="utf-8").partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise ValueError(f"{path} lacks the marks {begin} and {end}")
    path.write_text(f"{head}{begin}\n\n{text.strip()}\n\n{end}{tail}", encoding="utf-8")


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def circumstances(load: float) -> str:
    """Return a sentence about when something was measured, and beside how much other work.

    Parameters
    ----------
    load : float
        Number of processes that wanted to run, on average over the last minute.
    """
    return f"Measured {time.strftime('%Y-%m-%d')}; load average at the end: {load:.1f}."
