"""Estimators of scikit-learn and what follows its interface. Pure; the library is not imported here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ensession.diff.text import brief, clipped, plural
from ensession.model import ValueDiff


def is_estimator(value: Any) -> bool:
    """Say whether a value is an estimator."""
    base = sys.modules.get("sklearn.base")
    return base is not None and isinstance(value, getattr(base, "BaseEstimator", ()))


def diff_estimators(before: Any, after: Any, inner: Callable[[Any, Any], ValueDiff]) -> ValueDiff:
    """Compare the parameters of two estimators, and what they learned (attributes that end with ``_``).

    Parameters
    ----------
    before, after : sklearn.base.BaseEstimator
    inner : callable
        Compares two parameters or learned attributes.
    """
    told, details, is_open = [], [], True
    if type(before) is not type(after):
        told.append(f"type {type(before).__qualname__} → {type(after).__qualname__}")
    left, right = before.get_params(deep=True), after.get_params(deep=True)
    for what, pair in (("parameter", (left, right)), ("learned attribute", (_fitted(before), _fitted(after)))):
        lines, is_sure = _changed(pair[0], pair[1], inner)
        if lines:
            is_open = is_open and not is_sure
            told.append(f"{plural(len(lines), what)} changed" if is_sure else f"{what}s that can't be compared")
            details += lines
    is_open = is_open and bool(details) and type(before) is type(after)
    return ValueDiff(None if is_open else not told, ", ".join(told) or "equal", clipped(details))


def _changed(
    left: dict[str, Any], right: dict[str, Any], inner: Callable[[Any, Any], ValueDiff]
) -> tuple[list[str], bool]:
    """Return a line for each name that differs, and whether any surely does."""
    lines = [f"+ {name}: {brief(right[name])}" for name in sorted(right.keys() - left.keys())]
    lines += [f"- {name}: {brief(left[name])}" for name in sorted(left.keys() - right.keys())]
    is_sure = bool(lines)
    for name in sorted(left.keys() & right.keys()):
        diff = inner(left[name], right[name])
        if diff.is_equal is not True:
            is_sure = is_sure or diff.is_equal is False
            lines.append(f"~ {name}: {diff.headline}")
    return lines, is_sure


def _fitted(estimator: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(estimator).items() if name.endswith("_") and not name.startswith("_")}
