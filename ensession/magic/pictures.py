"""Figures that a restore brings back are drawn, as they were in the kernel that made them.

Matplotlib's inline backend tells IPython how to draw a figure when pyplot makes its first one. In a kernel into which a
session was restored nobody has made one: a figure would show as ``<Figure size 640x480>``.
"""

from __future__ import annotations

import functools
import importlib
import sys
from typing import Any

_KIND = ("matplotlib.figure", "Figure")
_FORMATS = ("image/svg+xml", "image/png", "image/jpeg", "application/pdf")
_INLINE = {"inline": "matplotlib_inline.backend_inline"}
_MODULE = "module://"


def have_figures_drawn(shell: Any) -> None:
    """Have the backend set up when the first figure is shown, where that is a backend that draws into the notebook.

    Parameters
    ----------
    shell : InteractiveShell
        Where it knows already how to draw figures, nothing changes.
    """
    formatters = [shell.display_formatter.formatters[name] for name in _FORMATS]
    if any(one.for_type_by_name(*_KIND) is not None for one in formatters):
        return
    for one in formatters:
        one.for_type_by_name(*_KIND, functools.partial(_draw, one))


def _draw(formatter: Any, figure: Any) -> Any:
    """Set the backend up, and draw as it says; None where it does not draw in this format."""
    backend = _backend()
    if backend is None:
        return None
    importlib.import_module(backend)
    try:
        draw = formatter.lookup(figure)
    except KeyError:
        return None
    return None if getattr(draw, "func", None) is _draw else draw(figure)


def _backend() -> str | None:
    """Return the module of the inline backend where that is the one in use; asking Matplotlib would choose one."""
    chosen = dict.get(sys.modules["matplotlib"].rcParams, "backend")
    if not isinstance(chosen, str):
        return None
    module = _INLINE.get(chosen.lower(), chosen.removeprefix(_MODULE))
    return module if module in _INLINE.values() else None
