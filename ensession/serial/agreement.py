"""Whether a value is the recorded one, by a fingerprint that another version may have taken in another way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ensession.errors import UnserializableError
from ensession.model import Codec, Fingerprint
from ensession.serial.canonical import former_canonical_fingerprint
from ensession.serial.look import Look
from ensession.serial.pickling import Observer, blind_fingerprint, dump, dump_observed
from ensession.serial.scope import Scope
from ensession.serial.sinks import HashSink


def agrees(values: Mapping[str, Any], scope: Scope, recorded: Fingerprint, seen: Look) -> bool:
    """Whether a recorded fingerprint is one of these values, taken in whatever way was usual then.

    Parameters
    ----------
    values : Mapping[str, object]
    scope : Scope
    recorded : Fingerprint
        Of any process, and of this version or one that told equal strings apart.
    seen : Look
        At the values.
    """
    return any(recorded == one() for one in _fingerprints(values, scope, seen))


def _fingerprints(values: Mapping[str, Any], scope: Scope, seen: Look) -> Iterator[Callable[[], Fingerprint | None]]:
    """Return the ways to fingerprint values that were ever usual, the cheap ones first."""
    yield lambda: seen.fingerprint
    if seen.is_observed or seen.unstorable is not None:
        yield lambda: _formerly_observed(values, scope, seen.owners)
    else:
        yield lambda: seen.written
        if seen.codec is Codec.PICKLE:
            yield lambda: _blind_at_any_length(values, scope, seen.owners)
            yield lambda: former_canonical_fingerprint(values, scope, seen.owners)


def _formerly_observed(values: Mapping[str, Any], scope: Scope, owners: frozenset[int]) -> Fingerprint | None:
    try:
        _, sink = dump_observed(values, scope, HashSink, owners, Observer)
    except UnserializableError:
        return None
    assert isinstance(sink, HashSink)  # noqa: S101
    return sink.fingerprint()


def _blind_at_any_length(values: Mapping[str, Any], scope: Scope, owners: frozenset[int]) -> Fingerprint | None:
    """Fingerprint values that may have been short enough for it where they were recorded."""
    _, sink = dump(values, scope, HashSink, codec=Codec.PICKLE, owners=owners)
    assert isinstance(sink, HashSink)  # noqa: S101
    return blind_fingerprint(values, scope, owners, sink.buffers_digest())
