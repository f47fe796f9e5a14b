"""The verbs of ``%ens`` that move among states, and name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from ensession.display import one_line, restore_table
from ensession.errors import UsageError
from ensession.magic.show import progress, show
from ensession.model import Fate, Ref, RefKind, RestoreReport
from ensession.restore import Progress
from ensession.session.session import Session

LEAVING_S = 1.0
"""How long going to another state may wait for late looks."""
_DELETE = "--delete"
_CHANGED_FATES = (Fate.MISSING, Fate.DIFFERENT)


class MoveVerbs:
    """``%ens checkout``, ``undo``, ``redo``, ``branch``, ``tag``.

    Parameters
    ----------
    active : callable
        Returns the running session, or complains.
    replaying : callable
        Returns a context in which recorded cells may be run again.
    """

    def __init__(self, active: Callable[[], Session], replaying: Callable[[], AbstractContextManager[None]]) -> None:
        self._active = active
        self._replaying = replaying

    def verbs(self) -> dict[str, Callable[[list[str]], None]]:
        """Return what each verb does with the words behind it."""
        return {
            "checkout": self._checkout,
            "undo": self._undo,
            "redo": self._redo,
            "branch": self._branch,
            "tag": self._tag,
        }

    def _checkout(self, words: list[str]) -> None:
        if len(words) != 1:
            raise UsageError("%ens checkout takes one state: a number, @N, or the name of a tag or branch")
        with self._leaving() as (session, step):
            report = session.moves.checkout(words[0], step)
        self._tell(session, report)

    def _undo(self, words: list[str]) -> None:
        with self._leaving() as (session, step):
            report = session.moves.undo(_count(words, "undo"), step)
        self._tell(session, report)

    def _redo(self, words: list[str]) -> None:
        with self._leaving() as (session, step):
            report = session.moves.redo(_count(words, "redo"), step)
        self._tell(session, report)

    @contextmanager
    def _leaving(self) -> Iterator[tuple[Session, Progress]]:
        """Go to another state; what there was no time for and is about to go is looked at before."""
        session = self._active()
        for problem in session.late.look_at_all(LEAVING_S):
            print(one_line(problem))
        with self._replaying(), progress() as step:
            yield session, step

    def _tell(self, session: Session, report: RestoreReport) -> None:
        session.last_restore = report
        if report.replans or any(report.count(fate) for fate in _CHANGED_FATES):
            show(restore_table(report))
        kept = report.count(Fate.KEPT)
        brought = len(report.variables) - kept - report.count(Fate.MISSING)
        print(f"State @{report.target} ({session.naming.describe()}): {brought} brought back, {kept} as they were.")

    def _branch(self, words: list[str]) -> None:
        session = self._active()
        if _DELETE in words:
            name = _one([word for word in words if word != _DELETE], "%ens branch --delete takes the name of a branch")
            session.naming.delete(name)
            print(f"Branch {name} is gone; its states stay.")
        elif words:
            name = _one(words, "%ens branch takes one name, or none to list the branches")
            session.naming.begin(name)
            print(f"Branch {name} begins here, at @{session.head}.")
        else:
            _list(session.store.refs.branches(), session.naming.branch)
            print(f"Now at @{session.head} ({session.naming.describe()}).")

    def _tag(self, words: list[str]) -> None:
        session = self._active()
        refs = session.store.refs
        if not words:
            _list(refs.tags(), None)
        elif _DELETE in words:
            name = _one([word for word in words if word != _DELETE], "%ens tag --delete takes the name of a tag")
            refs.delete(name, RefKind.TAG)
            print(f"Tag {name} is gone; its state stays.")
        else:
            if len(words) > 2:  # noqa: PLR2004
                raise UsageError("%ens tag takes a name, and a state where it is not the present one")
            at = refs.resolve(words[1]) if words[1:] else session.target(None)
            refs.add_tag(words[0], at)
            print(f"Tag {words[0]} is at @{at}.")

    def retag(self, words: list[str]) -> None:
        """Do ``%ens tag`` where a name that is taken moves here: a notebook that runs again tags its newest run."""
        refs = self._active().store.refs
        if words[:1] and words[0] in {ref.name for ref in refs.tags()}:
            refs.delete(words[0], RefKind.TAG)
        self._tag(words)


def _count(words: list[str], verb: str) -> int:
    if not words:
        return 1
    if len(words) > 1 or not words[0].isdecimal() or int(words[0]) < 1:
        raise UsageError(f"%ens {verb} takes a number of cells, or nothing for one")
    return int(words[0])


def _one(words: list[str], usage: str) -> str:
    if len(words) != 1:
        raise UsageError(usage)
    return words[0]


def _list(refs: list[Ref], current: str | None) -> None:
    for ref in refs:
        print(f"{'*' if ref.name == current else ' '} {ref.name:<20} @{ref.execution}")
