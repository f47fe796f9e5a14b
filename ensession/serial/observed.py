"""Fingerprints of Python's own objects that have no serialised form, or none that says whether they changed.

Contract: what stands for an object differs whenever the object has changed. Where that can't be known,
:class:`~ensession.errors.UnserializableError` is raised, and touched means changed (invariant 2).
"""

from __future__ import annotations

import csv
import decimal
import gc
import io
import logging
import os
import random
import re
import sys
import threading
import types
from collections.abc import Mapping
from typing import Any

from ensession.errors import UnserializableError
from ensession.serial.kinds import is_of
from ensession.serial.machinery import is_imported, standard_stream
from ensession.serial.registry import Registry

_GLOBAL = "_inst"


def observation(kind: str, state: object) -> object:
    """Stand for an object in a fingerprint; never in a payload."""
    raise AssertionError(f"a fingerprint is not loaded ({kind}: {state})")


def _running(obj: Any) -> Any:
    """Return where a generator or coroutine stands, and everything that its frame holds: its value stack too."""
    frame = getattr(obj, "gi_frame", None) or getattr(obj, "cr_frame", None) or getattr(obj, "ag_frame", None)
    if frame is None:
        return "ended"
    names = [name for name in dir(obj) if name.endswith("_running")]
    held = [one for one in gc.get_referents(obj) if not is_of(one, types.FrameType)]
    origin = [one for one in held if _is_finaliser(one)]
    return frame.f_lasti, [getattr(obj, name) for name in names], [one for one in held if one not in origin]


def _is_finaliser(one: Any) -> bool:
    """Whether this is the event loop's hook that an asynchronous generator holds once it was iterated."""
    return is_of(one, types.MethodType) and one.__name__ == "_asyncgen_finalizer_hook"


def _reading(file: Any) -> Any:
    """Return how far a file was read; writing keeps bytes back that nobody can see."""
    if standard_stream(file) is not None:
        return file.name
    if file.closed:
        return file.name, "closed"
    if not file.readable() or file.writable() or not file.seekable():
        raise UnserializableError("a file or pipe that does not tell its position")
    try:
        return file.name, getattr(file, "mode", ""), getattr(file, "encoding", ""), file.tell()
    except OSError as error:
        raise UnserializableError(f"file {file.name!r} does not tell its position: {error}") from error


def _lock(lock: Any) -> Any:
    """Return whether a lock is held."""
    return lock.locked()


def _reentrant_lock(lock: Any) -> Any:
    """Return how often a lock was taken by the thread that looks; one that another thread holds is not comparable."""
    words = dict(word.split("=") for word in repr(lock).split() if "=" in word)
    if int(words["count"]) and int(words["owner"]) != threading.get_ident():
        raise UnserializableError("a lock that another thread holds")
    return int(words["count"])


def _module(module: types.ModuleType) -> Any:
    """Return the name of an imported module, whatever was imported inside of it since; of another one what it holds."""
    if is_imported(module):
        return module.__name__
    return module.__name__, {name: value for name, value in vars(module).items() if name != "__builtins__"}


def _match(match: re.Match[Any]) -> Any:
    return match.re, match.string, match.pos, match.endpos, match.regs


def _hash(one: Any) -> Any:
    return one.name, one.hexdigest()


def _referents(one: Any) -> Any:
    return [part for part in gc.get_referents(one) if not is_of(part, type)]


def _logger(logger: logging.Logger) -> Any:
    return logger.name, logger.level, logger.propagate, logger.disabled, logger.handlers, logger.filters


def _file_handler(handler: logging.FileHandler) -> Any:
    """Reduce a handler that writes a file: it goes on with it, from when it has something to write."""
    own = {name: vars(handler)[name] for name in ("level", "formatter", "filters", "_name")}
    return logging.FileHandler, (handler.baseFilename, "a", handler.encoding, True, handler.errors), own


def _generator(generator: random.Random) -> Any:
    """Name the generator behind the functions of ``random``: a copy of it would go its own way."""
    return _GLOBAL if generator is getattr(random, _GLOBAL, None) else NotImplemented


def _environment(variables: Any) -> Any:
    """Name the process's own environment: its contents are hidden state, and a copy would be nobody's."""
    names = (name for name in ("environ", "environb") if variables is getattr(os, name, None))
    return next(names, NotImplemented)


def _context(context: decimal.Context) -> Any:
    """Name the context that this thread calculates in: what it says is hidden state."""
    return (decimal.getcontext, ()) if context is decimal.getcontext() else NotImplemented


def _constants() -> Mapping[int, Any]:
    own = (getattr(random, _GLOBAL, None), os.environ, getattr(os, "environb", None), decimal.getcontext())
    return {id(one): one for one in own}


def _csv_reader(reader: Any) -> Any:
    return reader.line_num, _referents(reader)


def _dialect(dialect: Any) -> Any:
    return [getattr(dialect, name) for name in ("delimiter", "quotechar", "escapechar", "lineterminator", "quoting")]


def register(registry: Registry) -> None:
    """Register what is known of Python's own types."""
    running: tuple[type, ...] = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
    files: tuple[type, ...] = (io.TextIOWrapper, io.BufferedReader, io.FileIO)
    for kind in running:
        registry.register(kind, None, _running)
    for kind in files:
        registry.register(kind, None, _reading)
    registry.register(logging.Logger, None, _logger)
    registry.register(logging.FileHandler, _file_handler)
    registry.register(types.ModuleType, None, _module)
    registry.register(type(threading.Lock()), None, _lock)
    registry.register(type(threading.RLock()), None, _reentrant_lock)
    registry.register(re.Match, None, _match)
    registry.register(random.Random, _generator)
    registry.register(type(os.environ), _environment)
    registry.register(decimal.Context, _context)
    registry.register_constants(_constants)
    registry.register(type(csv.reader([]).dialect), None, _dialect)
    registry.register(type(csv.reader([])), None, _csv_reader)
    registry.register(type(csv.writer(io.StringIO())), None, _referents)
    for name in ("HASH", "HASHXOF"):
        digest = getattr(sys.modules.get("_hashlib"), name, None)
        if digest is not None:
            registry.register(digest, None, _hash)
