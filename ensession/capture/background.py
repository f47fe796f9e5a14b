"""What may change variables while no cell runs: threads, tasks of the event loop, callbacks of widgets.

Nothing is imported here: a library that is not loaded has nothing that runs.
"""

from __future__ import annotations

import collections
import functools
import gc
import logging
import sys
import threading
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ensession.serial.arrows import is_made_here
from ensession.serial.definitions import SESSION_MODULE, is_importable
from ensession.serial.kinds import key_of
from ensession.serial.registry import module_of
from ensession.serial.scope import ATOMS, IMMUTABLE

LIMIT = 20_000
"""Objects that are looked at to find what a callback can reach; beyond it, it may reach everything."""
PRIMITIVES = frozenset("threading _thread queue _queue concurrent asyncio _asyncio ipywidgets".split())
"""Packages of the things that run, and of those by which they wait for each other."""
_MACHINERY = PRIMITIVES | frozenset(
    "contextvars weakref traitlets functools comm ipykernel zmq tornado logging ensession".split()
)
"""Packages whose objects are only the way to what a callback uses."""

_KERNEL = frozenset({"IPython", "ipykernel", "tornado", "zmq"})
"""Packages whose own kinds of threads serve the kernel, not the session."""

_OF_NO_VARIABLE = frozenset({"builtins", "IPython", "ipykernel", "matplotlib_inline", "matplotlib", "ensession"})
"""Where functions come from, and packages whose own objects are called by the shell and by figures."""

_CONTAINERS = (dict, list, set, collections.deque)


@dataclass(frozen=True, slots=True)
class Suspects:
    """What something that runs by itself may touch.

    Attributes
    ----------
    who : tuple[str, ...]
        What runs, for people.
    names : frozenset[str]
        Variables whose values it holds.
    codes : frozenset[types.CodeType]
        Code of the session that it runs.
    everything : str or None
        Why it may touch every variable.
    """

    who: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    codes: frozenset[types.CodeType] = frozenset()
    everything: str | None = None

    def __bool__(self) -> bool:
        return bool(self.names or self.codes or self.everything)

    def __or__(self, other: Suspects) -> Suspects:
        who = tuple(dict.fromkeys((*self.who, *other.who)))
        return Suspects(who, self.names | other.names, self.codes | other.codes, self.everything or other.everything)


NOBODY = Suspects()


class Background:
    """Watches what runs beside the cells of one namespace.

    Parameters
    ----------
    namespace : dict
        The live one.
    find : callable
        Session name of a class or function, or None.
    """

    def __init__(self, namespace: dict[str, Any], find: Callable[[Any], str | None]) -> None:
        self._namespace = namespace
        self._find = find
        self._before = frozenset(thread.ident for thread in threading.enumerate())
        self._of_every_thread = frozenset(vars(threading.Thread())) - {"_target", "_args"}

    def running(self, variables: Mapping[str, Any]) -> Suspects:
        """Return what threads and tasks that are alive now may touch.

        Parameters
        ----------
        variables : Mapping[str, object]
        """
        before = self._before
        threads = [t for t in threading.enumerate() if t.ident not in before and not _is_ours(t)]
        found = NOBODY
        if threads:
            frames = sys._current_frames()
            for thread in threads:
                found |= self._of_thread(thread, frames.get(thread.ident or 0), variables)
        for task in _tasks():
            one = self._of_task(task, variables)
            found = found if one is NOBODY else found | one  # nearly all are the kernel's own
        return found

    def callbacks(self, variables: Mapping[str, Any]) -> Suspects:
        """Return what the callbacks of all widgets may touch."""
        handlers = [handler for widget in _widgets() for handler in _handlers(widget)]
        return self._reach(handlers, (), variables, "callbacks of widgets") if handlers else NOBODY

    def called(self, own: Collection[Any], variables: Mapping[str, Any]) -> Suspects:
        """Return what callbacks of the session's may touch, wherever they are registered."""
        return self._reach(own, (), variables, "callbacks")

    def _of_thread(self, thread: threading.Thread, frame: Any, variables: Mapping[str, Any]) -> Suspects:
        own = vars(thread)
        values = [value for key, value in own.items() if key not in self._of_every_thread and key != "kwargs"]
        values += [value for key in ("_kwargs", "kwargs") for value in (own.get(key) or {}).values()]
        if type(own.get("_target")) is types.FunctionType and own["_target"].__module__ == "concurrent.futures.thread":
            values = _waiting(own.get("_args"))
        run = getattr(type(thread).run, "__code__", None)
        codes = [run] if type(thread).__module__ == SESSION_MODULE and run is not None else []
        while frame is not None:
            if frame.f_globals is self._namespace:
                codes.append(frame.f_code)
                values += frame.f_locals.values()
            elif frame.f_globals.get("__name__") == "concurrent.futures.thread" and "self" in frame.f_locals:
                values += vars(frame.f_locals["self"]).values()
            frame = frame.f_back
        names = {name for name, value in variables.items() if value is thread}
        found = self._reach(values, codes, variables, f"thread {thread.name}")
        return found | Suspects((f"thread {thread.name}",), frozenset(names)) if names else found

    def _of_task(self, task: Any, variables: Mapping[str, Any]) -> Suspects:
        values, codes, namespace = [], [], self._namespace
        coroutine = task.get_coro()
        while coroutine is not None:
            frame = getattr(coroutine, "cr_frame", None)
            if frame is not None and frame.f_globals is namespace:
                codes.append(frame.f_code)
                values += frame.f_locals.values()
            coroutine = getattr(coroutine, "cr_await", None)
        return self._reach(values, codes, variables, f"task {task.get_name()}") if codes else NOBODY

    def _reach(
        self, values: Iterable[Any], codes: Iterable[types.CodeType], variables: Mapping[str, Any], who: str
    ) -> Suspects:
        """Follow references to variables and to code of the session."""
        owners = {key_of(value): name for name, value in variables.items() if type(value) not in ATOMS}
        walk = _Walk(self._namespace, self._find, owners)
        walk.codes.update(codes)
        for value in values:
            walk.follow(value)
        everything = f"{who} uses {walk.nameless}" if walk.nameless else None
        found = Suspects((who,), frozenset(walk.names), frozenset(walk.codes), everything)
        return found if found else NOBODY


