"""Benches for the executor: the live shell, and a scratch namespace that runs no code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ensession.capture.hidden import HiddenState
from ensession.capture.namespace import UserNamespace
from ensession.capture.tracker import Tracker
from ensession.errors import ReplayFailedError
from ensession.model import Execution, ExecutionId, Fingerprint, PayloadSource, Version, VersionId
from ensession.session.shell import Shell
from ensession.store import Store
from ensession.trust import Keyring, require_payload


class LiveBench:
    """The live shell (:class:`~ensession.restore.Bench`)."""

    def __init__(self, shell: Shell, user: UserNamespace, hidden: HiddenState, tracker: Tracker) -> None:
        self._shell = shell
        self._user = user
        self._hidden = hidden
        self._tracker = tracker

    @property
    def namespace(self) -> dict[str, Any]:
        """The live namespace."""
        return self._user.live

    def variables(self) -> dict[str, Any]:
        """Return the user's variables."""
        return self._user.variables()

    def replace(self, variables: Mapping[str, Any]) -> None:
        """Make exactly these the user's variables."""
        self._user.replace(variables)

    def hidden(self) -> dict[str, Any]:
        """Return a snapshot of the hidden state."""
        return self._hidden.read()

    def set_hidden(self, name: str, value: Any) -> None:
        """Put hidden state back."""
        self._hidden.write(name, value)

    def run(self, code: str) -> BaseException | None:
        """Run a cell in the real shell, without showing its outputs."""
        return self._shell.run(code)

    def fingerprint(self, values: Mapping[str, Any]) -> Fingerprint | None:
        """Fingerprint a co-variable as capture does."""
        return self._tracker.look(values).fingerprint


class ScratchBench:
    """A plain dict in which payloads are loaded and nothing is run (:class:`~ensession.restore.Bench`)."""

    def __init__(self) -> None:
        self._namespace: dict[str, Any] = {"__builtins__": __builtins__, "__name__": "__main__"}
        self._variables: dict[str, Any] = {}

    @property
    def namespace(self) -> dict[str, Any]:
        """The namespace that loaded functions see."""
        return self._namespace

    def variables(self) -> dict[str, Any]:
        """Return what was placed."""
        return self._variables

    def replace(self, variables: Mapping[str, Any]) -> None:
        """Make exactly these the variables."""
        for name in self._variables:
            del self._namespace[name]
        self._variables = dict(variables)
        self._namespace.update(self._variables)

    def hidden(self) -> dict[str, Any]:
        """Return nothing: hidden state belongs to a process, not to a dict."""
        return {}

    def set_hidden(self, name: str, value: Any) -> None:
        """Leave the process alone."""

    def run(self, code: str) -> BaseException | None:
        """Refuse."""
        raise ReplayFailedError(f"no cell is run here ({len(code)} characters of code)")

    def fingerprint(self, values: Mapping[str, Any]) -> Fingerprint | None:
        """Return None: nothing is recomputed here."""
        del values
        return None


class StoreArchive:
    """What the executor reads of a store, trust checked (:class:`~ensession.restore.Archive`)."""

    def __init__(self, store: Store, require: Callable[[VersionId], None]) -> None:
        self._store = store
        self._require = require

    @classmethod
    def sealed(cls, store: Store, keyring: Keyring) -> StoreArchive:
        """Open only payloads that the user has sealed."""
        return cls(store, lambda version: require_payload(store, keyring, version))

    def execution(self, id_: ExecutionId) -> Execution:
        """Return an execution."""
        return self._store.history.execution(id_)

    def version(self, id_: VersionId) -> Version:
        """Return a version."""
        return self._store.history.version(id_)

    def open(self, id_: VersionId) -> PayloadSource:
        """Return the payload of a version."""
        self._require(id_)
        return self._store.payloads.open(id_)
