"""Handlers that the session gave to loggers other than the root: made again, or those that variables hold."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any

from ensession.capture.background import of_session
from ensession.capture.given import loggers_in_use
from ensession.capture.hidden.registered import Key
from ensession.errors import HiddenStateError
from ensession.serial.loghandlers import is_of_a_library, made, way_of

_PLAIN = "made again"


class LogHandlers:
    """The handlers of loggers by name (:class:`~.registered.Registry`); the root's plain ones are a setting.

    Parameters
    ----------
    namespace : dict
        The live one.
    """

    name = "logging.handlers"
    is_unasked = True

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._own: dict[Key, logging.Handler] = {}
        self._kept: list[logging.Handler] = []

    def present(self) -> Mapping[Key, Any]:
        """Return the session's handlers, and how the others are made again: by logger and place among those."""
        found: dict[Key, Any] = {}
        kept, self._kept, self._own = self._kept, [], {}
        for logger in self._loggers():
            own = of_session(logger.handlers, self._namespace)
            is_theirs = is_of_a_library(logger)
            place = 0
            for handler in logger.handlers:
                way = way_of(handler)
                if (handler in own or handler in kept) and not (logger is logging.root and way is not None):
                    what: Any = handler  # also where its variable is gone by now
                    self._kept.append(handler)
                elif way is not None and not is_theirs and logger is not logging.root:
                    what = (_PLAIN, *way)
                else:
                    continue
                key: Key = (logger.name, place)
                self._own[key], found[key] = handler, what
                place += 1
        return found

    @staticmethod
    def _loggers() -> Iterator[logging.Logger]:
        for one in loggers_in_use():
            if one.handlers:
                yield one

    def put(self, key: Key, what: Any) -> None:
        """Give a logger a handler."""
        logger = logging.getLogger(str(key[0])) if key[0] != "root" else logging.root
        if isinstance(what, tuple):
            _, kind, where, *rest = what
            if kind == "file" and not os.path.isdir(os.path.dirname(where)):
                raise HiddenStateError(f"there is no folder for {where}")
            what = made(kind, where, *rest)
        if not isinstance(what, logging.Handler):
            raise HiddenStateError(f"{what!r:.80} is no handler")
        logger.addHandler(what)

    def drop(self, key: Key) -> None:
        """Take a handler from its logger."""
        logger = logging.getLogger(str(key[0])) if key[0] != "root" else logging.root
        logger.removeHandler(self._own[key])
        if way_of(self._own[key]) is not None and self._own[key] not in self._kept:
            self._own[key].close()

    def label(self, key: Key) -> str:
        """Return what people call it."""
        return f"a handler of the logger {key[0]}"
