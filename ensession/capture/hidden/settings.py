"""Settings of libraries: what they print, draw and warn of depends on them, and no variable names them.

Snapshots hold what differs from a library's own defaults, so that they fit another version of it.
"""

from __future__ import annotations

import decimal
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from ensession.capture.hidden.kinds import Condition, complain

_NUMPY_PRINT = {
    "edgeitems": 3,
    "threshold": 1000,
    "floatmode": "maxprec",
    "precision": 8,
    "suppress": False,
    "linewidth": 75,
    "nanstr": "nan",
    "infstr": "inf",
    "sign": "-",
    "formatter": None,
    "legacy": False,
    "override_repr": None,
}
_NUMPY_ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
"""NumPy documents its defaults, but does not tell them once they are changed."""
_FRONT_END = re.compile(r"backend|interactive|toolbar|webagg|savefig\.directory|datapath")
"""Matplotlib's settings that belong to the place where a notebook is shown, not to the session."""


class WarningFilters(Condition):
    """``warnings.filters``: classes by their name, patterns by their text."""

    name = "warnings"

    def __init__(self) -> None:
        self.usual = self.snapshot(self.glance())

    def glance(self) -> Any:
        """Return the filters themselves."""
        return list(warnings.filters)

    def snapshot(self, glance: Any) -> Any:
        """Return the filters without regular expressions and classes."""
        return tuple(
            (action, _pattern(message), f"{kind.__module__}:{kind.__qualname__}", _pattern(module), line)
            for action, message, kind, module, line in glance
        )

    def write(self, value: Any) -> None:
        """Replace the filters; one whose class is not known here is left out."""
        found, lost = [], []
        for action, message, kind, module, line in value:
            try:
                found.append((action, _compiled(message), _class_of(kind), _compiled(module), line))
            except (ImportError, AttributeError, TypeError):
                lost.append(kind.replace(":", "."))
        warnings.resetwarnings()  # tells the interpreter that the filters changed
        filters: Any = warnings.filters
        filters[:] = found
        complain("the warnings filters", lost)


class Decimals(Condition):
    """The context of decimal arithmetic in this thread, less its flags."""

    name = "decimal"

    def __init__(self) -> None:
        self.usual = self.snapshot(self.glance())

    def glance(self) -> Any:
        """Return precision, rounding and the like, and which signals are trapped."""
        *plain, _, traps = decimal.getcontext().__reduce__()[1]  # all there is, and the flags, in one call
        return (plain, traps)

    def snapshot(self, glance: Any) -> Any:
        """Return the same in one row, with the signals that are trapped by name."""
        plain, traps = glance
        return (*plain, tuple(signal.__name__ for signal in traps))

    def write(self, value: Any) -> None:
        """Make the context of this thread one like that; variables may name it, so it stays the same object."""
        context, traps = decimal.getcontext(), frozenset(value[-1])
        for name, wanted in zip(("prec", "rounding", "Emin", "Emax", "capitals", "clamp"), value, strict=False):
            setattr(context, name, wanted)
        context.clear_flags()
        for signal in list(context.traps):
            context.traps[signal] = signal.__name__ in traps


class NumpySettings(Condition):
    """How NumPy prints arrays, and what it does about floating-point errors."""

    name = "numpy.options"
    usual: Mapping[str, Any] = {"print": {}, "errors": {}}

    def glance(self) -> Any:
        """Return both as they are."""
        numpy: Any = sys.modules.get("numpy")
        if not (hasattr(numpy, "get_printoptions") and hasattr(numpy, "geterr")):
            return None
        return {"print": numpy.get_printoptions(), "errors": numpy.geterr()}

    def snapshot(self, glance: Any) -> Any:
        """Return what is not as NumPy comes."""
        return {"print": _other(glance["print"], _NUMPY_PRINT), "errors": _other(glance["errors"], _NUMPY_ERRORS)}

    def write(self, value: Any) -> None:
        """Put both back."""
        numpy = import_module("numpy")
        numpy.seterr(**{**_NUMPY_ERRORS, **value["errors"]})
        known = numpy.get_printoptions()
        wanted = {**{name: default for name, default in _NUMPY_PRINT.items() if name in known}, **value["print"]}
        numpy.set_printoptions(**{name: option for name, option in wanted.items() if name in known})
        complain("NumPy's print options", wanted.keys() - known.keys())


