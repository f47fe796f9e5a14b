"""Words that all comparers use. Pure."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Sequence
from typing import Any

MAX_DETAILS = 12
MAX_DIFF_LINES = 60
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 60
_REPR.maxlevel = 2


def brief(value: Any) -> str:
    """Return a value in a few characters, on one line; never raises."""
    try:
        text = str(value) if isinstance(value, BaseException) else _REPR.repr(value)
    except Exception:  # noqa: BLE001  (repr of a foreign object may raise anything)
        text = f"<{type(value).__qualname__}>"
    return " ".join(text.split())[:100]


def same(left: Any, right: Any) -> bool:
    """Say whether two values are equal, or both such as differ from themselves (NaN)."""
    if left is right or bool(left == right):
        return True
    return bool(left != left) and bool(right != right)  # noqa: PLR0124 - what is not a number


def clipped(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the first few lines, and how many more there are."""
    if len(lines) <= MAX_DETAILS:
        return tuple(lines)
    return (*lines[: MAX_DETAILS - 1], f"… and {len(lines) - MAX_DETAILS + 1} more")


def text_diff(before: str, after: str) -> tuple[str, ...]:
    """Return the unified diff of two texts, without a heading, cut where it is long."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm=""))[2:]
    if len(lines) <= MAX_DIFF_LINES:
        return tuple(lines)
    return (*lines[:MAX_DIFF_LINES], f"… and {len(lines) - MAX_DIFF_LINES} more lines")


def plural(number: int, noun: str) -> str:
    """Return a number and its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def share(number: int, total: int, noun: str) -> str:
    """Return how many of how many differ, such as ``3 of 100 values differ``."""
    return f"{number} of {plural(total, noun)} {'differs' if number == 1 else 'differ'}"
