"""Turning values into payloads: the C pickler with our reducers, and dill behind it.

One *look* at a co-variable pickles it into a sink and brings, at no further cost, what the look had to see
anyway: which session classes and functions it refers to, which global names the code inside it uses, which
libraries its types come from, and which mutable objects and memory it reaches.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ensession.errors import EnsessionError, UnserializableError
from ensession.model import Codec, Fingerprint, PayloadSink
from ensession.serial.blind import StreamHash, Words, joined
from ensession.serial.budget import OverBudget
from ensession.serial.own import naming
from ensession.serial.reducers import NamespaceReference, Observing, Reducers
from ensession.serial.registry import overlap
from ensession.serial.scope import Scope
from ensession.serial.sinks import receiver

PROTOCOL = 5


class _CPickler(Reducers, pickle.Pickler):
    """The fast one."""


class _Blind(Words, Reducers, pickle.Pickler):
    """The fast one, for fingerprints only: it does not tell equal strings or equal slices apart."""


class Observer(Observing, pickle.Pickler):
    """The fast one, for fingerprints of what has a registered one."""


class BlindObserver(Words, Observing, pickle.Pickler):
    """The same, and it does not tell equal strings or equal slices apart."""


def _dill_pickler() -> type:
    import dill

    class DillPickler(Reducers, dill.Pickler):  # type: ignore[misc]
        """The thorough one."""

    return DillPickler


@dataclass(frozen=True, slots=True)
class Dump:
    """What one pass over a co-variable brought.

    Attributes
    ----------
    codec : Codec
    references : tuple[str, ...]
        Names of the definitions that the payload requires.
    owners : frozenset[int]
        Ids of the arrays that views were stored against.
    pickler : Reducers
        Keeps temporary objects alive, so that ids stay comparable between dumps.
    """

    codec: Codec
    references: tuple[str, ...]
    owners: frozenset[int]
    pickler: Reducers


FALLBACK_ERRORS = (
    pickle.PicklingError,
    TypeError,
    AttributeError,
    ValueError,
    NotImplementedError,
    RecursionError,
    ImportError,
    OSError,
    RuntimeError,
    LookupError,
)
"""What values that were pickled before, into a sink that may raise as well, raise when they can't be now."""

_ANYTHING = (BaseException,)
"""What ``__reduce__`` and ``__getstate__`` raise when it is tried: libraries have errors of their own, such written in
Rust even panics, which are no ``Exception``."""
_NOT_OF_VALUES = (EnsessionError, OverBudget, KeyboardInterrupt)
"""But these say nothing of a value, or say it all."""


def dump(
    values: Mapping[str, Any],
    scope: Scope,
    new_sink: Callable[[], PayloadSink],
    *,
    codec: Codec | None = None,
    owners: frozenset[int] | None = None,
) -> tuple[Dump, PayloadSink]:
    """Pickle the values of a co-variable.

    Parameters
    ----------
    values : Mapping[str, object]
        Name to value.
    scope : Scope
    new_sink : callable
        Makes a sink; called once for each attempt.
    codec : Codec, optional
        The codec to use; by default plain pickle, then dill.
    owners : frozenset of int, optional
        Ids of the arrays that have several views in this payload, where that is known from a pass before.

    Returns
    -------
    tuple of Dump and PayloadSink
        The sink of the attempt that succeeded.

    Raises
    ------
    UnserializableError
        With the reason of plain pickle, which names the culprit better than dill does.
    """
    from_values = _ANYTHING if codec is None else FALLBACK_ERRORS
    if codec is Codec.DILL:
        return _dump_with(_dill_pickler(), Codec.DILL, values, scope, new_sink, owners)
    try:
        return _dump_with(_CPickler, Codec.PICKLE, values, scope, new_sink, owners)
    except _NOT_OF_VALUES:
        raise
    except from_values as error:
        if codec is Codec.PICKLE:
            raise UnserializableError(_reason(error)) from error
        first = error
    try:
        return _dump_with(_dill_pickler(), Codec.DILL, values, scope, new_sink, owners)
    except _NOT_OF_VALUES:
        raise
    except from_values as error:
        raise UnserializableError(_reason(first)) from error


