"""Two values compared by what their types are. Pure, but for what the values' own methods do.

The values come from a session: their methods may raise anything, and do no harm here.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ensession.diff import arrays, figures, frames, models, sources
from ensession.diff.text import brief, clipped, plural, same, text_diff
from ensession.model import ValueDiff

_HOME = ("builtins", "__main__")
_PLAIN = frozenset({dict, list, tuple, set, frozenset, int, float, complex, bool, str, bytes, type(None)})
"""There may be millions of these: to remember each of them would take more than to compare it."""
Compare = Callable[[Any, Any], ValueDiff]


def diff_values(before: Any, after: Any) -> ValueDiff:
    """Return what differs between two values, in words that fit their type.

    Never raises because of the values: where their own methods do, the difference "can't be told".

    Parameters
    ----------
    before, after : object

    Returns
    -------
    ValueDiff
    """
    return _Inner()(before, after)


class _Inner:
    """Compares two values, or what a container holds, and no pair of instances twice.

    Objects refer to each other in rings and along many ways: a figure's can't be walked through without a memory.
    """

    def __init__(self) -> None:
        # The pair itself keeps its ids from being given to others.
        self._seen: dict[tuple[int, int], tuple[ValueDiff, Any, Any]] = {}

    def __call__(self, before: Any, after: Any) -> ValueDiff:
        if before is after:
            return ValueDiff(True, "the same object")
        if type(before) in _PLAIN:
            return _compare(before, after, self)
        key = id(before), id(after)
        if key not in self._seen:
            # Where two objects come upon themselves again, that does not tell them apart.
            self._seen[key] = ValueDiff(True, "compared above"), before, after
            self._seen[key] = _compare(before, after, self), before, after
        return self._seen[key][0]


def _compare(before: Any, after: Any, inner: _Inner) -> ValueDiff:
    try:
        return _compared(before, after, inner)
    except RecursionError:
        return ValueDiff(None, "nested too deeply to be compared")
    except Exception as error:  # noqa: BLE001  (a value's own methods may raise anything)
        return ValueDiff(None, f"can't be compared: {type(error).__name__}: {brief(error)}")


def _compared(before: Any, after: Any, inner: _Inner) -> ValueDiff:
    for is_of_kind, compare in _KINDS:
        if is_of_kind(before) and is_of_kind(after):
            return compare(before, after)
    if type(before) is not type(after) and not models.is_estimator(before):
        return _other_type(before, after)
    for is_of_kind, compare_nested in _NESTED:
        if is_of_kind(before) and is_of_kind(after):
            return compare_nested(before, after, inner)
    return _other_type(before, after)


def _other_type(before: Any, after: Any) -> ValueDiff:
    kinds = f"type {_type(before)} → {_type(after)}"
    return ValueDiff(False, kinds, (f"- {brief(before)}", f"+ {brief(after)}"))


def _type(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ in _HOME else f"{kind.__module__}.{kind.__qualname__}"


def _numbers(before: Any, after: Any) -> ValueDiff:
    if same(before, after):
        return ValueDiff(True, "equal")
    text = f"{brief(before)} → {brief(after)}"
    if isinstance(before, int | float) and isinstance(after, int | float):
        text += f" ({after - before:+.6g})"
    return ValueDiff(False, text)


def _texts(before: Any, after: Any) -> ValueDiff:
    if before == after:
        return ValueDiff(True, "equal")
    if isinstance(before, str):
        lines = text_diff(before, after)
        return ValueDiff(False, f"{plural(len(before), 'character')} → {len(after)}", lines)
    pairs = enumerate(zip(before, after, strict=False))
    first = next((place for place, (x, y) in pairs if x != y), min(len(before), len(after)))
    return ValueDiff(False, f"{plural(len(before), 'byte')} → {len(after)}, the first that differs is at {first}")


def _modules(before: Any, after: Any) -> ValueDiff:
    if before.__name__ == after.__name__:
        return ValueDiff(True, "the same module")
    return ValueDiff(False, f"module {before.__name__} → {after.__name__}")


def _mappings(before: Mapping[Any, Any], after: Mapping[Any, Any], inner: _Inner) -> ValueDiff:
    added = [key for key in after if key not in before]
    removed = [key for key in before if key not in after]
    pairs = [(key, inner(before[key], after[key])) for key in before if key in after]
    changed = [(key, diff) for key, diff in pairs if diff.is_equal is not True]
    details = [f"+ {brief(key)}: {brief(after[key])}" for key in added]
    details += [f"- {brief(key)}: {brief(before[key])}" for key in removed]
    details += [f"~ {brief(key)}: {diff.headline}" for key, diff in changed]
    unknown = all(diff.is_equal is None for _, diff in changed)
    counts = (len(added), len(removed), len(changed))
    return _summed(counts, "key", details, is_open=unknown and not added and not removed)


def _sequences(before: Sequence[Any], after: Sequence[Any], inner: _Inner) -> ValueDiff:
    pairs = [(i, inner(x, y)) for i, (x, y) in enumerate(zip(before, after, strict=False))]
    changed = [(i, diff) for i, diff in pairs if diff.is_equal is not True]
    short, n_added = min(len(before), len(after)), max(0, len(after) - len(before))
    n_removed = max(0, len(before) - len(after))
    details = [f"~ [{i}]: {diff.headline}" for i, diff in changed]
    details += [f"+ [{short + i}]: {brief(value)}" for i, value in enumerate(after[short:])]
    details += [f"- [{short + i}]: {brief(value)}" for i, value in enumerate(before[short:])]
    unknown = all(diff.is_equal is None for _, diff in changed)
    return _summed((n_added, n_removed, len(changed)), "element", details, is_open=unknown and not n_added + n_removed)


def _sets(before: Any, after: Any, inner: _Inner) -> ValueDiff:
    del inner  # what a set holds is there or not
    added, removed = after - before, before - after
    details = sorted(f"+ {brief(value)}" for value in added) + sorted(f"- {brief(value)}" for value in removed)
    return _summed((len(added), len(removed), 0), "element", details, is_open=False)


def _summed(counts: tuple[int, int, int], noun: str, details: Sequence[str], *, is_open: bool) -> ValueDiff:
    if not any(counts):
        return ValueDiff(True, "equal")
    words = ("added", "removed", "can't be compared" if is_open else "changed")
    told = [f"{number} {word}" for number, word in zip(counts, words, strict=True) if number]
    nouns = noun if sum(counts) == 1 else f"{noun}s"
    return ValueDiff(None if is_open else False, f"{nouns}: {', '.join(told)}", clipped(details))


def _objects(before: Any, after: Any, inner: _Inner) -> ValueDiff:
    """Compare objects of one type that nothing special is known of: by attributes, else by ``==``."""
    left, right = _attributes(before), _attributes(after)
    if left is not None and right is not None:
        diff = _mappings(left, right, inner)
        headline = diff.headline.replace("key", "attribute", 1)
        return ValueDiff(diff.is_equal, headline, diff.details)
    if _equality(before) is _equality(object()):
        return _reduced(before, after, inner)
    if bool(before == after):
        return ValueDiff(True, "equal")
    return ValueDiff(False, "not equal", (f"- {brief(before)}", f"+ {brief(after)}"))


def _equality(value: Any) -> Any:
    return getattr(type(value), "__eq__", None)


def _reduced(before: Any, after: Any, inner: _Inner) -> ValueDiff:
    """Compare objects that are only equal to themselves by what pickling would write of them."""
    untold = ValueDiff(None, f"two {_type(before)} objects, which can't be told apart")
    try:
        diff = inner(before.__reduce_ex__(4), after.__reduce_ex__(4))
    except TypeError:  # there is no such form of them
        return untold
    if diff.is_equal is None:
        return untold
    return ValueDiff(diff.is_equal, "equal" if diff.is_equal else "its state differs")


def _attributes(value: Any) -> dict[str, Any] | None:
    found = getattr(value, "__dict__", None)
    if isinstance(found, dict):
        return found
    slots = [name for kind in type(value).__mro__ for name in _slots(kind)]
    return {name: getattr(value, name) for name in slots if hasattr(value, name)} if slots else None


def _slots(kind: type) -> Sequence[str]:
    slots = vars(kind).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


_KINDS: tuple[tuple[Callable[[Any], bool], Compare], ...] = (
    (arrays.is_array, arrays.diff_arrays),
    (arrays.is_tensor, arrays.diff_tensors),
    (lambda value: isinstance(value, bool | int | float | complex), _numbers),
    (lambda value: isinstance(value, str), _texts),
    (lambda value: isinstance(value, bytes | bytearray), _texts),
    (lambda value: isinstance(value, types.ModuleType), _modules),
    (frames.is_frame, frames.diff_frames),
    (frames.is_series, frames.diff_series),
    (lambda value: isinstance(value, types.FunctionType | type), sources.diff_definitions),
)
"""Tried in order; what fits none of them is compared as a container, or as an object."""

_NESTED: tuple[tuple[Callable[[Any], bool], Callable[[Any, Any, _Inner], ValueDiff]], ...] = (
    (models.is_estimator, models.diff_estimators),
    (figures.is_drawn, figures.diff_drawn),
    (lambda value: isinstance(value, Mapping), _mappings),
    (lambda value: isinstance(value, set | frozenset), _sets),
    (lambda value: isinstance(value, list | tuple), _sequences),
    (lambda value: not models.is_estimator(value), _objects),
)
