"""Settings of the interpreter, of logging, and of libraries for models: what code does depends on them.

Snapshots hold what differs from what a library comes with, as far as it tells that, so that they fit another version.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from ensession.capture.hidden.kinds import Condition, complain

_OF_THE_KERNEL = ("IPKernelApp", "ipykernel", "traitlets", "tornado", "asyncio", "comm", "debugpy", "ensession", "dill")
"""Loggers that belong to the place where a notebook runs, and to what records it."""


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
        sys.setrecursionlimit(value["recursion"])
        sys.set_int_max_str_digits(value["digits"])


class Logging(Condition):
    """Levels of loggers, and the root logger's handlers that write text to a stream or a file."""

    name = "logging"

    def __init__(self) -> None:
        self.usual = self.snapshot(self.glance())

    def glance(self) -> Any:
        """Return levels, and which handlers there are."""
        root = logging.root
        levels = [(name, level) for name, one in list(root.manager.loggerDict.items()) if (level := _level(one))]
        return root.level, root.manager.disable, levels, [(one, one.level, one.formatter) for one in root.handlers]

    def snapshot(self, glance: Any) -> Any:
        """Return levels by name, and handlers as they can be made again."""
        level, disabled, levels, _ = glance
        named = {name: level for name, level in levels if name.partition(".")[0] not in _OF_THE_KERNEL}
        return {"root": level, "disabled": disabled, "levels": named, "handlers": [way for _, way in _handlers()]}

    def write(self, value: Any) -> None:
        """Set the levels, and put other handlers in the place of those that can be made again."""
        present = self.snapshot(self.glance())
        for name in present["levels"].keys() - value["levels"].keys():
            logging.getLogger(name).setLevel(logging.NOTSET)
        for name, level in value["levels"].items():
            logging.getLogger(name).setLevel(level)
        logging.root.setLevel(value["root"])
        logging.disable(value["disabled"])
        if present["handlers"] != value["handlers"]:
            for handler, _ in _handlers():
                logging.root.removeHandler(handler)
            for way in value["handlers"]:
                logging.root.addHandler(_handler(*way))


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
        known = sklearn.get_config()
        wanted = {**_sklearn_defaults(), **value}
        sklearn.set_config(**{name: one for name, one in wanted.items() if name in known})
        complain("scikit-learn's settings", wanted.keys() - known.keys())


class TorchSettings(Condition):
    """Which numbers PyTorch makes by default, whether it keeps gradients, and how exactly it calculates."""

    name = "torch.options"
    usual: Mapping[str, Any] = {"dtype": "float32", "gradients": True, "deterministic": False, "precision": "highest"}

    def glance(self) -> Any:
        """Return all of them."""
        torch: Any = sys.modules.get("torch")
        if not hasattr(torch, "get_float32_matmul_precision"):
            return None
        return {
            "dtype": str(torch.get_default_dtype()).removeprefix("torch."),
            "gradients": torch.is_grad_enabled(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "precision": torch.get_float32_matmul_precision(),
        }

    def write(self, value: Any) -> None:
        """Set them."""
        torch = import_module("torch")
        torch.set_default_dtype(getattr(torch, value["dtype"]))
        torch.set_grad_enabled(value["gradients"])
        torch.use_deterministic_algorithms(value["deterministic"])
        torch.set_float32_matmul_precision(value["precision"])


def _level(logger: Any) -> int:
    """Return a logger's own level; what stands for loggers still to come has none."""
    return getattr(logger, "level", 0)


def _handlers() -> Iterator[tuple[logging.Handler, tuple[Any, ...]]]:
    """Yield the root logger's handlers that can be made again, with what :func:`_handler` takes."""
    for handler in logging.root.handlers:
        form = handler.formatter
        target = _target(handler)
        if target is None or type(form) not in (logging.Formatter, type(None)):
            continue
        style = None if form is None else (form._fmt, form.datefmt, _style_of(form))
        yield handler, (*target, handler.level, style)


def _target(handler: logging.Handler) -> tuple[str, str] | None:
    """Return where a handler writes: a stream of the process, or a file; None: elsewhere, or in a way of its own."""
    if type(handler) is logging.FileHandler:
        return "file", handler.baseFilename
    if type(handler) is logging.StreamHandler:
        return next((("stream", name) for name in ("stderr", "stdout") if handler.stream is getattr(sys, name)), None)
    return None


def _style_of(form: logging.Formatter) -> str:
    kinds: Mapping[str, Any] = logging._STYLES
    return next((mark for mark, (kind, _) in kinds.items() if type(form._style) is kind), "%")


def _handler(kind: str, where: str, level: int, style: tuple[Any, ...] | None) -> logging.Handler:
    makers: Mapping[str, Callable[[], logging.Handler]] = {
        "stream": lambda: logging.StreamHandler(getattr(sys, where)),
        "file": lambda: logging.FileHandler(
            where, delay=True
        ),  # nothing is written, and nothing missed, before it logs
    }
    handler = makers[kind]()
    handler.setLevel(level)
    if style is not None:
        form, dates, mark = style
        handler.setFormatter(logging.Formatter(form, dates, mark))
    return handler


def _sklearn_defaults() -> dict[str, Any]:
    """Return what scikit-learn comes with, as far as this version shows it."""
    return dict(getattr(sys.modules.get("sklearn._config"), "_global_config", {}))
