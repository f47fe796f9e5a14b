"""The words of a line ``%ens …``, as a shell would read them. Pure."""

from __future__ import annotations

import re
import shlex

from ensession.errors import UsageError

_PIECE = re.compile(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"|(?P<comment>(?<!\S)#.*)|.", re.DOTALL)
"""What quotes or a backslash hold together, a comment, or a character."""


def split_line(line: str) -> list[str]:
    """Split a line into words; a comment at its end, which IPython hands over as well, is none of them.

    Raises
    ------
    UsageError
        A quotation mark is not closed.
    """
    comment = next((piece.start() for piece in _PIECE.finditer(line) if piece["comment"] is not None), len(line))
    try:
        return shlex.split(line[:comment])
    except ValueError as error:
        raise UsageError(f"a quotation mark, or a backslash, lacks what belongs to it: {line}") from error
