"""NumPy arrays and scalars, PyTorch tensors. Pure; the libraries are not imported here."""

from __future__ import annotations

import sys
from typing import Any

from ensession.diff.text import brief, same, share
from ensession.model import ValueDiff

_BLOCK = 2**20
"""Elements compared at a time: large arrays need no second copy."""


def is_array(value: Any) -> bool:
    """Say whether a value is an array or scalar of NumPy."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray | numpy.generic)


def is_tensor(value: Any) -> bool:
    """Say whether a value is a tensor of PyTorch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def diff_arrays(before: Any, after: Any) -> ValueDiff:
    """Compare shape, dtype, how many values differ, and by how much at most; NaN equals NaN."""
    numpy = sys.modules["numpy"]
    before, after = numpy.asanyarray(before), numpy.asanyarray(after)
    told = []
    if before.dtype != after.dtype:
        told.append(f"dtype {before.dtype} → {after.dtype}")
    if before.shape != after.shape:
        told.append(f"shape {before.shape} → {after.shape}")
        return ValueDiff(False, ", ".join(told))
    if not before.shape:
        return _scalars(before[()], after[()], told)
    if before.dtype.names and before.dtype == after.dtype:
        return _structured(before, after)
    n_different, largest = _count(before, after)
    if not n_different:
        return ValueDiff(not told, ", ".join(told) + "; equal values" if told else "equal")
    told.append(share(n_different, before.size, "value"))
    if largest is not None:
        told.append(f"by at most {largest:.6g}")
    return ValueDiff(False, ", ".join(told))


def diff_tensors(before: Any, after: Any) -> ValueDiff:
    """Compare tensors as arrays; where they live counts too."""
    diff = diff_arrays(_as_array(before), _as_array(after))
    told = [
        f"{what} {brief(getattr(before, what))} → {brief(getattr(after, what))}"
        for what in ("device", "requires_grad")
        if getattr(before, what) != getattr(after, what)
    ]
    if not told:
        return diff
    return ValueDiff(False, ", ".join([*told, diff.headline]), diff.details)


def count_different(before: Any, after: Any) -> int:
    """Return how many elements of two arrays of one shape differ; NaN equals NaN."""
    return _count(before, after)[0]


def _as_array(tensor: Any) -> Any:
    tensor = tensor.detach().cpu()
    try:
        return tensor.numpy()
    except TypeError:  # bfloat16 and its like, which NumPy does not know
        return tensor.float().numpy()


def _scalars(before: Any, after: Any, told: list[str]) -> ValueDiff:
    if same(before, after):
        return ValueDiff(not told, ", ".join(told) + "; equal value" if told else "equal")
    return ValueDiff(False, ", ".join([*told, f"{brief(before.item())} → {brief(after.item())}"]))


def _structured(before: Any, after: Any) -> ValueDiff:
    counts = {name: _count(before[name], after[name])[0] for name in before.dtype.names}
    details = tuple(f"~ {name}: {share(n, before.size, 'value')}" for name, n in counts.items() if n)
    if not details:
        return ValueDiff(True, "equal")
    return ValueDiff(False, f"fields that differ: {len(details)} of {len(counts)}", details)


def _count(before: Any, after: Any) -> tuple[int, float | None]:
    """Return how many elements differ, and the largest distance of numbers (None where that makes no sense)."""
    numpy = sys.modules["numpy"]
    left, right = before.reshape(-1), after.reshape(-1)
    is_number = all(numpy.issubdtype(one.dtype, numpy.number) for one in (before, after))
    n_different, largest = 0, 0.0
    for start in range(0, left.size, _BLOCK):
        x, y = left[start : start + _BLOCK], right[start : start + _BLOCK]
        differs = _differs(x, y)
        found = int(differs.sum())
        n_different += found
        if found and is_number:
            largest = max(largest, _distance(x[differs], y[differs]))
    return n_different, largest if is_number and n_different else None


def _differs(left: Any, right: Any) -> Any:
    numpy = sys.modules["numpy"]
    if object in (left.dtype, right.dtype):
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        return numpy.fromiter((_objects_differ(x, y) for x, y in pairs), dtype=bool, count=left.size)
    differs = numpy.asarray(left != right)
    # Only what is not a number (or not a time) differs from itself.
    return differs & ~(numpy.asarray(left != left) & numpy.asarray(right != right))  # noqa: PLR0124


def _objects_differ(left: Any, right: Any) -> bool:
    try:
        return not same(left, right)
    except Exception:  # noqa: BLE001  (== of arrays inside of object arrays, and of foreign objects)
        return True


def _distance(left: Any, right: Any) -> float:
    numpy = sys.modules["numpy"]
    wide = numpy.complex128 if any(numpy.iscomplexobj(one) for one in (left, right)) else numpy.float64
    with numpy.errstate(all="ignore"):
        distances = numpy.abs(left.astype(wide) - right.astype(wide))
    known = distances[~numpy.isnan(distances)]
    return float(known.max()) if known.size else 0.0
