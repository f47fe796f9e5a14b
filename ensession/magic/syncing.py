"""``%ens sync`` and ``%ens autosync``: another copy of the store, brought up to date now or all the time."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ensession.capture.effects import unheard
from ensession.display import one_line
from ensession.display.units import counted, duration, point_in_time, size
from ensession.errors import UsageError
from ensession.magic.shell import place_of
from ensession.magic.show import progress
from ensession.session.session import Session
from ensession.store import Store

# What travels, and how, is imported by its first use: few sessions are synced, and all would start later for it.
if TYPE_CHECKING:
    from ensession.sync.autosync import Autosync
    from ensession.sync.remote import Reach
    from ensession.sync.transfer import Report

EVERY_S = 60.0
LEAST_S = 1.0
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|min|m|h)?")
_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600}


class SyncVerbs:
    """The verbs, and the process that keeps the other copy in step.

    Parameters
    ----------
    active : callable
        Returns the running session, or complains.
    """

    def __init__(self, active: Callable[[], Session]) -> None:
        self._active = active
        self._autosync: Autosync | None = None

    def verbs(self) -> dict[str, Callable[[list[str]], None]]:
        """Return what each verb does with the words behind it."""
        return {"sync": self._sync, "autosync": self._set}

    def line(self) -> str | None:
        """Say for ``%ens status`` how the other copy fares; None where there is none."""
        if self._autosync is None:
            return None
        rounds, remote = self._autosync.rounds, self._autosync.remote
        head = f"autosync to {remote}, every {duration(self._autosync.every_s)}"
        if rounds.is_over:
            return one_line(f"autosync to {remote} has ended: {rounds.error}; %ens autosync starts it again")
        if rounds.failing_since is not None:
            return one_line(f"{head}: fails since {point_in_time(rounds.failing_since)}: {rounds.error}")
        if rounds.last_at is None:
            return one_line(f"{head}: the first round is under way")
        came = f", {rounds.n_received} received" if rounds.n_received else ""
        last, sent = f"last at {point_in_time(rounds.last_at)}", counted(rounds.n_sent, "execution")
        return one_line(f"{head}: {last}; {sent} sent{came}, {size(rounds.n_bytes)} in all")

    def notice(self) -> str | None:
        """Return what the user should hear below the cell that just ended: that autosync began to fail, or to go on."""
        if self._autosync is None:
            return None
        found = self._follow(self._autosync) or self._autosync.notice()
        return None if found is None else one_line(found)

    def leave(self) -> None:
        """End with the session: a last round is done by the process alone."""
        autosync, self._autosync = self._autosync, None
        if autosync is not None:
            autosync.close()

    def _follow(self, autosync: Autosync) -> str | None:
        """Go on with the session's file where it had to be written anew; return what to say of it."""
        store = self._active().store
        if store.file_id == autosync.file_id:
            return None
        self._begin(store, autosync.remote, autosync.every_s, autosync.reach)
        return f"autosync to {autosync.remote} goes on with {store.path}"

    def _begin(self, store: Store, remote: str, every_s: float, reach: Reach) -> None:
        from ensession.sync.autosync import Autosync

        self.leave()
        with unheard():
            self._autosync = Autosync(store.path, store.file_id, remote, every_s, reach)

    def _sync(self, words: list[str]) -> None:
        from ensession.sync.telling import transfer_lines
        from ensession.sync.together import bring_together, other_copy
        from ensession.sync.transfer import require_complete

        reach, rest = _reach(words, ("ssh",))
        if len(rest) != 1:
            raise UsageError("%ens sync takes one place: a path, or ssh://[user@]host[:port]/path")
        session = self._active()
        path = session.store.path
        address = other_copy(rest[0], path)
        if address.host is None:
            session.note_copy(address.path)
        for problem in session.late.look_at_all():
            print(one_line(problem))
        session.flush()
        with unheard():
            done = bring_together(path, address, session.config, reach, _watched, session.store.file_id)
        for direction, one in (("sent", done.sent), ("received", done.received)):
            for line in transfer_lines(direction, one):
                print(one_line(line))
        require_complete(done.sent, done.received)

    def _set(self, words: list[str]) -> None:
        session = self._active()
        if words == ["off"]:
            if self._autosync is None:
                raise UsageError("autosync is off")
            self.leave()
            print("Autosync is off; what is not there yet goes there in a last round.")
            return
        from ensession.sync.autosync import QUIET_SSH
        from ensession.sync.together import other_copy

        reach, rest = _reach(words, QUIET_SSH)
        remote, every_s = _read(rest)
        path = session.store.path
        address = other_copy(remote, path)
        if address.host is None:
            remote = os.path.abspath(address.path)
            session.note_copy(remote)
        self._begin(session.store, remote, every_s, reach)
        print(f"{place_of(path)} is kept in step with {remote}: what changed goes there every {duration(every_s)}.")


@contextmanager
def _watched(label: str) -> Iterator[Report]:
    with progress() as step:
        yield lambda done, total: step(done, total, label)


def _reach(words: list[str], ssh: tuple[str, ...]) -> tuple[Reach, list[str]]:
    """Return how another machine is reached, by options as the command ``ens`` has them, and the other words."""
    from ensession.sync.remote import Reach

    told, rest = {"--ssh": os.environ.get("ENS_SSH", ""), "--remote-ens": "ens"}, list(words)
    for option in told:
        if option in rest:
            at = rest.index(option)
            told[option] = " ".join(rest[at + 1 : at + 2])
            del rest[at : at + 2]
    return Reach(tuple(shlex.split(told["--ssh"])) or ssh, told["--remote-ens"]), rest


def _read(words: list[str]) -> tuple[str, float]:
    rest, every_s = list(words), EVERY_S
    if "--every" in rest:
        at = rest.index("--every")
        every_s = _seconds(" ".join(rest[at + 1 : at + 2]))
        del rest[at : at + 2]
    if len(rest) != 1 or rest[0].startswith("--"):
        raise UsageError("%ens autosync takes one place, or off: %ens autosync REMOTE --every 60s")
    return rest[0], every_s


def _seconds(text: str) -> float:
    found = _TIME.fullmatch(text)
    every_s = float(found[1]) * _SECONDS[found[2] or "s"] if found else 0.0
    if every_s < LEAST_S:
        raise UsageError(f"{text!r} is no time of a second or more; write for example --every 60s")
    return every_s
