"""Which lines of a cell begin a statement, and which go on inside a string or a bracket. Pure.

Magics stand where statements begin. Python's own tokenizer does not read cells that hold some.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r"(?P<quote>'''|\"\"\"|'|\")|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comment>#)|\\$")
_LAST = {quote: re.compile(rf"(?:[^\\]|\\.)*?{quote}") for quote in ("'''", '"""', "'", '"')}


class Openings:
    """Reads a cell line by line, as Python does: without what magics hold."""

    def __init__(self) -> None:
        self._quote = ""
        self._depth = 0
        self._goes_on = False

    @property
    def is_here(self) -> bool:
        """Whether the next line begins a statement, or stands between two of them."""
        return not (self._quote or self._depth or self._goes_on)

    def read(self, line: str) -> None:
        """Read one line, without its end."""
        at, self._goes_on = 0, False
        while at < len(line):
            at = self._string(line, at) if self._quote else self._code(line, at)
        if len(self._quote) == 1:  # a string in single quotes ends with its line, unless a backslash stands there
            self._goes_on = line.endswith("\\")
            self._quote = self._quote if self._goes_on else ""

    def _string(self, line: str, at: int) -> int:
        end = _LAST[self._quote].match(line, at)
        if end is None:
            return len(line)
        self._quote = ""
        return end.end()

    def _code(self, line: str, at: int) -> int:
        found = _PIECE.search(line, at)
        if found is None or found["comment"]:
            return len(line)
        if found["quote"]:
            self._quote = found["quote"]
        elif found["open"]:
            self._depth += 1
        elif found["close"]:
            self._depth = max(self._depth - 1, 0)
        else:
            self._goes_on = True
        return found.end()