class PandasOptions(Condition):
    """Everything that ``pandas.set_option`` sets."""

    name = "pandas"

    def __init__(self) -> None:
        self.usual: dict[str, Any] = {}
        self._folders: dict[str, dict[str, Any]] = {}
        self._count = -1

    def glance(self) -> Any:
        """Return the values of all options, in an order that does not change."""
        options = _pandas_options()
        if options is None:
            return None
        if self._count != sum(map(len, self._folders.values())):
            self._folders = dict(_folders(options, ""))
            self._count = sum(map(len, self._folders.values()))
        return tuple([tuple(folder.values()) for folder in self._folders.values()])

    def snapshot(self, glance: Any) -> Any:
        """Return the options that are not as pandas comes."""
        options = _pandas_options()
        return {} if options is None else _other(dict(_leaves(options, "")), _pandas_defaults())

    def write(self, value: Any) -> None:
        """Put the options back; those that a snapshot does not hold become what pandas comes with."""
        pandas = import_module("pandas")
        defaults = _pandas_defaults()
        present = dict(_leaves(pandas.options.d, ""))
        wanted = {**{name: defaults[name] for name in _other(present, defaults) if name in defaults}, **value}
        lost = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # options on their way out are told of when they are set
            for name, option in wanted.items():
                try:
                    pandas.set_option(name, option)
                except (KeyError, ValueError, ImportError):
                    lost.append(name)
        complain("pandas' options", lost)


class MatplotlibSettings(Condition):
    """``matplotlib.rcParams``, less what belongs to the front end."""

    name = "matplotlib"

    def __init__(self) -> None:
        self.usual: dict[str, Any] = {}
        self._count = 0
        self._lists: tuple[int, ...] = ()
        self._start: dict[str, Any] = {}

    def glance(self) -> Any:
        """Return all values; lists are copied, since people change font lists in place."""
        settings = getattr(sys.modules.get("matplotlib"), "rcParams", None)
        if settings is None:
            return None
        values = tuple(dict.values(settings))
        if len(values) != self._count:  # the type of a setting does not change
            self._count = len(values)
            self._lists = tuple(place for place, value in enumerate(values) if type(value) is list)
        return (values, [tuple(values[place]) for place in self._lists])

    def snapshot(self, glance: Any) -> Any:
        """Return the settings that are not as Matplotlib was when it was loaded."""
        settings = {name: _copied(value) for name, value in dict.items(sys.modules["matplotlib"].rcParams)}
        changed = _other(settings, self._original())
        return {name: value for name, value in changed.items() if not _FRONT_END.match(name)}

    def _original(self) -> dict[str, Any]:
        """Return the settings of the user's files, read anew: the library's own copies share their lists with us."""
        if not self._start:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._start = dict(dict.items(sys.modules["matplotlib"].rc_params()))
        return self._start

    def write(self, value: Any) -> None:
        """Put the settings back; those that a snapshot does not hold become what they were at the start."""
        matplotlib = import_module("matplotlib")
        original = self._original()
        wanted = {**{name: original[name] for name in self.snapshot(None) if name in original}, **value}
        lost = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # settings on their way out are told of when they are set
            for name, setting in wanted.items():
                try:
                    matplotlib.rcParams[name] = _copied(setting)
                except (KeyError, ValueError):
                    lost.append(name)
        complain("Matplotlib's settings", lost)


def _pattern(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else (value.pattern, value.flags)


def _compiled(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else re.compile(*value)


def _class_of(name: str) -> type[Warning]:
    module, _, path = name.partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    if not (isinstance(found, type) and issubclass(found, Warning)):
        raise TypeError(f"{name} is no class of warnings")
    return found


def _other(present: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings whose value is not the usual one."""
    missing = object()
    return {name: value for name, value in present.items() if not _same(value, usual.get(name, missing))}


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and bool(one == other))


def _copied(value: Any) -> Any:
    return list(value) if type(value) is list else value


def _pandas_options() -> dict[str, Any] | None:
    found = getattr(getattr(sys.modules.get("pandas"), "options", None), "d", None)
    return found if isinstance(found, dict) else None


def _pandas_defaults() -> dict[str, Any]:
    """Return what pandas comes with, where it says so; without that every option counts as changed."""
    registered = getattr(sys.modules.get("pandas._config.config"), "_registered_options", {})
    return {name: option.defval for name, option in registered.items()}


def _folders(options: dict[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield prefix, options
    for name, value in options.items():
        if isinstance(value, dict):
            yield from _folders(value, f"{prefix}{name}.")


def _leaves(options: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for folder, values in _folders(options, prefix):
        yield from ((f"{folder}{name}", value) for name, value in values.items() if not isinstance(value, dict))
