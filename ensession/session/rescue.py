"""Live values are stored that cells could make again until now, and no longer can, or may."""

from __future__ import annotations

from ensession.capture.change import Tracked
from ensession.capture.hidden import HiddenState
from ensession.model import HIDDEN_PREFIX, GraphVersion
from ensession.planner.policy import Recompute
from ensession.session.recorder import Recorder
from ensession.session.storing import as_recorded, payload_writer
from ensession.store import Store
from ensession.trust import Keyring


class Rescue:
    """Adds payloads of recorded versions, as far as their values are live and as they were recorded.

    Parameters
    ----------
    store : Store
    keyring : Keyring
    recorder : Recorder
        Knows what the values were recorded as, and what is going on.
    hidden : HiddenState

    Attributes
    ----------
    problems : list of str
        What hindered that, in sentences.
    """

    def __init__(self, store: Store, keyring: Keyring, recorder: Recorder, hidden: HiddenState) -> None:
        self.problems: list[str] = []
        self._store = store
        self._keyring = keyring
        self._recorder = recorder
        self._live = {one.version: one for one in recorder.tracker.known.values()}
        self._variables = {**hidden.read(), **recorder.tracker.user.variables()}

    def add(self, version: GraphVersion, need: Recompute) -> tuple[int, int] | None:
        """Add the payload of a version where it is worth it; return the plain sizes of stream and buffers then.

        What can't be stored, was forgotten, or was not looked at yet is left alone.
        """
        tracked = self._live.get(version.id)
        if tracked is None or version.unstorable is not None or not self._may_be_worth_it(version.n_bytes, need):
            return None
        try:
            return self._added(tracked, need)
        except Exception as error:  # noqa: BLE001  (a value's own code may raise anything; the others are to be stored)
            names = ", ".join(tracked.names)
            self.problems.append(f"The value of {names} was not stored: {type(error).__name__}: {error}.")
            return None

    def _may_be_worth_it(self, n_bytes: int, need: Recompute) -> bool:
        """Whether it may be, as far as that can be told without a look: how much is in buffers is not known."""
        should_store = self._recorder.rule.should_store
        return should_store(n_bytes, 0, need) or should_store(0, n_bytes, need)

    def _added(self, tracked: Tracked, need: Recompute) -> tuple[int, int] | None:
        recorder = self._recorder
        one = as_recorded(tracked, recorder.tracker, self._variables)
        if one is None or one.look.codec is None or not set(one.look.references) <= set(tracked.references):
            return None
        if one.fingerprint is None and (recorder.pending or not recorder.beside.leaves_alone(one.names)):
            return None  # it may be another value by now
        if not one.names[0].startswith(HIDDEN_PREFIX) and recorder.discretion.withholds(one):
            return None
        sizes = one.look.n_stream_bytes, one.look.n_buffer_bytes
        if not recorder.rule.should_store(*sizes, need):
            return None
        self._store.log.add_payload(tracked.version, payload_writer(one, recorder.tracker.scope), self._keyring.seal)
        return sizes
