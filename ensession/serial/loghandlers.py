"""Handlers of logging that can be made again: those that write text to a stream of the process, or to a file."""

from __future__ import annotations

import importlib
import logging
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ensession.errors import LoadFailedError
from ensession.serial import rebuild
from ensession.serial.kinds import key_of

Way = tuple[Any, ...]
"""What :func:`made` takes; it can be compared, and stored."""
OF_THE_KERNEL = frozenset(
    "IPKernelApp ipykernel traitlets tornado asyncio comm debugpy parso jedi ensession dill".split()
)
"""Loggers that belong to the place where a notebook runs, to completion, and to what records it."""


def way_of(handler: logging.Handler) -> Way | None:
    """Return how a handler is made again; None where it does more than writing plain text."""
    form, target = handler.formatter, _target(handler)
    if target is None or handler.filters or vars(handler).get("terminator", "\n") != "\n":
        return None
    if form is None:
        return (*target, handler.level, handler.name, None)
    if type(form) is logging.Formatter and not getattr(form._style, "_defaults", None):
        return (*target, handler.level, handler.name, (form._fmt, form.datefmt, _style_of(form)))
    return None


def made(
    kind: str,
    where: str,
    encoding: str | None,
    errors: str | None,
    level: int,
    name: str | None,
    style: tuple[Any, ...] | None,
) -> logging.Handler:
    """Make a handler."""
    handler: logging.Handler
    if kind == "file":  # opened when it logs: a file that it has written stays as it is until then
        handler = logging.FileHandler(where, encoding=encoding, errors=errors, delay=True)
    else:
        handler = logging.StreamHandler(getattr(sys, where))
    handler.setLevel(level)
    handler.name = name
    if style is not None:
        form, dates, mark = style
        handler.setFormatter(logging.Formatter(form, dates, mark))
    return handler


def is_of_a_library(logger: logging.Logger) -> bool:
    """Whether a logger is named after a package that is loaded: such a package gives it its handlers itself."""
    package = logger.name.partition(".")[0]
    return package in OF_THE_KERNEL or (package in sys.modules and package != "__main__")


def come_back(logger: logging.Logger, values: Collection[Any]) -> bool:
    """Whether a logger's handlers and filters are there again, or are said to be missing when it is loaded.

    Handlers are made again with the hidden state, or are values of variables; what a library gives its own logger comes
    with the library.

    Parameters
    ----------
    logger : logging.Logger
    values : collection
        Of the session's variables.
    """
    if is_of_a_library(logger):
        return not any(map(_is_made_here, (*_without(values, logger.handlers), *logger.filters)))
    return not logger.filters and all(way_of(one) is not None for one in _without(values, logger.handlers))


def given_by_library(logger: logging.Logger, values: Collection[Any]) -> tuple[str, list[str]] | None:
    """Return the module that gives a logger its handlers, and what they are; None where it has none of a library.

    What is there for the place where a notebook runs need not be there in another such place.
    """
    names = [logger.name.rsplit(".", n)[0] for n in range(logger.name.count(".") + 1)]
    module = next((name for name in names if name in sys.modules), None)
    if module is None or not is_of_a_library(logger) or names[-1] in OF_THE_KERNEL:
        return None
    given = [*_without(values, logger.handlers), *logger.filters]
    return (module, list(map(_name_of, given))) if given else None


def logger_of(name: str, module: str, given: Sequence[str]) -> logging.Logger:
    """Return a library's logger, with what the library gives it.

    Raises
    ------
    LoadFailedError
        It has not all that it had: somebody else gave it that.
    """
    importlib.import_module(module)
    logger = logging.getLogger(name)
    missing = Counter(given) - Counter(map(_name_of, (*logger.handlers, *logger.filters)))
    if missing:
        raise LoadFailedError(f"the logger {name!r} had more than {module} gives it: {', '.join(missing)}")
    return logger


def _without(values: Collection[Any], handlers: Collection[Any]) -> list[Any]:
    """Return the handlers that are no variable's value."""
    kept = set(map(key_of, values)) if handlers else set()
    return [one for one in handlers if key_of(one) not in kept]


def _is_made_here(one: Any) -> bool:
    return "__main__" in (type(one).__module__, getattr(one, "__module__", None))


def _name_of(one: Any) -> str:
    return f"{type(one).__module__}.{type(one).__qualname__}"


def _target(handler: logging.Handler) -> tuple[str, str, str | None, str | None] | None:
    """Return where a handler writes, and how: a stream of the process, or a file; None: in a way of its own."""
    if type(handler) is logging.FileHandler:
        return "file", handler.baseFilename, handler.encoding, handler.errors
    if type(handler) is logging.StreamHandler:
        names = (name for name in ("stderr", "stdout") if handler.stream is getattr(sys, name))
        return next((("stream", name, None, None) for name in names), None)
    return None


def _style_of(form: logging.Formatter) -> str:
    kinds: Mapping[str, Any] = logging._STYLES
    return next((mark for mark, (kind, _) in kinds.items() if type(form._style) is kind), "%")


rebuild.mark(__name__)
