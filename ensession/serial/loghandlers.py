"""Handlers of logging that can be made again: those that write text to a stream of the process, or to a file."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Mapping
from typing import Any

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
    """Whether a logger's handlers are made again with the hidden state, or are values of variables, and no filter is.

    Parameters
    ----------
    logger : logging.Logger
    values : collection
        Of the session's variables.
    """
    if logger.filters:
        return False
    kept = set(map(id, values)) if logger.handlers else set()
    return all(id(one) in kept or (way_of(one) is not None and not is_of_a_library(logger)) for one in logger.handlers)


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
