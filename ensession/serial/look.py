"""A look at a co-variable: its fingerprint, and everything capture has to know of it."""

from __future__ import annotations

import functools
import pickle
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ensession.errors import UnserializableError
from ensession.model import Codec, Fingerprint, PayloadSink
from ensession.serial.blind import SMALL_BYTES, blind_limit, has_strings, joined
from ensession.serial.budget import Limit
from ensession.serial.canonical import LIMIT_BYTES, canonical_fingerprint
from ensession.serial.frames import UnframedSink
from ensession.serial.kinds import is_mutable, key_of
from ensession.serial.links import Links
from ensession.serial.pickling import PROTOCOL, BlindObserver, Dump, blind_fingerprint, dump, dump_observed
from ensession.serial.reach import LIMIT, Reach, walk
from ensession.serial.registry import module_of
from ensession.serial.scope import Scope
from ensession.serial.sinks import HashSink, KeptStream, Room, TeeSink, stream_fingerprint

GLANCE = 10_000
"""Objects that are looked at of a value that there is no time for: to tell what it shares with others takes so many."""
ASSUMED = "assumed changed: looking at it would have taken more than the budget"
TAKEN_AS_RECORDED = "brought by a restore, with nothing to hold it against"
"""What was assumed changed, and then brought back: what lives may be another value than the one of that version."""

