"""``%ens``: parsing its words, and doing what they say."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell

from ensession.capture.hooks import CellHooks
from ensession.config import SETTINGS, Config, StoragePolicy, settings_of, with_setting
from ensession.display import (
    Marks,
    lay_out,
    log_table,
    modules_of,
    settings_table,
    status_table,
    unwritten_line,
    variables_table,
)
from ensession.display.layout import BUDGET
from ensession.errors import EnsessionError, UsageError
from ensession.magic.browsing import export, show_diff
from ensession.magic.help import FIRST_USE, help_text, no_such_command
from ensession.magic.keeping import flushed
from ensession.magic.line import split_line
from ensession.magic.moves import MoveVerbs
from ensession.magic.pauses import Pauses
from ensession.magic.pictures import have_figures_drawn
from ensession.magic.restoring import RestoreVerbs, absent_line, awaited_line, earlier_line
from ensession.magic.shell import IPythonShell, default_file, file_named, place_of
from ensession.magic.show import show, show_graph, show_plan
from ensession.magic.syncing import SyncVerbs
from ensession.magic.upkeep import upkeep_verbs
from ensession.magic.words import header_verb, word_verbs, words_lines
from ensession.model import HIDDEN_PREFIX, ExecutionId
from ensession.session.cells import ending_of
from ensession.session.session import Session
from ensession.store import Store
from ensession.trust import Keyring, trust_store

_ASKS_FOR_HELP = frozenset({"--help", "-h"})
_LED = "ens run records this session; nothing to do here."
_WHOLE = frozenset({"checkout", "undo", "redo", "ignore", "pin", "stop"})
"""Verbs that need the whole state, or leave it: what is awaited comes first."""


class EnsCommand:
    """The state behind ``%ens``: one shell, at most one session; ``bringing`` is what comes of its restores."""

    def __init__(self, shell: InteractiveShell, config: Config) -> None:
        self._shell = shell
        self._config = config
        self._session: Session | None = None
        self._hooks = CellHooks(shell, self)
        self._is_replaying = False
        self._pauses = Pauses(lambda: self._session, lambda problem: print(problem, file=sys.stderr))
        self.bringing = RestoreVerbs(shell, self)
        self._moves = MoveVerbs(self.active, self.replaying)
        self._syncing = SyncVerbs(self.active)
        self._verbs: dict[str, Callable[[list[str]], None]] = {
            "start": self._start,
            "status": self._status,
            "log": self._log,
            "vars": self._vars,
            "plan": self._plan,
            "diff": lambda words: show_diff(self.active(), words),
            "export": lambda words: export(self.active(), words),
            **self.bringing.verbs(),
            **self._moves.verbs(),
            **self._syncing.verbs(),
            "trust": self._trust,
            "config": self._configure,
            "flush": self._flush,
            "stop": self._stop,
            "help": lambda words: print(help_text(words, self._verbs)),
        }
        self._verbs.update(word_verbs(self.active) | upkeep_verbs(self.active))

    @property
    def session(self) -> Session | None:
        """The session that is being recorded."""
        return self._session

    def __call__(self, line: str, cell: str | None = None) -> None:
        """Carry out ``%ens LINE``; an error is one line for the user, and changes nothing."""
        if cell is not None:
            self._complain_of(line, cell)
        if self._is_replaying:  # a recorded cell that holds a command is being run again
            return
        try:
            words = split_line(line)
            verb = words[0] if words else "help"
            if verb not in self._verbs:
                raise UsageError(no_such_command(verb, self._verbs))
            if _ASKS_FOR_HELP.intersection(words[1:]):
                verb, words = "help", ["help", verb]
            if verb in _WHOLE:
                self.bringing.complete()
            self._verbs[verb](words[1:])
        except ValueError as error:
            self._complain(error if isinstance(error, EnsessionError) else UsageError(str(error)))
        except EnsessionError as error:
            self._complain(error)

    def await_runner(self) -> None:
        """Leave it to a runner to begin and end the session: the verbs for that do nothing, in a startup file too."""
        nothing = dict.fromkeys(("start", "restore", "stop"), lambda _: print(_LED))
        self._verbs.update(nothing, tag=self._moves.retag)

    def lead(self, path: Path) -> Session:
        """Attach to a store for a runner that decides itself what is restored; a session that runs ends first."""
        self.await_runner()
        self.leave()
        return self._attach(path, self._config.policy)

    def callbacks_ran(self) -> None:
        """Hear that callbacks of widgets ran, while no cell did or in the middle of one; from any thread."""
        if self._session is not None and not self._is_replaying:
            self._session.beside.note_callbacks()
            self._pauses.postpone()

    def cell_ran_elsewhere(self) -> None:
        """Hear that another thread runs, or ran, a cell of its own."""
        if self._session is not None:
            self._session.beside.note_cell_elsewhere()

    def cell_begins(self, code: str, cell_id: str | None, python: str | None) -> None:
        """Hear that a cell is about to run; ``python`` is what the shell made of it, where it tells that."""
        self._pauses.end()
        if self.bringing.begin(code) and self._session is not None:
            self._session.begin_cell(code, cell_id, python)

    def cell_ended(self, error: BaseException | None) -> None:
        """Hear that it ran."""
        if self.bringing.end() and self._session is not None:
            self._session.end_cell(ending_of(error))
            self._pauses.begin()
        notice = self._syncing.notice()
        if notice is not None:
            print(f"ensession: {notice}", file=sys.stderr)

    def listen(self) -> None:
        """Begin to hear of cells; a session that begins in the middle of one has to know what else is in it."""
        self._hooks.install()

    def close(self) -> None:
        """End the session, if there is one: the extension is unloaded or the kernel shuts down."""
        self._hooks.remove()
        if self._session is not None:
            self.leave()

    def _complain_of(self, line: str, cell: str) -> None:
        try:
            header_verb(line, cell)
        except UsageError as error:
            self._complain(error)

    def _complain(self, error: EnsessionError) -> None:
        """Raise a usage-style error the IPython way: one line instead of a traceback."""
        from IPython.core.error import UsageError as ShellUsageError

        raise ShellUsageError(f"ensession: {error}") from error

    def _start(self, words: list[str]) -> None:
        flags, rest = _split_flags(words, {"--all"})
        if self._session is not None:
            raise UsageError(f"already recording into {place_of(self._session.store.path)}; %ens stop ends that")
        policy = StoragePolicy.ALL if "--all" in flags else self._config.policy
        is_first = not Keyring.exists()
        session = self._attach(self._file(rest), policy)
        session.start()
        print(f"Recording into {place_of(session.store.path)}.")
        if is_first:
            print(FIRST_USE)
        self.bringing.begun(session)

    def _attach(self, path: Path, policy: StoragePolicy) -> Session:
        config = replace(self._config, policy=policy)
        shell = IPythonShell(self._shell, config.output_limit_bytes)
        self._session = Session(path, shell, config, Keyring.load())
        have_figures_drawn(self._shell)
        return self._session

    def leave(self) -> None:
        """End the session, if there is one."""
        session, self._session = self._session, None
        self._pauses.end()
        self.bringing.leave()
        try:
            if session is not None:
                session.stop()
        finally:
            self._syncing.leave()  # its last round brings what the session wrote at its end

    def _flush(self, words: list[str]) -> None:
        _no_more(words)
        for line in flushed(self.active()):
            print(line)

    def _stop(self, words: list[str]) -> None:
        _no_more(words)
        session = self.active()
        session.end_within()
        self.leave()
        print(f"Stopped recording into {place_of(session.store.path)}.")

    def _status(self, words: list[str]) -> None:
        _no_more(words)
        session = self.active()
        unwritten = unwritten_line(session.store.behind.n_waiting, session.store.behind.n_bytes_waiting)
        state = session.graph(session.head).state if session.head is not None else {}
        losses, advice = session.outlook()
        show(
            status_table(
                path=place_of(session.store.path),
                n_file_bytes=session.store.n_file_bytes(),
                n_executions=len(session.store.history.executions()),
                n_variables=sum(not name.startswith(HIDDEN_PREFIX) for name in state),
                policy=session.config.policy,
                losses=losses,
                advice=advice,
                words=[
                    *filter(
                        None,
                        [
                            earlier_line(session.earlier),
                            absent_line(session.absent),
                            unwritten,
                            awaited_line(session.awaited),
                            self._syncing.line(),
                        ],
                    ),
                    *words_lines(session),
                ],
            )
        )

    def _log(self, words: list[str]) -> None:
        flags, rest = _split_flags(words, {"--graph"})
        _no_more(rest[1:])
        session = self.active()
        if "--graph" in flags:
            marks = Marks.of(session.head, session.store.refs.all())
            show_graph(lay_out(session.store.history.executions(), marks, _number(rest[0]) if rest else BUDGET))
            return
        limit = _number(rest[0]) if rest else 20
        executions = session.store.history.executions(limit)
        changed = {one.id: [name for name, _ in session.store.history.bindings(one.id)] for one in executions}
        show(log_table(executions, changed, session.head))

    def _vars(self, words: list[str]) -> None:
        session = self.active()
        at = session.target(_state(session, words))
        chosen, _ = session.plan(at)
        show(variables_table(session.store.history.state(at), chosen.missing, at))

    def _plan(self, words: list[str]) -> None:
        session = self.active()
        chosen, graph = session.plan(_state(session, words))
        codes = {id_: session.store.history.execution(id_).code for id_ in chosen.runs}
        modules = modules_of(session.store.history.state(chosen.target).values()) if chosen.target else ()
        show_plan(chosen, graph, codes, modules)

    @contextmanager
    def replaying(self) -> Iterator[None]:
        """Let cells be run again: commands in them do nothing."""
        self._is_replaying = True
        try:
            yield
        finally:
            self._is_replaying = False

    def session_for(self, files: list[str]) -> Session:
        """Return the session to restore into: the running one, or one on the store that is named."""
        if self._session is not None and not files:
            return self._session
        path = self._file(files)
        if not path.exists():
            raise UsageError(f"there is no store {path}; %ens restore FILE names one")
        if self._session is None:
            return self._attach(path, self._config.policy)
        if not self._session.store.path.samefile(path):
            raise UsageError(f"recording into {self._session.store.path}; %ens stop first, then restore {files[0]}")
        return self._session

    def _trust(self, words: list[str]) -> None:
        keyring = Keyring.load()
        if self._session is not None and not words:
            count = trust_store(self._session.store, keyring)
        else:
            with Store.open(self._file(words), self._config) as store:
                count = trust_store(store, keyring)
        print(f"Trusted: {count} seals added.")

    def _configure(self, words: list[str]) -> None:
        """Show the settings, or replace some: all of them or none."""
        config = self._session.config if self._session is not None else self._config
        for word in words:
            name, sign, value = word.partition("=")
            if not sign:
                raise UsageError(f"{word!r} is no setting; write NAME=VALUE, for example %ens config audit=on")
            config = with_setting(config, name, value)
        if not words:
            show(settings_table(settings_of(config), SETTINGS))
            return
        if self._session is not None:
            self._session.configure(config)
        self._config = config

    def active(self) -> Session:
        """Return the running session, or complain."""
        if self._session is None:
            raise UsageError("nothing is being recorded; %ens start begins, %ens restore FILE goes on with a store")
        return self._session

    def _file(self, words: list[str]) -> Path:
        if len(words) > 1:
            raise UsageError(f"one file is enough: {' '.join(words)}")
        return file_named(words[0]) if words else default_file(self._shell)


def _state(session: Session, words: list[str]) -> ExecutionId | None:
    if not words:
        return None
    _no_more(words[1:])
    return session.store.refs.resolve(words[0])


def _number(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise UsageError(f"{word!r} is no number of executions; %ens log 20 lists the last 20")
    return min(int(word), sys.maxsize)


def _split_flags(words: list[str], known: set[str]) -> tuple[set[str], list[str]]:
    flags = {word for word in words if word.startswith("--")}
    unknown = flags - known
    if unknown:
        raise UsageError(f"unknown option {', '.join(sorted(unknown))}; here: {', '.join(sorted(known))}")
    return flags, [word for word in words if word not in flags]


def _no_more(words: list[str]) -> None:
    if words:
        raise UsageError(f"not understood: {' '.join(words)}; %ens help lists the commands")
