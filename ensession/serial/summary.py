"""One line about a value, written at capture time: type, shape, preview. Never raises, never slow."""

from __future__ import annotations

import reprlib
import sys
import types
from collections.abc import Iterable, Sized
from itertools import chain, islice
from typing import Any

from ensession.model import PREVIEW_CHARS, Summary
from ensession.serial.kinds import is_of
from ensession.serial.registry import module_of

_SCALARS = (int, float, complex, bool, str, bytes, type(None))
_N_SHOWN = 6
"""Items of a container that its preview shows, at most."""
_N_COLUMNS = 12
"""Columns of a table that it shows."""
_MOST_BITS = 4096
"""Python refuses to write much longer integers, and takes long for others."""
_N_LEVELS = 3
"""Containers within containers that it shows."""
_SAFE_CONTAINERS = (list, tuple, dict, set, frozenset)
_PLAINLY_WRITTEN = frozenset(
    {
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "time"),
        ("datetime", "timedelta"),
        ("decimal", "Decimal"),
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
    try:
        preview = _cut(_preview(value))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  (of all that can be known of a value this is the least: no look fails for it)
        preview = ""
    return Summary(_type_name(value), _shape(value), preview)


def _cut(text: str) -> str:
    """Return a text as long as a preview may be, with an ellipsis where some is left out, and no half of another."""
    return text if len(text) <= PREVIEW_CHARS else f"{text[: PREVIEW_CHARS - 1].rstrip('.')}…"


def _type_name(value: Any) -> str:
    kind = type(value)
    module = module_of(kind)
    if module in ("builtins", "__main__"):
        return kind.__qualname__
    return f"{module.partition('.')[0]}.{kind.__qualname__}"


def _shape(value: Any) -> str:
    if is_of(value, (type, types.ModuleType, int, float, complex)) or _is_numpy_number(value):
        return ""
    kind = type(value)
    # No code of the session may run for a summary: an attribute is asked for where a library's class has it.
    owner = next((c for c in kind.__mro__ if "shape" in vars(c)), None)
    try:
        shape = getattr(value, "shape", None) if owner is not None and owner.__module__ != "__main__" else None
        if isinstance(shape, tuple) and all(isinstance(n, int) for n in shape):
            return str(shape)
        sized = next((c for c in (str, bytes, bytearray, *_SAFE_CONTAINERS) if is_of(value, c)), None)
        if sized is not None:
            return f"len {sized.__len__(value)}"
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  (a property of a foreign object may raise anything)
        return ""
    return ""


def _preview(value: Any) -> str:
    if is_of(value, types.ModuleType):
        return str(value.__name__)
    if is_of(value, types.FunctionType):
        return f"def {value.__qualname__}{_parameters(value)}"
    if is_of(value, type):
        return f"class {value.__qualname__}"
    if type(value) in _SCALARS or (type(value) in _SAFE_CONTAINERS and _is_plain(value)):
        return _SHORT.repr(value)
    kind = type(value)
    if (module_of(kind).partition(".")[0], kind.__qualname__) in _PLAINLY_WRITTEN or _is_numpy_number(value):
        return str(value)
    return _columns(value) or _item_type(value)


def _item_type(value: Any) -> str:
    kind = type(value)
    dtype = getattr(kind, "dtype", None) is not None and getattr(value, "dtype", None)
    return str(dtype) if dtype and kind.__module__ in ("numpy", "torch") else ""


def _is_numpy_number(value: Any) -> bool:
    """Whether it is one number of NumPy, such as a mean; a whole array shows its type."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and is_of(value, numpy.number | numpy.bool_) and type(value).__module__ == "numpy"


def _parameters(function: types.FunctionType) -> str:
    code = function.__code__
    return "(" + ", ".join(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]) + ")"


def _columns(value: Any) -> str:
    if module_of(type(value)).partition(".")[0] != "pandas" or type(value).__name__ != "DataFrame":
        return ""
    names = [str(name) for name in value.columns[: _N_COLUMNS + 1]]
    return ", ".join([*names[:_N_COLUMNS], *(["…"] if names[_N_COLUMNS:] else [])])


def _is_plain(container: Any, n_levels: int = _N_LEVELS) -> bool:
    """Whether the part of a container that a preview shows holds only scalars, and containers of such."""
    shown: Iterable[Any] = islice(container, _N_SHOWN)
    if is_of(container, dict):
        shown = chain.from_iterable(islice(container.items(), _N_SHOWN))
    return all(
        type(part) in _SCALARS or (type(part) in _SAFE_CONTAINERS and (n_levels == 1 or _is_plain(part, n_levels - 1)))
        for part in shown
    )


class _Short(reprlib.Repr):
    """A ``repr`` of bounded length that looks at the first items only.

    The one in the library sorts a dict or a set whole before it shows some of it, which takes long for many items
    and runs their ``__lt__``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80
        self.maxlong = 40
        self.maxlevel = _N_LEVELS
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = _N_SHOWN

    def repr_int(self, x: int, level: int) -> str:
        """Return the text of an integer; of a huge one, how large it is."""
        n_bits = x.bit_length()
        return super().repr_int(x, level) if n_bits <= _MOST_BITS else f"an integer of {n_bits} bits"

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """Return the text of a dict, its items in their order."""
        items = (f"{self.repr1(key, level - 1)}: {self.repr1(x[key], level - 1)}" for key in islice(x, _N_SHOWN))
        return f"{{{self._joined(x, level, items)}}}"

    def repr_set(self, x: set[Any], level: int) -> str:
        """Return the text of a set."""
        items = (self.repr1(item, level - 1) for item in islice(x, _N_SHOWN))
        return f"{{{self._joined(x, level, items)}}}" if x else "set()"

    def repr_frozenset(self, x: frozenset[Any], level: int) -> str:
        """Return the text of a frozen set."""
        items = (self.repr1(item, level - 1) for item in islice(x, _N_SHOWN))
        return f"frozenset({{{self._joined(x, level, items)}}})" if x else "frozenset()"

    def _joined(self, whole: Sized, level: int, items: Iterable[str]) -> str:
        if level <= 0 and whole:
            return self.fillvalue
        return ", ".join(items) + (f", {self.fillvalue}" if len(whole) > _N_SHOWN else "")


_SHORT = _Short()
