"""Text from a session made fit for a terminal. Pure.

A store may come from anybody, and what it shows must not move the cursor, set the window's title, write to the
clipboard or reorder characters. Colours are dropped; every other control character is shown instead of sent.
"""

from __future__ import annotations

import re

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_LINK = re.compile(r"\x1b\]8;[^\x07\x1b]*(?:\x07|\x1b\\)")
_HARMFUL = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls of both sets, except tab and newline
    "\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff"  # reordering and invisible
    "\ud800-\udfff"  # halves of characters can't be written
    "\U000e0000-\U000e007f"  # invisible tags
    "]"
)


def harmless(text: str) -> str:
    r"""Return text that a terminal only prints, in any number of lines.

    Colours are removed, of a line that was overwritten (progress bars) only the last state is kept, and other
    control characters are spelled out, such as ``\x1b``.
    """
    text = _LINK.sub("", _COLOUR.sub("", text))
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _HARMFUL.sub(_spelled, text.expandtabs(8))


def one_line(text: str) -> str:
    """Return harmless text without line breaks."""
    return " ".join(harmless(text).split("\n")).strip()


def first_line(code: str) -> str:
    """Return the first line of code that says something, with an ellipsis where there is more."""
    lines = [line for line in code.splitlines() if line.strip()]
    if not lines:
        return ""
    return one_line(lines[0]) + (" …" if len(lines) > 1 else "")


def _spelled(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
