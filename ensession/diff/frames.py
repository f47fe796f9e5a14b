"""Tables of pandas. Pure; the library is not imported here."""

from __future__ import annotations

import sys
from typing import Any

from ensession.diff.arrays import count_different
from ensession.diff.text import brief, clipped, plural, share
from ensession.model import ValueDiff


def is_frame(value: Any) -> bool:
    """Say whether a value is a pandas DataFrame."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, getattr(pandas, "DataFrame", ()))


def is_series(value: Any) -> bool:
    """Say whether a value is a pandas Series or Index."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (getattr(pandas, "Series", ()), getattr(pandas, "Index", ())))


def diff_frames(before: Any, after: Any) -> ValueDiff:
    """Compare columns, dtypes, rows, and how many values of each column differ.

    Rows are matched by their labels where those are unique, else by position where there are as many.
    """
    added = [name for name in after.columns if name not in before.columns]
    removed = [name for name in before.columns if name not in after.columns]
    details = [f"+ column {brief(name)} ({after[name].dtype})" for name in added if _is_one(after, name)]
    details += [f"- column {brief(name)} ({before[name].dtype})" for name in removed if _is_one(before, name)]
    told = [f"columns: {_counts(len(added), len(removed))}"] if added or removed else []
    told += _rows(before.index, after.index)
    common = [name for name in before.columns if _is_one(before, name) and _is_one(after, name)]
    left, right = _matched(before, after)
    n_changed = 0
    for name in common:
        line = _column(before[name], after[name], left, right)
        if line:
            n_changed += 1
            details.append(f"~ column {brief(name)}: {line}")
    if n_changed:
        told.append(f"{plural(n_changed, 'column')} changed")
    twice = not before.columns.is_unique or not after.columns.is_unique
    if twice and not (before.columns.equals(after.columns) and before.equals(after)):
        told.append("columns of the same name are not compared")
    elif not told and list(before.columns) != list(after.columns):
        told.append("columns in another order")
    return ValueDiff(not told, ", ".join(told) or "equal", clipped(details))


def diff_series(before: Any, after: Any) -> ValueDiff:
    """Compare two series, or two indexes."""
    left, right = before, after
    told = [] if before.dtype == after.dtype else [f"dtype {before.dtype} → {after.dtype}"]
    if not _same_labels(before.name, after.name):
        told.append(f"name {brief(before.name)} → {brief(after.name)}")
    if hasattr(before, "index") and hasattr(after, "index"):
        told += _rows(before.index, after.index)
        left, right = _aligned(before, after)
    elif len(before) != len(after):
        told.append(f"{plural(len(before), 'element')} → {len(after)}")
        left = right = None
    if left is not None and right is not None:
        n_different = _different(left, right)
        if n_different:
            told.append(share(n_different, len(left), "value"))
    return ValueDiff(not told, ", ".join(told) or "equal")


def _is_one(frame: Any, name: Any) -> bool:
    """Say whether exactly one column has that name."""
    return int((frame.columns == name).sum()) == 1 if name in frame.columns else False


def _rows(before: Any, after: Any) -> list[str]:
    if before.equals(after):
        return [] if before.names == after.names else ["index renamed"]
    if len(before) != len(after):
        return [f"rows {len(before)} → {len(after)}"]
    return ["index changed"]


def _matched(before: Any, after: Any) -> tuple[Any, Any]:
    """Return which rows of each to compare: indexers, slices, or None where rows can't be matched."""
    left, right = before.index, after.index
    if left.equals(right):
        return slice(None), slice(None)
    if left.is_unique and right.is_unique and left.nlevels == right.nlevels:
        common = left.intersection(right)
        return left.get_indexer(common), right.get_indexer(common)
    return (slice(None), slice(None)) if len(left) == len(right) else (None, None)


def _aligned(before: Any, after: Any) -> tuple[Any, Any]:
    left, right = _matched(before, after)
    return (None, None) if left is None else (before.iloc[left], after.iloc[right])


def _column(before: Any, after: Any, left: Any, right: Any) -> str:
    told = [] if before.dtype == after.dtype else [f"dtype {before.dtype} → {after.dtype}"]
    if left is not None:
        x, y = before.iloc[left], after.iloc[right]
        n_different = _different(x, y)
        if n_different:
            told.append(share(n_different, len(x), "value"))
    return ", ".join(told)


def _different(before: Any, after: Any) -> int:
    """Return how many values differ at the same place; missing equals missing."""
    numpy = sys.modules["numpy"]
    if isinstance(before.dtype, numpy.dtype) and isinstance(after.dtype, numpy.dtype):
        return count_different(before.to_numpy(), after.to_numpy())
    both_missing = numpy.asarray(before.isna()) & numpy.asarray(after.isna())
    left, right = before.to_numpy(dtype=object), after.to_numpy(dtype=object)
    return count_different(left[~both_missing], right[~both_missing])


def _same_labels(left: Any, right: Any) -> bool:
    return left is right or bool(left == right)


def _counts(n_added: int, n_removed: int) -> str:
    return ", ".join(f"{n} {word}" for n, word in ((n_added, "added"), (n_removed, "removed")) if n)
