"""One line about a value, written at capture time: type, shape, preview. Never raises, never slow."""

from __future__ import annotations

import reprlib
import sys
import types
from typing import Any

from ensession.model import Summary

PREVIEW_CHARS = 120
_SCALARS = (int, float, complex, bool, str, bytes, type(None))
_SAFE_CONTAINERS = (list, tuple, dict, set, frozenset)
_PLAINLY_WRITTEN = frozenset(
    {
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "time"),
        ("datetime", "timedelta"),
        ("decimal", "Decimal"),
        ("fractions", "Fraction"),
        ("pathlib", "PosixPath"),
        ("pathlib", "WindowsPath"),
        ("uuid", "UUID"),
        ("pandas", "Timestamp"),
        ("pandas", "Timedelta"),
    }
)
"""Package and name of types whose ``str`` is short, quick, and says all there is."""


def summarise(value: Any) -> Summary:
    """Return what can be said of a value at a glance.

    ``repr`` of foreign objects is not called: it may be slow, have effects, or be wrong.
    """
    return Summary(_type_name(value), _shape(value), _preview(value)[:PREVIEW_CHARS])


def _type_name(value: Any) -> str:
    kind = type(value)
    module = kind.__module__
    if module in ("builtins", "__main__"):
        return kind.__qualname__
    return f"{module.partition('.')[0]}.{kind.__qualname__}"


def _shape(value: Any) -> str:
    if isinstance(value, (type, types.ModuleType, int, float, complex)) or _is_numpy_number(value):
        return ""
    kind = type(value)
    # No code of the session may run for a summary: an attribute is asked for where a library's class has it.
    owner = next((c for c in kind.__mro__ if "shape" in vars(c)), None)
    try:
        shape = getattr(value, "shape", None) if owner is not None and owner.__module__ != "__main__" else None
        if isinstance(shape, tuple) and all(isinstance(n, int) for n in shape):
            return str(shape)
        sized = next((c for c in (str, bytes, bytearray, *_SAFE_CONTAINERS) if isinstance(value, c)), None)
        if sized is not None:
            return f"len {sized.__len__(value)}"
    except Exception:  # noqa: BLE001  (a property of a foreign object may raise anything)
        return ""
    return ""


def _preview(value: Any) -> str:
    if isinstance(value, types.ModuleType):
        return value.__name__
    if isinstance(value, types.FunctionType):
        return f"def {value.__qualname__}{_parameters(value)}"
    if isinstance(value, type):
        return f"class {value.__qualname__}"
    if type(value) in _SCALARS or (type(value) in _SAFE_CONTAINERS and _is_plain(value)):
        return _SHORT.repr(value)
    columns = _columns(value)
    if columns:
        return columns
    kind = type(value)
    if (kind.__module__.partition(".")[0], kind.__qualname__) in _PLAINLY_WRITTEN or _is_numpy_number(value):
        return str(value)
    dtype = getattr(kind, "dtype", None) is not None and getattr(value, "dtype", None)
    return str(dtype) if dtype and kind.__module__ in ("numpy", "torch") else ""


def _is_numpy_number(value: Any) -> bool:
    """Whether it is one number of NumPy, such as a mean; a whole array shows its type."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.number | numpy.bool_) and type(value).__module__ == "numpy"


def _parameters(function: types.FunctionType) -> str:
    code = function.__code__
    return "(" + ", ".join(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]) + ")"


def _columns(value: Any) -> str:
    if type(value).__module__.partition(".")[0] != "pandas" or type(value).__name__ != "DataFrame":
        return ""
    return ", ".join(str(name) for name in value.columns[:12])


def _is_plain(container: Any) -> bool:
    """Whether the part of a container that a preview shows holds only scalars."""
    shown = list(zip(range(8), container.items() if isinstance(container, dict) else container, strict=False))
    flat = [part for _, item in shown for part in (item if isinstance(item, tuple) else (item,))]
    return all(type(part) in _SCALARS for part in flat)


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80
        self.maxlong = 40


_SHORT = _Short()
