"""Which of a new execution's values go into its own transaction, and which are written behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ensession.capture.change import Fresh
from ensession.errors import CaptureError
from ensession.model import Codec, PayloadSink
from ensession.serial.look import write_payload
from ensession.serial.scope import Scope


def inline(wanted: Mapping[int, Fresh], limit_bytes: int) -> set[int]:
    """Choose the payloads that go into the execution's own transaction: the smallest, up to the limit together."""
    chosen, room = set(), limit_bytes
    for index, one in sorted(wanted.items(), key=lambda item: item[1].look.n_bytes):
        room -= one.look.n_bytes
        if room < 0 or one.look.sink is None:
            break
        chosen.add(index)
    return chosen


def payload_writer(one: Fresh, scope: Scope) -> Callable[[PayloadSink], Codec]:
    """Return a function that writes a value as it was looked at, or raises where it is another one by now."""

    def write(sink: PayloadSink) -> Codec:
        written = write_payload(one.values, scope, one.look, sink)
        if one.is_stable and written != one.look.fingerprint:
            raise CaptureError("it changed while it was being stored")
        return one.look.codec or Codec.PICKLE

    return write