_NUMBERS = frozenset({int, float, bool, type(None)})
_ONE_FRAME_BYTES = 4096
_NOTHING: frozenset[Any] = frozenset()
_ALONE = Reach({}, (), (), _NOTHING, is_complete=True)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a co-variable found.

    Attributes
    ----------
    fingerprint : Fingerprint or None
        None where the value has no serialised form; ``unstorable`` says why.
    references : tuple[str, ...]
        Names of the definitions that its payload requires.
    codes : tuple[types.CodeType, ...]
        Code that is part of the value: who touches the value may run it.
    packages : frozenset[str]
        Top-level packages of the types in it.
    labels : Mapping[int, tuple]
        Names of the pandas indexes in it, by id of the index.
    written : Fingerprint or None
        Hash of the payload as it is written; ``fingerprint`` is another one where sets were put in order for that, and
        where equal strings are not told apart.
    may_vary : bool
        There may be sets that were not put in order.
    is_observed : bool
        Registered fingerprints stand for some of the objects in it: the payload itself says less.
    is_assumed : bool
        It was not looked at to the end: it counts as changed.
    is_varying : bool
        What :meth:`varies_by_process` says once the look is released.
    pending : callable or None
        Takes the fingerprint, and says whether there may be sets that were not put in order, where that was left for
        later; ``fingerprint`` is to be ignored until then.
    """

    fingerprint: Fingerprint | None
    unstorable: str | None
    codec: Codec | None
    n_stream_bytes: int
    n_buffer_bytes: int
    references: tuple[str, ...]
    codes: tuple[types.CodeType, ...]
    packages: frozenset[str]
    labels: Mapping[int, tuple[Any, ...]]
    owners: frozenset[int]
    sink: HashSink | KeptStream | None
    source: Dump | Reach
    written: Fingerprint | None = None
    may_vary: bool = False
    is_observed: bool = False
    is_assumed: bool = False
    is_varying: bool = False
    pending: Callable[[], tuple[Fingerprint | None, bool]] | None = None

    @property
    def n_bytes(self) -> int:
        """Size of the payload before compression."""
        return self.n_stream_bytes + self.n_buffer_bytes

    @property
    def is_complete(self) -> bool:
        """Whether all that the value reaches was seen; else it may be linked with anything."""
        return not isinstance(self.source, Reach) or self.source.is_complete

    def released(self) -> Look:
        """Return the look without what its pass holds, and without links.

        That can be more objects than the session has: the collector would walk over them, and count them as lasting.
        """
        if isinstance(self.source, Reach):
            return self
        return replace(self, source=_ALONE, is_varying=self.varies_by_process())

    def remembered(self) -> Look:
        """Return the look without links, and without anything that is needed for writing."""
        return self if isinstance(self.source, Reach) else replace(self, source=_ALONE, sink=None)

    def keys(self) -> Iterable[int]:
        """Return the keys of all objects in the payload, and of some more: whatever is part of it is among them."""
        return (
            map(key_of, self.source.objects.values()) if isinstance(self.source, Reach) else self.source.pickler.keys()
        )

    def n_objects(self) -> int:
        """Return how many these are."""
        return len(self.source.objects) if isinstance(self.source, Reach) else self.source.pickler.n_objects()

    def varies_by_process(self) -> bool:
        """Whether another process may pickle an equal value otherwise, and it is not too large to be stored for that.

        The order of sets comes from hashes; long streams (past a second pass) show which equal strings are one object.
        """
        if isinstance(self.source, Reach):
            return self.is_varying
        is_long = self.n_bytes <= SMALL_BYTES and self.n_stream_bytes > blind_limit(self.n_bytes)
        pickler = self.source.pickler
        return bool(is_long and pickler.types) or (self.may_vary and pickler.holds_unordered())

    def links(self, within: frozenset[int] | None = None) -> Links:
        """Return through what it may be linked; costs a walk over the pickler's memo.

        Parameters
        ----------
        within : frozenset of int, optional
            Keys of objects: look only for these, which is much faster for a large value.
        """
        if isinstance(self.source, Reach):
            seen = self.source
            return Links(
                frozenset(seen.objects), seen.memory, seen.copied, seen.is_complete, seen.ranges, seen.foreign_ranges
            )
        pickler = self.source.pickler
        ids = pickler.mutable_ids() if within is None else pickler.mutable_among(within)
        return Links(
            frozenset(ids),
            pickler.user_roots(),
            frozenset(pickler.copied_roots),
            ranges=frozenset(pickler.ranges),
            foreign_ranges=frozenset(pickler.foreign_ranges),
        )


def look(
    values: Mapping[str, Any],
    scope: Scope,
    room: Room | None = None,
    limit: Limit | None = None,
    *,
    is_open: bool = False,
) -> Look:
    """Fingerprint the values of a co-variable, or find out why that is impossible.

    Parameters
    ----------
    values : Mapping[str, object]
    scope : Scope
    room : Room, optional
        For payloads that are kept in the look; by default none is.
    limit : Limit, optional
        How long it may take.
    is_open : bool
        Leave a fingerprint that takes another pass to :func:`finished`.

    Raises
    ------
    OverBudget
        It would take longer.
    """
    if len(values) == 1 and _NUMBERS.issuperset(map(type, values.values())):
        stream = pickle.dumps(dict(values), PROTOCOL)
        if len(stream) <= _ONE_FRAME_BYTES:
            return _look_at_number(stream, room)
    try:
        dumped, made = dump(values, scope, lambda: HashSink(room, limit))
    except UnserializableError as error:
        return _unstorable(values, scope, str(error), is_open=is_open)
    assert isinstance(made, HashSink)  # noqa: S101  (what the factory above makes)
    sink = made
    if room is not None:
        room.take(sink)
    pickler = dumped.pickler
    written = sink.fingerprint()
    pending = functools.partial(_judged, values, scope, dumped, sink)
    fingerprint, may_vary = (written, False) if is_open else pending()
    return Look(
        fingerprint,
        None,
        dumped.codec,
        sink.n_stream_bytes,
        sink.n_buffer_bytes,
        dumped.references,
        tuple(pickler.codes),
        frozenset(module_of(kind).partition(".")[0] for kind in pickler.types) | pickler.packages,
        pickler.labels,
        dumped.owners,
        sink if sink.is_kept else None,
        dumped,
        written,
        may_vary,
        pickler.holds_observed,
        pending=pending if is_open else None,
    )


def finished(seen: Look) -> Look:
    """Return a look with its fingerprint, also where that was left for later; the values are as they were then."""
    if seen.pending is None:
        return seen
    fingerprint, may_vary = seen.pending()
    return replace(seen, fingerprint=fingerprint, may_vary=may_vary, pending=None)


def second_fingerprint(values: Mapping[str, Any], scope: Scope, seen: Look) -> Fingerprint | None:
    """Return the fingerprint that another look at values finds, with no more passes than that takes."""
    return observe(values, scope, seen.owners) if seen.is_observed else look(values, scope).fingerprint


def _judged(values: Mapping[str, Any], scope: Scope, dumped: Dump, sink: HashSink) -> tuple[Fingerprint | None, bool]:
    """Return the fingerprint that goes with a pass, and whether there may be sets that were not put in order."""
    pickler = dumped.pickler
    may_hold_sets = sink.may_hold_sets or pickler.holds_set_type()
    in_order = _in_order(values, scope, dumped) if may_hold_sets and sink.n_stream_bytes <= LIMIT_BYTES else None
    may_vary = may_hold_sets and in_order is None
    if pickler.holds_observed:
        return observe(values, scope, dumped.owners), may_vary
    return in_order or _blind(values, scope, dumped, sink) or sink.fingerprint(), may_vary


def _look_at_number(stream: bytes, room: Room | None) -> Look:
    """Look at one number, or None, as always, but without all that finds out what else there could be in a value."""
    written, size = stream_fingerprint(stream), len(stream)
    kept = KeptStream(stream) if room is not None and size <= room.payload_bytes else None
    return Look(written, None, Codec.PICKLE, size, 0, (), (), _NOTHING, {}, _NOTHING, kept, _ALONE, written)


def observe(values: Mapping[str, Any], scope: Scope, owners: frozenset[int] = frozenset()) -> Fingerprint | None:
    """Fingerprint values by what their registered fingerprints say; None where one can't say it."""
    try:
        pickler, sink = dump_observed(values, scope, HashSink, owners, BlindObserver)
    except UnserializableError:
        return None
    assert isinstance(sink, HashSink)  # noqa: S101
    return joined(sink.stream_digest(), pickler.words_digest(), sink.buffers_digest())


