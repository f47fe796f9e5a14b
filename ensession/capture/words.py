"""The user's word inside of a cell: ``%%ens always``, ``# ens: always``, or a tag of the cell.

Pure: text in, words out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from ensession.model import Word

TAG_PREFIX = "ens-"
_HEADER = re.compile(r"%%ens[ \t]+(\w+)[ \t]*(?:(?<=[ \t])#[^\n]*)?\n?")
_COMMENT = re.compile(r"#\s*ens:\s*([\w\s,-]+?)\s*")
_KNOWN = {word.value: word for word in Word}


def words_of(code: str, tags: Iterable[str]) -> tuple[Word, ...]:
    """Return what the user says of a cell.

    Parameters
    ----------
    code : str
        As the user wrote it. ``%%ens WORD`` counts in its first line; a comment ``# ens: WORD`` in the lines before
        the first statement.
    tags : iterable of str
        The cell's tags, such as ``ens-always``.
    """
    said = [tag.removeprefix(TAG_PREFIX) for tag in tags if tag.startswith(TAG_PREFIX)]
    if "ens" in code:
        said += _said_in(code)
    return tuple(dict.fromkeys(_KNOWN[text] for text in said if text in _KNOWN))


def without_header(lines: list[str]) -> list[str]:
    """Take a header ``%%ens WORD`` off a cell, so that the rest runs as any cell does.

    An input transformer for IPython. An empty line stays in its place, which keeps line numbers, unless another
    cell magic follows: that has to be first.
    """
    match = _HEADER.fullmatch(lines[0]) if lines else None
    if match is None or match.group(1) not in _KNOWN:
        return lines
    rest = lines[1:]
    return rest if rest and rest[0].startswith("%%") else ["\n", *rest]


def _said_in(code: str) -> Collection[str]:
    found = []
    for number, line in enumerate(code.lstrip().splitlines()):
        header = _HEADER.fullmatch(line) if number == 0 else None
        comment = _COMMENT.fullmatch(line.strip())
        if header is not None:
            found.append(header.group(1))
        elif comment is not None:
            found += re.split(r"[\s,]+", comment.group(1))
        elif line.strip() and not line.startswith("#"):
            break
    return found
