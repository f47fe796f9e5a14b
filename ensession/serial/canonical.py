"""A fingerprint that is the same in every process, for values that hold sets.

The order of a set comes from hashes, and those of strings differ from process to process: a set that is made again
elsewhere would seem another one. Here a second, slow pass writes the members of sets in an order of their own. It
is made only where the first pass found such a set.
"""

from __future__ import annotations

import pickle
import types
from collections.abc import Mapping
from typing import Any, ClassVar

from ensession.model import Fingerprint
from ensession.serial.blind import Words, joined
from ensession.serial.kinds import members_of
from ensession.serial.own import naming
from ensession.serial.reducers import NamespaceReference, Reducers
from ensession.serial.scope import Scope
from ensession.serial.sinks import HashSink, receiver

LIMIT_BYTES = 32 * 1024
"""Longest stream that a second pass is made for: some ten milliseconds."""
_PLAIN = frozenset({str, bytes, int, float, complex, bool, type(None)})


class _Unordered(Exception):
    """A set has members that no order is known for."""


_PythonPickler: Any = vars(pickle)["_Pickler"]


class _Pickler(Reducers, _PythonPickler):  # type: ignore[misc]
    """Python's own pickler: the fast one asks nobody how to write a set."""

    dispatch: ClassVar[dict[type, Any]] = dict(_PythonPickler.dispatch)

    def _save_set(self, obj: Any) -> None:
        self.write(pickle.EMPTY_SET)
        self.memoize(obj)
        self.write(pickle.MARK)
        for member in _in_order(obj):
            self.save(member)
        self.write(pickle.ADDITEMS)

    def _save_frozenset(self, obj: Any) -> None:
        self.write(pickle.MARK)
        for member in _in_order(obj):
            self.save(member)
        self.write(pickle.FROZENSET)
        if id(obj) not in self.memo:  # it is there already where a member holds it
            self.memoize(obj)

    dispatch[set] = _save_set
    dispatch[frozenset] = _save_frozenset


class _BlindPickler(Words, _Pickler):
    """The same, and it does not tell equal strings apart."""


def canonical_fingerprint(values: Mapping[str, Any], scope: Scope, owners: frozenset[int]) -> Fingerprint | None:
    """Fingerprint values with their sets in order, without telling equal strings apart.

    Parameters
    ----------
    values : Mapping[str, object]
    scope : Scope
    owners : frozenset of int
        As the first pass found them.

    Returns
    -------
    Fingerprint or None
        None where there is a set whose members have no order.
    """
    sink = HashSink()
    pickler = _pass(_BlindPickler, values, scope, owners, sink)
    if pickler is None:
        return None
    return joined(sink.stream_digest(), pickler.words_digest(), sink.buffers_digest())


def former_canonical_fingerprint(values: Mapping[str, Any], scope: Scope, owners: frozenset[int]) -> Fingerprint | None:
    """Fingerprint values with their sets in order as it was done when equal strings were told apart."""
    sink = HashSink()
    return None if _pass(_Pickler, values, scope, owners, sink) is None else sink.fingerprint()


def _pass(
    pickler_type: Any, values: Mapping[str, Any], scope: Scope, owners: frozenset[int], sink: HashSink
) -> Any | None:
    receive, modes = receiver(sink)
    pickler: Any = naming(pickler_type, values)(sink, pickle.HIGHEST_PROTOCOL, buffer_callback=receive)
    pickler.prepare(scope, frozenset(values), owners, modes)
    named = {n: NamespaceReference() if v is scope.namespace else v for n, v in sorted(values.items())}
    try:
        pickler.dump(named)
    except (_Unordered, RecursionError):
        return None
    return pickler


def _in_order(members: Any) -> list[Any]:
    listed = list(members_of(members))
    keys: dict[Any, Any] = {_key(member): member for member in listed} if len(listed) > 1 else dict(enumerate(listed))
    if len(keys) < len(listed):
        raise _Unordered
    return [keys[key] for key in sorted(keys)]


def _key(member: Any) -> tuple[str, str]:
    """Return what to sort a member by; asks nothing of the user's own types."""
    kind = type(member)
    if kind in _PLAIN:
        return kind.__name__, repr(member)
    if kind is tuple:
        return "tuple", repr([_key(part) for part in member])
    if kind is frozenset:
        return "frozenset", repr(sorted(_key(part) for part in member))
    if issubclass(kind, type | types.FunctionType):
        return "definition", f"{member.__module__} {member.__qualname__}"
    raise _Unordered
