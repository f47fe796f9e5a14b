"""Sizes, durations and times as people read them. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo
from math import isfinite

_MINUTE = 60
_HOUR = 60 * _MINUTE


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
