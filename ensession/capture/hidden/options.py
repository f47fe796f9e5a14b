"""Settings of the interpreter, of logging, and of libraries for models: what code does depends on them.

Snapshots hold what differs from what a library comes with, as far as it tells that, so that they fit another version.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from ensession.capture.hidden.kinds import Condition, complain
from ensession.serial.loghandlers import OF_THE_KERNEL, Way, made, way_of


class Interpreter(Condition):
    """Limits of the interpreter: of recursion, and of digits of numbers in text."""

    name = "interpreter"

    def __init__(self) -> None:
        self.usual = self.glance()

    def glance(self) -> Any:
        """Return both."""
        return {"recursion": sys.getrecursionlimit(), "digits": sys.get_int_max_str_digits()}

    def write(self, value: Any) -> None:
        """Set both."""
        sys.set_int_max_str_digits(value["digits"])
        try:
            sys.setrecursionlimit(value["recursion"])
        except RecursionError:  # this very call is deeper already
            complain("the interpreter's limits", [f"a recursion limit of {value['recursion']}"])


class Logging(Condition):
    """Levels of loggers, and the root logger's handlers that write text to a stream or a file."""

    name = "logging"
    is_undone_for_older = False  # its handlers, which variables may hold, would be closed; and no variable shows it

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self.usual = self.snapshot(self.glance())

    def glance(self) -> Any:
        """Return levels, and which handlers there are."""
        root, known = logging.root, logging.root.manager.loggerDict
        # What stands for loggers still to come has no level.
        levels = {name: level for name, one in list(known.items()) if (level := vars(one).get("level"))}
        if len(known) != len(self._first):
            self._first = {name: self._first.get(name, levels.get(name, 0)) for name in list(known)}
        return root.level, root.manager.disable, levels, [(one, one.level, one.formatter) for one in root.handlers]

    def snapshot(self, glance: Any) -> Any:
        """Return levels by name, and handlers as they can be made again."""
        level, disabled, levels, _ = glance
        named = {name: level for name, level in levels.items() if _package(name) not in OF_THE_KERNEL}
        ways = sorted((way for _, way in _handlers()), key=repr)
        return {"root": level, "disabled": disabled, "levels": named, "handlers": ways}

    def write(self, value: Any) -> None:
        """Set the levels, and the handlers that can be made again; those that are there already stay."""
        present = self.snapshot(self.glance())
        for name in present["levels"].keys() - value["levels"].keys():
            # A library that is loaded does not set its own level a second time.
            level = self._first.get(name, logging.NOTSET) if _package(name) in sys.modules else logging.NOTSET
            logging.getLogger(name).setLevel(level)
        for name, level in value["levels"].items():
            logging.getLogger(name).setLevel(level)
        logging.root.setLevel(value["root"])
        logging.disable(value["disabled"])
        missing = list(value["handlers"])
        for handler, way in list(_handlers()):
            if way in missing:
                missing.remove(way)
            else:
                logging.root.removeHandler(handler)
                handler.close()
        there = [way for way in missing if way[0] == "stream" or os.path.isdir(os.path.dirname(way[1]))]
        for way in there:
            logging.root.addHandler(made(*way))
        complain("the handlers of logging", (way[1] for way in missing if way not in there))


class SklearnSettings(Condition):
    """What ``sklearn.set_config`` sets."""

    name = "sklearn"
    usual: Mapping[str, Any] = {}

    def glance(self) -> Any:
        """Return all of it."""
        read = getattr(sys.modules.get("sklearn"), "get_config", None)
        return None if read is None else read()

    def snapshot(self, glance: Any) -> Any:
        """Return what is not as scikit-learn comes."""
        defaults = _sklearn_defaults()
        return {name: one for name, one in glance.items() if name not in defaults or defaults[name] != one}

    def write(self, value: Any) -> None:
        """Put it back; what a snapshot does not hold becomes what scikit-learn comes with."""
        sklearn = import_module("sklearn")
        wanted = {**_sklearn_defaults(), **value}
        lost = []
        for name, one in wanted.items():
            try:
                sklearn.set_config(**{name: one})
            except (TypeError, ValueError, RuntimeError, ImportError):  # not in this version, or not with what is here
                lost.append(name)
        complain("scikit-learn's settings", lost)


class TorchSettings(Condition):
    """Which numbers PyTorch makes by default, whether it keeps gradients, and whether results have to repeat."""

    name = "torch.options"
    usual: Mapping[str, Any] = {"dtype": "float32", "gradients": True, "deterministic": (False, False)}

    def glance(self) -> Any:
        """Return all of them."""
        torch: Any = sys.modules.get("torch")
        if not hasattr(torch, "is_deterministic_algorithms_warn_only_enabled"):
            return None
        repeats = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
        dtype = str(torch.get_default_dtype()).removeprefix("torch.")
        return {"dtype": dtype, "gradients": torch.is_grad_enabled(), "deterministic": repeats}

    def write(self, value: Any) -> None:
        """Set them."""
        torch = import_module("torch")
        torch.set_grad_enabled(value["gradients"])
        insists, only_warns = value["deterministic"]
        torch.use_deterministic_algorithms(insists, warn_only=only_warns)
        dtype = getattr(torch, value["dtype"], None)
        if dtype is None:
            complain("PyTorch's settings", [value["dtype"]])
        torch.set_default_dtype(dtype)


def _package(name: str) -> str:
    return name.partition(".")[0]


def _handlers() -> Iterator[tuple[logging.Handler, Way]]:
    """Yield the root logger's handlers that can be made again, and how."""
    found = ((handler, way_of(handler)) for handler in logging.root.handlers)
    return ((handler, way) for handler, way in found if way is not None)


def _sklearn_defaults() -> dict[str, Any]:
    """Return what scikit-learn comes with, as far as this version shows it."""
    return dict(getattr(sys.modules.get("sklearn._config"), "_global_config", {}))
