"""Where code comes from that ``%time`` and ``%%time`` compiled: they give it a name of no cell.

Without the text of its cell a function can't come back under another Python, and no traceback shows its lines.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator

from ensession.serial.recompile import codes_within

TIMED = "<timed exec>"
"""What IPython gives as the file of such code."""
_CELL = re.compile(r"\s*%%time\b[^\n]*\n(.*)", re.DOTALL)
_LINE = re.compile(r"^%time[ \t]+([^\n]+)", re.MULTILINE)


class TimedCodes:
    """The texts of the timed cells of one session, by the code objects that come of them."""

    def __init__(self) -> None:
        self._texts: dict[types.CodeType, str] = {}

    def note(self, cell: str) -> None:
        """Take note of a cell that is about to run; code that two cells have alike keeps the first one's text."""
        if "%time" not in cell:
            return
        for text in _bodies(cell):
            try:
                made = compile(text, TIMED, "exec", dont_inherit=True)
            except (SyntaxError, ValueError):  # magics within, or nothing that runs
                continue
            for code in codes_within(made):
                self._texts.setdefault(code, text)

    def text_of(self, code: types.CodeType) -> str | None:
        """Return the text that a code object was compiled from; None where that is not known."""
        return self._texts.get(code)


def _bodies(cell: str) -> Iterator[str]:
    whole = _CELL.match(cell)
    if whole is not None:
        yield whole[1]
    else:
        yield from (line[1] for line in _LINE.finditer(cell))
