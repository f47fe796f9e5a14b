"""How the session shows objects: functions that cells gave to IPython's formatters. Its objects are handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ensession.capture.background import of_session
from ensession.capture.hidden.registered import Key
from ensession.errors import HiddenStateError


class SessionDisplays:
    """The session's own functions of formatters, by type (:class:`~.registered.Registry`).

    Parameters
    ----------
    formatters : callable
        Returns IPython's formatters by MIME type.
    """

    name = "displays"
    is_unasked = True

    def __init__(self, formatters: Callable[[], Mapping[str, Any]]) -> None:
        self._formatters = formatters
        self._before = {mime: dict(one.type_printers) for mime, one in formatters().items()}
        self._seen: dict[str, tuple[dict[Any, Any], dict[Any, Any]]] = {}
        self._found: dict[Key, Any] = {}

    def present(self) -> Mapping[Key, Any]:
        """Return them: MIME type, module and name of the type."""
        formatters = self._formatters()
        now = {mime: (one.type_printers, one.deferred_printers) for mime, one in formatters.items()}
        if now != self._seen:  # functions compare by identity
            self._seen = {mime: (dict(given), dict(deferred)) for mime, (given, deferred) in now.items()}
            self._found = self._own(formatters)
        return self._found

    def _own(self, formatters: Mapping[str, Any]) -> dict[Key, Any]:
        found: dict[Key, Any] = {}
        for mime, formatter in formatters.items():
            by_name = {(kind.__module__, kind.__name__): one for kind, one in list(formatter.type_printers.items())}
            by_name.update(formatter.deferred_printers)
            own = of_session(list(by_name.values()), {})  # there are many, and a library's own shows no variable
            found.update(((mime, *map(str, kind)), one) for kind, one in by_name.items() if one in own)
        return found

    def put(self, key: Key, what: Any) -> None:
        """Have a function show objects of a type, which need not be there yet."""
        mime, module, name = map(str, key)
        formatter = self._formatters().get(mime)
        if formatter is None or not callable(what):
            raise HiddenStateError(f"{what!r:.80} can't show objects as {mime}")
        self._forget(formatter, module, name)
        formatter.for_type_by_name(module, name, what)

    def drop(self, key: Key) -> None:
        """Show objects of a type as before."""
        mime, module, name = map(str, key)
        formatter = self._formatters()[mime]
        self._forget(formatter, module, name)
        before = self._before.get(mime, {})
        formatter.type_printers.update({k: one for k, one in before.items() if _is_called(k, module, name)})

    @staticmethod
    def _forget(formatter: Any, module: str, name: str) -> None:
        formatter.deferred_printers.pop((module, name), None)
        for kind in [kind for kind in formatter.type_printers if _is_called(kind, module, name)]:
            del formatter.type_printers[kind]

    def label(self, key: Key) -> str:
        """Return what people call it."""
        mime, module, name = key
        return f"the formatter of {module}.{name} for {mime}"


def _is_called(kind: type, module: str, name: str) -> bool:
    return (kind.__module__, kind.__name__) == (module, name)