class _Walk:
    """One walk from what runs to what it uses."""

    def __init__(self, namespace: dict[str, Any], find: Callable[[Any], str | None], owners: Mapping[int, str]) -> None:
        self._namespace = namespace
        self._find = find
        self._owners = owners
        self._seen: set[int] = {key_of(namespace)}
        self.names: set[str] = set()
        self.codes: set[types.CodeType] = set()
        self.nameless: str | None = None

    def follow(self, value: Any) -> None:
        """Walk on from one value."""
        stack = [(value, False)]
        while stack:
            obj, in_machinery = stack.pop()
            if key_of(obj) in self._seen or type(obj) in ATOMS:
                continue
            self._seen.add(key_of(obj))
            if len(self._seen) > LIMIT:
                self.nameless = self.nameless or "more than can be followed"
                return
            owner = self._owners.get(key_of(obj))
            if owner is not None:
                self.names.add(owner)
            else:
                stack += self._next(obj, in_machinery)

    def _next(self, obj: Any, in_machinery: bool) -> Iterator[tuple[Any, bool]]:
        kind = type(obj)
        if isinstance(obj, types.ModuleType):
            return
        if isinstance(obj, type):
            self._note_definition(obj)
        elif isinstance(obj, types.FunctionType):
            yield from self._of_function(obj)
        elif isinstance(obj, functools.partial):
            yield from ((part, False) for part in (obj.func, *obj.args, *obj.keywords.values()))
        elif isinstance(obj, types.MethodType | types.BuiltinMethodType):
            yield from ((part, False) for part in (obj.__self__, getattr(obj, "__func__", None)))
        elif isinstance(obj, types.CellType | tuple | frozenset):
            yield from ((part, in_machinery) for part in gc.get_referents(obj))
        elif isinstance(obj, logging.Filterer | logging.Formatter) and kind.__module__ == SESSION_MODULE:
            self._note_definition(kind)
            yield from ((part, name == "filters") for name, part in vars(obj).items())
        elif module_of(kind).partition(".")[0] in _MACHINERY or (in_machinery and kind in _CONTAINERS):
            yield from ((part, True) for part in gc.get_referents(obj))
        elif not isinstance(obj, IMMUTABLE):
            self.nameless = self.nameless or f"a {kind.__qualname__} that has no name of its own"

    def _of_function(self, function: types.FunctionType) -> Iterator[tuple[Any, bool]]:
        if is_importable(function):
            return
        if function.__globals__ is self._namespace:
            self.codes.add(function.__code__)
        for part in (function.__closure__, function.__defaults__, *(function.__kwdefaults__ or {}).values()):
            yield part, False
        yield from ((part, False) for part in function.__dict__.values())

    def _note_definition(self, cls: type) -> None:
        if cls.__module__ == SESSION_MODULE:
            name = self._find(cls)
            if name is not None:
                self.names.add(name)