def _blind(values: Mapping[str, Any], scope: Scope, dumped: Dump, sink: HashSink) -> Fingerprint | None:
    """Fingerprint a small value without telling equal strings apart."""
    limit = blind_limit(sink.n_stream_bytes + sink.n_buffer_bytes)
    if sink.n_stream_bytes > limit or dumped.codec is not Codec.PICKLE or not has_strings(values):
        return None
    written = sink.fingerprint()
    found = scope.blind.get(written)
    if found is None:
        found = blind_fingerprint(values, scope, dumped.owners, sink.buffers_digest())
        if found is not None:
            scope.blind.add(written, found)
    return found


def _in_order(values: Mapping[str, Any], scope: Scope, dumped: Dump) -> Fingerprint | None:
    """Fingerprint a small value that holds sets so that other processes can compare it."""
    pickler = dumped.pickler
    if dumped.codec is not Codec.PICKLE or pickler.holds_set_type() or not pickler.holds_unordered():
        return None
    return canonical_fingerprint(values, scope, dumped.owners)


def _unstorable(values: Mapping[str, Any], scope: Scope, reason: str, *, is_open: bool) -> Look:
    seen = _without_payload(_reach(values, scope, LIMIT), scope, reason)
    seen = replace(seen, pending=lambda: (observe(values, scope), False))
    return seen if is_open else finished(seen)


def assumed(values: Mapping[str, Any], scope: Scope) -> Look:
    """Return what a glance shows of values, where a look would take too long."""
    reach = _reach(values, scope, GLANCE)
    seen = replace(reach, is_complete=reach.is_complete and reach.is_understood)
    return replace(_without_payload(seen, scope, ASSUMED), is_assumed=True)


def _reach(values: Mapping[str, Any], scope: Scope, limit: int) -> Reach:
    def is_referred_to(function: Any) -> bool:
        reference = scope.resolver.find(function)
        return reference is not None and reference.root not in values

    immutable = functools.cache(lambda kind: scope.registry.is_immutable(kind) or is_mutable(kind) is False)
    found = walk(list(values.values()), scope.namespace, is_referred_to, immutable, limit, scope.registry)
    for key in scope.registry.constants(found.objects):
        del found.objects[key]
    return replace(found, memory=found.memory - scope.registry.constants(found.memory))


def _without_payload(reach: Reach, scope: Scope, reason: str) -> Look:
    found = (scope.resolver.find(definition) for definition in reach.definitions if hasattr(definition, "__qualname__"))
    references = tuple(dict.fromkeys(reference.root for reference in found if reference))
    return Look(
        None, reason, None, 0, 0, references, reach.codes, reach.packages, reach.labels, frozenset(), None, reach
    )


def write_payload(values: Mapping[str, Any], scope: Scope, seen: Look, sink: PayloadSink) -> Fingerprint | None:
    """Pickle a co-variable into a store's sink, as it was looked at.

    Returns
    -------
    Fingerprint
        Of what was written: another one than the look's means that the value can't be pickled twice alike, or
        changed in between.

    Raises
    ------
    UnserializableError
        When it can't be pickled any more.
    """
    if seen.sink is not None and seen.sink.is_kept and seen.fingerprint is not None:
        return seen.fingerprint if seen.sink.replay(UnframedSink(sink)) else None
    if seen.is_observed:  # its payload may differ from pass to pass
        dump(values, scope, lambda: UnframedSink(sink), codec=seen.codec, owners=seen.owners)
        after = observe(values, scope, seen.owners)
        return seen.fingerprint if after is None and seen.fingerprint is None else after
    # Known owners go in, so that the pass never has to be repeated into the same sink.
    _, tee = dump(values, scope, lambda: TeeSink(UnframedSink(sink)), codec=seen.codec, owners=seen.owners)
    assert isinstance(tee, TeeSink)  # noqa: S101
    written = tee.hash.fingerprint()
    return seen.fingerprint if written == seen.written and seen.fingerprint is not None else written
