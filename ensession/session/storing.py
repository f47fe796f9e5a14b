"""Which of a new execution's values go into its own transaction, which are written behind it, and which by hand."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any

from ensession.capture.change import Change, Fresh, Tracked
from ensession.capture.namespace import UserNamespace
from ensession.capture.tracker import Tracker
from ensession.config import Config
from ensession.errors import CaptureError, EnsessionError
from ensession.model import Codec, PayloadSink, VersionId
from ensession.planner.policy import Recompute, StorageRule
from ensession.serial.budget import Budget
from ensession.serial.look import write_payload
from ensession.serial.scope import Scope
from ensession.serial.sinks import Room
from ensession.store import Store
from ensession.trust import Keyring

_BESIDE = ("-wal", "-shm", "-journal")


KEPT_STREAMS_BYTES = 64 * 2**20
"""Pickled bytes that are kept from the look at a cell's values until these are stored."""


def tracker_of(user: UserNamespace, config: Config) -> Tracker:
    """Return a tracker that keeps to a session's settings."""
    room = Room(config.inline_limit_bytes, KEPT_STREAMS_BYTES)
    return Tracker(user, room, Budget(config.looks_share, time.thread_time))


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


def store_behind(
    wanted: Mapping[VersionId, Fresh],
    tracker: Tracker,
    store: Store,
    keyring: Keyring,
    guarded: Callable[[str], AbstractContextManager[None]],
) -> set[VersionId]:
    """Hand the values of recorded versions to the writer; return the versions of which it has got all.

    An interrupt may break that off. What it has not got is forgotten then: found again, it is a new version, with a
    value of its own. An equal fingerprint alone would say that all is recorded.
    """
    stored, left = set(), dict(wanted)
    try:
        for version, one in wanted.items():
            with guarded(f"the value of {', '.join(one.names)}"):
                store.behind.add(version, payload_writer(one, tracker.scope), keyring.seal)
                stored.add(version)
            del left[version]
    except BaseException:
        for name in (name for one in left.values() for name in one.names):
            del tracker.known[name]
        raise
    return stored


def worth_it(
    change: Change, rule: StorageRule, need: Recompute, is_pinned: Callable[[Collection[str]], bool]
) -> dict[int, Fresh]:
    """Choose the values of an execution that get a payload; return them by their position among what changed.

    Parameters
    ----------
    need : Recompute
        What it takes to run the execution again.
    is_pinned : callable
        Whether the user said that a co-variable is to be stored.
    """
    return {
        index: one
        for index, one in enumerate(change.changed)
        if one.look.codec is not None
        and not one.is_secret
        and (
            rule.should_store(one.look.n_stream_bytes, one.look.n_buffer_bytes, need)
            or one.look.varies_by_process()  # made again, it could not be told from another value
            or is_pinned(one.names)
        )
    }


def as_recorded(tracked: Tracked, tracker: Tracker, variables: Mapping[str, Any]) -> Fresh | None:
    """Look at live values; None where they are not what was recorded, as far as that can be told."""
    values = {name: variables[name] for name in tracked.names if name in variables}
    one = tracker.inspect(tracked.names, values) if len(values) == len(tracked.ids) else None
    if one is None or one.fingerprint != tracked.fingerprint:
        return None
    if one.fingerprint is None and {name: id(value) for name, value in values.items()} != tracked.ids:
        return None  # bound anew, and nothing else tells
    return one


def store_now(names: Collection[str], tracker: Tracker, store: Store, keyring: Keyring) -> dict[str, str]:
    """Store the live values of some variables that are as they were recorded.

    Returns
    -------
    dict
        Variables that have no serialised form, and why. One that changed since is stored with the next execution.
    """
    refused = {}
    variables = tracker.user.variables()
    for tracked in {known.version: known for name in names if (known := tracker.known.get(name))}.values():
        one = as_recorded(tracked, tracker, variables)
        if one is None:
            continue
        if one.look.codec is None:
            refused.update(dict.fromkeys(tracked.names, one.look.unstorable or "it has no serialised form"))
            continue
        store.log.add_payload(tracked.version, payload_writer(one, tracker.scope), keyring.seal)
    return refused


def store_again(
    failures: Mapping[VersionId, str], tracker: Tracker, store: Store, keyring: Keyring
) -> dict[VersionId, str]:
    """Store values that could not be written behind their cells, where they are still the live ones; return the rest.

    There was no room then, or another process took chunks out that they counted on.
    """
    left = dict(failures)
    for version in failures:
        names = [name for name, known in tracker.known.items() if known.version == version]
        with suppress(EnsessionError):  # the first reason is what the user is told
            store_now(names, tracker, store, keyring)
            if store.history.version(version).payload is not None:
                del left[version]
    return left


def own_files(store: Store, copies: Collection[str]) -> Callable[[str], bool]:
    """Return what tells the store's own files, and those of other copies of it, from the user's.

    Parameters
    ----------
    store : Store
    copies : collection of str
        Absolute paths of other copies; more may come.
    """

    def is_own(path: str) -> bool:
        own = os.path.abspath(store.path)  # without "..", as the paths of effects are; and it may move
        if path.startswith(own) and path.removeprefix(own) in ("", *_BESIDE):
            return True
        return bool(copies) and any(_is_of(path, copy) for copy in copies)

    return is_own


def _is_of(path: str, store: str) -> bool:
    folder, name = os.path.split(store)
    return path.removeprefix(store) in ("", *_BESIDE) or path.startswith(os.path.join(folder, f".{name}.new-"))
