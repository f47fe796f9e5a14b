"""What the session registered with others that call it: magics, callbacks around cells, NumPy's callback for errors.

Functions are versioned as the variables that they are. A snapshot here says under which variable each is found; what
no variable leads to does not come back, and that is said when it is registered (invariant 7).
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol

from ensession.capture.background import Strangers
from ensession.capture.hidden.kinds import Condition, complain
from ensession.errors import HiddenStateError

Key = tuple[str | int, ...]
"""Where in a registry something is; those of one registry can be ordered."""
Target = tuple[str | None, ...]
"""What is there: ``("at", variable, *attributes)``, ``("nowhere",)``, or something plain that says all there is."""

_AT = "at"
_NOWHERE: Target = ("nowhere",)


class Registry(Protocol):
    """Somebody who calls what the session registers.

    Attributes
    ----------
    name : str
        Of the pseudo-variable, without brackets.
    is_unasked : bool
        What is registered is called without any cell naming it.
    """

    name: str
    is_unasked: bool

    def present(self) -> Mapping[Key, Any] | None:
        """Return what the session has registered: objects, or targets where those say all; None: no such library."""

    def put(self, key: Key, what: Any) -> None:
        """Register an object, or what a target says.

        Raises
        ------
        HiddenStateError
        """

    def drop(self, key: Key) -> None:
        """Take something out."""

    def label(self, key: Key) -> str:
        """Return what people call it."""


class Registered(Condition):
    """What the session has in one registry.

    A function whose variable is still to come, as after a lazy restore, is registered as soon as it is there.

    Parameters
    ----------
    registry : Registry
    variables : callable
        Returns the user's variables.
    """

    usual = ()
    is_bound = True
    is_undone_for_older = False  # what no variable leads to could not be registered again

    def __init__(self, registry: Registry, variables: Callable[[], Mapping[str, Any]]) -> None:
        self.name = registry.name
        self._registry = registry
        self._variables = variables
        self._present: Mapping[Key, Any] = {}
        self._places: dict[Key, Target] = {}
        self._waiting: dict[Key, Target] = {}
        self._nameless: list[Any] = []
        self.glance()
        self._first = frozenset(self._places)

    def glance(self) -> Any:
        """Return where what is registered is found now."""
        variables = self._variables()
        self._register_what_came(variables)  # what does not let itself be registered is gone from the snapshot
        present = self._registry.present()
        if present is None:
            return None
        self._present = present
        self._places = {key: self._target(key, one, variables) for key, one in present.items()}
        return {**self._waiting, **self._places}

    def snapshot(self, glance: Any) -> Any:
        """Return the same in order."""
        return tuple(sorted(glance.items(), key=lambda item: item[0]))

    def write(self, value: Any) -> None:
        """Register what is to be there, as far as its variables are, and take out what cells registered else."""
        self._waiting = {}
        self.glance()
        wanted, present = dict(value), self._places
        for key in sorted(present.keys() - self._first, reverse=True):
            if present[key] != wanted.get(key) and not self._is_nameless(key):
                self._registry.drop(key)
        missing = {key: target for key, target in wanted.items() if present.get(key) != target}
        lost = [self._registry.label(key) for key, target in missing.items() if target == _NOWHERE]
        self._waiting = {key: target for key, target in missing.items() if target != _NOWHERE}
        lost += self._register_what_came(self._variables())
        complain(f"what is registered ({self.name})", lost)

    def recorded(self, value: Any) -> str | None:
        """Say what would not come back, and leave it alone from now on: nobody could register it again."""
        nameless = [key for key, target in value if target == _NOWHERE]
        self._nameless = [self._present[key] for key in nameless if key in self._present]
        lost = [self._registry.label(key) for key in nameless]
        if not lost:
            return None
        return (
            f"{', '.join(lost)}: what is called there is the value of no variable, so a restore does not register it "
            "again. Bind it to a name, and register that."
        )

    def awaited(self) -> frozenset[str]:
        """Return the variables that have to be there before cells run: what they hold is called without being named."""
        return frozenset(str(target[1]) for target in self._waiting.values() if self._registry.is_unasked)

    def _is_nameless(self, key: Key) -> bool:
        return any(one is self._present[key] for one in self._nameless)

    def _register_what_came(self, variables: Mapping[str, Any]) -> list[str]:
        """Register what waits and is there; return what that failed for."""
        lost = []
        for key, target in list(self._waiting.items()):
            is_at = target[0] == _AT
            if not is_at or target[1] in variables:
                del self._waiting[key]
                try:
                    self._registry.put(key, _resolve(target, variables) if is_at else target)
                except HiddenStateError:
                    lost.append(self._registry.label(key))
        return lost

    def _target(self, key: Key, one: Any, variables: Mapping[str, Any]) -> Target:
        if isinstance(one, tuple):
            return one
        known = self._places.get(key, _NOWHERE)
        return known if known != _NOWHERE and _leads_to(known, one, variables) else _place(one, variables)


class NumpyCallback:
    """What ``numpy.seterrcall`` set (:class:`Registry`)."""

    name = "numpy.errcall"
    is_unasked = True

    def present(self) -> Mapping[Key, Any] | None:
        """Return it."""
        numpy: Any = sys.modules.get("numpy")
        if not hasattr(numpy, "geterrcall"):
            return None
        found = numpy.geterrcall()
        return {} if found is None else {("errcall",): found}

    def put(self, key: Key, what: Any) -> None:
        """Set it."""
        try:
            import_module("numpy").seterrcall(what)
        except (ValueError, ImportError) as error:  # it is neither a function nor something to write to
            raise HiddenStateError(str(error)) from error

    def drop(self, key: Key) -> None:
        """Set none."""
        import_module("numpy").seterrcall(None)

    def label(self, key: Key) -> str:
        """Return what people call it."""
        return "numpy.seterrcall"


class ShellCallbacks:
    """What the shell calls around cells (:class:`Registry`).

    Parameters
    ----------
    callbacks : callable
        Returns the lists of callbacks, by event.
    namespace : dict
        The live one.
    """

    name = "events"
    is_unasked = True

    def __init__(self, callbacks: Callable[[], Mapping[str, list[Any]]], namespace: dict[str, Any]) -> None:
        self._callbacks = callbacks
        self._namespace = namespace
        self._strangers = Strangers()
        self._own: dict[Key, Any] = {}
        self._put: dict[Key, Any] = {}

    def present(self) -> Mapping[Key, Any]:
        """Return the session's own: event and place among those."""
        before = list(self._own.values())  # the object that one is a method of may be in no variable by now
        own = {event: self._of_session(all_, before) for event, all_ in self._callbacks().items()}
        self._own = {(event, place): one for event, found in own.items() for place, one in enumerate(found)}
        return self._own

    def _of_session(self, callbacks: list[Any], before: list[Any]) -> list[Any]:
        found = self._strangers.left_out(callbacks, self._namespace)
        return [one for one in callbacks if one in found or one in before] if found or before else found

    def put(self, key: Key, what: Any) -> None:
        """Register one."""
        event = self._callbacks().get(str(key[0]))
        if event is None or not callable(what):
            raise HiddenStateError(f"{what!r:.80} can't be called at {key[0]}")
        if what not in event:  # after a lazy restore a later one may have come first
            behind = [one for (name, place), one in self._put.items() if name == key[0] and int(place) > int(key[1])]
            event.insert(next((at for at, one in enumerate(event) if one in behind), len(event)), what)
        self._put[key] = what

    def drop(self, key: Key) -> None:
        """Take one out."""
        self._callbacks()[str(key[0])].remove(self._own[key])
        self._put.pop(key, None)

    def label(self, key: Key) -> str:
        """Return what people call it."""
        return f"the event {key[0]}"


def _leads_to(target: Target, one: Any, variables: Mapping[str, Any]) -> bool:
    found = _resolve(target, variables)
    return found is one or (isinstance(found, types.MethodType | types.BuiltinMethodType) and bool(found == one))


def _resolve(target: Target, variables: Mapping[str, Any]) -> Any:
    _, root, *path = target
    found = variables.get(str(root))
    for part in path:
        found = getattr(found, str(part), None)
    return found


def _place(one: Any, variables: Mapping[str, Any]) -> Target:
    """Return where an object is found: under its own name, as a variable's value, or as a method of one."""
    own: Target = (_AT, *str(getattr(one, "__qualname__", "")).split("."))
    if _leads_to(own, one, variables):
        return own
    owner, path = getattr(one, "__self__", None), [str(getattr(one, "__name__", ""))]
    if owner is None or isinstance(owner, types.ModuleType):
        owner, path = one, []
    found: list[Target] = [(_AT, name, *path) for name, value in variables.items() if value is owner]
    return next((target for target in found if _leads_to(target, one, variables)), _NOWHERE)
