"""What is recorded of an execution whose variables could not be looked at."""

from __future__ import annotations

from ensession.capture.change import Change
from ensession.capture.touch import Touched
from ensession.capture.tracker import Tracker
from ensession.model import BindingDraft, VersionDraft


def assumed_change(tracker: Tracker, touched: Touched, problem: str) -> Change:
    """Assume that everything touched changed, where looking failed; the next look finds it new.

    Parameters
    ----------
    tracker : Tracker
        Forgets what may have changed. What is still to come can't have.
    touched : Touched
    problem : str
        Why looking failed.
    """
    known = tracker.known
    possible = known.keys() if touched.everything else touched.names & known.keys()
    names = sorted(possible - tracker.user.awaited)
    versions = tuple(VersionDraft((name,), None, unstorable=f"not captured ({problem})") for name in names)
    bindings = tuple(BindingDraft(name, index) for index, name in enumerate(names))
    reads = tuple(sorted({known[name].version for name in names}))
    for name in names:
        del known[name]
    return Change((), (), (), reads, versions, bindings)
