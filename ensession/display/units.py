"""Sizes, durations, times and counts as people read and write them. Pure."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from math import isfinite

from ensession.errors import UsageError

_MINUTE = 60
_HOUR = 60 * _MINUTE
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kMGT]?)(i?)(B|bit)?", re.IGNORECASE)
_EXPONENTS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def size(n_bytes: int) -> str:
    """Return a number of bytes in decimal units, such as ``4.2 MB``.

    Examples
    --------
    >>> size(4_200_000)
    '4.2 MB'
    """
    if n_bytes < 1000:  # noqa: PLR2004
        return f"{n_bytes} B"
    amount = n_bytes / 1000
    for unit in ("kB", "MB", "GB"):
        if amount < 999.5:  # noqa: PLR2004 - what does not round up to 1000
            return f"{_short(amount)} {unit}"
        amount /= 1000
    return f"{_short(amount)} TB"


def parse_size(text: str) -> int:
    """Return a number of bytes: ``200MB``, ``1.5 GB``, ``64KiB``, ``100Mbit``, ``100000``.

    Raises
    ------
    UsageError
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no size; write it like 200MB or 1.5GB")
    number, unit, binary, what = found.groups()
    amount: float = float(number) * (1024 if binary else 1000) ** _EXPONENTS[unit.lower()]
    return round(amount / 8 if (what or "").lower() == "bit" else amount)


def counted(number: int, noun: str) -> str:
    """Return how many of something there are.

    Examples
    --------
    >>> counted(1, "value"), counted(2, "value")
    ('1 value', '2 values')
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")


def duration(seconds: float) -> str:
    """Return a duration, such as ``12 ms``, ``3.4 s`` or ``2 min 5 s``; infinite is ``impossible``."""
    if not isfinite(seconds):
        return "impossible"
    if seconds < 0.0995:  # noqa: PLR2004
        return f"{_short(seconds * 1000)} ms" if seconds >= 0.001 else "< 1 ms" if seconds > 0 else "0 s"  # noqa: PLR2004
    if seconds < _MINUTE:
        return f"{_short(seconds)} s"
    if seconds < _HOUR:
        minutes, rest = divmod(round(seconds), _MINUTE)
        return f"{minutes} min {rest} s"
    hours, rest = divmod(round(seconds / _MINUTE), _MINUTE)
    return f"{hours} h {rest} min"


def point_in_time(unix_s: float, zone: tzinfo | None = None) -> str:
    """Return a time of day with its date, in the local time zone unless told otherwise."""
    try:
        return datetime.fromtimestamp(unix_s, zone).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):  # a store may hold anything
        return "?"


def _short(amount: float) -> str:
    return f"{amount:.1f}" if amount < 9.95 else f"{amount:.0f}"  # noqa: PLR2004 - two or three digits
