"""What is recorded of an execution whose variables could not be looked at."""

from __future__ import annotations

from collections.abc import Collection

from ensession.capture.change import Change
from ensession.capture.touch import Touched
from ensession.capture.tracker import Tracker
from ensession.model import HIDDEN_PREFIX, BindingDraft, VersionDraft


def assumed_change(tracker: Tracker, touched: Touched, hidden: Collection[str], problem: str) -> Change:
    """Assume that everything touched changed, where looking failed; the next look finds it new.

    Parameters
    ----------
    tracker : Tracker
        Knows what may have changed, and what is not there any more. What is still to come can't have.
    touched : Touched
    hidden : Collection[str]
        The hidden state that changed. The rest of it is known not to have.
    problem : str
        Why looking failed.
    """
    known, variables = tracker.known, tracker.user.variables()
    touchable = known.keys() if touched.everything else touched.names & known.keys()
    shared = {name for one in touchable for name in known[one].names}  # what changes one of them changes all
    possible = {name for name in shared - tracker.user.awaited if not name.startswith(HIDDEN_PREFIX)}
    deleted = tuple(sorted(possible - variables.keys()))
    assumed = tuple(sorted(possible & variables.keys())) + tuple(sorted(known.keys() & hidden))
    reads = tuple(sorted({known[name].version for name in (*assumed, *deleted)}))
    versions = tuple(VersionDraft((name,), None, unstorable=f"not captured ({problem})") for name in assumed)
    gone = tuple(BindingDraft(name, None) for name in deleted)
    bindings = (*gone, *(BindingDraft(name, index) for index, name in enumerate(assumed)))
    return Change((), (), deleted, reads, versions, bindings, assumed=assumed)
