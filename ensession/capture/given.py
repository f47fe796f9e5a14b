"""What the session gave to others who call it in the middle of any cell: handlers of logging, hooks, events of figures.

Nothing is imported here: a library that is not loaded calls nobody.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Collection, Iterator
from typing import Any

from ensession.capture.background import Strangers, of_session
from ensession.serial.definitions import SESSION_MODULE
from ensession.serial.generated import cell_contents
from ensession.serial.loghandlers import OF_THE_KERNEL
from ensession.serial.registry import module_of

_HOOKS = (
    ("warnings", "showwarning"),
    ("warnings", "formatwarning"),
    ("sys", "displayhook"),
    ("sys", "excepthook"),
    ("sys", "unraisablehook"),
    ("sys", "stdout"),
    ("sys", "stderr"),
    ("threading", "excepthook"),
    ("builtins", "print"),
)
_TRANSFORMERS = ("input_transformers_cleanup", "input_transformers_post", "ast_transformers")
_PARTS = ("formatter", "stream", "target")
"""Attributes of a handler through which it calls or changes what is not its own."""


def given_away(namespace: dict[str, Any], touched: Collection[str], strangers: Strangers) -> list[Any]:
    """Return what of the session's others may call while a cell runs.

    Parameters
    ----------
    namespace : dict
        The live one.
    touched : collection of str
        Variables that the cell may use: a figure calls when it is drawn.
    strangers : Strangers
        Told from the session's own before.
    """
    found = strangers.left_out([*_hooks(), *_of_logging(), *_of_shell(namespace)], namespace)
    figures = [namespace[name] for name in touched if name in namespace]
    of_some = [*of_figures(), *(one for figure in figures for one in _of_figure(figure))]
    return found + of_session(of_some, namespace) if of_some else found


def of_figures() -> Iterator[Any]:
    """Yield what open figures call: those of a window call it at any time."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    for manager in helpers.Gcf.get_all_fig_managers() if helpers is not None else ():
        yield from _of_figure(manager.canvas.figure)


def _of_figure(figure: Any) -> Iterator[Any]:
    if not module_of(type(figure)).startswith("matplotlib.figure"):
        return
    for callbacks in list(figure.canvas.callbacks.callbacks.values()):
        for proxy in list(callbacks.values()):
            called = proxy()
            if called is not None:
                yield called


def _hooks() -> Iterator[Any]:
    for module, name in _HOOKS:
        found = getattr(sys.modules.get(module), name, None)
        if found is not None:
            yield found
    numpy: Any = sys.modules.get("numpy")
    called = numpy.geterrcall() if hasattr(numpy, "geterrcall") else None
    if called is not None:
        yield called


def _of_shell(namespace: dict[str, Any]) -> Iterator[Any]:
    """Yield what IPython calls with the text or the syntax tree of each cell, and for some errors."""
    shell = getattr(namespace.get("get_ipython"), "__self__", None)
    kind: Any = type(shell)
    if not _is_shell(kind):
        return
    for name in _TRANSFORMERS:
        yield from getattr(shell, name, ())
    handler = vars(shell).get("CustomTB")  # a function of IPython's around the one that was given
    yield from map(cell_contents, getattr(handler, "__closure__", None) or ())


@functools.cache
def _is_shell(kind: Any) -> bool:
    """Whether a class is one of IPython's shells, or made of it."""
    return any(module_of(base).startswith("IPython.") for base in kind.__mro__)


def _of_logging() -> Iterator[Any]:
    for logger in loggers_in_use():
        yield from logger.filters
        for handler in logger.handlers:
            if type(handler).__module__ == SESSION_MODULE:
                yield handler
            yield from handler.filters
            known = vars(handler)
            yield from (known[part] for part in _PARTS if known.get(part) is not None)


def loggers_in_use() -> list[Any]:
    """Return the loggers that have filters, or handlers that do something: few, of the hundreds that libraries make.

    The kernel's are left out.
    """
    known: list[Any] = [logging.root, *list(logging.root.manager.loggerDict.values())]
    # What stands for loggers still to come has neither.
    with_some = [one for one in known if (own := one.__dict__).get("handlers") or own.get("filters")]
    return [
        one
        for one in with_some
        if one.name.partition(".")[0] not in OF_THE_KERNEL
        and (one.filters or any(type(handler) is not logging.NullHandler for handler in one.handlers))
    ]
