"""Values that the budget had no time for are looked at, and stored where that is worth it, when nobody waits.

Their versions are recorded without a fingerprint: what a restore makes again can't be held against anything. As long
as no cell has touched them, what lives is what was recorded, and its payload can still be added.
"""

from __future__ import annotations

import time
from math import inf

from ensession.capture.change import Fresh, Tracked
from ensession.capture.pausing import collector_paused
from ensession.model import VersionId
from ensession.session.recorder import Recorder
from ensession.session.storing import payload_writer
from ensession.store import Store
from ensession.trust import Keyring

FIRST_TRY_S = 0.05
"""How long a look is tried of which nothing is known."""


class LateLooks:
    """Looks at what was assumed changed.

    Parameters
    ----------
    store : Store
    keyring : Keyring
    recorder : Recorder
        Knows what the values were recorded as, and what is going on.
    """

    def __init__(self, store: Store, keyring: Keyring, recorder: Recorder) -> None:
        self._store = store
        self._keyring = keyring
        self._recorder = recorder
        self._tracker = recorder.tracker
        self._too_long: dict[VersionId, float] = {}
        """For how long it was tried in vain; twice that comes next."""

    def pending(self) -> list[Tracked]:
        """Return what was not looked at; nothing while a cell runs, which may have changed it by now."""
        if self._recorder.pending is not None:
            return []
        known = self._tracker.known
        found = {known[name].version: known[name] for name in known.assumed()}
        self._too_long = {version: took_s for version, took_s in self._too_long.items() if version in found}
        return list(found.values())

    def quickest(self) -> tuple[Tracked, float] | None:
        """Return what to try next, and for how many seconds: twice as long as was too short the last time."""
        needs = [
            (2 * self._too_long.get(one.version, FIRST_TRY_S / 2), at, one) for at, one in enumerate(self.pending())
        ]
        if not needs:
            return None
        needs_s, _, one = min(needs)
        return one, needs_s

    def look(self, one: Tracked, limit_s: float | None = None, *, is_behind: bool = False) -> list[str]:
        """Look at one of them.

        Parameters
        ----------
        one : Tracked
            Left alone where it may not be as it was recorded: a name of it was bound anew or is still to come, or
            something that runs beside the cells may have changed it.
        limit_s : float, optional
            Time after which it is given up, and known to take longer; what storing takes is estimated beforehand.
        is_behind : bool
            Leave compressing and writing to the writer's thread.

        Returns
        -------
        list of str
            What hindered that; it goes on being pending then.
        """
        with collector_paused():  # around all of it: what looks and payloads took is given back then
            return self._look(one, limit_s, is_behind=is_behind)

    def _look(self, one: Tracked, limit_s: float | None, *, is_behind: bool) -> list[str]:
        variables = self._tracker.user.variables()
        values = {name: variables[name] for name in one.names if name in variables}
        is_same = all(one.ids.get(name) == id(values.get(name)) for name in one.names)
        if not is_same or not self._recorder.beside.leaves_alone(one.names):
            self._too_long[one.version] = inf
            return []
        try:
            start = time.monotonic()
            seen = self._tracker.looker.within(values, limit_s)
            if seen is None:
                self._too_long[one.version] = limit_s or 0.0
                return []
            fresh = self._tracker.inspect(one.names, values, seen)
            if self._is_wanted(fresh, one):
                needs_s = (
                    time.monotonic() - start + self._recorder.rule.store_s(seen.n_stream_bytes, seen.n_buffer_bytes)
                )
                if limit_s is not None and needs_s > limit_s:
                    self._too_long[one.version] = needs_s / 2
                    return []
                add = self._store.behind.add if is_behind else self._store.log.add_payload
                add(one.version, payload_writer(fresh, self._tracker.scope), self._keyring.seal)
                self._store.settle(0)
                self._recorder.rule.gain(one.version, seen.n_stream_bytes, seen.n_buffer_bytes)
        except Exception as error:  # noqa: BLE001  (a value's own code may raise anything; nobody is there to catch it)
            self._too_long[one.version] = inf
            return [f"The value of {', '.join(one.names)} was not stored: {type(error).__name__}: {error}."]
        self._tracker.known.update(dict.fromkeys(one.names, fresh.released().tracked(one.version)))
        return []

    def look_at_all(self, limit_s: float | None = None) -> list[str]:
        """Look at all of them, for so many seconds together; return what hindered that."""
        end = None if limit_s is None else time.monotonic() + limit_s
        problems: list[str] = []
        for one in self.pending():
            left_s = None if end is None else end - time.monotonic()
            if left_s is not None and left_s <= 0:
                break
            problems += self.look(one, left_s)
        return problems

    def _is_wanted(self, fresh: Fresh, one: Tracked) -> bool:
        seen = fresh.look
        if seen.codec is None or not set(seen.references) <= set(one.references):  # what it needs is not recorded
            return False
        if self._recorder.discretion.withholds(fresh):
            return False
        rule = self._recorder.rule
        is_worth_it = rule.should_store_late(one.version, seen.n_stream_bytes, seen.n_buffer_bytes)
        return is_worth_it or seen.varies_by_process() or self._recorder.spoken.is_pinned(one.names)