def dump_observed(
    values: Mapping[str, Any],
    scope: Scope,
    new_sink: Callable[[], PayloadSink],
    owners: frozenset[int],
    pickler_type: type[Observing],
) -> tuple[Any, PayloadSink]:
    """Pickle the values of a co-variable with what stands for them in a fingerprint.

    Raises
    ------
    UnserializableError
        Something in it has neither a serialised form nor a fingerprint.
    """
    try:
        dumped, sink = _dump_with(pickler_type, Codec.PICKLE, values, scope, new_sink, owners)
    except _NOT_OF_VALUES:
        raise
    except _ANYTHING as error:
        raise UnserializableError(_reason(error)) from error
    return dumped.pickler, sink


def blind_fingerprint(
    values: Mapping[str, Any], scope: Scope, owners: frozenset[int], buffers: bytes
) -> Fingerprint | None:
    """Fingerprint what was pickled before, without telling equal strings or equal slices apart.

    Parameters
    ----------
    values : Mapping[str, object]
    scope : Scope
    owners : frozenset of int
        As the first pass found them.
    buffers : bytes
        The first pass's hash of the buffers.

    Returns
    -------
    Fingerprint or None
        None where a second pass fails.
    """
    sink = StreamHash()
    try:
        pickler, _ = _one_pass(_Blind, values, scope, sink, owners)
    except UnserializableError:
        return None
    except _NOT_OF_VALUES:
        raise
    except _ANYTHING:
        return None
    return joined(sink.digest(), pickler.words_digest(), buffers)


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply to be pickled"
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__


def _dump_with(
    pickler_type: Any,
    codec: Codec,
    values: Mapping[str, Any],
    scope: Scope,
    new_sink: Callable[[], PayloadSink],
    owners: frozenset[int] | None,
) -> tuple[Dump, PayloadSink]:
    """Pickle once; and again where it was not seen in time which arrays share memory inside the payload."""
    kept: list[Any] = []
    pickler: Any
    sink: Any
    pickler, sink = _one_pass(pickler_type, values, scope, new_sink(), owners)

    def pickled_again(knowing: frozenset[int]) -> None:
        """Pickle knowing the owners; what the pass before made, which a model's arrays may all be, goes first."""
        nonlocal pickler, sink, owners
        kept.extend(pickler.memory_of(knowing))
        owners, pickler, sink = knowing, None, None
        pickler, sink = _one_pass(pickler_type, values, scope, new_sink(), knowing)

    if _is_entangled(pickler):
        lent = pickler.lent_memory()
        if lent:
            pickled_again(lent | (pickler.shared_owners() if owners is None else owners))
        if _is_entangled(pickler):
            raise UnserializableError("it shares memory between objects of two libraries")
    if owners is None and pickler.has_misguessed():
        pickled_again(pickler.shared_owners())
    shared = pickler.shared_owners()
    if owners is not None and shared - owners:
        pickled_again(owners | shared)
    return Dump(codec, tuple(pickler.references), shared if owners is None else owners, pickler), sink


def _is_entangled(pickler: Reducers) -> bool:
    """Whether arrays and objects of other libraries would be cut loose from each other."""
    return bool(pickler.foreign_ranges) and overlap(pickler.foreign_ranges, pickler.ranges)


def _one_pass(
    pickler_type: Any, values: Mapping[str, Any], scope: Scope, sink: PayloadSink, owners: frozenset[int] | None
) -> tuple[Any, PayloadSink]:
    receive, modes = receiver(sink)
    pickler = naming(pickler_type, values)(sink, PROTOCOL, buffer_callback=receive)
    pickler.prepare(scope, frozenset(values), owners, modes)
    # Interned, as names in a namespace are: whether two equal strings are one object shows in the stream.
    named = {
        sys.intern(name): NamespaceReference() if value is scope.namespace else value
        for name, value in sorted(values.items())
    }
    pickler.dump(named)
    return pickler, sink
