"""The user's word, given by hand: about executions and about variables. It is stored and counts from then on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ensession.capture.hidden import HiddenState
from ensession.capture.pausing import collector_paused
from ensession.errors import UsageError
from ensession.model import ExecutionId, NameWord, Word
from ensession.session.late import LateLooks
from ensession.session.recorder import Recorder
from ensession.session.rescue import Rescue
from ensession.session.storing import store_now
from ensession.store import Store
from ensession.trust import Keyring, give_word, own_words

LATE_S = 1.0
"""How long a word may wait for late looks."""


class UsersWord:
    """What the user says of executions and variables of the session.

    Parameters
    ----------
    store : Store
    keyring : Keyring
        Seals words that make code run.
    recorder : Recorder
        Goes on under what was said.
    late : LateLooks
    hidden : HiddenState
    """

    def __init__(
        self, store: Store, keyring: Keyring, recorder: Recorder, late: LateLooks, hidden: HiddenState
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._recorder = recorder
        self._late = late
        self._hidden = hidden

    def said(self, word: Word) -> list[ExecutionId]:
        """Return the executions of which this was said."""
        return [execution for execution, other in self._store.words.executions() if other is word]

    def names(self, word: NameWord) -> list[str]:
        """Return the variables of which this was said."""
        return sorted(self._store.words.names(word))

    def say(self, executions: Collection[ExecutionId], word: Word) -> list[str]:
        """Say something of executions: what lives and can't be made again for that, or not as cheaply, is stored now.

        Returns
        -------
        list of str
            What hindered that.

        Raises
        ------
        NotFoundError
            One of them does not exist; nothing was said.
        """
        give_word(self._store, self._keyring, executions, word)
        return self._reckon_anew()

    def take_back(self, executions: Collection[ExecutionId], word: Word) -> list[str]:
        """Say it no longer; otherwise as :meth:`say`."""
        self._store.words.take_back(executions, word)
        return self._reckon_anew()

    def _reckon_anew(self) -> list[str]:
        """Count on what may be run again by now, and on nothing else; and tell what would be lost, or no longer is."""
        recorder = self._recorder
        if recorder.head is None:
            return []
        with collector_paused():  # a long history is many objects
            graph = own_words(self._store, self._keyring, self._store.history.graph(recorder.head))
            recorder.rule = recorder.rule.renewed(graph)  # an interrupt may cut short what follows
            rescue = Rescue(self._store, self._keyring, recorder, self._hidden)
            recorder.rule = recorder.rule.renewed(graph, rescue.add)
        problems = [*rescue.problems, *self._late.look_at_all(LATE_S)]
        if recorder.survival is not None:
            recorder.survival.reconsider()
        return problems

    def absent(self, names: Iterable[str]) -> list[str]:
        """Return those names that no variable has now: what is said of them holds for one that is to come."""
        return self._recorder.spoken.absent(names)

    def say_names(self, names: Collection[str], word: NameWord) -> Mapping[str, str]:
        """Say something of variables.

        Returns
        -------
        Mapping[str, str]
            Variables that are to be stored and have no serialised form now, and why.

        Raises
        ------
        UsageError
            One of them can't be a variable's name; nothing was said.
        """
        odd = [name for name in names if not name.isidentifier()]
        if odd:
            raise UsageError(f"{odd[0]!r} can't be the name of a variable; each is named in full, without patterns")
        self._store.words.give_names(names, word)
        self._recorder.spoken.refresh()
        if word is not NameWord.PIN:
            return {}
        return store_now(names, self._recorder.tracker, self._store, self._keyring)

    def take_back_names(self, names: Collection[str], word: NameWord) -> None:
        """Say it no longer."""
        self._store.words.take_back_names(names, word)
        self._recorder.spoken.refresh()