def _is_ours(thread: threading.Thread) -> bool:
    """Whether a thread is ensession's or the kernel's (one that frees large messages starts with the first plot)."""
    if type(thread).__module__.partition(".")[0] in _KERNEL:
        return True
    owner = getattr(vars(thread).get("_target"), "__self__", None)
    return type(owner).__module__.partition(".")[0] == __name__.partition(".")[0]


def of_session(handlers: Collection[Any], namespace: dict[str, Any]) -> list[Any]:
    """Return the callbacks that were made in the session, or belong to an object that is a variable's value.

    A library's own are left out: they serve the library, and would lead through it to everything.
    """
    is_kept = any(map(_belongs_to_somebody, handlers))  # there may be thousands of variables, and mostly nobody asks
    kept = set(map(key_of, namespace.values())) if is_kept else set()
    return [one for one in handlers if _is_of_session(one, kept)]


class Strangers:
    """Callbacks that are known to be none of the session's: several times a cell somebody asks for the same ones.

    They are kept alive, so that no other gets the id of one; not for what comes and goes, such as methods of figures.
    """

    def __init__(self) -> None:
        self._known: dict[int, Any] = {}

    def left_out(self, handlers: Iterable[Any], namespace: dict[str, Any]) -> list[Any]:
        """Return the session's own, as :func:`of_session` does."""
        rest = [one for one in handlers if key_of(one) not in self._known]
        if not rest:
            return rest
        own = of_session(rest, namespace)
        found = set(map(key_of, own))
        self._known.update(
            (key_of(one), one) for one in rest if key_of(one) not in found and not _belongs_to_somebody(one)
        )
        return own


def _owner(handler: Any) -> Any | None:
    """Return the object that a callback is a method of; a module's functions are nobody's methods."""
    owner = getattr(handler, "__self__", None)
    return None if isinstance(owner, types.ModuleType) else owner


def _belongs_to_somebody(handler: Any) -> bool:
    owner = _owner(handler)
    owner = handler if owner is None else owner
    return module_of(type(owner)).partition(".")[0] not in _OF_NO_VARIABLE


def _is_of_session(handler: Any, kept: set[int]) -> bool:
    # No library hands out a method of a list.
    return isinstance(_owner(handler), _CONTAINERS) or _is_made_here(handler, kept)


def _is_made_here(one: Any, kept: set[int]) -> bool:
    if isinstance(one, functools.partial):
        return any(_is_made_here(part, kept) for part in (one.func, *one.args, *one.keywords.values()))
    owner = _owner(one)
    return is_made_here(one) or key_of(one if owner is None else owner) in kept


def _waiting(arguments: Any) -> list[Any]:
    """Return what is queued for a worker of a thread pool: its functions and what they are called with."""
    found = []
    for part in arguments or ():
        size = getattr(part, "qsize", None)
        if size is not None and size():
            found.append([part])  # a queue can't be looked into: a nameless list stands for what is in it
    return found


def _tasks() -> Iterable[Any]:
    asyncio = sys.modules.get("asyncio")
    loop = None if asyncio is None else asyncio._get_running_loop()
    return () if asyncio is None or loop is None else asyncio.all_tasks(loop)


def _widgets() -> Iterable[Any]:
    """Return all widgets there are. ipywidgets keeps them in its module; before version 8, in the class of them all."""
    module = sys.modules.get("ipywidgets.widgets.widget")
    if module is None:
        return ()
    found = module._instances if hasattr(module, "_instances") else module.Widget.widgets
    return tuple(found.values())


def _handlers(widget: Any) -> Iterator[Any]:
    """Yield the functions that a widget calls."""
    for value in vars(widget).values():
        yield from getattr(value, "callbacks", ()) if type(value).__name__ == "CallbackDispatcher" else ()
    for kinds in vars(widget).get("_trait_notifiers", {}).values():
        for handlers in kinds.values():
            yield from handlers
    for value in vars(widget).get("_trait_values", {}).values():
        yield from getattr(value, "callbacks", ()) if type(value).__name__ == "CallbackDispatcher" else ()
