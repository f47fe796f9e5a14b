"""``%ens restore`` and ``%ens load``: bringing a state back, at once or as it is needed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ensession.capture.names import is_only_command
from ensession.display import environment_table, restore_table
from ensession.display.harmless import one_line
from ensession.display.units import counted, size
from ensession.errors import EnsessionError, UsageError
from ensession.magic.gate import Gate
from ensession.magic.shell import place_of, running_code
from ensession.magic.show import progress, show
from ensession.magic.words import split_allowed
from ensession.model import ExecutionId, Fate, Word
from ensession.session.awaiting import Awaited
from ensession.session.session import Session
from ensession.trust import Keyring, trust_store

_NAMED = 12
"""Names that a message lists before it counts the rest."""


class Host(Protocol):
    """What the verbs need of the command that they belong to."""

    @property
    def session(self) -> Session | None:
        """The session that is being recorded."""

    def active(self) -> Session:
        """Return it, or complain."""

    def session_for(self, files: list[str]) -> Session:
        """Return the session to restore into: the running one, or one on the store that is named."""

    def leave(self) -> None:
        """End the session."""

    def replaying(self) -> AbstractContextManager[None]:
        """Let cells be run again: commands in them do nothing."""


class RestoreVerbs:
    """The verbs, and what comes of a lazy restore cell by cell.

    Parameters
    ----------
    shell : InteractiveShell
    host : Host
    """

    def __init__(self, shell: Any, host: Host) -> None:
        self._shell = shell
        self._host = host
        self._gate = Gate(shell, self._awaited, self._prepare, self._fetch)
        self._cells: list[str] = []
        self._loading = running_code(shell)  # the cell that loads the extension, which nobody announces
        self._unsaid = ""

    def verbs(self) -> dict[str, Callable[[list[str]], None]]:
        """Return what each verb does with the words behind it."""
        return {"restore": self._restore, "load": self._load}

    def begin(self, code: str) -> bool:
        """Hear that a cell is about to run; bring in what it uses, and say whether it may run."""
        verdict = None
        if (awaited := self._awaited()) is not None and awaited.names():
            if not is_only_command(code, "ens") or "$" in code or "{" in code:
                verdict = self._prepare(code)
            self._gate.judge(verdict)
        self._loading = None
        self._cells.append(code)
        if self._unsaid and not is_only_command(code, "ens"):
            print(f"ensession: {self._unsaid}", file=sys.stderr)
        self._unsaid = ""
        for sentence in awaited.tell() if awaited is not None else ():
            print(f"ensession: {sentence}", file=sys.stderr)
        return verdict is None

    def end(self) -> bool:
        """Hear that a cell ended; say whether it ran."""
        self._cells, self._loading = self._cells[:-1], None
        was_refused = self._gate.settle()
        awaited = self._awaited()
        if awaited is None or not awaited.names():
            self._gate.open()
        return not was_refused

    def begun(self, session: Session) -> None:
        """Have the rest of the running cell recorded, and say that the store held work before.

        That is said below the first cell, where none has run yet (from a startup file).
        """
        session.begin_within(self._running())
        sentence = earlier_line(session.earlier)
        if running_code(self._shell) is None:
            self._unsaid = sentence
        elif sentence:
            print(sentence)

    def complete(self) -> None:
        """Bring in all that is awaited: what comes now needs the whole state."""
        session = self._host.session
        if session is None or not session.awaited.names():
            return
        with self._host.replaying(), progress() as step:
            _tell_losses(session.awaited.bring_all(step))
        self._gate.open()

    def complete_or_name(self) -> None:
        """Do the same where the session ends whatever comes of it; name what stays behind."""
        session = self._host.session
        if session is None:
            return
        try:
            self.complete()
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  (what is loaded raises anything; it ends all the same)
            reason = str(error) if isinstance(error, EnsessionError) else f"{type(error).__name__}: {error}"
            names = ", ".join(session.awaited.names()) or "nothing"
            print(one_line(f"Left behind in {place_of(session.store.path)}: {names} ({reason})."))

    def leave(self) -> None:
        """Stop watching: the session is over."""
        self._gate.open()

    def _awaited(self) -> Awaited | None:
        session = self._host.session
        return None if session is None else session.awaited

    def _prepare(self, code: str) -> str | None:
        awaited = self._awaited()
        if awaited is None or awaited.is_bringing or not awaited.names():
            return None
        with self._host.replaying(), progress() as step:
            return awaited.prepare(code, step)

    def _fetch(self, code: str) -> None:
        awaited = self._awaited()
        if awaited is None or awaited.is_bringing or not awaited.names():
            return
        with self._host.replaying():
            awaited.fetch(code)

    def _restore(self, words: list[str]) -> None:
        flags = {word for word in words if word.startswith("--")}
        unknown = flags - {"--force", "--trust", "--allow", "--lazy"}
        if unknown:
            raise UsageError(f"unknown option {', '.join(sorted(unknown))}; %ens help lists them")
        rest = [word for word in words if word not in flags]
        allowed, rest = split_allowed(rest) if "--allow" in flags else ([], rest)
        states = [word for word in rest if word.startswith("@")]
        files = [word for word in rest if not word.startswith("@")]
        if states[1:]:
            raise UsageError(f"one state is enough: {' '.join(states)}")
        fresh = self._host.session is None
        session = self._host.session_for(files)
        is_first_move = session.earlier is not None
        try:
            if "--trust" in flags:
                trust_store(session.store, Keyring.load())
            at = session.store.refs.resolve(states[0]) if states else None
            found = session.environment_differences(at)
            if found:  # said before anything runs
                show(environment_table(found))
            if allowed:
                session.word.say(allowed, Word.ALLOW)
            is_lazy = "--lazy" in flags and self._stands_alone()
            bring = session.restore_lazily if is_lazy else session.restore
            with self._host.replaying(), progress() as said:
                report = bring(at, said, overwrite="--force" in flags)
        except BaseException:
            if fresh:
                self._host.leave()
            raise
        if session.awaited.names():
            self._gate.shut()
        else:
            self._gate.open()
        if report.count(Fate.AWAITED) < len(report.variables) or not is_lazy:
            show(restore_table(report))
        if is_first_move and session.left is not None:
            here = f"@{session.left}"
            print(f"What this kernel had until now is state {here}: %ens checkout {here} goes back to it.")
        if "--lazy" in flags and not is_lazy:
            print("All of it is there: a cell that goes on after %ens restore may use anything.")
        session.begin_within(self._running() if fresh else [])

    def _load(self, words: list[str]) -> None:
        """Bring in some of what is awaited, or all of it."""
        session = self._host.active()
        names = session.awaited.names()
        unknown = [word for word in words if word not in names and word not in self._shell.user_ns]
        if unknown:
            raise UsageError(f"{unknown[0]} is not awaited: {', '.join(names) or 'nothing is'}")
        if not names:
            print("Everything is there.")
            return
        with self._host.replaying(), progress() as step:
            lost = session.awaited.bring(words or names, step)
        _tell_losses(lost)
        print(awaited_line(session.awaited) or "Everything is there.")

    def _running(self) -> list[str]:
        """Return the user's cells that run now, the outermost first; a startup file is none of them."""
        if running_code(self._shell) is None:
            return []
        return self._cells or ([] if self._loading is None else [self._loading])

    def _stands_alone(self) -> bool:
        """Whether the running cell holds nothing that could use a variable after the restore."""
        cells = self._cells
        if not cells:  # the extension was loaded in this very cell
            code = running_code(self._shell)
            if code is None:
                return False
            cells = [code]
        return all(is_only_command(code, "ens") for code in cells)


def earlier_line(earlier: ExecutionId | None) -> str:
    """Return a sentence about the work that the store held when recording began; empty if there was none."""
    return f"The store holds earlier work, up to execution {earlier}: %ens restore brings it back." if earlier else ""


def absent_line(names: Sequence[str]) -> str:
    """Return a sentence about what the last restore could not bring back; empty if there is nothing."""
    return f"Not in this kernel since the restore: {', '.join(names)}. Its report said why." if names else ""


def awaited_line(awaited: Awaited) -> str:
    """Return a sentence about what is awaited; empty if nothing is."""
    names = awaited.names()
    if not names:
        return ""
    more = len(names) - _NAMED
    listed = ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    some = counted(len(names), "variable")
    return f"Awaited: {some} ({size(awaited.n_bytes())}): {listed}. They come when a cell uses them."


def _tell_losses(lost: Mapping[str, str]) -> None:
    for name, reason in sorted(lost.items()):
        print(one_line(f"{name} can't be brought back: {reason}"))
