"""What Matplotlib's figures and axes show, compared. Pure; the library is not imported here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from ensession.diff.text import brief, clipped, plural
from ensession.model import ValueDiff

_LABELS = ("title", "xlabel", "ylabel", "xlim", "ylim", "xscale", "yscale")


def is_drawn(value: Any) -> bool:
    """Say whether a value is a figure, or the axes of one."""
    return any(isinstance(value, kind) for kind in _kinds())


def diff_drawn(before: Any, after: Any, inner: Callable[[Any, Any], ValueDiff]) -> ValueDiff:
    """Compare what two figures, or two axes, show: labels, limits, and the data of lines, points, bars and images.

    How it looks (colours, fonts, ticks) is compared by the number of each thing only.

    Parameters
    ----------
    before, after : matplotlib.figure.FigureBase or matplotlib.axes.Axes
    inner : callable
        Compares two parts.
    """
    left, right = dict(_shown(before)), dict(_shown(after))
    lines = [f"+ {what}: {brief(right[what])}" for what in right if what not in left]
    lines += [f"- {what}: {brief(left[what])}" for what in left if what not in right]
    changed = [(what, inner(left[what], right[what])) for what in left if what in right]
    lines += [f"~ {what}: {diff.headline}" for what, diff in changed if diff.is_equal is not True]
    if not lines:
        return ValueDiff(True, "they show the same")
    is_sure = len(left.keys() ^ right.keys()) > 0 or any(diff.is_equal is False for _, diff in changed)
    return ValueDiff(False if is_sure else None, f"{plural(len(lines), 'thing')} shown otherwise", clipped(lines))


def _kinds() -> list[type]:
    named = (("matplotlib.figure", "FigureBase"), ("matplotlib.axes", "Axes"))
    found = (getattr(sys.modules.get(module), name, None) for module, name in named)
    return [kind for kind in found if isinstance(kind, type)]


def _shown(value: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(value, "axes") or not isinstance(value.axes, list):
        yield from _shown_in("", value)
        return
    yield "size in inches", tuple(map(float, value.get_size_inches())) if hasattr(value, "get_size_inches") else ()
    yield "texts", [text.get_text() for text in value.texts]
    for number, axes in enumerate(value.axes):
        yield from _shown_in(f"axes {number}: ", axes)


def _shown_in(start: str, axes: Any) -> Iterator[tuple[str, Any]]:
    for label in _LABELS:
        yield f"{start}{label}", getattr(axes, f"get_{label}")()
    legend = axes.get_legend()
    yield f"{start}legend", None if legend is None else [text.get_text() for text in legend.get_texts()]
    yield f"{start}texts", [text.get_text() for text in axes.texts]
    yield f"{start}patches", len(axes.patches)
    for number, line in enumerate(axes.lines):
        yield f"{start}line {number}", line.get_xydata()
    for number, points in enumerate(axes.collections):
        yield f"{start}collection {number}", points.get_offsets()
    for number, patch in enumerate(axes.patches):
        if hasattr(patch, "get_bbox"):  # bars
            yield f"{start}bar {number}", patch.get_bbox().bounds
    for number, image in enumerate(axes.images):
        yield f"{start}image {number}", image.get_array()
